//! One stream of XML, over TCP or over WebSocket: whole elements in, text out.

mod error;
mod output;

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use xmpp_core::Element;
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingError, FramingLimits, check_document};
use xmpp_core::ns;
use xmpp_core::sasl::BindingData;
use xmpp_core::stream::{StreamCondition, StreamError, StreamHeader, TCP_CLOSE, websocket_close};

pub(crate) use self::error::TransportError;
use self::output::Output;
use crate::http::allowance::Allowance;
use crate::listener::{Port, handshake};
use crate::server::Server;

/// Bytes that are read at once.
const READ: usize = 8 * 1024;

/// Bytes that can be read and written.
pub(crate) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The stream begins, or begins anew.
    Open(StreamHeader),
    /// A child of the stream.
    Element(Element),
    /// The other side ends the stream.
    Close,
}

/// What is known of the way that the bytes take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channel {
    /// Whether it is TLS.
    pub(crate) encrypted: bool,
    /// For SCRAM-PLUS and tokens; over a WebSocket there is none.
    pub(crate) binding: BindingData,
}

/// A stream.
pub(crate) struct Transport {
    wire: Wire,
    /// What holds now: less before the sign-in.
    limits: FramingLimits,
    /// What holds after the sign-in.
    signed_in: FramingLimits,
    write_limit: Duration,
    /// Bytes of what was read last.
    taken: usize,
    /// What is not on its way yet.
    out: Output,
    /// Whether our header of the present stream is out.
    is_open: bool,
    pub(crate) channel: Channel,
    /// Where it comes from, for limits and logs.
    pub(crate) peer: std::net::IpAddr,
}

enum Wire {
    Tcp {
        io: Io,
        framer: Box<Framer>,
        prefixes: StreamPrefixes,
    },
    WebSocket(Box<WebSocket>, Arc<Allowance>),
}

/// A socket that may go on with TLS, or what it has become.
enum Io {
    Clear(TcpStream),
    Sealed(Box<dyn Bytes>),
    /// Between the two.
    Gone,
}

impl Io {
    fn bytes(&mut self) -> Result<&mut dyn Bytes, TransportError> {
        match self {
            Self::Clear(socket) => Ok(socket),
            Self::Sealed(io) => Ok(io.as_mut()),
            Self::Gone => Err(TransportError::Lost("no TLS".to_owned())),
        }
    }
}

impl Transport {
    /// A stream that is encrypted from its first byte.
    pub(crate) fn tcp(
        io: Box<dyn Bytes>,
        channel: Channel,
        peer: std::net::IpAddr,
        limits: &crate::Limits,
    ) -> Self {
        Self::over(Io::Sealed(io), channel, peer, limits)
    }

    /// A stream that begins in clear.
    pub(crate) fn clear(socket: TcpStream, peer: std::net::IpAddr, limits: &crate::Limits) -> Self {
        Self::over(Io::Clear(socket), Channel::default(), peer, limits)
    }

    fn over(io: Io, channel: Channel, peer: std::net::IpAddr, limits: &crate::Limits) -> Self {
        let strict = limits.framing.for_strangers();
        let framer = Box::new(Framer::new(strict));
        let wire = Wire::Tcp {
            io,
            framer,
            prefixes: StreamPrefixes::default(),
        };
        Self {
            wire,
            limits: strict,
            signed_in: limits.framing,
            write_limit: limits.write,
            taken: 0,
            out: Output::default(),
            is_open: false,
            channel,
            peer,
        }
    }

    pub(crate) fn websocket(
        socket: WebSocket,
        channel: Channel,
        peer: std::net::IpAddr,
        allowance: Arc<Allowance>,
        limits: &crate::Limits,
    ) -> Self {
        let wire = Wire::WebSocket(Box::new(socket), allowance);
        Self {
            wire,
            limits: limits.framing.for_strangers(),
            signed_in: limits.framing,
            write_limit: limits.write,
            taken: 0,
            out: Output::default(),
            is_open: false,
            channel,
            peer,
        }
    }

