//! Writing a conversation into a file that others read.
//!
//! It is written page by page into a hidden file beside its place, which gets its
//! name once everything is on the disk. Attachments lie in a folder beside it.

mod html;
mod json;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::api::{ExportFormat, ExportLabels};
use crate::files::names;
use crate::store::export::Row;

/// What stands above the messages.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) conversation: String,
    pub(crate) name: String,
    /// Our own address.
    pub(crate) account: String,
    pub(crate) exported_ms: i64,
    pub(crate) labels: ExportLabels,
}

/// A file of a message, and the name that its copy has beside the export.
#[derive(Debug)]
pub(crate) struct Copied {
    /// Which of the message's attachments.
    pub(crate) place: usize,
    /// Relative to the export.
    pub(crate) path: String,
}

/// An export that is being written. What is not finished leaves nothing.
#[derive(Debug)]
pub(crate) struct Export {
    out: Option<BufWriter<File>>,
    hidden: PathBuf,
    path: PathBuf,
    head: Head,
    format: ExportFormat,
    /// The folder of attachments, once there are any.
    folder: Option<PathBuf>,
    pub(crate) messages: u64,
    pub(crate) files: u32,
    /// Day of the last message.
    day: String,
}

impl Export {
    /// Begins one. The folder has to be there.
    pub(crate) fn begin(path: &Path, format: ExportFormat, head: Head) -> io::Result<Self> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|_| path.is_absolute())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let hidden = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&hidden)?;
        let mut export = Self {
            out: Some(BufWriter::new(file)),
            hidden,
            path: path.to_owned(),
            head,
            format,
            folder: None,
            messages: 0,
            files: 0,
            day: String::new(),
        };
        let text = match format {
            ExportFormat::Json => json::begin(&export.head)?,
            ExportFormat::Html => html::begin(&export.head),
        };
        export.write(&text)?;
        Ok(export)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let out = self.out.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        out.write_all(text.as_bytes())
    }

    /// Makes a file for an attachment: it, and its path relative to the export.
    pub(crate) fn attach(&mut self, name: Option<&str>) -> io::Result<(File, String)> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => {
                let folder = self.make_folder()?;
                self.folder = Some(folder.clone());
                folder
            }
        };
        self.files += 1;
        let name = names::listed(self.files, name.unwrap_or(&self.head.labels.file));
        let file = File::create_new(folder.join(&name))?;
        let folder = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok((file, format!("{folder}/{name}")))
    }

    /// A new folder, whatever earlier exports left there.
    fn make_folder(&self) -> io::Result<PathBuf> {
        let stem = self
            .path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        for number in 1..10_000 {
            let suffix = if number == 1 {
                String::new()
            } else {
                format!("-{number}")
            };
            let folder = self.path.with_file_name(format!("{stem}-files{suffix}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes a message.
    pub(crate) fn message(&mut self, row: &Row, copied: &[Copied]) -> io::Result<()> {
        let text = match self.format {
            ExportFormat::Json => json::message(row, copied, self.messages == 0)?,
            ExportFormat::Html => html::message(row, copied, &self.head.labels, &mut self.day),
        };
        self.messages += 1;
        self.write(&text)
    }

    /// Everything is there: the file gets its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let end = match self.format {
            ExportFormat::Json => json::END,
            ExportFormat::Html => html::END,
        };
        self.write(end)?;
        let out = self.out.take().ok_or(io::ErrorKind::NotConnected)?;
        let done = out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.hidden, &self.path));
        match done {
            Ok(()) => {
                self.folder = None;
                Ok(())
            }
            Err(error) => {
                self.undo();
                Err(error)
            }
        }
    }

    fn undo(&mut self) {
        drop(fs::remove_file(&self.hidden));
        if let Some(folder) = self.folder.take() {
            drop(fs::remove_dir_all(folder));
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            self.undo();
        }
    }
}

#[cfg(test)]
mod tests;
