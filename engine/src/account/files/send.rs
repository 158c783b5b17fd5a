//! A file becomes a message that waits for it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Transaction;
use xmpp_core::element::clean_text;

use super::copy::{Copied, Copy, HEAD};
use super::{failed, on_disk, put};
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode, FileSource};
use crate::files::{dimensions, kind, names};
use crate::store::files as rows;
use crate::store::messages::Attachment;
use crate::store::uploads::{self, NewSource, NewUpload};
use crate::vault::PIECE;

/// Files up to so many bytes are copied, so that what happens to the original does
/// not matter any more.
const COPY_UP_TO: u64 = 16 * 1024 * 1024;
/// Most bytes that come in a request.
const MAX_INLINE: usize = 32 * 1024 * 1024;
/// Most pixels of a side.
const MAX_SIDE: u32 = 1 << 20;

/// What is said of a file.
pub(super) struct Given {
    pub(super) name: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) size: Option<(u32, u32)>,
}

/// A file that is ready to be sent.
pub(in crate::account) struct Prepared {
    pub(in crate::account) attachment: Attachment,
    upload: NewUpload,
    /// A copy that has no row yet.
    copied: Option<Copied>,
}

impl Prepared {
    /// Puts the file on its way, for a message.
    pub(in crate::account) fn attach(
        &self,
        tx: &Transaction<'_>,
        message: i64,
        now_ms: i64,
    ) -> rusqlite::Result<()> {
        let mut upload = self.upload.clone();
        if let Some(copied) = &self.copied {
            let id = rows::add(tx, &copied.sealed, &copied.whole, now_ms)?;
            upload.source = NewSource::Copy(id);
        }
        uploads::add(tx, message, 0, &upload)
    }
}

/// Where the bytes are.
enum Bytes {
    Copied(Copied),
    Staged {
        id: i64,
        size: u64,
        head: Vec<u8>,
    },
    Path {
        path: String,
        size: u64,
        modified_ms: i64,
        head: Vec<u8>,
    },
}

/// Looks at a file and copies it, if it is small.
pub(super) async fn prepare(
    shared: &Shared,
    source: FileSource,
    given: Given,
) -> Result<Prepared, ApiError> {
    let (bytes, own_name) = match source {
        FileSource::Path { path } => {
            let name = Path::new(&path).file_name();
            let name = name.map(|name| name.to_string_lossy().into_owned());
            (from_path(shared, path).await?, name)
        }
        FileSource::Bytes { data } => (inline(shared, &data).await?, None),
        FileSource::Staged { id } => (staged(shared, id).await?, None),
    };
    let (size, head) = match &bytes {
        Bytes::Copied(copied) => (copied.whole.size, &copied.head),
        Bytes::Staged { size, head, .. } | Bytes::Path { size, head, .. } => (*size, head),
    };
    if size == 0 {
        return Err(ErrorCode::FileEmpty.into());
    }
    if let Some(limit) = shared.files.service().limits().max_bytes
        && size > limit
    {
        return Err(ApiError::new(ErrorCode::FileTooLarge).value("limit", limit));
    }
    let by_bytes = kind::by_bytes(head);
    let given_name = given.name.or(own_name).unwrap_or_default();
    let name = names::safe(&clean_text(&given_name));
    let media_type = match given.media_type.as_deref().and_then(kind::checked) {
        Some(said) if said != kind::UNKNOWN => said,
        _ if by_bytes != kind::UNKNOWN => by_bytes.to_owned(),
        _ => kind::by_name(&name).to_owned(),
    };
    let sides = given.size.or_else(|| dimensions(head));
    let sides = sides.filter(|(width, height)| {
        (1..=MAX_SIDE).contains(width) && (1..=MAX_SIDE).contains(height)
    });
    let attachment = Attachment {
        name: Some(name.clone()),
        media_type: Some(media_type.clone()),
        size_bytes: Some(size),
        width: sides.map(|(width, _)| width),
        height: sides.map(|(_, height)| height),
        ..Attachment::default()
    };
    let (source, copied) = match bytes {
        // Its row comes with the message's.
        Bytes::Copied(copied) => (NewSource::Copy(0), Some(copied)),
        Bytes::Staged { id, .. } => (NewSource::Copy(id), None),
        Bytes::Path {
            path, modified_ms, ..
        } => (NewSource::Path { path, modified_ms }, None),
    };
    Ok(Prepared {
        attachment,
        upload: NewUpload {
            name,
            media_type,
            size,
            source,
        },
        copied,
    })
}

async fn from_path(shared: &Shared, path: String) -> Result<Bytes, ApiError> {
    let unreadable = |error: io::Error| ApiError::new(ErrorCode::FileNotReadable).detail(error);
    let file = PathBuf::from(&path);
    if !file.is_absolute() {
        return Err(unreadable(io::ErrorKind::InvalidInput.into()));
    }
    let vault = &shared.files.vault;
    let opened = vault.block(move || {
        // A pipe could keep us waiting for ever.
        if !std::fs::metadata(&file)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = File::open(file)?;
        let stamp = put::stamp(&file)?;
        Ok((file, stamp))
    });
    let (file, (size, modified_ms)) = opened.await.map_err(unreadable)?;
    if size > COPY_UP_TO {
        let head = vault.block(move || {
            let mut head = Vec::with_capacity(HEAD);
            file.take(HEAD as u64).read_to_end(&mut head)?;
            Ok(head)
        });
        return Ok(Bytes::Path {
            path,
            size,
            modified_ms,
            head: head.await.map_err(unreadable)?,
        });
    }
    let mut copy = Copy::begin(vault).await.map_err(|error| on_disk(&error))?;
    let copied = vault.block(move || {
        // One that grows meanwhile is as long as it was.
        let mut bytes = file.take(size);
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            piece.clear();
            let read = (&mut bytes).take(PIECE as u64).read_to_end(&mut piece);
            match read {
                Ok(0) => return Ok(Ok(copy.finish()?)),
                Ok(_) => copy.write(&piece)?,
                Err(error) => return Ok(Err(error)),
            }
        }
    });
    let copied = copied.await.map_err(|error| on_disk(&error))?;
    copied.map(Bytes::Copied).map_err(unreadable)
}

async fn inline(shared: &Shared, data: &str) -> Result<Bytes, ApiError> {
    if data.len() > MAX_INLINE / 3 * 4 + 4 {
        return Err(ApiError::new(ErrorCode::FileTooLarge).value("limit", MAX_INLINE));
    }
    let bytes = STANDARD
        .decode(data)
        .map_err(|error| ApiError::new(ErrorCode::FileNotReadable).detail(error))?;
    let vault = &shared.files.vault;
    let mut copy = Copy::begin(vault).await.map_err(|error| on_disk(&error))?;
    let copied = vault.block(move || {
        copy.write(&bytes)?;
        copy.finish()
    });
    copied
        .await
        .map(Bytes::Copied)
        .map_err(|error| on_disk(&error))
}

async fn staged(shared: &Shared, id: i64) -> Result<Bytes, ApiError> {
    let found = shared.store.read(move |db| rows::loose(db, id)).await;
    let found = found.map_err(failed)?.ok_or(ErrorCode::NotFound)?;
    let size = found.whole.as_ref().map_or(0, |whole| whole.size);
    let vault = &shared.files.vault;
    let head = async {
        let mut reader = vault.open(found.sealed).await?;
        vault.block(move || reader.read_at(0, HEAD)).await
    };
    Ok(Bytes::Staged {
        id,
        size,
        head: head.await.map_err(|error| on_disk(&error))?,
    })
}