    /// The next thing of the stream. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Incoming, TransportError> {
        let taken = &mut self.taken;
        match &mut self.wire {
            Wire::Tcp {
                io,
                framer,
                prefixes,
            } => next_tcp(io.bytes()?, framer, prefixes, taken).await,
            Wire::WebSocket(socket, allowance) => {
                let next = next_websocket(socket, self.limits, taken).await;
                match next {
                    Err(TransportError::Lost(_)) if allowance.is_over() => {
                        Err(FramingError::TooLarge.into())
                    }
                    next => next,
                }
            }
        }
    }

    /// Bytes of what was read last.
    pub(crate) fn taken(&mut self) -> usize {
        std::mem::take(&mut self.taken)
    }

    /// Whoever has signed in may send more at once, from the next element on; and
    /// nothing has to be bound to the channel any more.
    pub(crate) fn trust(&mut self) {
        self.limits = self.signed_in;
        self.channel.binding = BindingData::default();
        match &mut self.wire {
            Wire::Tcp { framer, .. } => framer.set_limits(self.limits),
            Wire::WebSocket(_, allowance) => allowance.lift(),
        }
    }

    /// Expects a new stream header after SASL (RFC 6120, 6.4.6; RFC 7395, 3.7).
    pub(crate) fn restart(&mut self) {
        self.is_open = false;
        if let Wire::Tcp { framer, .. } = &mut self.wire {
            framer.restart();
        }
    }

    /// Whether STARTTLS is possible (RFC 6120, section 5).
    pub(crate) fn can_start_tls(&self) -> bool {
        matches!(
            &self.wire,
            Wire::Tcp {
                io: Io::Clear(_),
                ..
            }
        )
    }

    /// Goes on with TLS and a new stream. What came behind the request in clear
    /// would be taken as if it had come encrypted: then nothing goes on.
    pub(crate) async fn start_tls(&mut self, server: &Server) -> Result<(), TransportError> {
        if matches!(&self.wire, Wire::Tcp { framer, .. } if framer.has_leftover()) {
            return Err(TransportError::Bad(StreamCondition::PolicyViolation.into()));
        }
        self.send(&format!("<proceed xmlns='{}'/>", ns::TLS))
            .await?;
        let lost = || TransportError::Lost("no TLS".to_owned());
        let Wire::Tcp {
            io,
            framer,
            prefixes,
        } = &mut self.wire
        else {
            return Err(lost());
        };
        let Io::Clear(socket) = std::mem::replace(io, Io::Gone) else {
            return Err(lost());
        };
        let (tls, channel) = handshake(server, socket, self.peer, Port::StartTls)
            .await
            .ok_or_else(lost)?;
        *io = Io::Sealed(Box::new(tls));
        **framer = Framer::new(self.limits);
        *prefixes = StreamPrefixes::default();
        self.is_open = false;
        self.channel = channel;
        Ok(())
    }

    /// Whether our side of the stream has begun.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Begins our side of the stream.
    pub(crate) async fn open(&mut self, header: &StreamHeader) -> Result<(), TransportError> {
        self.is_open = true;
        let text = match &self.wire {
            Wire::Tcp { .. } => header.to_tcp(),
            Wire::WebSocket(..) => header.to_open(),
        };
        self.send(&text).await
    }

    /// Sends one element, given as text with all its declarations.
    pub(crate) async fn send(&mut self, xml: &str) -> Result<(), TransportError> {
        self.write(xml);
        self.flush().await
    }

    /// Takes one element, to be sent with the next [`Transport::flush`]; whether
    /// there is enough to do that now.
    pub(crate) fn write(&mut self, xml: &str) -> bool {
        self.out.add(xml, matches!(&self.wire, Wire::WebSocket(..)))
    }

    /// Sends what was written: to the socket it is one piece.
    pub(crate) async fn flush(&mut self) -> Result<(), TransportError> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let sent = async {
            match &mut self.wire {
                Wire::Tcp { io, .. } => {
                    let io = io.bytes()?;
                    io.write_all(out.bytes()).await?;
                    io.flush().await?;
                    Ok(())
                }
                Wire::WebSocket(socket, _) => {
                    let lost = |error: axum::Error| TransportError::Lost(error.to_string());
                    for text in out.texts() {
                        socket
                            .feed(Message::Text(text.into()))
                            .await
                            .map_err(lost)?;
                    }
                    SinkExt::<Message>::flush(&mut **socket).await.map_err(lost)
                }
            }
        };
        tokio::time::timeout(self.write_limit, sent)
            .await
            .map_err(|_| TransportError::Stalled)?
    }

    /// Sends one element.
    pub(crate) async fn send_element(&mut self, element: &Element) -> Result<(), TransportError> {
        let xml = element::write(element)?;
        self.send(&xml).await
    }

    /// Ends the stream, with an error if there is one, and the connection.
    /// Nothing is left to be done if that fails.
    pub(crate) async fn close(mut self, error: Option<StreamError>) {
        if let Some(error) = error
            && self.send(&error.to_xml()).await.is_err()
        {
            return;
        }
        let end = match &self.wire {
            Wire::Tcp { .. } => TCP_CLOSE.to_owned(),
            Wire::WebSocket(..) => websocket_close(),
        };
        if self.send(&end).await.is_err() {
            return;
        }
        let closed = async {
            match &mut self.wire {
                Wire::Tcp { io, .. } => {
                    if let Ok(io) = io.bytes() {
                        drop(io.shutdown().await);
                    }
                }
                Wire::WebSocket(socket, _) => drop(socket.close().await),
            }
        };
        drop(tokio::time::timeout(Duration::from_secs(2), closed).await);
    }
}

