//! One XML element from and to text.
//!
//! [`crate::framing`] has checked size, depth and forbidden constructs before
//! a byte reaches this parser, which builds a tree and recurses.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use minidom::rxml::{Namespace, NcName, Options, RawEvent, RawReader};
use minidom::tree_builder::TreeBuilder;
use minidom::{Element, Node};

use crate::ns;

/// Why text is not an element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// The XML is not well-formed, or uses a name space that is not declared.
    #[error("not well-formed: {0}")]
    NotWellFormed(String),
    /// The name of a name space is longer than any that is one: every element in
    /// it would hold a copy.
    #[error("name space longer than the limit")]
    LongNamespace,
    /// The element holds a character that XML cannot express.
    #[error("cannot be written: {0}")]
    NotWritable(String),
}

/// What the reader has room for at least, in bytes.
const MIN_TOKEN: usize = 64;

/// Longest name of a name space, in bytes.
const MAX_NAMESPACE: usize = 256;

type Declared = BTreeMap<Option<String>, String>;

/// Name space prefixes that a stream header declared for its content. The default
/// is what nearly every stream declares, `jabber:client` and `stream:`, and takes
/// no room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamPrefixes(Option<Box<Declared>>);

impl StreamPrefixes {
    /// For the stream header itself, around which nothing is declared.
    pub(crate) fn none() -> Self {
        Self(Some(Box::new(BTreeMap::from([(None, String::new())]))))
    }

    fn usual() -> Declared {
        BTreeMap::from([
            (None, ns::CLIENT.to_owned()),
            (Some("stream".to_owned()), ns::STREAM.to_owned()),
        ])
    }

    fn declared(&self) -> Declared {
        self.0.as_deref().map_or_else(Self::usual, Clone::clone)
    }

    /// Adds a declaration of the header; the first of a name stays.
    pub fn declare(&mut self, prefix: &str, namespace: &str) {
        let mut declared = self.declared();
        if let Entry::Vacant(free) = declared.entry(Some(prefix.to_owned())) {
            free.insert(namespace.to_owned());
            self.0 = Some(Box::new(declared));
        }
    }
}

/// Reads a top-level element of a TCP stream, whose header declared the
/// default name space.
///
/// # Errors
/// [`ElementError::NotWellFormed`].
pub fn parse_in_stream(bytes: &[u8], prefixes: &StreamPrefixes) -> Result<Element, ElementError> {
    parse_with_prefixes(bytes, prefixes).and_then(without_prefixes)
}

/// Reads an element and keeps the prefixes that it declares, for a header,
/// whose declarations hold for the stream. It must not be written again.
pub(crate) fn parse_with_prefixes(
    bytes: &[u8],
    prefixes: &StreamPrefixes,
) -> Result<Element, ElementError> {
    // Whoever framed the stream has bounded the whole; the reader's own bound for a
    // value (8 KiB) is below what others may send.
    let options = Options {
        max_token_length: bytes.len().max(MIN_TOKEN),
        ..Options::default()
    };
    let mut reader = RawReader::with_options(bytes, options);
    let mut builder = TreeBuilder::new().with_prefixes_stack(vec![prefixes.declared().into()]);
    let mut tag = TagAttributes::default();
    loop {
        let Some(event) = reader.read().map_err(not_well_formed)? else {
            return Err(not_well_formed("unfinished"));
        };
        let is_head = matches!(event, RawEvent::ElementHeadClose(_));
        if let RawEvent::Attribute(_, (prefix, name), value) = &event {
            let prefix = prefix.as_ref().map(|prefix| prefix.as_str());
            let declares = prefix == Some("xmlns") || prefix.is_none() && name.as_str() == "xmlns";
            if declares && value.len() > MAX_NAMESPACE {
                return Err(ElementError::LongNamespace);
            }
            // Is always declared; minidom panics when it writes it again.
            if prefix == Some("xmlns") && name.as_str() == "xml" {
                continue;
            }
            tag.saw(prefix, name.as_str())?;
        }
        builder.process_event(event).map_err(not_well_formed)?;
        if is_head {
            std::mem::take(&mut tag).check(builder.top())?;
        }
        if let Some(root) = builder.root.take() {
            return Ok(root);
        }
    }
}

