//! Reaching a server: from its address to a stream that it has opened.

use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use navigation::{Endpoint, ServerTarget};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use xmpp_core::Element;

use super::eyeballs::first_of;
use super::find::{Candidate, candidates, host_meta};
use super::tls::{TlsSetup, ascii_host};
use super::{ConnectError, Connector, Kind, SecureStream, Transport, eyeballs, proxy, starttls};

/// Redirections in a row (RFC 6120, section 4.9.3.19).
pub(super) const MAX_REDIRECTIONS: usize = 3;
/// Most that a WebSocket message may have: as much as a stanza.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// A stream that the server has opened.
pub(super) struct Opened {
    pub(super) transport: Transport,
    /// What the server offers there.
    pub(super) features: Element,
}

/// Reaches a server by the best of its endpoints: they are tried in order, each
/// a moment after the one before or as soon as that has failed, and the first
/// that opens a stream wins. Goes where the server sends us.
pub(super) async fn dial(
    connector: &Connector,
    target: &ServerTarget,
    from: Option<&str>,
    deadline: Instant,
) -> Result<Opened, ConnectError> {
    let mut target = target.clone();
    for _ in 0..=MAX_REDIRECTIONS {
        match reach(connector, &target, from, deadline).await {
            Err(ConnectError::Elsewhere(place)) => target.endpoints = vec![*place],
            outcome => return outcome,
        }
    }
    Err(ConnectError::Redirection("from place to place".to_owned()))
}

async fn reach(
    connector: &Connector,
    target: &ServerTarget,
    from: Option<&str>,
    deadline: Instant,
) -> Result<Opened, ConnectError> {
    let patience = connector.timeouts.answer;
    if let Some(dialer) = &connector.dialer {
        let opened = async {
            let stream = dialer
                .dial(target)
                .await
                .map_err(|error| ConnectError::Unreachable(error.to_string()))?;
            let transport = Transport::tcp(stream, Kind::DirectTls, patience);
            open(transport, &target.domain, from).await
        };
        return timeout_at(deadline, opened)
            .await
            .unwrap_or(Err(ConnectError::TimedOut));
    }
    let race = Race {
        connector,
        target,
        from,
        furthest: AtomicU8::new(0),
    };
    let mut worst = None;
    match timeout_at(deadline, Box::pin(race.run(&mut worst))).await {
        Ok(outcome) => outcome,
        // One that hangs says less than one that refused, but for those that
        // did not come as far.
        Err(_) => {
            let hung = match race.furthest.load(Ordering::Relaxed) {
                ANSWERED => ConnectError::TimedOut,
                _ => ConnectError::Unreachable("no answer in time".to_owned()),
            };
            Err(worst
                .filter(|worst| depth(worst) >= depth(&hung))
                .unwrap_or(hung))
        }
    }
}

/// The other side has proven who it is.
const ANSWERED: u8 = 1;

struct Race<'a> {
    connector: &'a Connector,
    target: &'a ServerTarget,
    /// Who we are; never said in clear.
    from: Option<&'a str>,
    furthest: AtomicU8,
}

