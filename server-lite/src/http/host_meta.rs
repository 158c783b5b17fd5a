//! Where the server can be reached, for who knows only its web address
//! (XEP-0156; XEP-0487 for direct TLS and the pin of the key).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{CORS, Connection};

const WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";
const DIRECT_TLS: &str = "urn:xmpp:alt-connections:tls";
/// For how many seconds it may be kept.
const KEPT: u32 = 3600;

/// The WebSocket: where the pages are for others, or as seen by who asks.
fn websocket_url(headers: &HeaderMap, connection: &Connection) -> String {
    let configured = connection.server.config.public_url.as_deref();
    if let Some(rest) = configured.and_then(|url| url.strip_prefix("http")) {
        return format!("ws{}/ws", rest.trim_end_matches('/'));
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
        })
        .map_or_else(|| connection.server.domain().to_owned(), str::to_owned);
    let scheme = if connection.secure { "wss" } else { "ws" };
    format!("{scheme}://{host}/ws")
}

pub(super) async fn xml(State(connection): State<Connection>, headers: HeaderMap) -> Response {
    let url = websocket_url(&headers, &connection);
    let xml = format!(
        "<?xml version='1.0' encoding='utf-8'?>\n\
         <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n  \
         <Link rel='{WEBSOCKET}' href='{url}'/>\n</XRD>\n"
    );
    ([(header::CONTENT_TYPE, "application/xrd+xml"), CORS], xml).into_response()
}

pub(super) async fn json(State(connection): State<Connection>, headers: HeaderMap) -> Response {
    let server = &connection.server;
    let url = websocket_url(&headers, &connection);
    let mut links = vec![serde_json::json!({ "rel": WEBSOCKET, "href": url })];
    if connection.secure {
        links.push(serde_json::json!({
            "rel": DIRECT_TLS,
            "port": server.https_port,
            "sni": server.domain(),
            "priority": 10,
            "weight": 50,
        }));
    }
    let pin = STANDARD.encode(server.tls.pin().as_bytes());
    let json = serde_json::json!({
        "xmpp": { "ttl": KEPT, "public-key-pins-sha-256": [pin] },
        "links": links,
    });
    ([CORS], Json(json)).into_response()
}
