//! WebSocket (RFC 7395).

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Connection;
use crate::session;
use crate::transport::{Channel, Transport};

/// Bytes that are read at once: a connection keeps the room for them.
const READ: usize = 4 * 1024;

pub(super) async fn upgrade(
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
        secure,
        binding,
        peer,
        permit,
        ..
    } = connection;
    let channel = Channel {
        encrypted: secure,
        binding,
    };
    // What is too large is refused with a word; what is far too large is not read.
    let limit = server.config.limits.framing.max_element_bytes * 2;
    upgrade
        .protocols(["xmpp"])
        .read_buffer_size(READ)
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move {
            let transport = Transport::websocket(socket, channel, peer, &server.config.limits);
            let tasks = server.tasks.clone();
            // The session outlives the upgraded connection's own task, and
            // counts for its address as long as it lasts.
            tasks.spawn(async move {
                session::serve(server, Box::new(transport)).await;
                drop(permit);
            });
        })
}
