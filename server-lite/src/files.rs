//! Files that people upload (XEP-0363), as they lie in the data folder:
//! `files/ab/cdef…`, named by the SHA-256 of what is in them, so that the same
//! bytes are there once. Which links lead to them is in the database.
//!
//! A file is written under another name, brought to the disk, renamed, and only
//! then gets its row. What is there without a row goes at the next start.

mod disk;
pub(crate) mod names;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::clock;
use crate::server::Server;
use crate::store::Store;
use crate::store::files::{self as rows, Hash, Upload};

/// How often files are looked for that nobody may have any more.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Longest time that one upload may take.
const UPLOAD: Duration = Duration::from_secs(6 * 3600);
/// Its slot stays open longer than that, also while the disk is slow.
const OPEN_MS: i64 = 7 * 3_600_000;

/// Why an upload is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// No slot of that name, or one that has expired.
    #[error("there is no such slot, or it has expired")]
    NotFound,
    /// Each slot is for one file.
    #[error("the slot has been used")]
    Used,
    /// Bytes come in for it by another connection.
    #[error("the slot is in use")]
    Busy,
    /// It is not the file that was asked for.
    #[error("the file has another size or type than the slot")]
    OtherFile,
    /// The connection ended, or nothing came for too long.
    #[error("the upload was interrupted")]
    Interrupted,
    /// Nobody can upload now.
    #[error("the disk of the server is full")]
    DiskFull,
    /// A fault of ours; the log knows more.
    #[error("the server could not store the file")]
    Internal,
}

impl From<std::io::Error> for UploadError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            tracing::error!(%error, "no room for an upload");
            return Self::DiskFull;
        }
        tracing::error!(%error, "upload not stored");
        Self::Internal
    }
}

impl From<crate::StoreError> for UploadError {
    fn from(error: crate::StoreError) -> Self {
        tracing::error!(%error, "upload not stored");
        Self::Internal
    }
}

/// The folder of files.
pub(crate) struct Files {
    folder: PathBuf,
    /// Slots for which bytes come in now.
    busy: Mutex<HashSet<Hash>>,
    /// Held while a file and its row come or go together: between the two, the
    /// other must not happen to the same bytes.
    changing: tokio::sync::Mutex<()>,
}

/// A slot for which bytes come in, until this is dropped.
struct Claim<'a> {
    files: &'a Files,
    token: Hash,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.files.busy(|busy| busy.remove(&self.token));
    }
}

impl Files {
    /// Makes or opens the folder, without what an earlier run left unfinished.
    pub(crate) async fn open(folder: PathBuf, store: &Store) -> std::io::Result<Self> {
        let path = folder.clone();
        for group in on_disk(move || disk::open(&path)).await? {
            let files = on_disk(move || disk::list(&group)).await?;
            let ownerless = store.read(move |db| {
                let mut left = Vec::new();
                for (path, hash) in files {
                    if !hash.map_or(Ok(false), |hash| rows::is_known(db, &hash))? {
                        left.push(path);
                    }
                }
                Ok(left)
            });
            // If the database cannot say, they stay.
            for path in ownerless.await.unwrap_or_default() {
                tracing::info!(path = %path.display(), "file without an owner removed");
                on_disk(move || disk::remove(&path)).await?;
            }
        }
        Ok(Self {
            folder,
            busy: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })
    }

