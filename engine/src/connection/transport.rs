//! One encrypted stream of XML, over TCP or over WebSocket: whole elements in,
//! text out. What is above does not know which.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use xmpp_core::Element;
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits, check_document};
use xmpp_core::ns;
use xmpp_core::sasl::BindingData;
use xmpp_core::stream::{StreamError, StreamHeader, TCP_CLOSE, websocket_close};

use super::{ByteStream, ConnectError, SecureStream};

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
    Open,
    /// A child of the stream.
    Element(Element),
    /// The server ends the stream.
    Close,
}

/// A stream.
pub(crate) struct Transport {
    wire: Wire,
    /// Longest wait until the other side takes what is written.
    patience: Duration,
    /// What signing in can be bound to.
    pub(crate) binding: BindingData,
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
    pub(super) fn tcp(stream: SecureStream, patience: Duration) -> Self {
        let wire = Wire::Tcp {
            io: stream.io,
            framer: Framer::new(LIMITS),
            prefixes: StreamPrefixes::default(),
        };
        Self {
            wire,
            patience,
            binding: stream.binding,
        }
    }

    pub(super) fn websocket(
        socket: WebSocketStream<Box<dyn ByteStream>>,
        binding: BindingData,
        patience: Duration,
    ) -> Self {
        Self {
            wire: Wire::WebSocket(Box::new(socket)),
            patience,
            binding,
        }
    }

    /// The next thing of the stream. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Incoming, ConnectError> {
        let incoming = match &mut self.wire {
            Wire::Tcp {
                io,
                framer,
                prefixes,
            } => next_tcp(io, framer, prefixes).await?,
            Wire::WebSocket(socket) => next_websocket(socket).await?,
        };
        if let Incoming::Element(element) = &incoming
            && let Some(error) = StreamError::from_element(element)
        {
            return Err(error.into());
        }
        Ok(incoming)
    }

    /// The next element; anything else is an error.
    pub(crate) async fn next_element(&mut self) -> Result<Element, ConnectError> {
        match self.next().await? {
            Incoming::Element(element) => Ok(element),
            Incoming::Open => Err(ConnectError::NotXmpp("unexpected header".to_owned())),
            Incoming::Close => Err(ConnectError::Lost("closed by the server".to_owned())),
        }
    }

    /// Begins a stream, or begins it anew; gives the server's features.
    pub(crate) async fn open(&mut self, domain: &str) -> Result<Element, ConnectError> {
        let header = StreamHeader {
            to: Some(domain.to_owned()),
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
            Incoming::Open => {}
            _ => return Err(ConnectError::NotXmpp("no stream header".to_owned())),
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

    /// Ends the stream in good order, as far as the other side lets us.
    pub(crate) async fn close(mut self) {
        let end = match &self.wire {
            Wire::Tcp { .. } => TCP_CLOSE.to_owned(),
            Wire::WebSocket(_) => websocket_close(),
        };
        let closed = async {
            self.send_text(&end).await?;
            match &mut self.wire {
                Wire::Tcp { io, .. } => io.shutdown().await?,
                Wire::WebSocket(socket) => drop(SinkExt::close(socket).await),
            }
            Ok::<_, ConnectError>(())
        };
        drop(tokio::time::timeout(GOODBYE, closed).await);
    }
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
                (_, *prefixes) = StreamHeader::parse_tcp(&tag)?;
                return Ok(Incoming::Open);
            }
            Some(Frame::Element(bytes)) => {
                return Ok(Incoming::Element(element::parse_in_stream(
                    &bytes, prefixes,
                )?));
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
                check_document(text.as_bytes(), LIMITS)?;
                let element = element::parse(text.as_bytes())?;
                if element.is("open", ns::FRAMING) {
                    StreamHeader::from_open(&element)?;
                    return Ok(Incoming::Open);
                }
                if element.is("close", ns::FRAMING) {
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
