//! One encrypted stream of XML, over TCP or over WebSocket: whole elements in,
//! text out. What is above does not know which.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use navigation::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use xmpp_core::Element;
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits, check_document};
use xmpp_core::ns;
use xmpp_core::sasl::BindingData;
use xmpp_core::stream::{StreamCondition, StreamError, StreamHeader, TCP_CLOSE, websocket_close};

use super::find::{DIRECT_PORT, STARTTLS_PORT, host_meta};
use crate::api::{CertificateView, Way};

use super::{ByteStream, ConnectError, Kind, SecureStream};

/// What a server may send at once: a page of history of long messages.
const LIMITS: FramingLimits = FramingLimits {
    max_element_bytes: 4 * 1024 * 1024,
    max_depth: 64,
    max_attributes: 128,
    max_elements: 100_000,
};

/// Longest wait for a farewell.
const GOODBYE: Duration = Duration::from_secs(2);

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The server's stream header.
    Open(StreamHeader),
    /// A child of the stream.
    Element(Element),
    /// The server ends the stream.
    Close,
}

/// A stream.
pub(crate) struct Transport {
    wire: Wire,
    kind: Kind,
    /// Given back by who read too far.
    unread: Option<Element>,
    /// Longest wait until the other side takes what is written.
    patience: Duration,
    /// What signing in can be bound to.
    pub(crate) binding: BindingData,
    certificate: Option<CertificateView>,
}

/// Over what a server was reached, and with what it has proven itself.
#[derive(Debug, Clone)]
pub(crate) struct Met {
    pub(crate) way: Way,
    pub(crate) certificate: Option<CertificateView>,
}

enum Wire {
    Tcp {
        io: Box<dyn ByteStream>,
        framer: Framer,
        prefixes: StreamPrefixes,
    },
    WebSocket(Box<WebSocketStream<Box<dyn ByteStream>>>),
}

impl Transport {
    pub(super) fn tcp(stream: SecureStream, kind: Kind, patience: Duration) -> Self {
        let wire = Wire::Tcp {
            io: stream.io,
            framer: Framer::that_skips(LIMITS),
            prefixes: StreamPrefixes::default(),
        };
        Self {
            wire,
            kind,
            unread: None,
            patience,
            binding: stream.binding,
            certificate: stream.certificate,
        }
    }

    pub(super) fn websocket(
        socket: WebSocketStream<Box<dyn ByteStream>>,
        binding: BindingData,
        certificate: Option<CertificateView>,
        patience: Duration,
    ) -> Self {
        Self {
            wire: Wire::WebSocket(Box::new(socket)),
            kind: Kind::WebSocket,
            unread: None,
            patience,
            binding,
            certificate,
        }
    }

    /// What the other side is, for who wants to know.
    pub(crate) fn met(&self) -> Met {
        Met {
            way: match self.kind {
                Kind::DirectTls => Way::DirectTls,
                Kind::StartTls => Way::StartTls,
                Kind::WebSocket => Way::WebSocket,
            },
            certificate: self.certificate.clone(),
        }
    }