    fn busy<T>(&self, act: impl FnOnce(&mut HashSet<Hash>) -> T) -> T {
        act(&mut self.busy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where bytes with this hash are.
    pub(crate) fn path(&self, hash: &Hash) -> PathBuf {
        disk::path(&self.folder, hash)
    }

    /// Takes the bytes of a slot. When it returns, they are on the disk.
    pub(crate) async fn receive<E>(
        self: &Arc<Self>,
        store: &Store,
        token: Hash,
        fits: impl FnOnce(&Upload) -> bool,
        bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
        patience: Duration,
    ) -> Result<u64, UploadError> {
        let now_ms = clock::now_ms();
        let slot = store.read(move |db| rows::find(db, &token, now_ms)).await?;
        let slot = slot.ok_or(UploadError::NotFound)?;
        if slot.hash.is_some() {
            return Err(UploadError::Used);
        }
        if slot.slot_ms <= now_ms {
            return Err(UploadError::NotFound);
        }
        if !fits(&slot) {
            return Err(UploadError::OtherFile);
        }
        if !self.busy(|busy| busy.insert(token)) {
            return Err(UploadError::Busy);
        }
        let _claim = Claim { files: self, token };
        let until_ms = now_ms.saturating_add(OPEN_MS);
        store
            .write(move |tx| rows::keep_open(tx, &token, until_ms))
            .await?;
        let stored = self.store(store, token, &slot, bytes, patience).await;
        if stored.is_err() {
            // It may be tried again.
            let again = store.write(move |tx| rows::keep_open(tx, &token, slot.slot_ms));
            again.await?;
        }
        stored
    }

    async fn store<E>(
        self: &Arc<Self>,
        store: &Store,
        token: Hash,
        slot: &Upload,
        bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
        patience: Duration,
    ) -> Result<u64, UploadError> {
        let name = clock::random_id().map_err(|_| UploadError::Internal)?;
        let path = disk::unfinished(&self.folder).join(name);
        let mut file = tokio::fs::File::from_std({
            let path = path.clone();
            on_disk(move || disk::create(&path)).await?
        });
        let unfinished = Unfinished(path);
        let copy = copy(bytes, &mut file, slot.size, patience);
        let copied = tokio::time::timeout(UPLOAD, copy).await;
        let copied = copied.unwrap_or(Err(UploadError::Interrupted));
        let synced = match copied {
            Ok(hash) => file
                .sync_all()
                .await
                .map(|()| hash)
                .map_err(UploadError::from),
            Err(error) => Err(error),
        };
        drop(file);
        let hash = match synced {
            Ok(hash) => hash,
            Err(error) => {
                unfinished.remove().await;
                return Err(error);
            }
        };
        // A peer that goes away now does not stop half-way what belongs together.
        let (files, store, size) = (Arc::clone(self), store.clone(), slot.size);
        tokio::spawn(async move {
            files
                .settle(&store, token, hash, &unfinished.0, size)
                .await?;
            Ok(size)
        })
        .await
        .map_err(|_| UploadError::Internal)?
    }

    /// Brings a whole file to its place, and notes whose it is. One that is
    /// nobody's does not stay.
    async fn settle(
        &self,
        store: &Store,
        token: Hash,
        hash: Hash,
        from: &Path,
        size: u64,
    ) -> Result<(), UploadError> {
        let _changing = self.changing.lock().await;
        let (from, to) = (from.to_owned(), self.path(&hash));
        let noted = match on_disk(move || disk::place(&from, &to, size)).await {
            Ok(()) => {
                let filled = store.write(move |tx| rows::fill(tx, &token, &hash));
                filled.await.map_err(UploadError::from)
            }
            Err(error) => Err(error.into()),
        };
        if let Ok(true) = noted {
            return Ok(());
        }
        // If the database cannot say, the next start looks again.
        let known = store.read(move |db| rows::is_known(db, &hash)).await;
        if let Ok(false) = known {
            let path = self.path(&hash);
            on_disk(move || disk::remove(&path)).await?;
        }
        // Its owner went meanwhile, or another upload was faster.
        noted.and(Err(UploadError::NotFound))
    }

    /// Removes what nobody may have any more.
    async fn sweep(&self, store: &Store) -> Result<(), UploadError> {
        let _changing = self.changing.lock().await;
        let hashes = store.write(|tx| rows::unused(tx, clock::now_ms())).await?;
        for hash in hashes {
            let path = self.path(&hash);
            on_disk(move || disk::remove(&path)).await?;
        }
        Ok(())
    }
}

/// Sweeps at the start and from time to time.
pub(crate) async fn sweep(server: Arc<Server>) {
    loop {
        // Files go because of their age.
        if !server.calendar.believes(clock::now_ms(), Instant::now()) {
            tracing::warn!("the clock is far ahead of the newest message: no file expires");
        } else if server.files.sweep(&server.store).await.is_err() {
            tracing::warn!("unused files were not removed");
        }
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

/// Copies exactly `size` bytes and gives their hash.
async fn copy<E>(
    mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    file: &mut (impl AsyncWrite + Unpin),
    size: u64,
    patience: Duration,
) -> Result<Hash, UploadError> {
    let mut hash = Sha256::new();
    let mut left = size;
    loop {
        let chunk = match tokio::time::timeout(patience, bytes.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => return Err(UploadError::Interrupted),
        };
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or(UploadError::OtherFile)?;
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    if left > 0 {
        return Err(UploadError::OtherFile);
    }
    Ok(hash.finalize().into())
}

/// A file that is not to stay unless it was renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    async fn remove(self) {
        let path = self.0.clone();
        drop(on_disk(move || disk::remove(&path)).await);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // One that was renamed is not there any more. This is for a connection
        // that ends in the middle of everything.
        drop(disk::remove(&self.0));
    }
}

/// Runs something where blocking is allowed.
async fn on_disk<T: Send + 'static>(
    job: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(job)
        .await
        .map_err(std::io::Error::other)?
}

/// Where bytes with this hash are.
pub(crate) fn path_of(data: &Path, hash: &Hash) -> PathBuf {
    disk::path(&folder(data), hash)
}

/// All files with the hash that each is named by, or without if it is strange.
pub(crate) fn on_the_disk(data: &Path) -> std::io::Result<Vec<(PathBuf, Option<Hash>)>> {
    let mut all = Vec::new();
    for group in disk::groups(&folder(data))? {
        all.extend(disk::list(&group)?);
    }
    Ok(all)
}

/// Where the files are.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("files")
}

#[cfg(test)]
mod tests;
