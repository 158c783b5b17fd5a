//! A client that does nothing by itself: what is sent is what the test wrote,
//! what is read is what stood on the wire.

mod converse;
mod dial;
mod sasl2;
mod talk;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use xmpp_core::Element;
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::sasl::ClientBinding;
use xmpp_core::stream::StreamError;

pub(crate) use dial::{Certificate, Place, TlsVersion, socket, tls};
pub(crate) use sasl2::{address, agent, bind2, failure2, success};
pub(crate) use talk::{bodies, body, condition, error_of, value};

/// Longest wait for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

enum Wire {
    Tcp { io: Box<dyn Io>, framer: Framer },
    Web(Box<WebSocketStream<Box<dyn Io>>>),
}

/// What stood on the wire.
#[derive(Debug)]
pub(crate) enum Read {
    /// The other side's stream header or `<open/>`.
    Open(String),
    /// A child of the stream, as text.
    Element(String),
    /// The other side ends its stream.
    Close,
    /// The connection is gone.
    End,
}

/// One connection.
pub(crate) struct Client {
    wire: Wire,
    /// Domain of the server.
    pub(crate) domain: String,
    /// Full address, once bound.
    pub(crate) address: String,
    /// For SCRAM-PLUS: what `tls-exporter` gives at this end.
    pub(crate) exporter: Option<Vec<u8>>,
    /// What the server showed in the TLS handshake.
    pub(crate) certificate: Option<Certificate>,
    syncs: u32,
    /// What came before the answer to a request, and is still to be read.
    overtaken: VecDeque<Element>,
}

impl Client {
    fn new(wire: Wire, domain: &str) -> Self {
        Self {
            wire,
            domain: domain.to_owned(),
            address: String::new(),
            exporter: None,
            certificate: None,
            syncs: 0,
            overtaken: VecDeque::new(),
        }
    }

    fn tcp(io: Box<dyn Io>, domain: &str) -> Self {
        // Larger than the server's, so that its limits are felt and not ours.
        let framer = Framer::new(FramingLimits {
            max_element_bytes: 1 << 22,
            max_elements: 1 << 20,
            ..FramingLimits::default()
        });
        Self::new(Wire::Tcp { io, framer }, domain)
    }

    pub(crate) fn is_web(&self) -> bool {
        matches!(self.wire, Wire::Web(_))
    }

    /// The binding for SCRAM-PLUS.
    pub(crate) fn binding(&self) -> ClientBinding {
        ClientBinding::TlsExporter(self.exporter.clone().expect("TLS 1.3"))
    }

    /// Expects a new stream.
    pub(crate) fn restart(&mut self) {
        if let Wire::Tcp { framer, .. } = &mut self.wire {
            assert!(!framer.has_leftover(), "the server spoke before its turn");
            framer.restart();
        }
    }

    /// Sends text as it is; one frame on a WebSocket.
    pub(crate) async fn send(&mut self, xml: impl AsRef<str>) {
        assert!(self.try_send(xml.as_ref().as_bytes()).await, "not sent");
    }

    /// Sends bytes to a server that may have ended; whether it took them.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            match &mut self.wire {
                Wire::Tcp { io, .. } => {
                    io.write_all(bytes).await.is_ok() && io.flush().await.is_ok()
                }
                Wire::Web(web) => {
                    let text = String::from_utf8(bytes.to_vec()).unwrap();
                    web.send(Message::text(text)).await.is_ok()
                }
            }
        };
        within("writing", sent).await
    }

    /// Sends a frame that is no text.
    pub(crate) async fn send_message(&mut self, message: Message) {
        let Wire::Web(web) = &mut self.wire else {
            panic!("no WebSocket")
        };
        within("writing", web.send(message)).await.unwrap();
    }

    /// What comes next.
    pub(crate) async fn read(&mut self) -> Read {
        within("something to read", async {
            match &mut self.wire {
                Wire::Tcp { io, framer } => read_tcp(io.as_mut(), framer).await,
                Wire::Web(web) => read_web(web).await,
            }
        })
        .await
    }

    /// The next child of the stream, as text.
    pub(crate) async fn raw(&mut self) -> String {
        match self.read().await {
            Read::Element(raw) => raw,
            other => panic!("wanted an element, got {other:?}"),
        }
    }

    /// The next child of the stream.
    pub(crate) async fn element(&mut self) -> Element {
        parse(&self.raw().await)
    }

    /// Reads to the end of the connection; the stream error, if there was one.
    /// Fails if the connection stays, or if there is an error outside a stream.
    pub(crate) async fn end(&mut self) -> Option<String> {
        self.end_with_all().await.1
    }

    /// As [`Client::end`], with the stanzas that came before.
    pub(crate) async fn end_with_all(&mut self) -> (Vec<Element>, Option<String>) {
        let mut before = Vec::new();
        let mut condition = None;
        loop {
            match self.read().await {
                Read::End => return (before, condition),
                Read::Close | Read::Open(_) => {}
                Read::Element(raw) => {
                    assert_eq!(condition, None, "after a stream error: {raw}");
                    let element = parse(&raw);
                    match StreamError::from_element(&element) {
                        Some(error) => condition = Some(error.condition.as_str().to_owned()),
                        None => before.push(element),
                    }
                }
            }
        }
    }
}

async fn read_tcp(io: &mut dyn Io, framer: &mut Framer) -> Read {
    // On the heap: futures of tests are nested deep.
    let mut buffer = vec![0; 16 * 1024];
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    loop {
        // What the server says has to be well-formed in every case.
        match framer.next_frame().expect("a well-formed stream") {
            Some(Frame::Open(tag)) => return Read::Open(text(&tag)),
            Some(Frame::Element(bytes)) => return Read::Element(text(&bytes)),
            Some(Frame::Close) => return Read::Close,
            None => {}
        }
        match io.read(&mut buffer).await {
            Ok(0) | Err(_) => return Read::End,
            Ok(read) => framer.push(&buffer[..read]),
        }
    }
}

async fn read_web(web: &mut WebSocketStream<Box<dyn Io>>) -> Read {
    loop {
        match web.next().await {
            Some(Ok(Message::Text(text))) if text.starts_with("<open") => {
                return Read::Open(text.to_string());
            }
            Some(Ok(Message::Text(text))) if text.starts_with("<close") => return Read::Close,
            Some(Ok(Message::Text(text))) => return Read::Element(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
            Some(Ok(other)) => panic!("RFC 7395 knows no {other:?}"),
            Some(Err(_)) | None => return Read::End,
        }
    }
}

pub(crate) fn parse(raw: &str) -> Element {
    let parsed = element::parse_in_stream(raw.as_bytes(), &StreamPrefixes::default());
    parsed.unwrap_or_else(|error| panic!("{error}: {raw}"))
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}
