//! The web side of the HTTPS port: WebSocket (RFC 7395), discovery (XEP-0156),
//! and a page for whoever opens the address in a browser.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tower_service::Service;
use xmpp_core::sasl::BindingData;

use crate::limiter::Permit;
use crate::server::Server;
use crate::session;
use crate::transport::Transport;

/// Longest time for the headers of a request.
const HEADER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

#[derive(Clone)]
struct Connection {
    server: Arc<Server>,
    binding: BindingData,
    peer: IpAddr,
    permit: Arc<Permit>,
}

/// Serves one HTTPS connection.
pub(crate) async fn serve(
    server: Arc<Server>,
    tls: TlsStream<TcpStream>,
    binding: BindingData,
    peer: IpAddr,
    permit: Permit,
) {
    let stopping = server.stopping.clone();
    let router = Router::new()
        .route("/", get(page))
        .route("/health", get(|| async { "ok\n" }))
        .route("/.well-known/host-meta", get(host_meta))
        .route("/.well-known/host-meta.json", get(host_meta_json))
        .route("/ws", get(websocket))
        .with_state(Connection {
            server,
            binding,
            peer,
            permit: Arc::new(permit),
        });
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        router.clone().call(request.map(axum::body::Body::new))
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    let connection = builder
        .serve_connection(TokioIo::new(tls), service)
        .with_upgrades();
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "HTTP connection");
            }
        }
        () = stopping.cancelled() => {}
    }
}

async fn websocket(
    State(connection): State<Connection>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let offered = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == "xmpp");
    if !offered {
        // RFC 7395, section 3.1.
        return (StatusCode::BAD_REQUEST, "the subprotocol xmpp is needed\n").into_response();
    }
    let Connection {
        server,
        binding,
        peer,
        permit,
    } = connection;
    let limit = server.config.limits.framing.max_element_bytes;
    upgrade
        .protocols(["xmpp"])
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move {
            let transport = Transport::websocket(socket, binding, peer, &server.config.limits);
            let tasks = server.tasks.clone();
            // The session outlives the upgraded connection's own task, and
            // counts for its address as long as it lasts.
            tasks.spawn(async move {
                session::serve(server, transport).await;
                drop(permit);
            });
        })
}

/// XEP-0156, section 3: where the WebSocket is, as seen by who asks.
fn websocket_url(headers: &HeaderMap, server: &Server) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
        })
        .map_or_else(
            || format!("{}:{}", server.domain(), server.config.https.port()),
            str::to_owned,
        );
    format!("wss://{host}/ws")
}

const ALT_WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";

async fn host_meta(State(connection): State<Connection>, headers: HeaderMap) -> Response {
    let url = websocket_url(&headers, &connection.server);
    let xml = format!(
        "<?xml version='1.0' encoding='utf-8'?>\n\
         <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n  \
         <Link rel='{ALT_WEBSOCKET}' href='{url}'/>\n</XRD>\n"
    );
    ([(header::CONTENT_TYPE, "application/xrd+xml"), CORS], xml).into_response()
}

async fn host_meta_json(State(connection): State<Connection>, headers: HeaderMap) -> Response {
    let url = websocket_url(&headers, &connection.server);
    let json = serde_json::json!({ "links": [{ "rel": ALT_WEBSOCKET, "href": url }] });
    ([CORS], Json(json)).into_response()
}

/// Web clients on other hosts have to read it (XEP-0156, section 4).
const CORS: (header::HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");

async fn page() -> Response {
    let policy = (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'",
    );
    ([policy], Html(PAGE)).into_response()
}

const PAGE: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">
<title>Startalk</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1.5rem; color: #1d2226 }
  h1 { font-size: 1.4rem; color: #12687f }
  @media (prefers-color-scheme: dark) { body { background: #181b1f; color: #e6e8ea } h1 { color: #5cb6cb } }
</style>
<h1>Startalk</h1>
<p>This is a team's chat server. To join, open the invite link that a colleague sent you in the Startalk app, or sign in with any XMPP client.</p>
<p lang=\"zh-CN\">这是一个团队的聊天服务器。请在 Startalk 中打开同事发给您的邀请链接加入,也可以用任何 XMPP 客户端登录。</p>
";
