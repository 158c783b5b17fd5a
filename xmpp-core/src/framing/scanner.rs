//! The byte-level state machine under [`super::Framer`].

use super::{FramingError, FramingLimits};

/// What one more byte completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Nothing yet: keep the byte.
    Nothing,
    /// Something without a meaning ended (white space between elements, the
    /// XML declaration): forget the bytes.
    Skip,
    /// The start tag of the stream element.
    Open,
    /// A whole child of the stream element.
    Element,
    /// The end tag of the stream element.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between tags.
    Text,
    /// After `&`, with the bytes seen; in an attribute value if there is a quote.
    Entity {
        name: [u8; MAX_ENTITY],
        length: usize,
        quote: Option<u8>,
    },
    /// After `<`.
    TagStart,
    /// In a start tag.
    StartTag { slash: bool },
    /// In an attribute value.
    Value { quote: u8 },
    /// In an end tag.
    EndTag { named: bool },
    /// In `<?xml … ?>`; `question` if the last byte was `?`.
    Declaration { question: bool, matched: u8 },
    /// After `<!`, with the number of bytes of `[CDATA[` seen.
    CDataStart { matched: u8 },
    /// In a CDATA section, with the number of `]` just seen (2 at most).
    CData { brackets: u8 },
}

const CDATA: &[u8] = b"[CDATA[";
const XML: &[u8] = b"xml";
/// Longest reference that can be right: `&#x10FFFF;`.
const MAX_ENTITY: usize = 9;
/// XML 1.0, section 4.6. RFC 6120, section 11.1 allows no others.
const PREDEFINED: [&[u8]; 5] = [b"lt", b"gt", b"amp", b"apos", b"quot"];

#[derive(Debug)]
pub(super) struct Scanner {
    limits: FramingLimits,
    state: State,
    /// Open elements: 0 before the stream header, 1 between stanzas.
    depth: usize,
    attributes: usize,
    /// In the present top-level element.
    elements: usize,
    /// Whether any byte but white space was seen (a declaration must be first).
    started: bool,
    /// Whether an element beyond a limit is skipped, and not an error.
    skips: bool,
    /// The limit that the present or last top-level element went beyond.
    excess: Option<FramingError>,
    /// Bytes that were looked at.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl State {
    fn entity(quote: Option<u8>) -> Self {
        Self::Entity {
            name: [0; MAX_ENTITY],
            length: 0,
            quote,
        }
    }
}

impl Scanner {
    pub(super) fn new(limits: FramingLimits) -> Self {
        Self {
            limits,
            state: State::Text,
            depth: 0,
            attributes: 0,
            elements: 0,
            started: false,
            skips: false,
            excess: None,
            #[cfg(test)]
            steps: 0,
        }
    }

    pub(super) fn that_skips(limits: FramingLimits) -> Self {
        Self {
            skips: true,
            ..Self::new(limits)
        }
    }

    /// The same kind of scanner at the beginning of a stream.
    pub(super) fn anew(&self, limits: FramingLimits) -> Self {
        Self {
            skips: self.skips,
            ..Self::new(limits)
        }
    }

    /// For text that has no stream element around it.
    pub(super) fn inside_stream(limits: FramingLimits) -> Self {
        Self {
            depth: 1,
            started: true,
            ..Self::new(limits)
        }
    }

    pub(super) fn set_limits(&mut self, limits: FramingLimits) {
        self.limits = limits;
    }