/// Leaves the prefixes to whoever writes the element. The writer panics where a
/// declaration of the text meets one of its own.
fn without_prefixes(mut element: Element) -> Result<Element, ElementError> {
    drop_prefixes(&mut element)?;
    Ok(element)
}

fn drop_prefixes(element: &mut Element) -> Result<(), ElementError> {
    if element.has_ns(ns::XML) || element.has_ns(ns::XMLNS) {
        let reason = format!("{} is in a reserved name space", element.name());
        return Err(ElementError::NotWellFormed(reason));
    }
    std::mem::take(&mut element.prefixes);
    element.children_mut().try_for_each(drop_prefixes)
}

fn not_well_formed(error: impl std::fmt::Display) -> ElementError {
    ElementError::NotWellFormed(error.to_string())
}

/// The attributes of one start tag: minidom keeps the last of those that have
/// the same name, XML 1.0 (section 3.1) wants none.
#[derive(Default)]
struct TagAttributes {
    declared: Vec<Option<String>>,
    others: usize,
}

impl TagAttributes {
    fn saw(&mut self, prefix: Option<&str>, name: &str) -> Result<(), ElementError> {
        let declared = match (prefix, name) {
            (None, "xmlns") => None,
            (Some("xmlns"), name) => Some(name.to_owned()),
            _ => {
                self.others += 1;
                return Ok(());
            }
        };
        if self.declared.contains(&declared) {
            return Err(not_well_formed("name space declared twice"));
        }
        self.declared.push(declared);
        Ok(())
    }

    /// Names are compared with their name spaces, so after minidom has found them.
    fn check(self, element: Option<&Element>) -> Result<(), ElementError> {
        let kept = element.map_or(0, |element| element.attrs().iter().count());
        if kept == self.others {
            Ok(())
        } else {
            Err(not_well_formed("attribute given twice"))
        }
    }
}

/// Reads an element that declares its own name spaces (a WebSocket frame,
/// RFC 7395, section 3.3.3; a stored stanza).
///
/// # Errors
/// [`ElementError::NotWellFormed`].
pub fn parse(bytes: &[u8]) -> Result<Element, ElementError> {
    // An element without any declaration is taken for a stanza: some clients
    // forget it in WebSocket frames.
    parse_in_stream(bytes, &StreamPrefixes::default())
}

/// Writes an element with all its declarations, fit for either transport.
///
/// # Errors
/// [`ElementError::NotWritable`] if it holds, say, a control character.
pub fn write(element: &Element) -> Result<String, ElementError> {
    // minidom panics where it meets such a character.
    if !is_writable(element) {
        let name = element.name();
        return Err(ElementError::NotWritable(format!(
            "{name} holds a forbidden character"
        )));
    }
    let mut bytes = Vec::with_capacity(256);
    element
        .write_to(&mut bytes)
        .map_err(|error| ElementError::NotWritable(error.to_string()))?;
    let mut text =
        String::from_utf8(bytes).map_err(|error| ElementError::NotWritable(error.to_string()))?;
    if element.has_ns("") {
        // In a stream, what declares nothing is in that of the stream.
        let behind_name = element.name().len() + 1;
        text.insert_str(behind_name, " xmlns=''");
    }
    Ok(text)
}

fn is_writable(element: &Element) -> bool {
    element
        .attrs()
        .iter()
        .all(|(_, value)| value.chars().all(is_xml_char))
        && element.nodes().all(|node| match node {
            Node::Element(child) => is_writable(child),
            Node::Text(text) => text.chars().all(is_xml_char),
        })
}

