//! Files, for programs that show them: bytes do not go through requests.

use super::Engine;
use crate::account::files::{FilePart, StagedFile};
use crate::api::ApiError;

impl Engine {
    /// Reads a part of a file that is on this device
    /// ([`FileState::Here`](crate::api::FileState::Here), or one of ours on its way to
    /// the server): at most 4 MiB from an offset. A window is shown it as what
    /// [`FilePart::media_type`] says, and as nothing else.
    ///
    /// # Errors
    /// [`NotFound`](crate::api::ErrorCode::NotFound) if it is not here: fetch it then.
    pub async fn read_file(
        &self,
        account: &str,
        message: i64,
        index: u32,
        offset: u64,
        length: u32,
    ) -> Result<FilePart, ApiError> {
        let account = self.account(account)?;
        account.read_file((message, index), offset, length).await
    }

    /// Begins a file that is handed over in parts, because it is large and lies
    /// nowhere on the disk; it is kept sealed. Its number goes into
    /// [`FileSource::Staged`](crate::api::FileSource::Staged).
    ///
    /// # Errors
    /// [`DiskFull`](crate::api::ErrorCode::DiskFull),
    /// [`CacheFailed`](crate::api::ErrorCode::CacheFailed).
    pub async fn stage_file(&self, account: &str) -> Result<StagedFile, ApiError> {
        self.account(account)?.stage_file().await
    }
}
