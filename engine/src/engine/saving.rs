//! The list of accounts, as it is on the disk.

use navigation::ServerTarget;

use super::Engine;
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::profile::{Accounts, SavedAccount};
use crate::store::StoreError;

impl Engine {
    /// Changes the list of accounts, on disk first. Callers hold `changing`.
    pub(super) async fn save(
        &self,
        change: impl FnOnce(&mut Vec<SavedAccount>) + Send,
    ) -> Result<(), ApiError> {
        self.save_all(|accounts| change(&mut accounts.saved)).await
    }

    /// The same, with those that were signed out of.
    pub(super) async fn save_all(
        &self,
        change: impl FnOnce(&mut Accounts) + Send,
    ) -> Result<(), ApiError> {
        let (profile, mut accounts) =
            self.with(|state| (state.profile.clone(), state.accounts.clone()));
        change(&mut accounts);
        let profile = profile.ok_or(ErrorCode::Internal)?;
        let written = accounts.clone();
        let mode = self.inner.config.store;
        mode.block(move || profile.save_accounts(written))
            .await
            .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?
            .map_err(|error| on_disk(&error))?;
        self.with(|state| state.accounts = accounts);
        Ok(())
    }

    /// The server of an account has another address now.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::CacheFailed`], [`ErrorCode::DiskFull`].
    pub async fn update_target(&self, id: &str, target: ServerTarget) -> Result<(), ApiError> {
        let _changing = self.inner.changing.lock().await;
        self.saved(id)?;
        let wanted = target.clone();
        self.save(|saved| {
            for account in saved.iter_mut().filter(|account| account.id == id) {
                account.target.clone_from(&wanted);
            }
        })
        .await?;
        if let Ok(account) = self.account(id) {
            account.change_way(|way| way.target = target);
        }
        Ok(())
    }
}

/// What the disk refuses of the profile.
pub(super) fn on_disk(error: &std::io::Error) -> ApiError {
    ApiError::of_disk(error, ErrorCode::CacheFailed)
}

/// Why a cache cannot be opened.
pub(super) fn not_opened(error: &StoreError) -> ApiError {
    use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
    match error {
        StoreError::Io(error) => on_disk(error),
        // No room for the file by which the connections share the log.
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
            if failure.extended_code == SQLITE_IOERR_SHMSIZE =>
        {
            ApiError::new(ErrorCode::DiskFull).detail(error)
        }
        _ => Shared::cache_failed(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_full_disk_is_called_so() {
        for (kind, code) in [
            (ErrorKind::StorageFull, ErrorCode::DiskFull),
            (ErrorKind::QuotaExceeded, ErrorCode::DiskFull),
            (ErrorKind::PermissionDenied, ErrorCode::CacheFailed),
        ] {
            assert_eq!(on_disk(&Error::from(kind)).code, code);
            let opening = not_opened(&StoreError::Io(Error::from(kind)));
            assert_eq!(opening.code, code);
        }
        let failure = |code| {
            let failure = rusqlite::ffi::Error::new(code);
            not_opened(&StoreError::Sqlite(rusqlite::Error::SqliteFailure(
                failure, None,
            )))
        };
        for code in [
            rusqlite::ffi::SQLITE_FULL,
            rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
        ] {
            assert_eq!(failure(code).code, ErrorCode::DiskFull);
        }
        let other = failure(rusqlite::ffi::SQLITE_CANTOPEN);
        assert_eq!(other.code, ErrorCode::CacheFailed);
    }
}
