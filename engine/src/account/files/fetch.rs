//! Files come from the server into the encrypted cache, once for all who wait for
//! them. What was cut off is gone on with where it ended, if the server still has
//! the same (RFC 9110, section 14); what is not as it was said to be does not stay.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::transfers::Key;
use super::{Found, Place, failed, find, on_disk, policy, uploads};
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::files::kind;
use crate::http::{self, Follow};
use crate::store::files::{self as rows, CachedFile, Whole};
use crate::vault::{PIECE, Writer};

/// Largest file of which the sender does not say how large it is, in bytes.
const MAX_UNKNOWN: u64 = 2 * 1024 * 1024 * 1024;
/// What comes by itself has so long, in times of waiting for an answer.
const AUTOMATIC_WAITS: u32 = 3;
/// Longest validator, in bytes.
const MAX_VALIDATOR: usize = 1024;
/// So much of the beginning says what a file is.
const BEGINNING: usize = 64;

/// How fetching has ended, for all who wait.
type Outcome = Option<Result<(), ApiError>>;

/// A file that is being fetched.
pub(super) struct Fetching {
    outcome: watch::Receiver<Outcome>,
    cancel: CancellationToken,
}

/// What is fetched.
struct Wanted {
    key: Key,
    conversation: String,
    url: String,
    address: Url,
    size: Option<u64>,
    sha256: Option<Vec<u8>>,
    automatic: bool,
}

impl Wanted {
    /// More bytes than this are not taken.
    fn most(&self) -> u64 {
        match (self.size, self.automatic) {
            (Some(size), _) => size,
            (None, true) => policy::AUTOMATIC,
            (None, false) => MAX_UNKNOWN,
        }
    }
}

/// Waits until a file is here.
pub(super) async fn file(
    shared: &Arc<Shared>,
    place: Place,
    automatic: bool,
) -> Result<(), ApiError> {
    let found = find(shared, place).await?;
    // One of ours that is not at the server is here.
    let Some(url) = found.file.url.clone() else {
        return Ok(());
    };
    let sha256 = found.file.sha256.as_deref().and_then(crate::files::sha256);
    if is_here(shared, &url, sha256.clone()).await? {
        return Ok(());
    }
    let address = policy::web_address(&url).ok_or(ErrorCode::FileAddressRefused)?;
    if automatic {
        policy::automatic(shared, &found, &address).await?;
    }
    let Found {
        conversation, file, ..
    } = found;
    let wanted = Wanted {
        key: Key::down(place.0, place.1),
        conversation,
        url,
        address,
        size: file.size_bytes,
        sha256,
        automatic,
    };
    let mut outcome = begin(shared, wanted);
    let ended = outcome.wait_for(Option::is_some).await;
    let ended = ended.map_err(|_| ErrorCode::Cancelled)?.clone();
    ended.unwrap_or(Ok(()))
}

/// Ends the fetching of a file.
pub(super) async fn stop(shared: &Shared, place: Place) -> Result<(), ApiError> {
    let url = find(shared, place).await?.file.url;
    if let Some(url) = url
        && let Some(fetching) = shared.files.fetches().get(&url)
    {
        fetching.cancel.cancel();
    }
    Ok(())
}

/// What is being fetched.
pub(super) fn addresses(shared: &Shared) -> Vec<String> {
    shared.files.fetches().keys().cloned().collect()
}

/// Whether it is here; then it is used now.
async fn is_here(shared: &Shared, url: &str, sha256: Option<Vec<u8>>) -> Result<bool, ApiError> {
    let url = url.to_owned();
    let found = shared
        .store
        .read(move |db| rows::whole(db, &url, sha256.as_deref()));
    let Some(found) = found.await.map_err(failed)? else {
        return Ok(false);
    };
    let now_ms = shared.clock.now_ms();
    let used = shared
        .store
        .write(move |tx| rows::used(tx, found.id, now_ms));
    used.await.map_err(failed)
}

/// Begins to fetch a file, unless somebody has.
fn begin(shared: &Arc<Shared>, wanted: Wanted) -> watch::Receiver<Outcome> {
    let mut fetches = shared.files.fetches();
    if let Some(fetching) = fetches.get(&wanted.url) {
        return fetching.outcome.clone();
    }
    let (tell, outcome) = watch::channel(None);
    let transfers = &shared.files.transfers;
    transfers.begin(wanted.key, &wanted.conversation, wanted.size);
    let cancel = CancellationToken::new();
    let fetching = Fetching {
        outcome: outcome.clone(),
        cancel: cancel.clone(),
    };
    fetches.insert(wanted.url.clone(), fetching);
    drop(fetches);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        shared.transfers_changed();
        let patience = shared.timeouts.answer.saturating_mul(AUTOMATIC_WAITS);
        let fetched = async {
            if wanted.automatic {
                let fetched = timeout(patience, fetch(&shared, &wanted)).await;
                fetched.unwrap_or_else(|_| Err(ErrorCode::TimedOut.into()))
            } else {
                fetch(&shared, &wanted).await
            }
        };
        let ended = tokio::select! {
            biased;
            () = shared.cancel.cancelled() => Err(ErrorCode::Cancelled.into()),
            () = cancel.cancelled() => Err(ErrorCode::Cancelled.into()),
            fetched = fetched => fetched,
        };
        shared.files.fetches().remove(&wanted.url);
        shared.files.transfers.end(&wanted.key);
        let is_there = ended.is_ok();
        if let Err(error) = &ended {
            tracing::info!(account = shared.id, %error, "file not fetched");
        }
        // Nobody may wait any more.
        drop(tell.send(Some(ended)));
        shared.transfers_changed();
        if is_there {
            shared.messages_changed(&wanted.conversation);
            if let Err(error) = uploads::tidy(&shared).await {
                tracing::warn!(%error, "files not tidied up");
            }
        }
    });
    outcome
}

