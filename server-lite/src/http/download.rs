//! Downloads of what was uploaded (XEP-0363). Whatever the file is, a browser
//! that opens it runs nothing of it as if it were ours.

use std::io::SeekFrom;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::stream;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::progress::Download;
use super::range::{Part, part};
use super::{CORS, Connection, NO_SNIFF};
use crate::clock;
use crate::files::names;
use crate::metrics::Metrics;
use crate::store::files::{self, Hash, Upload};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Nothing in it may run, load anything or stand in a frame.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// What is behind a link never changes; who has it need not ask again.
const CACHE: &str = "private, max-age=31536000, immutable";

pub(super) async fn get(
    State(connection): State<Connection>,
    Path((token, _)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let server = &connection.server;
    let token = files::token_hash(&token);
    let found = server
        .store
        .read(move |db| files::find(db, &token, clock::now_ms()))
        .await;
    match found {
        Ok(Some(upload)) => match upload.hash {
            Some(hash) => send(&connection, &method, &headers, &upload, &hash).await,
            None => fail(StatusCode::NOT_FOUND),
        },
        Ok(None) => fail(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%error, "file not looked up");
            fail(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn fail(status: StatusCode) -> Response {
    (status, [CORS]).into_response()
}

async fn send(
    connection: &Connection,
    method: &Method,
    headers: &HeaderMap,
    upload: &Upload,
    hash: &Hash,
) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let etag = format!("\"{}\"", HEXLOWER.encode(hash));
    let known = text(header::IF_NONE_MATCH).is_some_and(|tags| {
        let mut tags = tags
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == "*" || tag == etag)
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // Parts of another file are of no use (RFC 9110, section 13.1.5).
        let same = text(header::IF_RANGE).is_none_or(|tag| tag.trim() == etag);
        let range = text(header::RANGE).filter(|_| same);
        match body(connection, method, range, upload, hash).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "file not read");
                return fail(StatusCode::INTERNAL_SERVER_ERROR);
            }
        }
    };
    let said = response.headers_mut();
    let mut say = |name: HeaderName, text: &str| {
        // All of it is made of visible ASCII.
        if let Ok(value) = HeaderValue::from_str(text) {
            said.insert(name, value);
        }
    };
    say(header::ETAG, &etag);
    say(header::CACHE_CONTROL, CACHE);
    say(header::ACCEPT_RANGES, "bytes");
    let media_type = names::content_type(&upload.media_type);
    say(header::CONTENT_TYPE, &media_type);
    let disposition = names::disposition(&upload.name, &upload.media_type);
    say(header::CONTENT_DISPOSITION, &disposition);
    say(header::CONTENT_SECURITY_POLICY, POLICY);
    say(header::REFERRER_POLICY, "no-referrer");
    say(CORS.0, CORS.1);
    say(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag",
    );
    // Web clients that shut out other hosts may still show it.
    say(
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    );
    said.insert(NO_SNIFF.0, NO_SNIFF.1);
    response
}

/// Status, length and bytes.
async fn body(
    connection: &Connection,
    method: &Method,
    range: Option<&str>,
    upload: &Upload,
    hash: &Hash,
) -> std::io::Result<Response> {
    let size = upload.size;
    let (status, first, length) = match part(range, size) {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Range { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Part::Beyond => {
            let said = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, said).into_response());
        }
    };
    let server = &connection.server;
    // Also for a HEAD: what is said has to be there.
    let mut file = File::open(server.files.path(hash)).await?;
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        file.seek(SeekFrom::Start(first)).await?;
        server.metrics.downloads.increment();
        let download = Download::new(Arc::clone(&connection.progress));
        let metrics = Arc::clone(&server.metrics);
        Body::from_stream(pieces(file, length, download, metrics))
    };
    let mut response = (status, body).into_response();
    let said = response.headers_mut();
    said.insert(header::CONTENT_LENGTH, length.into());
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {first}-{}/{size}", first + length - 1);
        if let Ok(value) = HeaderValue::from_str(&text) {
            said.insert(header::CONTENT_RANGE, value);
        }
    }
    Ok(response)
}

/// The next `left` bytes of a file, piece by piece.
fn pieces(
    file: File,
    left: u64,
    download: Download,
    metrics: Arc<Metrics>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::unfold((file, left, download, metrics), async |state| {
        let (mut file, left, download, metrics) = state;
        if left == 0 {
            return None;
        }
        download.step();
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        let mut piece = Vec::with_capacity(wanted);
        let read = (&mut file).take(wanted as u64).read_buf(&mut piece).await;
        let (piece, left) = match read {
            // Shorter than its row says: the peer sees that it is cut off.
            Ok(0) => (Err(std::io::ErrorKind::UnexpectedEof.into()), 0),
            Ok(read) => (Ok(Bytes::from(piece)), left.saturating_sub(read as u64)),
            Err(error) => (Err(error), 0),
        };
        if let Ok(piece) = &piece {
            metrics.download_bytes.add(piece.len() as u64);
        }
        Some((piece, (file, left, download, metrics)))
    })
}
