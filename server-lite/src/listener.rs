//! From sockets to streams: the accept loops and TLS, and which protocol it is.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::limiter::Permit;
use crate::server::Server;
use crate::tls::ALPN_XMPP;
use crate::transport::{Channel, Transport};
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
            tracing::info!(peer = %peer.ip(), "too many connections");
            continue;
        };
        let shared = Arc::clone(&server);
        server.tasks.spawn(async move {
            // Answers are small and wanted at once.
            drop(socket.set_nodelay(true));
            // A box for each part of a connection's life, which goes with it: a
            // session lasts for days and keeps no room for what came before.
            let begun = Box::pin(begin(&shared, socket, peer.ip(), port, permit)).await;
            if let Some((transport, permit)) = begun {
                session::serve(shared, transport).await;
                drop(permit);
            }
        });
    }
}

/// Finds out what is spoken. Gives the stream; HTTP is over when this returns.
async fn begin(
    server: &Arc<Server>,
    socket: TcpStream,
    peer: IpAddr,
    port: Port,
    permit: Permit,
) -> Option<(Box<Transport>, Permit)> {
    let limits = &server.config.limits;
    let clear = |socket, permit| {
        let transport = Transport::clear(socket, peer, limits);
        Some((Box::new(transport), permit))
    };
    if port == Port::StartTls {
        return clear(socket, permit);
    }
    if port == Port::Shared && server.allows_plaintext(peer) {
        match tokio::time::timeout(limits.negotiation, first_byte(&socket)).await {
            Ok(Some(TLS_HANDSHAKE)) => {}
            Ok(Some(b'<')) => return clear(socket, permit),
            Ok(Some(_)) => {
                serve_http(server, socket, false, peer, permit).await;
                return None;
            }
            Ok(None) | Err(_) => return None,
        }
    }
    let (tls, channel) = handshake(server, socket, peer, port).await?;
    let alpn = tls.get_ref().1.alpn_protocol();
    let is_xmpp = alpn == Some(ALPN_XMPP) || port == Port::DirectTls;
    let sealed = |tls, channel, permit| {
        let transport = Transport::tcp(tls, channel, peer, limits);
        Some((Box::new(transport), permit))
    };
    if is_xmpp {
        return sealed(Box::new(tls), channel, permit);
    }
    if alpn.is_some() {
        serve_http(server, tls, channel.encrypted, peer, permit).await;
    } else {
        // COMPAT: slixmpp names no protocol, which XEP-0368 allows. A
        // stream begins with a sign that no HTTP request begins with. One byte is
        // looked at; what follows goes past this buffer.
        let mut tls = BufReader::with_capacity(1, tls);
        match tokio::time::timeout(limits.negotiation, tls.fill_buf()).await {
            Ok(Ok([b'<' | b' ' | b'\n', ..])) => {
                return sealed(Box::new(tls), channel, permit);
            }
            Ok(Ok(_)) => serve_http(server, tls, channel.encrypted, peer, permit).await,
            Ok(Err(_)) | Err(_) => {}
        }
    }
    None
}

/// A WebSocket goes on when the HTTP connection is over.
async fn serve_http<S>(server: &Arc<Server>, io: S, encrypted: bool, peer: IpAddr, permit: Permit)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    http::serve(Arc::clone(server), io, encrypted, peer, permit).await;
}

/// The first byte, which stays to be read.
async fn first_byte(socket: &TcpStream) -> Option<u8> {
    let mut first = [0];
    match socket.peek(&mut first).await {
        Ok(1) => first.first().copied(),
        _ => None,
    }
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