async fn next_tcp(
    io: &mut dyn Bytes,
    framer: &mut Framer,
    prefixes: &mut StreamPrefixes,
    taken: &mut usize,
) -> Result<Incoming, TransportError> {
    loop {
        match framer.next_frame()? {
            Some(Frame::Open(tag)) => {
                let (header, declared) = StreamHeader::parse_tcp(&tag)?;
                *prefixes = declared;
                return Ok(Incoming::Open(header));
            }
            Some(Frame::Element(bytes)) => {
                *taken = bytes.len();
                return Ok(Incoming::Element(element::parse_in_stream(
                    &bytes, prefixes,
                )?));
            }
            Some(Frame::Close) => return Ok(Incoming::Close),
            None => {}
        }
        if read_some(io, framer).await? == 0 {
            return Err(TransportError::Lost("end of file".to_owned()));
        }
    }
}

/// Gives the framer what can be read; how many bytes it was. They pass over the
/// stack of the thread: who waits for them holds no room for them.
async fn read_some(io: &mut dyn Bytes, framer: &mut Framer) -> std::io::Result<usize> {
    poll_fn(|context| {
        let mut room = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *io).poll_read(context, &mut buffer))?;
        framer.push(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}

async fn next_websocket(
    socket: &mut WebSocket,
    limits: FramingLimits,
    taken: &mut usize,
) -> Result<Incoming, TransportError> {
    loop {
        let message = socket
            .next()
            .await
            .ok_or_else(|| TransportError::Lost("end of file".to_owned()))?
            .map_err(|error| TransportError::Lost(error.to_string()))?;
        match message {
            Message::Text(text) => {
                *taken = text.len();
                check_document(text.as_bytes(), limits)?;
                let element = element::parse(text.as_bytes())?;
                if element.is("open", ns::FRAMING) {
                    return Ok(Incoming::Open(StreamHeader::from_open(&element)?));
                }
                if element.is("close", ns::FRAMING) {
                    return Ok(Incoming::Close);
                }
                return Ok(Incoming::Element(element));
            }
            // RFC 7395, section 3.2: text only.
            Message::Binary(_) => {
                return Err(TransportError::Bad(StreamCondition::BadFormat.into()));
            }
            // The connection ends, and not the stream: that would have been said
            // (RFC 7395, section 3.6). What comes next is the end of the file.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }
}