/// XML 1.0, section 2.2. Surrogates cannot be in a Rust string.
fn is_xml_char(c: char) -> bool {
    !matches!(c, '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Sets or removes an attribute without a name space. A name that XML does not
/// allow is left out: names come from our own code.
pub fn set_attr(element: &mut Element, name: &str, value: Option<&str>) {
    let attrs = element.attrs_mut();
    match (value, NcName::try_from(name)) {
        (Some(value), Ok(name)) => {
            attrs.insert(Namespace::NONE, name, value.to_owned());
        }
        _ => {
            attrs.remove(&Namespace::NONE, name);
        }
    }
}

/// Starts to build an element; finish with [`Build::done`].
#[must_use]
pub fn build(name: &str, namespace: &str) -> Build {
    Build(Element::bare(name, namespace))
}

/// An element under construction.
#[derive(Debug, Clone)]
pub struct Build(Element);

impl Build {
    /// Sets an attribute, cleaned like text.
    #[must_use]
    pub fn attr(mut self, name: &str, value: impl AsRef<str>) -> Self {
        set_attr(&mut self.0, name, Some(&clean_text(value.as_ref())));
        self
    }

    /// Sets an attribute if there is a value.
    #[must_use]
    pub fn attr_opt(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        if let Some(value) = value {
            return self.attr(name, value);
        }
        self
    }

    /// Appends a child.
    #[must_use]
    pub fn child(mut self, child: impl Into<Element>) -> Self {
        self.0.append_node(Node::Element(child.into()));
        self
    }

    /// Appends every child.
    #[must_use]
    pub fn children<T: Into<Element>>(mut self, children: impl IntoIterator<Item = T>) -> Self {
        for child in children {
            self.0.append_node(Node::Element(child.into()));
        }
        self
    }

    /// Appends text, cleaned of what XML cannot carry (see [`clean_text`]).
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        self.0.append_node(Node::Text(clean_text(text.as_ref())));
        self
    }

    /// The finished element.
    #[must_use]
    pub fn done(self) -> Element {
        self.0
    }
}

impl From<Build> for Element {
    fn from(build: Build) -> Self {
        build.0
    }
}

/// Removes what XML 1.0 cannot carry (section 2.2): most control characters,
/// U+FFFE and U+FFFF. Line breaks become `\n`.
#[must_use]
pub fn clean_text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            c if is_xml_char(c) => clean.push(c),
            _ => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_name_space_comes_from_the_stream() {
        let stanza = parse_in_stream(
            b"<message to='a@b'><body>hi</body></message>",
            &StreamPrefixes::default(),
        )
        .unwrap();
        assert!(stanza.is("message", ns::CLIENT));
        assert_eq!(stanza.get_child("body", ns::CLIENT).unwrap().text(), "hi");
    }

    #[test]
    fn prefixes_of_the_header_are_known_below_it() {
        let mut prefixes = StreamPrefixes::default();
        prefixes.declare("x", "urn:example");
        let stanza = parse_in_stream(b"<message><x:y/></message>", &prefixes).unwrap();
        assert!(stanza.has_child("y", "urn:example"));
        assert!(parse(b"<message><x:y/></message>").is_err());
    }

    #[test]
    fn what_is_in_no_name_space_stays_there() {
        for text in [
            "<x xmlns='' ver='0'/>",
            "<x xmlns=''/>",
            "<x xmlns=''>a<y/><z xmlns='jabber:client'><x xmlns=''/></z></x>",
            "<message><x xmlns=''><y xmlns='urn:y'/></x></message>",
        ] {
            let read = parse(text.as_bytes()).unwrap();
            let written = write(&read).unwrap();
            assert_eq!(parse(written.as_bytes()).unwrap(), read, "{written}");
        }
    }

    #[test]
    fn round_trip_keeps_text_and_escapes() {
        let text = "a < b && \"c\" 'd' ]]> 中文 🎉\nsecond line";
        let mut element = Element::bare("body", ns::CLIENT);
        element.append_text_node(text);
        let written = write(&element).unwrap();
        assert_eq!(parse(written.as_bytes()).unwrap().text(), text);
    }

    #[test]
    fn control_characters_are_an_error_to_write_and_cleaned_on_request() {
        let mut element = Element::bare("body", ns::CLIENT);
        element.append_text_node("bell\u{7}");
        assert!(matches!(write(&element), Err(ElementError::NotWritable(_))));
        assert_eq!(
            clean_text("bell\u{7} a\r\nb\rc\u{FFFF}\u{0}"),
            "bell a\nb\nc"
        );
    }

    #[test]
    fn attributes_are_set_replaced_and_removed() {
        let mut element = build("message", ns::CLIENT)
            .attr("to", "a@b")
            .attr_opt("id", None::<&str>)
            .done();
        set_attr(&mut element, "to", Some("c@d"));
        assert_eq!(element.attr("to"), Some("c@d"));
        set_attr(&mut element, "to", None);
        assert_eq!(write(&element).unwrap(), "<message xmlns='jabber:client'/>");
    }

    #[test]
    fn long_text_and_attributes_fit() {
        let long = "长".repeat(60_000);
        let element = build("message", ns::CLIENT)
            .child(build("body", ns::CLIENT).text(&long))
            .done();
        let read = parse(write(&element).unwrap().as_bytes()).unwrap();
        assert_eq!(read.get_child("body", ns::CLIENT).unwrap().text(), long);
    }

    #[test]
    fn the_prefix_that_is_always_there_may_be_declared() {
        let declared = "xmlns:xml='http://www.w3.org/XML/1998/namespace'";
        let read = parse(format!("<a {declared} xml:lang='zh'/>").as_bytes()).unwrap();
        assert_eq!(read.attr_ns(ns::XML, "lang"), Some("zh"));
        let written = write(&read).unwrap();
        assert_eq!(parse(written.as_bytes()).unwrap(), read);
        assert!(parse(b"<a xmlns:xml='urn:other'/>").is_err());
    }

    #[test]
    fn unfinished_and_undeclared_are_refused() {
        for bad in [
            "<a>",
            "<a></b>",
            "<a b=c/>",
            "<z:a/>",
            "",
            "<a>&nope;</a>",
            "<a>&#7;</a>",
            "<a b='&#0;'/>",
            "<a b='1' b='2'/>",
            "<a><b c='1' c='1'/></a>",
            "<a xmlns:b='u' xmlns:c='u' b:d='1' c:d='2'/>",
            "<a xmlns:b='u' xmlns:b='u'/>",
            "<a xmlns='u' xmlns='v'/>",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_declared_stream_prefix_can_be_written() {
        let stream = "xmlns:stream='http://etherx.jabber.org/streams'";
        for text in [
            format!("<message {stream}><body>x</body></message>"),
            format!("<message><a xmlns='urn:a' {stream}><stream:b/></a></message>"),
            "<message xmlns:stream='urn:other'><stream:b/></message>".to_owned(),
            "<message xmlns:tns0='urn:t' xmlns:a='urn:a' xmlns:b='urn:a'><a:x b:y='1' tns0:y='2' y='3'/></message>".to_owned(),
            "<message xml:lang='zh'><a xmlns=''/><b xmlns:p='urn:p' p:xml='1'/></message>".to_owned(),
        ] {
            let Ok(element) = parse(text.as_bytes()) else {
                panic!("{text} is well-formed");
            };
            let written = write(&element).unwrap();
            assert_eq!(parse(written.as_bytes()).unwrap(), element, "{text} {written}");
            // What is forwarded is written inside another.
            let outer = build("forwarded", "urn:f").child(element).done();
            assert!(write(&outer).is_ok(), "{text}");
        }
    }

    #[test]
    fn long_name_spaces_are_refused() {
        let longest = "u".repeat(MAX_NAMESPACE);
        for text in [
            |ns: &str| format!("<a xmlns='{ns}'/>"),
            |ns: &str| format!("<a><b xmlns:c='{ns}'/></a>"),
        ] {
            assert!(parse(text(&longest).as_bytes()).is_ok());
            let read = parse(text(&format!("{longest}u")).as_bytes());
            assert_eq!(read, Err(ElementError::LongNamespace));
        }
    }

    #[test]
    fn reserved_name_spaces_are_refused() {
        for text in [
            "<message><a xmlns='http://www.w3.org/2000/xmlns/'/></message>",
            "<message><a xmlns='http://www.w3.org/XML/1998/namespace'/></message>",
            "<message><xml:a/></message>",
            "<message><xmlns:a/></message>",
            "<message xmlns:xml='urn:other'/>",
            "<message xmlns:xmlns='urn:other'/>",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