/// A file that comes in.
struct Coming {
    id: i64,
    writer: Writer,
    hash: Sha256,
    head: Vec<u8>,
}

impl Coming {
    /// Blocks.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let room = BEGINNING.saturating_sub(self.head.len()).min(bytes.len());
        self.head
            .extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.hash.update(bytes);
        self.writer.write(bytes)
    }
}

async fn fetch(shared: &Shared, wanted: &Wanted) -> Result<(), ApiError> {
    let url = wanted.url.clone();
    let begun = shared.store.read(move |db| rows::at(db, &url));
    let begun = match begun.await.map_err(failed)? {
        Some(begun) => go_on(shared, begun).await?,
        None => None,
    };
    let (coming, response) = ask(shared, wanted, begun).await?;
    let id = coming.id;
    match take(shared, wanted, coming, response).await {
        // What is not what it was said to be is no beginning of it either.
        Err(error) if error.code == ErrorCode::FileDamaged => {
            forget(shared, id).await?;
            Err(error)
        }
        other => other,
    }
}

async fn forget(shared: &Shared, id: i64) -> Result<(), ApiError> {
    let names = shared.store.write(move |tx| rows::forget(tx, id)).await;
    let names = names.map_err(failed)?;
    shared.files.vault.remove(names.into_iter().collect()).await;
    Ok(())
}

/// What is here of a file that was begun, with what is needed to go on with it.
async fn go_on(shared: &Shared, begun: CachedFile) -> Result<Option<(Coming, String)>, ApiError> {
    let id = begun.id;
    let now_ms = shared.clock.now_ms();
    // What is gone on with is not tidied away meanwhile, whenever it was begun.
    let used = shared.store.write(move |tx| rows::used(tx, id, now_ms));
    if !used.await.map_err(failed)? {
        return Ok(None);
    }
    let vault = &shared.files.vault;
    let opened = async {
        let writer = vault.append(begun.sealed.clone()).await?;
        let mut reader = vault.open(begun.sealed).await?;
        vault
            .block(move || {
                let mut coming = Coming {
                    id,
                    hash: Sha256::new(),
                    head: reader.read_at(0, BEGINNING)?,
                    writer,
                };
                let mut at = 0;
                while at < coming.writer.len() {
                    let piece = reader.read_at(at, PIECE)?;
                    coming.hash.update(&piece);
                    at += piece.len() as u64;
                }
                Ok(coming)
            })
            .await
    };
    match (opened.await, begun.validator) {
        (Ok(coming), Some(validator)) if coming.writer.len() > 0 => Ok(Some((coming, validator))),
        // Nothing to go on with.
        _ => {
            forget(shared, id).await?;
            Ok(None)
        }
    }
}

/// Asks for the file, or for the rest of it.
async fn ask(
    shared: &Shared,
    wanted: &Wanted,
    begun: Option<(Coming, String)>,
) -> Result<(Coming, reqwest::Response), ApiError> {
    let host = wanted.address.host_str().unwrap_or_default();
    let follow = if wanted.automatic {
        Follow::SameHost
    } else {
        Follow::Anywhere
    };
    let proof = policy::proof(shared, &wanted.address).await?;
    let client = http::client(&shared.connector, &wanted.address, proof, follow)
        .await
        .map_err(|error| error.to_api(host))?;
    let request = client.get(wanted.address.as_str());
    let request = match &begun {
        Some((coming, validator)) => request
            .header(RANGE, format!("bytes={}-", coming.writer.len()))
            .header(IF_RANGE, validator),
        None => request,
    };
    let response = timeout(shared.timeouts.idle, request.send())
        .await
        .map_err(|_| ErrorCode::TimedOut)?
        .map_err(|error| http::failed(error).to_api(host))?;
    match (response.status(), begun) {
        (StatusCode::PARTIAL_CONTENT, Some((coming, _)))
            if begins_at(response.headers(), coming.writer.len()) =>
        {
            Ok((coming, response))
        }
        (StatusCode::OK, begun) => {
            if let Some((coming, _)) = begun {
                forget(shared, coming.id).await?;
            }
            let coming = begin_file(shared, wanted, response.headers()).await?;
            Ok((coming, response))
        }
        (status, begun) => {
            if let Some((coming, _)) = begun {
                // Next time from the beginning.
                forget(shared, coming.id).await?;
            }
            Err(refused(status))
        }
    }
}

