//! The bytes of a file that is here, for whoever shows or copies them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::{Place, failed, find, on_disk, put};
use crate::account::{Account, Shared};
use crate::api::{ApiError, ErrorCode};
use crate::files::kind;
use crate::store::files::{self as rows, CachedFile};
use crate::store::uploads::{self, Source, Upload};
use crate::vault::Reader;

/// Most bytes at once.
const MOST: u32 = 4 * 1024 * 1024;
/// So much of the beginning says what a file is.
const BEGINNING: usize = 64;

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// What the file is by its bytes: a kind of picture, sound or video, or
    /// `application/octet-stream` for all others, whatever the sender says. Shown
    /// as this and nothing else, it runs no scripts.
    pub media_type: String,
    /// Bytes of the whole file.
    pub total: u64,
    /// The bytes from the offset on: as many as were asked for, fewer at the end.
    pub bytes: Vec<u8>,
}

/// An open file of ours, sealed or not.
pub(super) enum Open {
    Sealed(Reader),
    Clear(File),
}

impl Open {
    /// Blocks.
    pub(super) fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Sealed(reader) => reader.read_at(offset, length),
            Self::Clear(file) => {
                file.seek(SeekFrom::Start(offset))?;
                let mut bytes = Vec::new();
                file.take(length as u64).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// A file that can be read.
pub(super) struct Readable {
    pub(super) open: Open,
    pub(super) total: u64,
    pub(super) media_type: String,
}

/// Opens what is here of a file; `None` if it is not here.
pub(super) async fn open(shared: &Shared, place: Place) -> Result<Option<Readable>, ApiError> {
    let found = find(shared, place).await?;
    let Some(url) = found.file.url else {
        let upload = shared
            .store
            .read(move |db| uploads::of_message(db, place.0, place.1))
            .await
            .map_err(failed)?;
        return match upload {
            Some(upload) => on_its_way(shared, upload).await.map(Some),
            None => Ok(None),
        };
    };
    let sha256 = found.file.sha256.as_deref().and_then(crate::files::sha256);
    let cached = shared
        .store
        .read(move |db| rows::whole(db, &url, sha256.as_deref()))
        .await
        .map_err(failed)?;
    match cached {
        Some(cached) => sealed(shared, cached).await,
        None => Ok(None),
    }
}

async fn sealed(shared: &Shared, file: CachedFile) -> Result<Option<Readable>, ApiError> {
    let Some(whole) = file.whole else {
        return Ok(None);
    };
    let reader = match shared.files.vault.open(file.sealed).await {
        Ok(reader) if reader.len() == whole.size => reader,
        // It was removed behind our back, or cut off: it can be fetched again.
        Ok(_) | Err(_) => {
            let id = file.id;
            let names = shared.store.write(move |tx| rows::forget(tx, id)).await;
            let names = names.map_err(failed)?;
            shared.files.vault.remove(names.into_iter().collect()).await;
            return Ok(None);
        }
    };
    Ok(Some(Readable {
        open: Open::Sealed(reader),
        total: whole.size,
        media_type: whole.media_type,
    }))
}

/// A file of ours that is not at the server yet.
async fn on_its_way(shared: &Shared, upload: Upload) -> Result<Readable, ApiError> {
    let (path, modified_ms) = match upload.source {
        Source::Copy(file) => {
            let found = sealed(shared, file).await?;
            return found.ok_or_else(|| ErrorCode::FileNotReadable.into());
        }
        Source::Path { path, modified_ms } => (PathBuf::from(path), modified_ms),
    };
    let wanted = (upload.size, modified_ms);
    let opened = shared.files.vault.block(move || {
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        (&mut file).take(BEGINNING as u64).read_to_end(&mut head)?;
        let found = put::stamp(&file)?;
        Ok((file, kind::by_bytes(&head), found == wanted))
    });
    match opened.await {
        Ok((file, media_type, true)) => Ok(Readable {
            open: Open::Clear(file),
            total: upload.size,
            media_type: media_type.to_owned(),
        }),
        Ok((_, _, false)) => Err(ErrorCode::FileChanged.into()),
        Err(error) => Err(ApiError::new(ErrorCode::FileNotReadable).detail(error)),
    }
}

impl Account {
    /// Reads a part of a file that is here.
    pub(crate) async fn read_file(
        &self,
        place: Place,
        offset: u64,
        length: u32,
    ) -> Result<FilePart, ApiError> {
        let shared = &self.shared;
        let found = open(shared, place).await?;
        let mut found = found.ok_or(ErrorCode::NotFound)?;
        let length = length.min(MOST) as usize;
        let read = shared.files.vault.block(move || {
            found
                .open
                .read_at(offset, length)
                .map(|bytes| (bytes, found))
        });
        let (bytes, found) = read.await.map_err(|error| on_disk(&error))?;
        Ok(FilePart {
            media_type: found.media_type,
            total: found.total,
            bytes,
        })
    }
}
