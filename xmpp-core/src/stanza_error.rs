//! Stanza errors (RFC 6120, section 8.3).

use minidom::Element;

use crate::ns;

/// What the sender of the stanza should do (RFC 6120, section 8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Retry after providing credentials.
    Auth,
    /// Do not retry.
    Cancel,
    /// Only a warning.
    Continue,
    /// Retry after changing the data.
    Modify,
    /// Retry after waiting.
    Wait,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $default:ident;)*) => {
        /// The defined conditions (RFC 6120, section 8.3.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Condition { $($(#[$doc])* $name,)* }

        impl Condition {
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

            /// The type that the specification associates with the condition.
            #[must_use]
            pub fn default_type(self) -> ErrorType {
                match self { $(Self::$name => ErrorType::$default,)* }
            }
        }
    };
}

conditions! {
    /// The XML does not conform to the schema.
    BadRequest = "bad-request", Modify;
    /// Something of that name exists already.
    Conflict = "conflict", Cancel;
    /// The feature is not implemented.
    FeatureNotImplemented = "feature-not-implemented", Cancel;
    /// The sender lacks the permission.
    Forbidden = "forbidden", Auth;
    /// The recipient can no longer be found here.
    Gone = "gone", Cancel;
    /// The server has a problem of its own.
    InternalServerError = "internal-server-error", Cancel;
    /// The item does not exist.
    ItemNotFound = "item-not-found", Cancel;
    /// An address is not one.
    JidMalformed = "jid-malformed", Modify;
    /// The request does not meet the recipient's criteria.
    NotAcceptable = "not-acceptable", Modify;
    /// The action is not allowed to anyone.
    NotAllowed = "not-allowed", Cancel;
    /// Credentials are needed first.
    NotAuthorized = "not-authorized", Auth;
    /// A policy of the service was violated.
    PolicyViolation = "policy-violation", Modify;
    /// The recipient is not available just now.
    RecipientUnavailable = "recipient-unavailable", Wait;
    /// Ask another entity.
    Redirect = "redirect", Modify;
    /// Register first.
    RegistrationRequired = "registration-required", Auth;
    /// The server of the recipient does not exist or cannot be found.
    RemoteServerNotFound = "remote-server-not-found", Cancel;
    /// The server of the recipient does not answer in time.
    RemoteServerTimeout = "remote-server-timeout", Wait;
    /// The service lacks the resources.
    ResourceConstraint = "resource-constraint", Wait;
    /// The service is not provided here.
    ServiceUnavailable = "service-unavailable", Cancel;
    /// Subscribe first.
    SubscriptionRequired = "subscription-required", Auth;
    /// None of the others.
    UndefinedCondition = "undefined-condition", Cancel;
    /// The request was not expected at this moment.
    UnexpectedRequest = "unexpected-request", Wait;
}

impl ErrorType {
    /// The value of the `type` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auth" => Self::Auth,
            "cancel" => Self::Cancel,
            "continue" => Self::Continue,
            "modify" => Self::Modify,
            "wait" => Self::Wait,
            _ => return None,
        })
    }
}

/// A stanza error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.condition.as_str())]
pub struct StanzaError {
    /// What to do.
    pub kind: ErrorType,
    /// What happened.
    pub condition: Condition,
    /// For a person, in English.
    pub text: Option<String>,
    /// The condition of the application (RFC 6120, section 8.3.4).
    pub detail: Option<Box<Element>>,
    /// Where what is gone can be found now (RFC 6120, section 8.3.3.5).
    pub moved_to: Option<String>,
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self {
            kind: condition.default_type(),
            condition,
            text: None,
            detail: None,
            moved_to: None,
        }
    }
}

impl StanzaError {
    /// Adds a text.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }

    /// Adds the condition of the application.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Element>) -> Self {
        self.detail = Some(Box::new(detail.into()));
        self
    }

    /// The `<error/>` child.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut error = Element::bare("error", ns::CLIENT);
        set(&mut error, "type", self.kind.as_str());
        let mut condition = Element::bare(self.condition.as_str(), ns::STANZA_ERRORS);
        if let Some(uri) = &self.moved_to {
            condition.append_text_node(uri.as_str());
        }
        error.append_child(condition);
        if let Some(text) = &self.text {
            let mut element = Element::bare("text", ns::STANZA_ERRORS);
            element.append_text_node(text.as_str());
            error.append_child(element);
        }
        if let Some(detail) = &self.detail {
            error.append_child(Element::clone(detail));
        }
        error
    }

    /// Reads the `<error/>` child of a stanza of type error. Always gives
    /// something: a stanza of type error without one is an undefined condition.
    #[must_use]
    pub fn from_stanza(stanza: &Element) -> Self {
        let Some(error) = stanza.children().find(|child| child.name() == "error") else {
            return Condition::UndefinedCondition.into();
        };
        let mut condition = Condition::UndefinedCondition;
        let (mut text, mut detail, mut moved_to) = (None, None, None);
        for child in error.children() {
            if !child.has_ns(ns::STANZA_ERRORS) {
                detail = Some(Box::new(child.clone()));
            } else if child.name() == "text" {
                text = Some(child.text());
            } else {
                condition = Condition::from_name(child.name());
                moved_to = Some(child.text()).filter(|uri| !uri.is_empty());
            }
        }
        let kind = error
            .attr("type")
            .and_then(ErrorType::from_name)
            .unwrap_or(condition.default_type());
        Self {
            kind,
            condition,
            text,
            detail,
            moved_to,
        }
    }

    /// The stanza of type error that answers `stanza`: same name and id,
    /// addresses turned round. `None` for what must not be answered
    /// (RFC 6120, section 8.3.1): errors and results.
    #[must_use]
    pub fn reply_to(&self, stanza: &Element) -> Option<Element> {
        if matches!(stanza.attr("type"), Some("error" | "result")) {
            return None;
        }
        let mut reply = Element::bare(stanza.name(), stanza.ns());
        for (to, from) in [("to", "from"), ("from", "to"), ("id", "id")] {
            if let Some(value) = stanza.attr(from) {
                set(&mut reply, to, value);
            }
        }
        set(&mut reply, "type", "error");
        reply.append_child(self.to_element());
        Some(reply)
    }
}

fn set(element: &mut Element, name: &str, value: &str) {
    crate::element::set_attr(element, name, Some(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::parse;

    #[test]
    fn answer_turns_the_addresses_round() {
        let iq = parse(b"<iq type='get' id='1' to='b' from='a@b/c'><x xmlns='y'/></iq>").unwrap();
        let reply = StanzaError::from(Condition::ServiceUnavailable)
            .reply_to(&iq)
            .unwrap();
        assert_eq!(reply.attr("to"), Some("a@b/c"));
        assert_eq!(reply.attr("from"), Some("b"));
        assert_eq!(reply.attr("id"), Some("1"));
        let read = StanzaError::from_stanza(&reply);
        assert_eq!(
            (read.kind, read.condition),
            (ErrorType::Cancel, Condition::ServiceUnavailable)
        );
    }

    #[test]
    fn what_is_gone_says_where_to() {
        let mut error = StanzaError::from(Condition::Gone);
        error.moved_to = Some("xmpp:new@rooms?join".to_owned());
        let stanza = parse(b"<presence id='1' to='a' from='b'/>").unwrap();
        let read = StanzaError::from_stanza(&error.reply_to(&stanza).unwrap());
        assert_eq!(read, error);
    }

    #[test]
    fn errors_and_results_are_never_answered() {
        for kind in ["error", "result"] {
            let stanza = parse(format!("<iq type='{kind}' id='1'/>").as_bytes()).unwrap();
            assert_eq!(
                StanzaError::from(Condition::BadRequest).reply_to(&stanza),
                None
            );
        }
    }

    #[test]
    fn unknown_conditions_and_missing_errors_are_read() {
        let odd = parse(
            b"<iq type='error'><error type='wait'><odd xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        )
        .unwrap();
        let error = StanzaError::from_stanza(&odd);
        assert_eq!(
            (error.kind, error.condition),
            (ErrorType::Wait, Condition::UndefinedCondition)
        );
        let none = parse(b"<iq type='error'/>").unwrap();
        assert_eq!(
            StanzaError::from_stanza(&none).condition,
            Condition::UndefinedCondition
        );
    }
}