fn refused(status: StatusCode) -> ApiError {
    let code = match status.as_u16() {
        404 | 410 => ErrorCode::FileNotOnServer,
        401 | 403 => ErrorCode::NotAllowed,
        408 | 425 | 429 | 500..=599 => ErrorCode::ServerBusy,
        300..=399 => ErrorCode::FileAddressRefused,
        _ => ErrorCode::ServerRefused,
    };
    ApiError::new(code).detail(format!("HTTP status {status}"))
}

/// Whether a part begins where it was asked for.
fn begins_at(headers: &HeaderMap, first: u64) -> bool {
    let range = headers.get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok()?.strip_prefix("bytes "));
    range.and_then(|range| range.split('-').next()?.trim().parse().ok()) == Some(first)
}

/// Begins a file, with what tells whether the server still has the same.
async fn begin_file(
    shared: &Shared,
    wanted: &Wanted,
    headers: &HeaderMap,
) -> Result<Coming, ApiError> {
    let validator = headers
        .get(ETAG)
        .and_then(|tag| tag.to_str().ok())
        // A weak one is not good enough (RFC 9110, section 13.1.5).
        .filter(|tag| tag.starts_with('"') && tag.len() <= MAX_VALIDATOR)
        .map(str::to_owned);
    let writer = shared.files.vault.create().await;
    let mut writer = writer.map_err(|error| on_disk(&error))?;
    let (sealed, url) = (writer.sealed().clone(), wanted.url.clone());
    let now_ms = shared.clock.now_ms();
    let begun = shared
        .store
        .write(move |tx| rows::begin(tx, &sealed, &url, validator.as_deref(), now_ms));
    let id = begun.await.map_err(failed)?;
    writer.keep();
    Ok(Coming {
        id,
        writer,
        hash: Sha256::new(),
        head: Vec::new(),
    })
}

/// Takes what comes, and looks whether it is what was said.
async fn take(
    shared: &Shared,
    wanted: &Wanted,
    mut coming: Coming,
    mut response: reqwest::Response,
) -> Result<(), ApiError> {
    let damaged = |why: &str| ApiError::new(ErrorCode::FileDamaged).detail(why);
    let host = wanted.address.host_str().unwrap_or_default();
    let vault = &shared.files.vault;
    let begun = coming.writer.len();
    let promised = response
        .content_length()
        .map(|rest| begun.saturating_add(rest));
    let most = wanted.most();
    if promised.is_some_and(|promised| promised > most) {
        return Err(too_much(wanted, most));
    }
    let total = promised.or(wanted.size);
    shared.files.transfers.found(&wanted.key, begun, total);
    loop {
        let piece = timeout(shared.timeouts.idle, response.chunk())
            .await
            .map_err(|_| ErrorCode::TimedOut)?
            .map_err(|error| http::failed(error).to_api(host))?;
        let Some(piece) = piece else { break };
        if coming.writer.len().saturating_add(piece.len() as u64) > most {
            return Err(too_much(wanted, most));
        }
        let written = vault.block(move || coming.write(&piece).map(|()| coming));
        coming = written.await.map_err(|error| on_disk(&error))?;
        if shared
            .files
            .transfers
            .moved(&wanted.key, coming.writer.len())
        {
            shared.transfers_changed();
        }
    }
    let size = coming.writer.len();
    if wanted.size.is_some_and(|said| said != size) {
        return Err(damaged("another size"));
    }
    let whole = Whole {
        sha256: coming.hash.finalize().to_vec(),
        size,
        media_type: kind::by_bytes(&coming.head).to_owned(),
    };
    if wanted
        .sha256
        .as_ref()
        .is_some_and(|said| *said != whole.sha256)
    {
        return Err(damaged("another hash"));
    }
    let (id, writer) = (coming.id, coming.writer);
    let finished = vault.block(move || writer.finish()).await;
    finished.map_err(|error| on_disk(&error))?;
    let now_ms = shared.clock.now_ms();
    let finished = shared
        .store
        .write(move |tx| rows::finish(tx, id, &whole, now_ms));
    if finished.await.map_err(failed)? {
        Ok(())
    } else {
        // Without its row nobody can read it.
        Err(ApiError::new(ErrorCode::CacheFailed).detail("forgotten while it came"))
    }
}

/// More than was said, or than anybody should send without a word.
fn too_much(wanted: &Wanted, most: u64) -> ApiError {
    if wanted.size.is_some() {
        return ApiError::new(ErrorCode::FileDamaged).detail("more than was said");
    }
    ApiError::new(ErrorCode::FileTooLarge).value("limit", most)
}
