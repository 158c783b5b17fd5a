//! Whether there is room on the disk. Before it is full, messages and files that
//! would have to be stored are refused, so that everything else goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use xmpp_core::stanza_error::{Condition, StanzaError};

use crate::StoreError;
use crate::server::Server;

/// How often the server looks.
const EVERY: Duration = Duration::from_secs(5);

/// The disk of the data folder, as it was seen last.
pub(crate) struct Disk {
    folder: PathBuf,
    min_free_bytes: u64,
    is_short: AtomicBool,
    /// Bytes that are free; all there could be as long as it is not known.
    free: AtomicU64,
}

impl Disk {
    pub(crate) async fn new(folder: PathBuf, min_free_bytes: u64) -> Self {
        let disk = Self {
            folder,
            min_free_bytes,
            is_short: AtomicBool::new(false),
            free: AtomicU64::new(u64::MAX),
        };
        disk.look().await;
        disk
    }

    /// Whether there is too little room for more.
    pub(crate) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// Whether there is enough left when a file of so many bytes is on it.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        let free = self.free.load(Ordering::Relaxed);
        !self.is_short() && free.saturating_sub(bytes) >= self.min_free_bytes
    }

    /// Asks the system, which may take a while.
    async fn look(&self) {
        let folder = self.folder.clone();
        let found = tokio::task::spawn_blocking(move || fs4::available_space(folder)).await;
        let free = match found {
            Ok(Ok(free)) => free,
            // Nothing is refused because this is not known.
            Ok(Err(error)) => return tracing::debug!(%error, "free space not known"),
            Err(_) => return,
        };
        self.free.store(free, Ordering::Relaxed);
        let is_short = free < self.min_free_bytes;
        if self.is_short.swap(is_short, Ordering::Relaxed) != is_short {
            tracing::warn!(free, is_short, "room on the disk of the data folder");
        }
    }
}

/// Looks after the disk for as long as the server runs.
pub(crate) async fn watch(server: Arc<Server>) {
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(EVERY) => server.disk.look().await,
        }
    }
}

/// Whether the database found no room.
pub(crate) fn is_full(error: &StoreError) -> bool {
    let StoreError::Sqlite(error) = error else {
        return false;
    };
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// For whoever may try again when there is room.
pub(crate) fn refused() -> StanzaError {
    StanzaError::from(Condition::ResourceConstraint).with_text("the server's disk is full")
}
