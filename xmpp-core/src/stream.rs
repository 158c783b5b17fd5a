//! Stream headers and stream errors (RFC 6120, section 4).

use minidom::Element;

use crate::element::{self, ElementError, StreamPrefixes, build};
use crate::ns;

macro_rules! stream_conditions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The defined conditions (RFC 6120, section 4.9.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum StreamCondition { $($(#[$doc])* $name,)* }

        impl StreamCondition {
            /// The element name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// From an element name; anything unknown is `undefined-condition`.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                match name { $($text => Self::$name,)* _ => Self::UndefinedCondition }
            }
        }
    };
}

stream_conditions! {
    /// The XML cannot be processed.
    BadFormat = "bad-format";
    /// A prefix is not as it must be.
    BadNamespacePrefix = "bad-namespace-prefix";
    /// Another session took this one's place.
    Conflict = "conflict";
    /// Nothing was heard for too long.
    ConnectionTimeout = "connection-timeout";
    /// The domain is no longer served.
    HostGone = "host-gone";
    /// The domain is not served.
    HostUnknown = "host-unknown";
    /// An address is missing or wrong.
    ImproperAddressing = "improper-addressing";
    /// The server has a problem of its own.
    InternalServerError = "internal-server-error";
    /// A `from` that is not the sender's.
    InvalidFrom = "invalid-from";
    /// A name space is wrong.
    InvalidNamespace = "invalid-namespace";
    /// The XML is not valid.
    InvalidXml = "invalid-xml";
    /// Something was sent before signing in.
    NotAuthorized = "not-authorized";
    /// The XML is not well-formed.
    NotWellFormed = "not-well-formed";
    /// A local policy was violated.
    PolicyViolation = "policy-violation";
    /// The server cannot reach another one that it needs.
    RemoteConnectionFailed = "remote-connection-failed";
    /// The stream is reset, for instance after a change of certificate.
    Reset = "reset";
    /// The server lacks the resources.
    ResourceConstraint = "resource-constraint";
    /// Comment, processing instruction, document type or entity.
    RestrictedXml = "restricted-xml";
    /// Go to another host.
    SeeOtherHost = "see-other-host";
    /// The server is being shut down.
    SystemShutdown = "system-shutdown";
    /// None of the others.
    UndefinedCondition = "undefined-condition";
    /// Not UTF-8.
    UnsupportedEncoding = "unsupported-encoding";
    /// A feature that must be supported is not.
    UnsupportedFeature = "unsupported-feature";
    /// A child of the stream that is not understood.
    UnsupportedStanzaType = "unsupported-stanza-type";
    /// Not version 1.0.
    UnsupportedVersion = "unsupported-version";
}

/// A stream error: the stream ends with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stream error {}{}", self.condition.as_str(), self.text.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
pub struct StreamError {
    /// What happened.
    pub condition: StreamCondition,
    /// For a person, in English.
    pub text: Option<String>,
    /// What the application adds (RFC 6120, section 4.9.4).
    pub detail: Option<Box<Element>>,
}

impl From<StreamCondition> for StreamError {
    fn from(condition: StreamCondition) -> Self {
        Self {
            condition,
            text: None,
            detail: None,
        }
    }
}

impl StreamError {
    /// The `<stream:error/>` element as text. The prefix is written out because
    /// older clients compare it literally.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let text = self.text.as_deref().map_or_else(String::new, |text| {
            format!(
                "<text xmlns='{}'>{}</text>",
                ns::STREAM_ERRORS,
                escape(text)
            )
        });
        let detail = self.detail.as_deref().map(element::write);
        let detail = detail.and_then(Result::ok).unwrap_or_default();
        format!(
            "<stream:error xmlns:stream='{}'><{} xmlns='{}'/>{text}{detail}</stream:error>",
            ns::STREAM,
            self.condition.as_str(),
            ns::STREAM_ERRORS
        )
    }

    /// Reads a `<stream:error/>`; `None` if the element is something else.
    #[must_use]
    pub fn from_element(element: &Element) -> Option<Self> {
        if !element.is("error", ns::STREAM) {
            return None;
        }
        let mut error = Self::from(StreamCondition::UndefinedCondition);
        for child in element.children() {
            if !child.has_ns(ns::STREAM_ERRORS) {
                error.detail = Some(Box::new(child.clone()));
            } else if child.name() == "text" {
                error.text = Some(child.text());
            } else {
                error.condition = StreamCondition::from_name(child.name());
            }
        }
        Some(error)
    }
}

