//! From the bytes of a TCP stream to its top-level elements
//! (RFC 6120, sections 4.2 and 11).
//!
//! [`Framer`] looks at bytes, not at trees: it finds where each direct child of
//! the stream element begins and ends, and enforces the limits *before*
//! anything is parsed: size, depth, number of attributes, and the constructs
//! that RFC 6120, section 11.1 forbids (comments, processing instructions,
//! document types and, with them, every entity but the five predefined ones).
//! What it lets through is given to [`crate::element`], which checks the rest.
//!
//! The WebSocket framing (RFC 7395) needs none of this but the limits:
//! [`check_document`] applies them to one frame.

mod scanner;

use bytes::{Bytes, BytesMut};
use scanner::{Scanned, Scanner};

/// Limits of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramingLimits {
    /// Largest top-level element in bytes.
    pub max_element_bytes: usize,
    /// Deepest nesting below the stream element.
    pub max_depth: usize,
    /// Most attributes (name space declarations included) of one tag.
    pub max_attributes: usize,
    /// Most elements in one top-level element, itself included: as a tree, each
    /// takes a hundred times what `<a/>` takes on the wire.
    pub max_elements: usize,
}

impl Default for FramingLimits {
    /// 256 KiB, 32 levels, 64 attributes, 4,000 elements.
    fn default() -> Self {
        Self {
            max_element_bytes: 256 * 1024,
            max_depth: 32,
            max_attributes: 64,
            max_elements: 4_000,
        }
    }
}

impl FramingLimits {
    /// For who has not signed in: 16 KiB and 128 elements hold every sign-in.
    #[must_use]
    pub fn for_strangers(self) -> Self {
        Self {
            max_element_bytes: self.max_element_bytes.min(16 * 1024),
            max_elements: self.max_elements.min(128),
            ..self
        }
    }
}

/// What was found on the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The start tag of the stream element, as it stands on the wire.
    Open(Bytes),
    /// One whole child of the stream element.
    Element(Bytes),
    /// The end tag of the stream element.
    Close,
}

/// Why the stream cannot go on. Each has its stream error
/// (RFC 6120, section 4.9.3); see [`FramingError::condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FramingError {
    /// An element is larger than the limit.
    #[error("element larger than the limit")]
    TooLarge,
    /// Elements are nested deeper than the limit.
    #[error("nested deeper than the limit")]
    TooDeep,
    /// A tag has more attributes than the limit.
    #[error("more attributes than the limit")]
    TooManyAttributes,
    /// A top-level element has more elements than the limit.
    #[error("more elements than the limit")]
    TooManyElements,
    /// A comment, processing instruction, document type or entity.
    #[error("comment, processing instruction, document type or entity")]
    Restricted,
    /// Tags do not fit together, or text where none may be.
    #[error("not well-formed")]
    NotWellFormed,
}

impl FramingError {
    /// Whether what follows the element can be read all the same.
    #[must_use]
    pub fn is_skippable(self) -> bool {
        matches!(
            self,
            Self::TooDeep | Self::TooManyAttributes | Self::TooManyElements
        )
    }

    /// The stream error condition to send.
    #[must_use]
    pub fn condition(self) -> crate::stream::StreamCondition {
        use crate::stream::StreamCondition;
        match self {
            Self::TooLarge | Self::TooDeep | Self::TooManyAttributes | Self::TooManyElements => {
                StreamCondition::PolicyViolation
            }
            Self::Restricted => StreamCondition::RestrictedXml,
            Self::NotWellFormed => StreamCondition::NotWellFormed,
        }
    }
}

/// Cuts a stream into frames. Holds at most one element plus what was pushed.
#[derive(Debug)]
pub struct Framer {
    limits: FramingLimits,
    scanner: Scanner,
    /// Bytes from the start of the frame that is being received.
    buffer: BytesMut,
    /// How far the scanner has read in `buffer`.
    scanned: usize,
    failed: Option<FramingError>,
}

