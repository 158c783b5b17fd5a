//! Whether a cache is whole.
//!
//! SQLCipher proves each page by its HMAC when it reads it, so nothing damaged is
//! ever taken for true, and looking at all pages at each start would only make the
//! start slow. It is done where there is a reason: in the background after an end
//! that was not in good order, which the log tells that was left behind; and
//! before anything else where a page was found damaged the last time.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, ffi};

/// What is known of one cache. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Health {
    /// There once something looked damaged.
    mark: PathBuf,
}

impl Health {
    pub(super) fn of(cache: &Path) -> Self {
        Self {
            mark: cache.with_extension("suspect"),
        }
    }

    /// Whether something looked damaged the last time.
    pub(super) fn is_suspect(&self) -> bool {
        self.mark.exists()
    }

    /// The suspicion was looked into.
    pub(super) fn clear(&self) {
        if self.is_suspect()
            && let Err(error) = std::fs::remove_file(&self.mark)
        {
            tracing::warn!(%error, "mark of a suspect cache not removed");
        }
    }

    /// Remembers damage, so that the next start looks at all pages.
    pub(super) fn look_at(&self, error: &rusqlite::Error) {
        if !is_damage(error) || self.is_suspect() {
            return;
        }
        tracing::error!(%error, "the cache may be damaged; the next start looks at all of it");
        if let Err(error) = std::fs::write(&self.mark, b"") {
            tracing::error!(%error, "suspect cache not marked");
        }
    }
}

/// Whether an error speaks of the file rather than of what was asked.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure)
    )
}

/// Whether the last end was not in good order: then SQLite left its log behind.
pub(super) fn was_left_open(cache: &Path) -> bool {
    let mut log = cache.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Looks at every page.
pub(super) fn check(db: &Connection) -> rusqlite::Result<()> {
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    let damaged = ffi::Error::new(ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(damaged, Some(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_what_speaks_of_the_file_makes_it_suspect() {
        let folder = tempfile::tempdir().unwrap();
        let health = Health::of(&folder.path().join("cache.db"));
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_CONSTRAINT,
            ffi::SQLITE_FULL,
            ffi::SQLITE_INTERRUPT,
        ] {
            health.look_at(&error(code));
        }
        health.look_at(&rusqlite::Error::QueryReturnedNoRows);
        assert!(!health.is_suspect());
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_READ,
        ] {
            health.look_at(&error(code));
            assert!(health.is_suspect(), "{code}");
            // Whoever looks at the same file knows.
            assert!(Health::of(&folder.path().join("cache.db")).is_suspect());
            assert!(!Health::of(&folder.path().join("other.db")).is_suspect());
            health.clear();
            assert!(!health.is_suspect());
        }
        health.clear();
    }

    #[test]
    fn an_empty_log_is_a_good_end() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache.db");
        assert!(!was_left_open(&cache));
        let log = folder.path().join("cache.db-wal");
        std::fs::write(&log, b"").unwrap();
        assert!(!was_left_open(&cache));
        std::fs::write(&log, b"x").unwrap();
        assert!(was_left_open(&cache));
    }
}
