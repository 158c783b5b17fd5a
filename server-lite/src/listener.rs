//! From sockets to streams: the accept loops, TLS, STARTTLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use xmpp_core::framing::{Frame, Framer};
use xmpp_core::stream::{self, StreamCondition, StreamError, StreamHeader, TCP_CLOSE};
use xmpp_core::{element, ns};

use crate::limiter::Permit;
use crate::server::Server;
use crate::tls::ALPN_XMPP;
use crate::transport::Transport;
use crate::{StartError, http, session};

/// Which of the two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// TLS from the first byte: HTTPS, WebSocket, direct TLS.
    Https,
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
            match port {
                Port::Https => serve_tls(shared, socket, peer.ip(), permit).await,
                Port::StartTls => serve_starttls(shared, socket, peer.ip(), permit).await,
            }
        });
    }
}

async fn serve_tls(server: Arc<Server>, socket: TcpStream, peer: IpAddr, permit: Permit) {
    let Some(tls) = handshake(&server, socket, peer).await else {
        return;
    };
    let connection = tls.get_ref().1;
    let binding = server.tls.binding(connection);
    if connection.alpn_protocol() == Some(ALPN_XMPP) {
        let transport = Transport::tcp(Box::new(tls), binding, peer, &server.config.limits);
        session::serve(server, transport).await;
        drop(permit);
    } else {
        // A WebSocket goes on when the HTTP connection is over.
        http::serve(server, tls, true, binding, peer, permit).await;
    }
}

async fn handshake(
    server: &Server,
    socket: TcpStream,
    peer: IpAddr,
) -> Option<TlsStream<TcpStream>> {
    let limit = server.config.limits.negotiation;
    match tokio::time::timeout(limit, server.tls.acceptor.accept(socket)).await {
        Ok(Ok(tls)) => Some(tls),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "TLS handshake");
            None
        }
        Err(_) => None,
    }
}

async fn serve_starttls(server: Arc<Server>, mut socket: TcpStream, peer: IpAddr, permit: Permit) {
    let limit = server.config.limits.negotiation;
    let mut is_open = false;
    match tokio::time::timeout(limit, starttls(&server, &mut socket, &mut is_open)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) | Err(_) => return,
        Ok(Err(error)) => {
            // In a stream, whatever the client's header was (RFC 6120, 4.9.1.2).
            let header = match is_open {
                true => String::new(),
                false => server.header().to_tcp(),
            };
            let text = format!("{header}{}{TCP_CLOSE}", error.to_xml());
            drop(socket.write_all(text.as_bytes()).await);
            drop(socket.shutdown().await);
            return;
        }
    }
    let Some(tls) = handshake(&server, socket, peer).await else {
        return;
    };
    let binding = server.tls.binding(tls.get_ref().1);
    let transport = Transport::tcp(Box::new(tls), binding, peer, &server.config.limits);
    session::serve(server, transport).await;
    drop(permit);
}

/// The part in clear (RFC 6120, section 5.4): nothing is possible there but to
/// leave it. `true` once TLS has to follow. Notes when our header is out.
async fn starttls(
    server: &Server,
    socket: &mut TcpStream,
    is_open: &mut bool,
) -> Result<bool, StreamError> {
    let mut framer = Framer::new(server.config.limits.framing);
    let mut buffer = [0; 2048];
    loop {
        while let Some(frame) = framer
            .next_frame()
            .map_err(|error| StreamError::from(error.condition()))?
        {
            match frame {
                Frame::Open(tag) => {
                    let (header, _) = StreamHeader::parse_tcp(&tag)
                        .map_err(|error| StreamError::from(error.condition()))?;
                    *is_open = true;
                    offer_tls(server, socket, &header).await?;
                }
                Frame::Element(bytes) => {
                    let wanted = element::parse_in_stream(&bytes, &Default::default())
                        .is_ok_and(|element| element.is("starttls", ns::TLS));
                    if !wanted {
                        return Err(StreamCondition::PolicyViolation.into());
                    }
                    // What comes behind it in clear would be taken as if it had
                    // come encrypted.
                    if framer.has_leftover() {
                        return Err(StreamCondition::PolicyViolation.into());
                    }
                    let proceed = format!("<proceed xmlns='{}'/>", ns::TLS);
                    return Ok(socket.write_all(proceed.as_bytes()).await.is_ok());
                }
                Frame::Close => return Ok(false),
            }
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(false),
            Ok(read) => framer.push(buffer.get(..read).unwrap_or_default()),
        }
    }
}

async fn offer_tls(
    server: &Server,
    socket: &mut TcpStream,
    header: &StreamHeader,
) -> Result<(), StreamError> {
    let answer = server.header();
    let required = element::build("starttls", ns::TLS).child(element::build("required", ns::TLS));
    let features = stream::features(&[required.done()])
        .map_err(|_| StreamError::from(StreamCondition::InternalServerError))?;
    let known = header
        .to
        .as_ref()
        .is_none_or(|to| to.eq_ignore_ascii_case(server.domain()));
    let text = if known {
        answer.to_tcp() + &features
    } else {
        answer.to_tcp()
    };
    drop(socket.write_all(text.as_bytes()).await);
    if known {
        Ok(())
    } else {
        Err(StreamCondition::HostUnknown.into())
    }
}
