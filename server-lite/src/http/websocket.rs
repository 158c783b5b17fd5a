//! WebSocket (RFC 7395).

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use xmpp_core::sasl::BindingData;

use super::Connection;
use crate::session;
use crate::transport::{Channel, Transport};

/// All that a client may send before it has signed in, with some tries.
const STRANGER_BYTES: u64 = 64 * 1024;
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
        peer,
        permit,
        allowance,
        ..
    } = connection;
    // Web pages cannot see the channel, and a proxy may end it: nothing that is
    // bound to it is offered (RFC 5802, 5929 and 9266; XEP-0440 and 0484).
    let channel = Channel {
        encrypted: secure,
        binding: BindingData::default(),
    };
    allowance.limit(STRANGER_BYTES);
    // What is too large is refused with a word; what is far too large is not read.
    let limit = server.config.limits.framing.max_element_bytes * 2;
    upgrade
        .protocols(["xmpp"])
        .read_buffer_size(READ)
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move {
            let transport =
                Transport::websocket(socket, channel, peer, allowance, &server.config.limits);
            let tasks = server.tasks.clone();
            // The session outlives the upgraded connection's own task, and
            // counts for its address as long as it lasts.
            tasks.spawn(async move {
                session::serve(server, Box::new(transport)).await;
                drop(permit);
            });
        })
}