/// The attributes of a stream header, in either framing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// Who it is for: the domain, from a client.
    pub to: Option<String>,
    /// Who it comes from.
    pub from: Option<String>,
    /// Stream id, from a server.
    pub id: Option<String>,
    /// `1.0`.
    pub version: Option<String>,
    /// Default language of the stream.
    pub lang: Option<String>,
}

/// Why a stream header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not an XML start tag with declared name spaces.
    #[error("stream header is not well-formed")]
    NotWellFormed,
    /// Not a stream element in the stream name space with client content.
    #[error("stream header has a wrong name space")]
    InvalidNamespace,
    /// A name space has too long a name.
    #[error("stream header has a name space longer than the limit")]
    LongNamespace,
}

impl HeaderError {
    /// The stream error condition to send.
    #[must_use]
    pub fn condition(self) -> StreamCondition {
        match self {
            Self::NotWellFormed => StreamCondition::NotWellFormed,
            Self::InvalidNamespace => StreamCondition::InvalidNamespace,
            Self::LongNamespace => StreamCondition::PolicyViolation,
        }
    }
}

impl StreamHeader {
    /// Reads the start tag of a TCP stream and the prefixes that it declares.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn parse_tcp(tag: &[u8]) -> Result<(Self, StreamPrefixes), HeaderError> {
        // A start tag alone is no document: close it at once to parse it.
        let open = tag.strip_suffix(b">").ok_or(HeaderError::NotWellFormed)?;
        let mut closed = open.to_vec();
        closed.extend_from_slice(b"/>");
        let element =
            element::parse_with_prefixes(&closed, &StreamPrefixes::none()).map_err(|error| {
                match error {
                    ElementError::LongNamespace => HeaderError::LongNamespace,
                    _ => HeaderError::NotWellFormed,
                }
            })?;
        if !element.is("stream", ns::STREAM) {
            return Err(HeaderError::InvalidNamespace);
        }
        let declared = element.prefixes.declared_prefixes();
        if declared
            .get(&None)
            .is_some_and(|default| default != ns::CLIENT)
        {
            return Err(HeaderError::InvalidNamespace);
        }
        let mut prefixes = StreamPrefixes::default();
        for (prefix, namespace) in declared {
            if let Some(prefix) = prefix {
                prefixes.declare(prefix, namespace);
            }
        }
        Ok((Self::from_attributes(&element), prefixes))
    }

    /// Reads an `<open/>` of RFC 7395, section 3.4.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn from_open(element: &Element) -> Result<Self, HeaderError> {
        if !element.is("open", ns::FRAMING) {
            return Err(HeaderError::InvalidNamespace);
        }
        Ok(Self::from_attributes(element))
    }

    fn from_attributes(element: &Element) -> Self {
        let attr = |name: &str| element.attr(name).map(str::to_owned);
        Self {
            to: attr("to"),
            from: attr("from"),
            id: attr("id"),
            version: attr("version"),
            lang: element.attr_ns(ns::XML, "lang").map(str::to_owned),
        }
    }

    /// The start tag of a TCP stream, with the XML declaration before it.
    #[must_use]
    pub fn to_tcp(&self) -> String {
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}'{}>",
            ns::CLIENT,
            ns::STREAM,
            self.attributes()
        )
    }

    /// The `<open/>` of RFC 7395, section 3.4.
    #[must_use]
    pub fn to_open(&self) -> String {
        format!("<open xmlns='{}'{}/>", ns::FRAMING, self.attributes())
    }

    fn attributes(&self) -> String {
        [
            ("to", &self.to),
            ("from", &self.from),
            ("id", &self.id),
            ("version", &self.version),
            ("xml:lang", &self.lang),
        ]
        .iter()
        .filter_map(|(name, value)| {
            value
                .as_deref()
                .map(|value| format!(" {name}='{}'", escape(value)))
        })
        .collect()
    }
}

