//! The web side of the HTTPS port: WebSocket (RFC 7395), discovery (XEP-0156),
//! files (XEP-0363), pages for whoever opens the address in a browser, and what
//! the administrator's programs ask.

pub(crate) mod allowance;
mod download;
mod host_meta;
mod pages;
mod progress;
mod range;
mod status;
mod upload;
mod websocket;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use self::allowance::{Allowance, Metered};
use self::progress::Progress;
use crate::limiter::Permit;
use crate::server::Server;

/// Longest time for the headers of a request.
const HEADER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// Longest head of a request. Of a download, no more than this waits for a slow
/// peer, or it would seem to stand still.
const BUFFER: usize = 64 * 1024;

#[derive(Clone)]
struct Connection {
    server: Arc<Server>,
    peer: IpAddr,
    permit: Arc<Permit>,
    /// Whether there is TLS around it.
    secure: bool,
    progress: Arc<Progress>,
    allowance: Arc<Allowance>,
}

/// Serves one connection, encrypted or, where that is allowed, not. A WebSocket
/// goes on when the HTTP connection is over.
pub(crate) async fn serve<S>(
    server: Arc<Server>,
    stream: S,
    secure: bool,
    peer: IpAddr,
    permit: Permit,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let stopping = server.stopping.clone();
    let patience = server.config.limits.idle;
    let progress = Arc::new(Progress::default());
    let allowance = Arc::<Allowance>::default();
    let router = router(Connection {
        server,
        peer,
        permit: Arc::new(permit),
        secure,
        progress: Arc::clone(&progress),
        allowance: Arc::clone(&allowance),
    });
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        router.clone().call(request.map(axum::body::Body::new))
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER);
    let connection = builder
        .serve_connection(TokioIo::new(Metered { stream, allowance }), service)
        .with_upgrades();
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "HTTP connection");
            }
        }
        () = progress.stalled(patience) => tracing::debug!(%peer, "a download stands still"),
        () = stopping.cancelled() => {}
    }
}

fn router(connection: Connection) -> Router {
    let files = get(download::get).put(upload::put).options(upload::options);
    Router::new()
        .route("/", get(pages::front))
        .route("/invite", get(pages::invite))
        .route("/invite/", get(pages::invite))
        .route("/invite.js", get(pages::invite_script))
        .route("/style.css", get(pages::style))
        .route("/health", get(status::health))
        .route("/metrics", get(status::metrics))
        .route("/.well-known/host-meta", get(host_meta::xml))
        .route("/.well-known/host-meta.json", get(host_meta::json))
        .route("/files/{token}/{name}", files)
        .route("/ws", get(websocket::upgrade))
        .with_state(connection)
}

/// Web clients on other hosts have to read it (XEP-0156, section 4).
const CORS: (HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");

/// A browser must not take it for something else.
const NO_SNIFF: (HeaderName, HeaderValue) = (
    header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);