    /// The next thing of the stream. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Incoming, ConnectError> {
        if let Some(element) = self.unread.take() {
            return Ok(Incoming::Element(element));
        }
        let incoming = match &mut self.wire {
            Wire::Tcp {
                io,
                framer,
                prefixes,
            } => next_tcp(io, framer, prefixes).await?,
            Wire::WebSocket(socket) => next_websocket(socket).await?,
        };
        if let Incoming::Element(element) = &incoming
            && let Some(error) = stream_error(element, self.kind)
        {
            return Err(error);
        }
        Ok(incoming)
    }

    /// Gives an element back: it is the next one again.
    pub(super) fn give_back(&mut self, element: Element) {
        self.unread = Some(element);
    }

    /// The next element; anything else is an error.
    pub(crate) async fn next_element(&mut self) -> Result<Element, ConnectError> {
        match self.next().await? {
            Incoming::Element(element) => Ok(element),
            Incoming::Open(_) => Err(ConnectError::NotXmpp("unexpected header".to_owned())),
            Incoming::Close => Err(ConnectError::Lost("closed by the server".to_owned())),
        }
    }

    /// Begins a stream, or begins it anew; gives the server's features. The
    /// server learns who we are before it offers anything (RFC 6120, section
    /// 4.7.1): some offer tokens only to those who have one.
    pub(crate) async fn open(
        &mut self,
        domain: &str,
        from: Option<&str>,
    ) -> Result<Element, ConnectError> {
        let header = StreamHeader {
            to: Some(domain.to_owned()),
            from: from.map(str::to_owned),
            version: Some("1.0".to_owned()),
            ..StreamHeader::default()
        };
        let text = match &mut self.wire {
            Wire::Tcp { framer, .. } => {
                framer.restart();
                header.to_tcp()
            }
            Wire::WebSocket(_) => header.to_open(),
        };
        self.send_text(&text).await?;
        match self.next().await? {
            Incoming::Open(header) => check_version(&header)?,
            Incoming::Element(_) | Incoming::Close => {
                return Err(ConnectError::NotXmpp("no stream header".to_owned()));
            }
        }
        let features = self.next_element().await?;
        if features.is("features", ns::STREAM) {
            Ok(features)
        } else {
            Err(ConnectError::NotXmpp("no stream features".to_owned()))
        }
    }

    /// Sends one element.
    pub(crate) async fn send(&mut self, element: &Element) -> Result<(), ConnectError> {
        let text = element::write(element)?;
        self.send_text(&text).await
    }

    /// Sends text that is one element with its declarations. After an error the
    /// stream is of no use: half of it may be on the wire.
    pub(crate) async fn send_text(&mut self, text: &str) -> Result<(), ConnectError> {
        let written = async {
            match &mut self.wire {
                Wire::Tcp { io, .. } => {
                    io.write_all(text.as_bytes()).await?;
                    io.flush().await?;
                    Ok(())
                }
                Wire::WebSocket(socket) => socket
                    .send(Message::text(text))
                    .await
                    .map_err(|error| ConnectError::Lost(error.to_string())),
            }
        };
        // A server that hangs without closing takes nothing, for ever.
        tokio::time::timeout(self.patience, written)
            .await
            .unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Ends the stream in good order, as far as the other side lets us: our end,
    /// theirs, then the connection (RFC 6120, section 4.4; RFC 7395, section 3.6).
    /// A server whose connection is gone while it still has something for us may
    /// hold on to that for long (ejabberd over WebSocket: 15 s with each stanza,
    /// and what comes for the account meanwhile reaches nobody).
    pub(crate) async fn close(mut self) {
        let end = match &self.wire {
            Wire::Tcp { .. } => TCP_CLOSE.to_owned(),
            Wire::WebSocket(_) => websocket_close(),
        };
        let closed = async {
            self.send_text(&end).await?;
            // What still comes is not ours any more: unacknowledged, it stays there.
            while let Ok(Incoming::Open(_) | Incoming::Element(_)) = self.next().await {}
            match &mut self.wire {
                Wire::Tcp { io, .. } => io.shutdown().await?,
                Wire::WebSocket(socket) => drop(SinkExt::close(socket).await),
            }
            Ok::<_, ConnectError>(())
        };
        drop(tokio::time::timeout(GOODBYE, closed).await);
    }
}

/// Stands for an element that the server let through and of which no tree is built
/// here. A stanza is one that says nothing, so that it is counted (XEP-0198) and the
/// server never sends it again: else one such message would end each connection.
fn unreadable(bytes: &[u8], why: &dyn std::fmt::Display) -> Element {
    let name = root_name(bytes);
    tracing::warn!(%why, name = %name.chars().take(16).collect::<String>(), "not read");
    match name {
        "message" | "presence" | "iq" => Element::bare("message", ns::CLIENT),
        _ => Element::bare("unreadable", ""),
    }
}

/// The name in the first tag, without its prefix.
fn root_name(bytes: &[u8]) -> &str {
    let tag = bytes
        .trim_ascii_start()
        .strip_prefix(b"<")
        .unwrap_or_default();
    let end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let name = tag.split(end).next().unwrap_or_default();
    let name = std::str::from_utf8(name).unwrap_or_default();
    name.split_once(':').map_or(name, |(_, local)| local)
}

async fn next_tcp(
    io: &mut Box<dyn ByteStream>,
    framer: &mut Framer,
    prefixes: &mut StreamPrefixes,
) -> Result<Incoming, ConnectError> {
    let mut buffer = [0; 8 * 1024];
    loop {
        match framer.next_frame()? {
            Some(Frame::Open(tag)) => {
                let (header, declared) = StreamHeader::parse_tcp(&tag)?;
                *prefixes = declared;
                return Ok(Incoming::Open(header));
            }
            Some(Frame::Element(bytes)) => {
                let element = match framer.excess() {
                    None => element::parse_in_stream(&bytes, prefixes)
                        .unwrap_or_else(|why| unreadable(&bytes, &why)),
                    Some(why) => unreadable(&bytes, &why),
                };
                return Ok(Incoming::Element(element));
            }
            Some(Frame::Close) => return Ok(Incoming::Close),
            None => {}
        }
        match io.read(&mut buffer).await? {
            0 => return Err(ConnectError::Lost("end of file".to_owned())),
            read => framer.push(buffer.get(..read).unwrap_or_default()),
        }
    }
}