/// The end of a TCP stream.
pub const TCP_CLOSE: &str = "</stream:stream>";

/// The `<close/>` of RFC 7395, section 3.6.
#[must_use]
pub fn websocket_close() -> String {
    element::write(&build("close", ns::FRAMING).done())
        .unwrap_or_else(|_| format!("<close xmlns='{}'/>", ns::FRAMING))
}

/// Wraps features into `<stream:features/>`. Written by hand: the prefix is
/// compared literally by older clients, and an empty `<mechanisms/>` must
/// never be there.
///
/// # Errors
/// See [`element::write`].
pub fn features(features: &[Element]) -> Result<String, ElementError> {
    let mut xml = format!("<stream:features xmlns:stream='{}'>", ns::STREAM);
    for feature in features {
        xml.push_str(&element::write(feature)?);
    }
    xml.push_str("</stream:features>");
    Ok(xml)
}

fn escape(text: &str) -> String {
    element::clean_text(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> StreamHeader {
        StreamHeader {
            to: Some("example.com".into()),
            from: Some("a'<&@example.com".into()),
            id: None,
            version: Some("1.0".into()),
            lang: Some("zh".into()),
        }
    }

    #[test]
    fn headers_round_trip_in_both_framings() {
        let tcp = header().to_tcp();
        let tag = tcp.split_once("?>").unwrap().1;
        assert_eq!(StreamHeader::parse_tcp(tag.as_bytes()).unwrap().0, header());
        let open = element::parse(header().to_open().as_bytes()).unwrap();
        assert_eq!(StreamHeader::from_open(&open).unwrap(), header());
    }

    #[test]
    fn a_header_may_use_another_prefix_and_declare_more() {
        let (read, prefixes) = StreamHeader::parse_tcp(
            b"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client' xmlns:q='urn:q' to='b'>",
        )
        .unwrap();
        assert_eq!(read.to.as_deref(), Some("b"));
        let stanza = element::parse_in_stream(b"<q:z/>", &prefixes).unwrap();
        assert!(stanza.is("z", "urn:q"));
        let (_, prefixes) = StreamHeader::parse_tcp(
            b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' xmlns:xml='http://www.w3.org/XML/1998/namespace'>",
        )
        .unwrap();
        let stanza = element::parse_in_stream(b"<iq xml:lang='zh'/>", &prefixes).unwrap();
        assert!(element::write(&stanza).is_ok());
    }

    #[test]
    fn wrong_headers_name_their_fault() {
        for (tag, error) in [
            ("<stream>", HeaderError::InvalidNamespace),
            ("<stream:stream>", HeaderError::NotWellFormed),
            ("<a xmlns='jabber:client'>", HeaderError::InvalidNamespace),
            (
                "<stream xmlns='http://etherx.jabber.org/streams'>",
                HeaderError::InvalidNamespace,
            ),
            (
                "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'>",
                HeaderError::InvalidNamespace,
            ),
            ("<open", HeaderError::NotWellFormed),
            (
                "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='a' to='b'>",
                HeaderError::NotWellFormed,
            ),
        ] {
            assert_eq!(StreamHeader::parse_tcp(tag.as_bytes()), Err(error), "{tag}");
        }
    }

    #[test]
    fn stream_errors_round_trip() {
        let error = StreamError {
            condition: StreamCondition::SystemShutdown,
            text: Some("see you < later".into()),
            detail: Some(Box::new(build("soon", "urn:example").done())),
        };
        let read = element::parse(error.to_xml().as_bytes()).unwrap();
        assert_eq!(StreamError::from_element(&read), Some(error));
    }

    #[test]
    fn features_are_prefixed() {
        let xml = features(&[build("bind", ns::BIND).done()]).unwrap();
        assert!(xml.starts_with("<stream:features xmlns:stream="), "{xml}");
        assert!(
            element::parse(xml.as_bytes())
                .unwrap()
                .has_child("bind", ns::BIND)
        );
    }
}
