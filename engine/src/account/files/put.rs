//! The bytes of a file go to its slot (XEP-0363, section 5).

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::policy;
use super::service::Slot;
use super::transfers::Key;
use super::trouble::{self, Trouble};
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::http;
use crate::store::uploads::{Source, Upload};
use crate::vault::{PIECE, Reader};

/// Pieces that wait for the network.
const AHEAD: usize = 2;
/// So much may be on its way at least when the last of a file has left us: what the
/// system keeps, and a proxy on this computer.
const UNDER_WAY: u64 = 4 * 1024 * 1024;
/// A line that is slower than this, in bytes per second, is none.
const SLOWEST: u64 = 8 * 1024;
/// For a server to keep a file, and perhaps to look through it.
const LEAST: Duration = Duration::from_secs(5 * 60);
/// Longest wait for the answer, whatever the line is like.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// What a file is made of: bytes of a known number, as they come.
struct Outgoing {
    pieces: mpsc::Receiver<Bytes>,
    left: u64,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.pieces.poll_recv(context).map(|piece| {
            let Some(piece) = piece else {
                // Cut off on purpose: the server must not take it for whole.
                return Some(Err(io::ErrorKind::UnexpectedEof.into()));
            };
            self.left = self.left.saturating_sub(piece.len() as u64);
            Some(Ok(Frame::data(piece)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Uploads a file; its hash.
pub(super) async fn put(shared: &Shared, upload: &Upload, slot: &Slot) -> Result<Vec<u8>, Trouble> {
    let host = slot.put.host_str().unwrap_or_default().to_owned();
    let proof = policy::proof_of_slot(shared, &slot.put);
    let client = http::client(&shared.connector, &slot.put, proof, http::Follow::Nowhere)
        .await
        .map_err(|error| trouble::on_the_way(&error, &host))?;
    let (pieces, coming) = mpsc::channel(AHEAD);
    let body = Outgoing {
        pieces: coming,
        left: upload.size,
    };
    let request = client
        .put(slot.put.as_str())
        .headers(slot.headers.clone())
        .header(CONTENT_TYPE, &upload.media_type)
        .header(CONTENT_LENGTH, upload.size)
        .body(reqwest::Body::wrap(body))
        .send();
    let mut request = std::pin::pin!(request);
    let mut feeding = std::pin::pin!(feed(shared, upload, pieces));
    let mut fed = None;
    let began = Instant::now();
    let mut deadline = began;
    let response = loop {
        tokio::select! {
            biased;
            response = &mut request => break response,
            hash = &mut feeding, if fed.is_none() => {
                fed = Some(hash?);
                deadline = Instant::now() + patience(upload.size, began.elapsed(), upload.tries);
            }
            () = sleep_until(deadline), if fed.is_some() => {
                return Err(Trouble::passing(ErrorCode::TimedOut.into()));
            }
        }
    };
    let response = response.map_err(|error| trouble::on_the_way(&http::failed(error), &host))?;
    let status = response.status();
    if !status.is_success() {
        return Err(trouble::status(status.as_u16()));
    }
    match fed.flatten() {
        Some(hash) => Ok(hash),
        // It says that it has what it cannot have.
        None => Err(Trouble::passing(ErrorCode::ServerRefused.into())),
    }
}

/// How long the answer may take once the last of a file has left us, and all of it
/// took so long to leave. Nothing is heard meanwhile: what is between us and the line
/// (the system, a proxy that reads ahead) may still hold a good part of it, and the
/// server has to keep the file, perhaps to look through it. Whoever gives up begins
/// anew with all of it; so each try has twice the time of the one before.
fn patience(size: u64, took: Duration, tries: u32) -> Duration {
    // What is still to go does not take longer than all of it at the speed that was
    // seen, or, where that is none because nothing but buffers was filled, at the
    // slowest.
    let rest = Duration::from_secs(size.min(UNDER_WAY) / SLOWEST).max(took);
    LEAST
        .saturating_add(rest)
        .saturating_mul(2_u32.saturating_pow(tries.min(16)))
        .min(LONGEST)
}

/// Looks whether a file can be read, and is what it was when it was sent.
pub(super) async fn check(shared: &Shared, upload: &Upload) -> Result<(), Trouble> {
    Reading::open(shared, upload).await.map(drop)
}

/// Reads the file and gives it on, piece by piece; its hash, or nothing if nobody
/// wants to have it any more.
async fn feed(
    shared: &Shared,
    upload: &Upload,
    pieces: mpsc::Sender<Bytes>,
) -> Result<Option<Vec<u8>>, Trouble> {
    let key = Key::up(upload.message, upload.place);
    let mut bytes = Reading::open(shared, upload).await?;
    let mut hash = Sha256::new();
    let mut done = 0;
    while done < upload.size {
        let (read, piece);
        (read, piece) = shared
            .files
            .vault
            .block(move || bytes.next(done))
            .await
            .map_err(|error| unreadable(&error))?;
        bytes = read;
        hash.update(&piece);
        done += piece.len() as u64;
        if piece.is_empty() || done > upload.size {
            return Err(ErrorCode::FileChanged.into());
        }
        if done == upload.size {
            // Before the server has all of it.
            bytes = bytes.unchanged(shared, upload).await?;
            let sha256 = hash.clone().finalize();
            if upload
                .sha256
                .as_ref()
                .is_some_and(|known| known.as_slice() != sha256.as_slice())
            {
                return Err(ErrorCode::FileChanged.into());
            }
        }
        match timeout(shared.timeouts.idle, pieces.send(piece.into())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ok(None),
            Err(_) => return Err(Trouble::passing(ErrorCode::TimedOut.into())),
        }
        if shared.files.transfers.moved(&key, done) {
            shared.transfers_changed();
        }
    }
    Ok(Some(hash.finalize().to_vec()))
}

fn unreadable(error: &io::Error) -> Trouble {
    Trouble::Final(ApiError::new(ErrorCode::FileNotReadable).detail(error))
}

/// The bytes of a file of ours, wherever they are.
enum Reading {
    Copy(Reader),
    Path(File),
}

impl Reading {
    async fn open(shared: &Shared, upload: &Upload) -> Result<Self, Trouble> {
        let vault = &shared.files.vault;
        let opened = match &upload.source {
            Source::Copy(file) => vault.open(file.sealed.clone()).await.map(Self::Copy),
            Source::Path { path, .. } => {
                let path = PathBuf::from(path);
                vault.block(move || File::open(path).map(Self::Path)).await
            }
        };
        let opened = opened.map_err(|error| unreadable(&error))?;
        opened.unchanged(shared, upload).await
    }

    /// The next bytes, from this place on. Blocks.
    fn next(mut self, at: u64) -> io::Result<(Self, Vec<u8>)> {
        let piece = match &mut self {
            Self::Copy(reader) => reader.read_at(at, PIECE)?,
            Self::Path(file) => {
                let mut piece = Vec::with_capacity(PIECE);
                file.take(PIECE as u64).read_to_end(&mut piece)?;
                piece
            }
        };
        Ok((self, piece))
    }

    /// As it was when it was sent.
    async fn unchanged(self, shared: &Shared, upload: &Upload) -> Result<Self, Trouble> {
        let (file, modified_ms) = match (self, &upload.source) {
            (Self::Path(file), Source::Path { modified_ms, .. }) => (file, *modified_ms),
            (copy, _) => return Ok(copy),
        };
        let wanted = (upload.size, modified_ms);
        let looked = shared.files.vault.block(move || {
            let found = stamp(&file)?;
            Ok((Self::Path(file), found == wanted))
        });
        match looked.await {
            Ok((file, true)) => Ok(file),
            Ok((_, false)) => Err(ErrorCode::FileChanged.into()),
            Err(error) => Err(unreadable(&error)),
        }
    }
}

/// Size, and when it was written last, in milliseconds since the Unix epoch.
pub(super) fn stamp(file: &File) -> io::Result<(u64, i64)> {
    let metadata = file.metadata()?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
    let modified_ms = modified.map_or(0, |since| since.as_millis());
    Ok((
        metadata.len(),
        i64::try_from(modified_ms).unwrap_or(i64::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_has_the_time_that_it_needs_and_more_with_each_try() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        // All of it fits into the buffers, and nothing is known of the line.
        assert_eq!(patience(1000, Duration::ZERO, 0), 5 * minute);
        let at_ten_kilobytes = Duration::from_secs(4 * 1024 * 1024 / 10_000);
        assert!(patience(4 * 1024 * 1024, second, 0) > at_ten_kilobytes);
        assert_eq!(
            patience(1 << 40, second, 0),
            patience(UNDER_WAY, second, 0),
            "so much is never under way"
        );
        // It went slowly, so the rest does.
        assert_eq!(patience(1 << 30, 30 * minute, 0), 35 * minute);
        // A proxy that takes all at once is met again with more patience.
        assert_eq!(patience(1000, second, 1), 2 * (5 * minute + second));
        assert_eq!(patience(1000, second, u32::MAX), LONGEST);
        assert_eq!(patience(u64::MAX, Duration::MAX, 0), LONGEST);
    }
}