async fn next_websocket(
    socket: &mut WebSocketStream<Box<dyn ByteStream>>,
) -> Result<Incoming, ConnectError> {
    loop {
        let message = socket
            .next()
            .await
            .ok_or_else(|| ConnectError::Lost("end of file".to_owned()))?
            .map_err(|error| ConnectError::Lost(error.to_string()))?;
        match message {
            Message::Text(text) => {
                let bytes = text.as_bytes();
                let element = match check_document(bytes, LIMITS) {
                    Ok(()) => element::parse(bytes).unwrap_or_else(|why| unreadable(bytes, &why)),
                    Err(why) if why.is_skippable() => unreadable(bytes, &why),
                    Err(why) => return Err(why.into()),
                };
                if element.is("open", ns::FRAMING) {
                    return Ok(Incoming::Open(StreamHeader::from_open(&element)?));
                }
                if element.is("close", ns::FRAMING) {
                    // RFC 7395, section 3.6.1.
                    if let Some(address) = element.attr("see-other-uri") {
                        return Err(redirected(host_meta::websocket(address), address));
                    }
                    return Ok(Incoming::Close);
                }
                return Ok(Incoming::Element(element));
            }
            Message::Close(_) => return Ok(Incoming::Close),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            Message::Binary(_) => return Err(ConnectError::NotXmpp("binary frame".to_owned())),
        }
    }
}

/// RFC 6120, section 4.7.5: without a version it is 0.0, which knows no SASL.
pub(super) fn check_version(header: &StreamHeader) -> Result<(), ConnectError> {
    let version = header.version.as_deref().unwrap_or("0.0");
    match version.split_once('.') {
        Some(("1", _)) => Ok(()),
        _ => Err(ConnectError::Version(version.chars().take(8).collect())),
    }
}

/// What a stream error means, if the element is one. To be sent elsewhere (RFC
/// 6120, section 4.9.3.19) needs no trust: the server there has to prove itself
/// for the same domain.
pub(super) fn stream_error(element: &Element, kind: Kind) -> Option<ConnectError> {
    let error = StreamError::from_element(element)?;
    if error.condition != StreamCondition::SeeOtherHost {
        return Some(error.into());
    }
    let place = element
        .get_child(StreamCondition::SeeOtherHost.as_str(), ns::STREAM_ERRORS)
        .map(Element::text)
        .unwrap_or_default();
    let place = place.trim();
    let (scheme, usual) = match kind {
        Kind::DirectTls => ("tls", DIRECT_PORT),
        Kind::StartTls => ("starttls", STARTTLS_PORT),
        // Has its own way, with a path.
        Kind::WebSocket => return Some(redirected(None, place)),
    };
    let endpoint = format!("{scheme}:{place}")
        .parse()
        .or_else(|_| format!("{scheme}:{place}:{usual}").parse());
    Some(redirected(endpoint.ok(), place))
}

fn redirected(place: Option<Endpoint>, text: &str) -> ConnectError {
    match place {
        Some(place) => ConnectError::Elsewhere(Box::new(place)),
        None => ConnectError::Redirection(text.chars().take(100).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(place: &str, kind: Kind) -> String {
        let error = format!(
            "<error xmlns='{}'><see-other-host xmlns='{}'>{place}</see-other-host></error>",
            ns::STREAM,
            ns::STREAM_ERRORS
        );
        match stream_error(&element::parse(error.as_bytes()).unwrap(), kind).unwrap() {
            ConnectError::Elsewhere(place) => place.to_string(),
            ConnectError::Redirection(text) => format!("not to {text}"),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn where_a_server_sends_us() {
        assert_eq!(sent_to("b.example", Kind::DirectTls), "tls:b.example:5223");
        assert_eq!(
            sent_to(" b.example:1 ", Kind::StartTls),
            "starttls:b.example:1"
        );
        assert_eq!(sent_to("[fe80::1]:9", Kind::DirectTls), "tls:[fe80::1]:9");
        assert_eq!(
            sent_to("[fe80::1]", Kind::StartTls),
            "starttls:[fe80::1]:5222"
        );
        for nowhere in ["", "a b", "b:0", "b:x", "b/ws"] {
            let text = sent_to(nowhere, Kind::StartTls);
            assert!(text.starts_with("not to"), "{nowhere}: {text}");
        }
        assert_eq!(sent_to("b.example", Kind::WebSocket), "not to b.example");
    }

    #[test]
    fn only_version_one_is_spoken() {
        for (version, fits) in [
            (Some("1.0"), true),
            (Some("1.9"), true),
            (Some("2.0"), false),
            (Some("0.9"), false),
            (Some("1"), false),
            (None, false),
        ] {
            let header = StreamHeader {
                version: version.map(str::to_owned),
                ..StreamHeader::default()
            };
            assert_eq!(check_version(&header).is_ok(), fits, "{version:?}");
        }
    }
}
