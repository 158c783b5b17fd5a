//! Finding a server and reaching it (RFC 6120, section 3.2; XEP-0368; RFC 8305).

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use navigation::{Endpoint, ServerTarget, Transport as Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use xmpp_core::element::{self, build};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::ns;
use xmpp_core::stream::StreamHeader;

use super::tls::TlsSetup;
use super::{ConnectError, Connector, SecureStream, Transport};
use crate::config::Timeouts;

/// Longest wait for the answer of a name server.
const LOOKUP: Duration = Duration::from_secs(4);
const XMPP_PORT: u16 = 5222;

/// Reaches a server by the best of its endpoints: they are tried in order, each
/// a moment after the one before, and the first that answers wins.
pub(super) async fn dial(
    connector: &Connector,
    target: &ServerTarget,
) -> Result<Transport, ConnectError> {
    let timeouts = &connector.timeouts;
    if let Some(dialer) = &connector.dialer {
        return match tokio::time::timeout(timeouts.connect, dialer.dial(target)).await {
            Ok(Ok(stream)) => Ok(Transport::tcp(stream, timeouts.answer)),
            Ok(Err(error)) => Err(ConnectError::Unreachable(error.to_string())),
            Err(_) => Err(ConnectError::TimedOut),
        };
    }
    let mut worst = None;
    match tokio::time::timeout(timeouts.connect, race(target, timeouts, &mut worst)).await {
        Ok(outcome) => outcome,
        // One that hangs says less than one that refused.
        Err(_) => Err(worst.unwrap_or_else(|| {
            ConnectError::Unreachable(format!("no answer within {:?}", timeouts.connect))
        })),
    }
}

async fn race(
    target: &ServerTarget,
    timeouts: &Timeouts,
    worst: &mut Option<ConnectError>,
) -> Result<Transport, ConnectError> {
    let endpoints = match target.endpoints.as_slice() {
        [] => discover(&target.domain).await?,
        known => known.to_vec(),
    };
    let setup = TlsSetup::new(&target.trust);
    let mut tries = FuturesUnordered::new();
    for (number, endpoint) in endpoints.iter().enumerate() {
        let wait = timeouts.head_start * u32::try_from(number).unwrap_or(u32::MAX);
        let (setup, domain) = (&setup, target.domain.as_str());
        tries.push(async move {
            tokio::time::sleep(wait).await;
            let reached = reach(endpoint, domain, setup, timeouts).await;
            if let Err(error) = &reached {
                tracing::debug!(%endpoint, %error, "endpoint");
            }
            reached
        });
    }
    while let Some(outcome) = tries.next().await {
        match outcome {
            Ok(transport) => return Ok(transport),
            Err(error) => {
                // The step that came furthest says most.
                if worst
                    .as_ref()
                    .is_none_or(|worst| depth(&error) > depth(worst))
                {
                    *worst = Some(error);
                }
            }
        }
    }
    Err(worst
        .take()
        .unwrap_or_else(|| ConnectError::Unknown("no endpoint".to_owned())))
}

fn depth(error: &ConnectError) -> u8 {
    match error {
        ConnectError::Unknown(_) => 0,
        ConnectError::Unreachable(_) => 1,
        ConnectError::NotXmpp(_) | ConnectError::Lost(_) => 2,
        _ => 3,
    }
}

/// Where the servers of a domain are: by SRV records, else the domain itself.
async fn discover(domain: &str) -> Result<Vec<Endpoint>, ConnectError> {
    let default = || {
        vec![Endpoint {
            transport: Kind::StartTls,
            host: domain.to_owned(),
            port: XMPP_PORT,
            path: None,
        }]
    };
    if domain.parse::<std::net::IpAddr>().is_ok() || domain == "localhost" {
        return Ok(default());
    }
    let resolver = match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
        Ok(resolver) => resolver,
        Err(error) => {
            tracing::debug!(%error, "no resolver for SRV records");
            return Ok(default());
        }
    };
    let look_up = async |service: &str, transport: Kind| {
        let name = format!("{service}._tcp.{domain}.");
        let found = tokio::time::timeout(LOOKUP, resolver.srv_lookup(name)).await;
        let Ok(Ok(found)) = found else {
            return Vec::new();
        };
        let mut records: Vec<(u16, u16, Endpoint)> = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some((
                    srv.priority,
                    u16::MAX - srv.weight,
                    Endpoint {
                        transport,
                        host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
                        port: srv.port,
                        path: None,
                    },
                )),
                _ => None,
            })
            // A target of "." says: not here (RFC 2782).
            .filter(|(_, _, endpoint)| !endpoint.host.is_empty() && endpoint.port != 0)
            .collect();
        records.sort_by_key(|(priority, weight, _)| (*priority, *weight));
        records
            .into_iter()
            .map(|(_, _, endpoint)| endpoint)
            .collect::<Vec<_>>()
    };
    let (direct, start) = tokio::join!(
        look_up("_xmpps-client", Kind::DirectTls),
        look_up("_xmpp-client", Kind::StartTls)
    );
    let mut endpoints: Vec<Endpoint> = direct.into_iter().chain(start).take(8).collect();
    if endpoints.is_empty() {
        endpoints = default();
    }
    Ok(endpoints)
}

