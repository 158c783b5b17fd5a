//! From sockets to streams: the accept loops and TLS, and which protocol it is.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::limiter::Permit;
use crate::server::Server;
use crate::tls::ALPN_XMPP;
use crate::transport::{Bytes, Channel, Transport};
use crate::{StartError, http, session};

/// The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Which of the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// HTTPS, WebSocket and direct TLS; where it is allowed, the same in clear.
    Shared,
    /// Direct TLS and nothing else (XEP-0368).
    DirectTls,
    /// XMPP that begins in clear and goes on after STARTTLS.
    StartTls,
}

/// Binds a port.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => StartError::PortInUse { address },
            _ => StartError::AddressNotAvailable { address, source },
        })
}

/// Accepts until the server stops.
pub(crate) async fn accept(server: Arc<Server>, listener: TcpListener, port: Port) {
    loop {
        let accepted = tokio::select! {
            () = server.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give others time to end.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let limit = server.config.limits.connections_per_address;
        let Some(permit) = server.limiter.connect(peer.ip(), limit) else {
            tracing::info!(peer = %peer.ip(), "too many connections of one address");
            continue;
        };
        let shared = Arc::clone(&server);
        server.tasks.spawn(async move {
            // Answers are small and wanted at once.
            drop(socket.set_nodelay(true));
            Box::pin(serve(shared, socket, peer.ip(), port, permit)).await;
        });
    }
}

async fn serve(server: Arc<Server>, socket: TcpStream, peer: IpAddr, port: Port, permit: Permit) {
    if port == Port::StartTls {
        return serve_clear(server, socket, peer, permit).await;
    }
    if port == Port::Shared && server.allows_plaintext(peer) {
        let limit = server.config.limits.negotiation;
        match tokio::time::timeout(limit, first_byte(&socket)).await {
            Ok(Some(TLS_HANDSHAKE)) => {}
            Ok(Some(b'<')) => return serve_clear(server, socket, peer, permit).await,
            Ok(Some(_)) => {
                return http::serve(server, socket, false, peer, permit).await;
            }
            Ok(None) | Err(_) => return,
        }
    }
    let Some((tls, channel)) = handshake(&server, socket, peer, port).await else {
        return;
    };
    let alpn = tls.get_ref().1.alpn_protocol();
    let is_xmpp = alpn == Some(ALPN_XMPP) || port == Port::DirectTls;
    if is_xmpp {
        serve_sealed(server, Box::new(tls), channel, peer, permit).await;
    } else if alpn.is_some() {
        http::serve(server, tls, channel.encrypted, peer, permit).await;
    } else {
        // COMPAT: slixmpp names no protocol, which XEP-0368 allows. A
        // stream begins with a sign that no HTTP request begins with. One byte is
        // looked at; what follows goes past this buffer.
        let limit = server.config.limits.negotiation;
        let mut tls = BufReader::with_capacity(1, tls);
        match tokio::time::timeout(limit, tls.fill_buf()).await {
            Ok(Ok([b'<' | b' ' | b'\n', ..])) => {
                serve_sealed(server, Box::new(tls), channel, peer, permit).await;
            }
            Ok(Ok(_)) => http::serve(server, tls, channel.encrypted, peer, permit).await,
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn serve_sealed(
    server: Arc<Server>,
    tls: Box<dyn Bytes>,
    channel: Channel,
    peer: IpAddr,
    permit: Permit,
) {
    let transport = Transport::tcp(tls, channel, peer, &server.config.limits);
    session::serve(server, transport).await;
    drop(permit);
}

/// The first byte, which stays to be read.
async fn first_byte(socket: &TcpStream) -> Option<u8> {
    let mut first = [0];
    match socket.peek(&mut first).await {
        Ok(1) => first.first().copied(),
        _ => None,
    }
}

/// A stream that begins in clear; TLS follows inside of it.
async fn serve_clear(server: Arc<Server>, socket: TcpStream, peer: IpAddr, permit: Permit) {
    let transport = Transport::clear(socket, peer, &server.config.limits);
    session::serve(server, transport).await;
    drop(permit);
}

/// TLS with the certificate of the moment.
pub(crate) async fn handshake(
    server: &Server,
    socket: TcpStream,
    peer: IpAddr,
    port: Port,
) -> Option<(TlsStream<TcpStream>, Channel)> {
    let limit = server.config.limits.negotiation;
    let active = server.tls.active();
    let acceptor = match port {
        Port::DirectTls => &active.direct,
        Port::Shared | Port::StartTls => &active.shared,
    };
    match tokio::time::timeout(limit, acceptor.accept(socket)).await {
        Ok(Ok(tls)) => {
            let binding = active.binding(tls.get_ref().1);
            let encrypted = true;
            Some((tls, Channel { encrypted, binding }))
        }
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "TLS handshake");
            None
        }
        Err(_) => None,
    }
}
