//! Files that lie sealed beside the cache: what is going to be uploaded, and what
//! was fetched. They would swell the database, and hold its one writer up.
//!
//! A file is a row of pieces of 64 KiB, each sealed for itself (XChaCha20-Poly1305,
//! RFC 8439 with the longer nonce): a nonce by chance, then the sealed bytes. The
//! number of a piece is its associated data, so none can stand in the place of
//! another. Every file has a key of its own, which is in the cache and nowhere
//! else: what has no row there cannot be read by anybody.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::clock;
use crate::store::StoreMode;

/// Bytes of a piece.
pub(crate) const PIECE: usize = 64 * 1024;
const NONCE: usize = 24;
const TAG: usize = 16;
const SEALED: u64 = (NONCE + PIECE + TAG) as u64;

/// Name and key of a sealed file.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) name: String,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sealed").field(&self.name).finish()
    }
}

impl Sealed {
    fn fresh() -> io::Result<Self> {
        let name = clock::random::<15>().map_err(io::Error::other)?;
        let key = Zeroizing::new(clock::random::<32>().map_err(io::Error::other)?);
        Ok(Self {
            name: URL_SAFE_NO_PAD.encode(name),
            key: Zeroizing::new(key.to_vec()),
        })
    }

    fn cipher(&self) -> io::Result<XChaCha20Poly1305> {
        let key = <&Key>::try_from(self.key.as_slice()).map_err(io::Error::other)?;
        Ok(XChaCha20Poly1305::new(key))
    }
}

/// The folder of sealed files. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    folder: Arc<Path>,
    mode: StoreMode,
}

impl Vault {
    pub(crate) fn new(folder: PathBuf, mode: StoreMode) -> Self {
        Self {
            folder: folder.into(),
            mode,
        }
    }

    /// Runs what may block where that is allowed.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.mode.block(act).await.map_err(io::Error::other)?
    }

    /// Begins a file with a new key.
    pub(crate) async fn create(&self) -> io::Result<Writer> {
        let folder = Arc::clone(&self.folder);
        self.block(move || {
            fs::create_dir_all(&folder)?;
            let sealed = Sealed::fresh()?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::OpenOptionsExt;
                options.mode(0o600);
            }
            let path = folder.join(&sealed.name);
            let file = options.open(&path)?;
            let mut writer = Writer::at(file, sealed, 0)?;
            writer.unfinished = Some(path);
            Ok(writer)
        })
        .await
    }

    /// Goes on with a file behind its last whole piece.
    pub(crate) async fn append(&self, sealed: Sealed) -> io::Result<Writer> {
        let path = self.folder.join(&sealed.name);
        self.block(move || {
            let mut file = OpenOptions::new().write(true).open(path)?;
            let pieces = file.metadata()?.len() / SEALED;
            file.set_len(pieces * SEALED)?;
            file.seek(SeekFrom::End(0))?;
            Writer::at(file, sealed, pieces)
        })
        .await
    }

    /// Opens a file to be read.
    pub(crate) async fn open(&self, sealed: Sealed) -> io::Result<Reader> {
        let path = self.folder.join(&sealed.name);
        self.block(move || {
            let file = File::open(path)?;
            let sealed_bytes = file.metadata()?.len();
            let pieces = sealed_bytes.div_ceil(SEALED);
            let extra = pieces * (NONCE + TAG) as u64;
            Ok(Reader {
                file,
                cipher: sealed.cipher()?,
                len: sealed_bytes.saturating_sub(extra),
            })
        })
        .await
    }

    /// Removes files; one that is not there is as good as removed.
    pub(crate) async fn remove(&self, names: Vec<String>) {
        let folder = Arc::clone(&self.folder);
        let removed = self.block(move || {
            for name in names {
                match fs::remove_file(folder.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        });
        if let Err(error) = removed.await {
            tracing::warn!(%error, "sealed file not removed");
        }
    }

    /// Removes all files but these.
    pub(crate) async fn keep_only(&self, names: HashSet<String>) {
        let folder = Arc::clone(&self.folder);
        let kept = self.block(move || {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                if !names.contains(entry.file_name().to_string_lossy().as_ref()) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "sealed files not looked through");
        }
    }
}

/// A sealed file that is being written. What is not finished goes, or ends with its
/// last whole piece ([`Writer::keep`]).
pub(crate) struct Writer {
    file: File,
    sealed: Sealed,
    cipher: XChaCha20Poly1305,
    /// Whole pieces on the disk.
    pieces: u64,
    rest: Vec<u8>,
    /// What goes if it is not finished.
    unfinished: Option<PathBuf>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(path) = self.unfinished.take()
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(%error, "sealed file not removed");
        }
    }
}

impl Writer {
    fn at(file: File, sealed: Sealed, pieces: u64) -> io::Result<Self> {
        Ok(Self {
            file,
            cipher: sealed.cipher()?,
            sealed,
            pieces,
            rest: Vec::with_capacity(PIECE),
            unfinished: None,
        })
    }

    pub(crate) fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// What is written stays, finished or not: somebody will go on with it.
    pub(crate) fn keep(&mut self) {
        self.unfinished = None;
    }

    /// Bytes that were written so far.
    pub(crate) fn len(&self) -> u64 {
        self.pieces * PIECE as u64 + self.rest.len() as u64
    }