async fn reach(
    endpoint: &Endpoint,
    domain: &str,
    setup: &TlsSetup,
    timeouts: &Timeouts,
) -> Result<Transport, ConnectError> {
    let addresses: Vec<_> = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| ConnectError::Unknown(format!("{}: {error}", endpoint.host)))?
        .collect();
    let mut socket = connect(&addresses, timeouts.head_start).await?;
    let patience = timeouts.answer;
    match endpoint.transport {
        Kind::DirectTls => {
            let tls = setup.connect(socket, domain, Kind::DirectTls).await?;
            Ok(Transport::tcp(tls, patience))
        }
        Kind::StartTls => {
            starttls(&mut socket, domain).await?;
            let tls = setup.connect(socket, domain, Kind::StartTls).await?;
            Ok(Transport::tcp(tls, patience))
        }
        Kind::WebSocket => {
            let tls = setup
                .connect(socket, &endpoint.host, Kind::WebSocket)
                .await?;
            let path = endpoint.path.as_deref().unwrap_or("/ws");
            let host = match endpoint.host.contains(':') {
                true => format!("[{}]", endpoint.host),
                false => endpoint.host.clone(),
            };
            let url = format!("wss://{host}:{}{path}", endpoint.port);
            let mut request = url
                .into_client_request()
                .map_err(|error| ConnectError::Internal(error.to_string()))?;
            request
                .headers_mut()
                .insert("sec-websocket-protocol", HeaderValue::from_static("xmpp"));
            let config = WebSocketConfig::default()
                .max_message_size(Some(4 * 1024 * 1024))
                .max_frame_size(Some(4 * 1024 * 1024));
            let SecureStream { io, binding } = tls;
            let (socket, _) =
                tokio_tungstenite::client_async_with_config(request, io, Some(config))
                    .await
                    .map_err(|error| ConnectError::NotXmpp(error.to_string()))?;
            Ok(Transport::websocket(socket, binding, patience))
        }
    }
}

/// Tries the addresses of a host, each a moment after the one before or as
/// soon as that has failed; the first that answers wins (RFC 8305, section 5).
async fn connect(
    addresses: &[SocketAddr],
    head_start: Duration,
) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::Unknown("the name has no address".to_owned());
    let mut waiting = addresses.iter();
    let mut tries = FuturesUnordered::new();
    loop {
        match waiting.next() {
            Some(address) => tries.push(async move {
                TcpStream::connect(address)
                    .await
                    .map_err(|error| ConnectError::Unreachable(format!("{address}: {error}")))
            }),
            None if tries.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            Some(outcome) = tries.next() => match outcome {
                Ok(socket) => {
                    // Stanzas are small and wanted at once.
                    drop(socket.set_nodelay(true));
                    return Ok(socket);
                }
                Err(error) => last = error,
            },
            () = tokio::time::sleep(head_start), if waiting.len() > 0 => {}
        }
    }
}

/// The part in clear (RFC 6120, section 5.4): ask for TLS, and nothing else.
async fn starttls(socket: &mut TcpStream, domain: &str) -> Result<(), ConnectError> {
    let header = StreamHeader {
        to: Some(domain.to_owned()),
        version: Some("1.0".to_owned()),
        ..StreamHeader::default()
    };
    socket.write_all(header.to_tcp().as_bytes()).await?;
    let mut framer = Framer::new(FramingLimits::default());
    let mut asked = false;
    let mut buffer = [0; 2048];
    loop {
        while let Some(frame) = framer.next_frame()? {
            let Frame::Element(bytes) = frame else {
                continue;
            };
            let element = element::parse_in_stream(&bytes, &Default::default())?;
            if element.is("features", ns::STREAM) && !asked {
                if !element.has_child("starttls", ns::TLS) {
                    return Err(ConnectError::NoMechanism("no STARTTLS there".to_owned()));
                }
                asked = true;
                socket
                    .write_all(element::write(&build("starttls", ns::TLS).done())?.as_bytes())
                    .await?;
            } else if element.is("proceed", ns::TLS) && asked {
                // Bytes behind it in clear would be taken for encrypted ones.
                return match framer.has_leftover() {
                    false => Ok(()),
                    true => Err(ConnectError::NotXmpp("text injected before TLS".to_owned())),
                };
            } else if let Some(error) = xmpp_core::stream::StreamError::from_element(&element) {
                return Err(error.into());
            } else {
                return Err(ConnectError::NotXmpp("STARTTLS refused".to_owned()));
            }
        }
        match socket.read(&mut buffer).await? {
            0 => return Err(ConnectError::NotXmpp("closed before TLS".to_owned())),
            read => framer.push(buffer.get(..read).unwrap_or_default()),
        }
    }
}
