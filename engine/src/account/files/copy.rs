//! Bytes of the user become a sealed file of ours.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{failed, on_disk};
use crate::account::{Account, Shared};
use crate::api::{ApiError, ErrorCode};
use crate::files::kind;
use crate::store::files::{self as rows, Whole};
use crate::vault::{Sealed, Vault, Writer};

/// Of each file so much of its beginning is looked at.
pub(super) const HEAD: usize = 256 * 1024;
/// Most bytes that can be handed over.
const MOST: u64 = 8 * 1024 * 1024 * 1024;

/// A sealed file that comes about.
pub(super) struct Copy {
    writer: Writer,
    hash: Sha256,
    head: Vec<u8>,
}

/// One that is whole.
pub(super) struct Copied {
    pub(super) sealed: Sealed,
    pub(super) whole: Whole,
    /// How it begins.
    pub(super) head: Vec<u8>,
}

impl Copy {
    pub(super) async fn begin(vault: &Vault) -> io::Result<Self> {
        Ok(Self {
            writer: vault.create().await?,
            hash: Sha256::new(),
            head: Vec::new(),
        })
    }

    /// Blocks.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head
            .extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.hash.update(bytes);
        self.writer.write(bytes)
    }

    /// Blocks.
    pub(super) fn finish(self) -> io::Result<Copied> {
        let size = self.writer.len();
        Ok(Copied {
            sealed: self.writer.finish()?,
            whole: Whole {
                sha256: self.hash.finalize().to_vec(),
                size,
                media_type: kind::by_bytes(&self.head).to_owned(),
            },
            head: self.head,
        })
    }
}

/// A file that is handed over in parts, to be sent then
/// ([`crate::api::FileSource::Staged`]). What is not finished leaves nothing.
pub struct StagedFile {
    shared: Arc<Shared>,
    copy: Option<Copy>,
}

impl std::fmt::Debug for StagedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StagedFile").finish_non_exhaustive()
    }
}

impl StagedFile {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`ErrorCode::DiskFull`], [`ErrorCode::CacheFailed`],
    /// [`ErrorCode::FileTooLarge`] beyond 8 GiB.
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ApiError> {
        let mut copy = self.copy.take().ok_or(ErrorCode::NotFound)?;
        if copy.writer.len() + bytes.len() as u64 > MOST {
            return Err(ApiError::new(ErrorCode::FileTooLarge).value("limit", MOST));
        }
        let written = self
            .shared
            .files
            .vault
            .block(move || copy.write(&bytes).map(|()| copy));
        self.copy = Some(written.await.map_err(|error| on_disk(&error))?);
        Ok(())
    }

    /// All of it was given; its number. A day later it is gone, unless it was sent.
    ///
    /// # Errors
    /// As for [`StagedFile::write`].
    pub async fn finish(mut self) -> Result<i64, ApiError> {
        let copy = self.copy.take().ok_or(ErrorCode::NotFound)?;
        let copied = self.shared.files.vault.block(move || copy.finish()).await;
        let copied = copied.map_err(|error| on_disk(&error))?;
        let now_ms = self.shared.clock.now_ms();
        self.shared
            .store
            .write(move |tx| rows::add(tx, &copied.sealed, &copied.whole, now_ms))
            .await
            .map_err(failed)
    }
}

impl Account {
    /// Begins a file that is handed over in parts.
    pub(crate) async fn stage_file(&self) -> Result<StagedFile, ApiError> {
        let copy = Copy::begin(&self.shared.files.vault).await;
        Ok(StagedFile {
            shared: Arc::clone(&self.shared),
            copy: Some(copy.map_err(|error| on_disk(&error))?),
        })
    }
}