    /// Writes bytes. Blocks.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = (PIECE - self.rest.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.rest.extend_from_slice(now);
            bytes = later;
            if self.rest.len() == PIECE {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> io::Result<()> {
        let nonce = clock::random::<NONCE>().map_err(io::Error::other)?;
        let payload = Payload {
            msg: &self.rest,
            aad: &self.pieces.to_le_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(io::Error::other)?;
        let mut whole = Vec::with_capacity(NONCE + sealed.len());
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(&sealed);
        self.file.write_all(&whole)?;
        self.rest.clear();
        self.pieces += 1;
        Ok(())
    }

    /// Writes what is left, and waits until all of it is on the disk. Blocks.
    pub(crate) fn finish(mut self) -> io::Result<Sealed> {
        if !self.rest.is_empty() {
            self.seal()?;
        }
        self.file.sync_all()?;
        self.unfinished = None;
        Ok(self.sealed.clone())
    }
}

/// A sealed file that is being read. Blocks.
pub(crate) struct Reader {
    file: File,
    cipher: XChaCha20Poly1305,
    len: u64,
}

impl Reader {
    /// Bytes of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads at most so many bytes from an offset; fewer where the file ends.
    pub(crate) fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = offset.saturating_add(length as u64).min(self.len);
        let mut bytes = Vec::new();
        let mut at = offset;
        while at < end {
            let piece = self.piece(at / PIECE as u64)?;
            let from = usize::try_from(at % PIECE as u64).map_err(io::Error::other)?;
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
            let part = piece.get(from..).unwrap_or_default();
            let part = part.get(..wanted.min(part.len())).unwrap_or_default();
            if part.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(part);
            at += part.len() as u64;
        }
        Ok(bytes)
    }

    fn piece(&mut self, number: u64) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(number * SEALED))?;
        let mut sealed = Vec::new();
        (&mut self.file).take(SEALED).read_to_end(&mut sealed)?;
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let payload = Payload {
            msg: sealed,
            aad: &number.to_le_bytes(),
        };
        self.cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a sealed file is damaged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length)
            .map(|n| u8::try_from(n % 251).unwrap())
            .collect()
    }

    async fn sealed(vault: &Vault, bytes: &[u8]) -> Sealed {
        let mut writer = vault.create().await.unwrap();
        for part in bytes.chunks(10_000) {
            writer.write(part).unwrap();
        }
        assert_eq!(writer.len(), bytes.len() as u64);
        writer.finish().unwrap()
    }

    fn vault(folder: &Path) -> Vault {
        Vault::new(folder.join("files"), StoreMode::Durable)
    }

    #[tokio::test]
    async fn what_was_sealed_is_read_from_anywhere_and_is_nowhere_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 77] {
            let whole = bytes(length);
            let sealed = sealed(&vault, &whole).await;
            let mut reader = vault.open(sealed.clone()).await.unwrap();
            assert_eq!(reader.len(), length as u64);
            for (from, wanted) in [(0, length), (0, 1), (length / 2, PIECE), (length, 5)] {
                let end = (from + wanted).min(length);
                assert_eq!(
                    reader.read_at(from as u64, wanted).unwrap(),
                    whole[from..end]
                );
            }
            let on_disk = fs::read(folder.path().join("files").join(&sealed.name)).unwrap();
            let clear = |window: &[u8]| whole.len() > 40 && window == &whole[..40];
            assert!(!on_disk.windows(40).any(clear));
        }
    }

    #[tokio::test]
    async fn a_file_goes_on_behind_its_last_whole_piece() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let whole = bytes(2 * PIECE + 500);
        let mut writer = vault.create().await.unwrap();
        writer.write(&whole[..PIECE + 100]).unwrap();
        let sealed = writer.sealed().clone();
        writer.keep();
        drop(writer);
        let mut writer = vault.append(sealed.clone()).await.unwrap();
        assert_eq!(writer.len(), PIECE as u64);
        writer.write(&whole[PIECE..]).unwrap();
        writer.finish().unwrap();
        let mut reader = vault.open(sealed).await.unwrap();
        assert_eq!(reader.read_at(0, whole.len()).unwrap(), whole);
    }

    #[tokio::test]
    async fn pieces_that_are_changed_or_moved_or_of_another_key_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let sealed = sealed(&vault, &bytes(2 * PIECE)).await;
        let path = folder.path().join("files").join(&sealed.name);
        let good = fs::read(&path).unwrap();
        let mut changed = good.clone();
        changed[100] ^= 1;
        let (first, second) = good.split_at(good.len() / 2);
        let swapped = [second, first].concat();
        for bad in [changed, swapped] {
            fs::write(&path, bad).unwrap();
            let mut reader = vault.open(sealed.clone()).await.unwrap();
            let error = reader.read_at(0, 10).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        fs::write(&path, good).unwrap();
        let other = Sealed {
            key: Zeroizing::new(vec![9; 32]),
            ..sealed
        };
        let mut reader = vault.open(other).await.unwrap();
        assert!(reader.read_at(0, 10).is_err());
    }

    #[tokio::test]
    async fn files_without_a_row_go() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        vault.keep_only(HashSet::new()).await;
        let (one, other) = (sealed(&vault, b"one").await, sealed(&vault, b"other").await);
        vault.keep_only(HashSet::from([one.name.clone()])).await;
        assert!(vault.open(one.clone()).await.is_ok());
        assert!(vault.open(other).await.is_err());
        vault.remove(vec![one.name.clone(), "gone".into()]).await;
        assert!(vault.open(one).await.is_err());
        let mut given_up = vault.create().await.unwrap();
        given_up.write(&bytes(2 * PIECE)).unwrap();
        drop(given_up);
        let left = fs::read_dir(folder.path().join("files")).unwrap();
        assert_eq!(left.count(), 0);
    }
}