impl Race<'_> {
    async fn run(&self, worst: &mut Option<ConnectError>) -> Result<Opened, ConnectError> {
        let trust = self.target.trust.clone();
        let setup = self.connector.blocking(move || TlsSetup::new(&trust));
        let setup = &setup.await??;
        let places = match self.target.endpoints.as_slice() {
            [] => candidates(&self.target.domain, &self.connector.clock).await,
            known => known.iter().cloned().map(Candidate::Named).collect(),
        };
        let ways = places.into_iter().map(|place| self.candidate(place, setup));
        let found = first_of(ways, self.connector.timeouts.head_start, |error| {
            // The step that came furthest says most.
            if worst.as_ref().is_none_or(|one| depth(&error) > depth(one)) {
                *worst = Some(error);
            }
        });
        match found.await {
            Some(outcome) => outcome,
            None => Err(worst
                .take()
                .unwrap_or_else(|| ConnectError::Unknown("no server there".to_owned()))),
        }
    }

    /// The inner result is final: a stream, or the place where we are sent.
    fn candidate<'a>(
        &'a self,
        place: Candidate,
        setup: &'a TlsSetup,
    ) -> BoxFuture<'a, Result<Result<Opened, ConnectError>, ConnectError>> {
        async move {
            match place {
                Candidate::Named(endpoint) => self.endpoint(&endpoint, setup).await,
                // That something else is there is not what went wrong.
                Candidate::Usual(endpoint) => {
                    let outcome = self.endpoint(&endpoint, setup).await;
                    outcome.map_err(|error| match error {
                        ConnectError::Certificate(..) if endpoint.port == 443 => {
                            ConnectError::Unreachable(error.to_string())
                        }
                        other => other,
                    })
                }
                Candidate::HostMeta => {
                    let found = host_meta::find(self.connector, self.target).await;
                    let mut last = ConnectError::Unknown("no WebSocket is known".to_owned());
                    let head_start = self.connector.timeouts.head_start;
                    let ways = found
                        .into_iter()
                        .map(|endpoint| self.candidate(Candidate::Named(endpoint), setup));
                    let reached = first_of(ways, head_start, |error| last = error).await;
                    reached.ok_or(last)
                }
            }
        }
        .boxed()
    }

    async fn endpoint(
        &self,
        endpoint: &Endpoint,
        setup: &TlsSetup,
    ) -> Result<Result<Opened, ConnectError>, ConnectError> {
        match self.open(endpoint, setup).await {
            Ok(opened) => Ok(Ok(opened)),
            Err(error @ ConnectError::Elsewhere(_)) => Ok(Err(error)),
            Err(error) => {
                tracing::debug!(%endpoint, %error, "endpoint");
                Err(error)
            }
        }
    }

    async fn open(&self, endpoint: &Endpoint, setup: &TlsSetup) -> Result<Opened, ConnectError> {
        let (connector, domain) = (self.connector, self.target.domain.as_str());
        let patience = connector.timeouts.answer;
        let mut socket = socket(connector, endpoint).await?;
        let transport = match endpoint.transport {
            Kind::DirectTls => {
                let tls = setup.connect(socket, domain, Kind::DirectTls).await?;
                Transport::tcp(tls, Kind::DirectTls, patience)
            }
            Kind::StartTls => {
                starttls::start(&mut socket, domain).await?;
                let tls = setup.connect(socket, domain, Kind::StartTls).await?;
                Transport::tcp(tls, Kind::StartTls, patience)
            }
            // Who named the WebSocket has proven itself; the WebSocket proves
            // itself by its own name (RFC 7395, section 3.1).
            Kind::WebSocket => {
                let name = endpoint.host.as_str();
                let tls = setup.connect(socket, name, Kind::WebSocket).await?;
                websocket(tls, endpoint, connector).await?
            }
        };
        self.furthest.fetch_max(ANSWERED, Ordering::Relaxed);
        open(transport, domain, self.from).await
    }
}

async fn open(
    mut transport: Transport,
    domain: &str,
    from: Option<&str>,
) -> Result<Opened, ConnectError> {
    let features = transport.open(domain, from).await?;
    Ok(Opened {
        transport,
        features,
    })
}

async fn socket(connector: &Connector, endpoint: &Endpoint) -> Result<TcpStream, ConnectError> {
    let (host, port) = (endpoint.host.as_str(), endpoint.port);
    let head_start = connector.timeouts.head_start;
    match connector.proxy_for(host).await? {
        Some(server) => proxy::through(&server, host, port, head_start).await,
        None => eyeballs::reach(host, port, head_start).await,
    }
}

/// RFC 7395, section 3.1.
async fn websocket(
    tls: SecureStream,
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<Transport, ConnectError> {
    let path = endpoint.path.as_deref().unwrap_or("/ws");
    let host = match ascii_host(&endpoint.host)? {
        address if address.contains(':') => format!("[{address}]"),
        name => name,
    };
    let url = format!("wss://{host}:{}{path}", endpoint.port);
    let mut request = url
        .into_client_request()
        .map_err(|error| ConnectError::Internal(error.to_string()))?;
    request
        .headers_mut()
        .insert("sec-websocket-protocol", HeaderValue::from_static("xmpp"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let SecureStream {
        io,
        binding,
        certificate,
    } = tls;
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, io, Some(config))
        .await
        .map_err(|error| ConnectError::NotXmpp(error.to_string()))?;
    let patience = connector.timeouts.answer;
    Ok(Transport::websocket(socket, binding, certificate, patience))
}

/// How far a try came before it failed.
fn depth(error: &ConnectError) -> u8 {
    match error {
        ConnectError::Unknown(_) => 0,
        ConnectError::NoRoute(_) => 1,
        ConnectError::Unreachable(_) => 2,
        ConnectError::NotXmpp(_) | ConnectError::Lost(_) => 3,
        ConnectError::Proxy(_) | ConnectError::TimedOut => 4,
        _ => 5,
    }
}