    pub(super) fn step(&mut self, byte: u8) -> Result<Scanned, FramingError> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        match self.state {
            State::Text => self.text(byte),
            State::Entity {
                name,
                length,
                quote,
            } => self.entity(byte, name, length, quote),
            State::TagStart => self.tag_start(byte),
            State::StartTag { slash } => self.start_tag(byte, slash),
            State::Value { quote } => {
                if byte == quote {
                    self.state = State::StartTag { slash: false };
                } else if byte == b'&' {
                    self.state = State::entity(Some(quote));
                } else if byte == b'<' {
                    return Err(FramingError::NotWellFormed);
                }
                Ok(Scanned::Nothing)
            }
            State::EndTag { named } => self.end_tag(byte, named),
            State::Declaration { question, matched } => self.declaration(byte, question, matched),
            State::CDataStart { matched } => self.cdata_start(byte, matched),
            State::CData { brackets } => {
                self.state = match (byte, brackets) {
                    (b'>', 2) => State::Text,
                    (b']', seen) => State::CData {
                        brackets: (seen + 1).min(2),
                    },
                    _ => State::CData { brackets: 0 },
                };
                Ok(Scanned::Nothing)
            }
        }
    }

    pub(super) fn excess(&self) -> Option<FramingError> {
        self.excess
    }

    /// A limit is passed. The stream element itself is never skipped.
    fn exceeds(&mut self, limit: FramingError) -> Result<(), FramingError> {
        if !self.skips || self.depth == 0 {
            return Err(limit);
        }
        self.excess.get_or_insert(limit);
        Ok(())
    }

    fn text(&mut self, byte: u8) -> Result<Scanned, FramingError> {
        match byte {
            b'<' => {
                self.state = State::TagStart;
                Ok(Scanned::Nothing)
            }
            _ if self.depth <= 1 => {
                // White space between stanzas is a keep-alive (RFC 6120, 4.6.1).
                if byte.is_ascii_whitespace() {
                    Ok(Scanned::Skip)
                } else {
                    Err(FramingError::NotWellFormed)
                }
            }
            b'&' => {
                self.state = State::entity(None);
                Ok(Scanned::Nothing)
            }
            _ => Ok(Scanned::Nothing),
        }
    }

    /// Only the predefined entities and characters by number may be referred to;
    /// which numbers are characters is the parser's to know.
    fn entity(
        &mut self,
        byte: u8,
        mut name: [u8; MAX_ENTITY],
        length: usize,
        quote: Option<u8>,
    ) -> Result<Scanned, FramingError> {
        let seen = name.get(..length).unwrap_or_default();
        let by_number = seen.first() == Some(&b'#');
        if byte == b';' && length > 0 {
            if !by_number && !PREDEFINED.contains(&seen) {
                return Err(FramingError::Restricted);
            }
            self.state = quote.map_or(State::Text, |quote| State::Value { quote });
            return Ok(Scanned::Nothing);
        }
        let is_name = byte.is_ascii_alphanumeric()
            || (length == 0 && byte == b'#')
            || (!by_number && (matches!(byte, b'_' | b':' | b'-' | b'.') || byte >= 0x80));
        match name.get_mut(length) {
            Some(place) if is_name => *place = byte,
            // Longer than any that is allowed.
            None if is_name && !by_number => return Err(FramingError::Restricted),
            _ => return Err(FramingError::NotWellFormed),
        }
        self.state = State::Entity {
            name,
            length: length + 1,
            quote,
        };
        Ok(Scanned::Nothing)
    }

    fn tag_start(&mut self, byte: u8) -> Result<Scanned, FramingError> {
        match byte {
            b'/' => {
                if self.depth == 0 {
                    return Err(FramingError::NotWellFormed);
                }
                self.state = State::EndTag { named: false };
            }
            b'?' if !self.started => {
                self.started = true;
                self.state = State::Declaration {
                    question: false,
                    matched: 0,
                };
            }
            b'?' => return Err(FramingError::Restricted),
            b'!' if self.depth > 1 => self.state = State::CDataStart { matched: 0 },
            b'!' => return Err(FramingError::Restricted),
            b'>' | b'<' | b'=' | b'"' | b'\'' => return Err(FramingError::NotWellFormed),
            _ if byte.is_ascii_whitespace() => return Err(FramingError::NotWellFormed),
            _ => {
                self.started = true;
                if self.depth <= 1 {
                    self.elements = 0;
                    self.excess = None;
                }
                if self.depth > self.limits.max_depth {
                    self.exceeds(FramingError::TooDeep)?;
                }
                self.elements += 1;
                if self.elements > self.limits.max_elements {
                    self.exceeds(FramingError::TooManyElements)?;
                }
                self.attributes = 0;
                self.state = State::StartTag { slash: false };
            }
        }
        Ok(Scanned::Nothing)
    }

    fn start_tag(&mut self, byte: u8, slash: bool) -> Result<Scanned, FramingError> {
        match byte {
            b'>' if slash => {
                self.state = State::Text;
                Ok(match self.depth {
                    // A stream element that is closed at once has no content.
                    0 => return Err(FramingError::NotWellFormed),
                    1 => Scanned::Element,
                    _ => Scanned::Nothing,
                })
            }
            b'>' => {
                self.state = State::Text;
                self.depth += 1;
                Ok(if self.depth == 1 {
                    Scanned::Open
                } else {
                    Scanned::Nothing
                })
            }
            _ if slash => Err(FramingError::NotWellFormed),
            b'/' => {
                self.state = State::StartTag { slash: true };
                Ok(Scanned::Nothing)
            }
            b'"' | b'\'' => {
                self.attributes += 1;
                if self.attributes > self.limits.max_attributes {
                    self.exceeds(FramingError::TooManyAttributes)?;
                }
                self.state = State::Value { quote: byte };
                Ok(Scanned::Nothing)
            }
            b'<' => Err(FramingError::NotWellFormed),
            _ => Ok(Scanned::Nothing),
        }
    }

    fn end_tag(&mut self, byte: u8, named: bool) -> Result<Scanned, FramingError> {
        match byte {
            b'>' if named => {
                self.state = State::Text;
                self.depth -= 1;
                Ok(match self.depth {
                    0 => Scanned::Close,
                    1 => Scanned::Element,
                    _ => Scanned::Nothing,
                })
            }
            b'>' | b'<' | b'"' | b'\'' | b'/' => Err(FramingError::NotWellFormed),
            _ => {
                self.state = State::EndTag { named: true };
                Ok(Scanned::Nothing)
            }
        }
    }

    fn declaration(
        &mut self,
        byte: u8,
        question: bool,
        matched: u8,
    ) -> Result<Scanned, FramingError> {
        let position = usize::from(matched);
        if position < XML.len() {
            // `<?xml` and nothing else: any other instruction is forbidden.
            if XML.get(position) != Some(&byte) {
                return Err(FramingError::Restricted);
            }
            self.state = State::Declaration {
                question: false,
                matched: matched + 1,
            };
            return Ok(Scanned::Nothing);
        }
        if position == XML.len() && !byte.is_ascii_whitespace() {
            return Err(FramingError::Restricted);
        }
        if question && byte == b'>' {
            self.state = State::Text;
            return Ok(Scanned::Skip);
        }
        if matches!(byte, b'<' | b'>') {
            return Err(FramingError::NotWellFormed);
        }
        self.state = State::Declaration {
            question: byte == b'?',
            matched: XML.len() as u8 + 1,
        };
        Ok(Scanned::Nothing)
    }

    fn cdata_start(&mut self, byte: u8, matched: u8) -> Result<Scanned, FramingError> {
        if CDATA.get(usize::from(matched)) != Some(&byte) {
            // `<!--` and `<!DOCTYPE`.
            return Err(FramingError::Restricted);
        }
        self.state = if usize::from(matched) + 1 == CDATA.len() {
            State::CData { brackets: 0 }
        } else {
            State::CDataStart {
                matched: matched + 1,
            }
        };
        Ok(Scanned::Nothing)
    }
}