impl Framer {
    /// A framer at the beginning of a stream.
    #[must_use]
    pub fn new(limits: FramingLimits) -> Self {
        Self::with(Scanner::new(limits), limits)
    }

    /// A framer that gives elements beyond a limit, too, but for that of their size,
    /// and says so ([`Framer::excess`]): nobody should build a tree of them. For a
    /// client: its server lets such elements of others through, and would send them
    /// again after each reconnection; the rest of the stream is no worse for them.
    #[must_use]
    pub fn that_skips(limits: FramingLimits) -> Self {
        Self::with(Scanner::that_skips(limits), limits)
    }

    fn with(scanner: Scanner, limits: FramingLimits) -> Self {
        Self {
            limits,
            scanner,
            buffer: BytesMut::new(),
            scanned: 0,
            failed: None,
        }
    }

    /// Expects a new stream header, as after STARTTLS and after SASL
    /// (RFC 6120, sections 5.4.3.3 and 6.3.2). Bytes already received stay, so
    /// the caller has to check [`Framer::has_leftover`] before it starts TLS.
    pub fn restart(&mut self) {
        self.scanner = self.scanner.anew(self.limits);
        self.scanned = 0;
    }

    /// Other limits from here on, for what has not been looked at yet.
    pub fn set_limits(&mut self, limits: FramingLimits) {
        self.limits = limits;
        self.scanner.set_limits(limits);
    }

    /// Whether bytes are waiting that belong to no frame yet. True after a
    /// STARTTLS `<proceed/>` means that somebody injected plain text.
    #[must_use]
    pub fn has_leftover(&self) -> bool {
        self.buffer.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    /// The limit that the element which was given last is beyond. Only with a framer
    /// [`Framer::that_skips`].
    #[must_use]
    pub fn excess(&self) -> Option<FramingError> {
        self.scanner.excess()
    }

    /// Takes bytes from the wire; ask [`Framer::next_frame`] until it has no more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame; `None` if more bytes are needed.
    ///
    /// # Errors
    /// Any [`FramingError`]; from then on always the same one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.scan().inspect_err(|error| {
            self.failed = Some(*error);
            self.buffer = BytesMut::new();
        })
    }

    fn scan(&mut self) -> Result<Option<Frame>, FramingError> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            self.scanned += 1;
            match self.scanner.step(byte)? {
                Scanned::Nothing => {
                    if self.scanned > self.limits.max_element_bytes {
                        return Err(FramingError::TooLarge);
                    }
                }
                Scanned::Skip => self.take(),
                Scanned::Open => return Ok(Some(Frame::Open(self.cut()))),
                Scanned::Element => return Ok(Some(Frame::Element(self.cut()))),
                Scanned::Close => {
                    self.take();
                    return Ok(Some(Frame::Close));
                }
            }
        }
        if self.buffer.is_empty() {
            // It would keep the room that the last bytes took until others come.
            self.buffer = BytesMut::new();
        }
        Ok(None)
    }

    fn cut(&mut self) -> Bytes {
        let frame = self.buffer.split_to(self.scanned).freeze();
        self.scanned = 0;
        frame
    }

    fn take(&mut self) {
        drop(self.cut());
    }
}

/// Applies the limits to a WebSocket frame: exactly one element, no more.
///
/// # Errors
/// Any [`FramingError`].
pub fn check_document(bytes: &[u8], limits: FramingLimits) -> Result<(), FramingError> {
    if bytes.len() > limits.max_element_bytes {
        return Err(FramingError::TooLarge);
    }
    let mut scanner = Scanner::inside_stream(limits);
    let mut complete = false;
    for &byte in bytes {
        match scanner.step(byte)? {
            Scanned::Element if !complete => complete = true,
            Scanned::Nothing if !complete => {}
            Scanned::Skip => {}
            _ => return Err(FramingError::NotWellFormed),
        }
    }
    if complete {
        Ok(())
    } else {
        Err(FramingError::NotWellFormed)
    }
}

#[cfg(test)]
mod tests;
