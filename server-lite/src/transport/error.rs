//! Why nothing more comes from a stream.

use xmpp_core::element::ElementError;
use xmpp_core::framing::FramingError;
use xmpp_core::stream::{HeaderError, StreamCondition, StreamError};

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The connection is gone.
    #[error("connection lost: {0}")]
    Lost(String),
    /// What came was no stream: say it and end.
    #[error("bad stream: {0}")]
    Bad(StreamError),
    /// The other side takes no bytes.
    #[error("the peer takes no bytes")]
    Stalled,
}

impl From<FramingError> for TransportError {
    fn from(error: FramingError) -> Self {
        Self::Bad(error.condition().into())
    }
}

impl From<HeaderError> for TransportError {
    fn from(error: HeaderError) -> Self {
        Self::Bad(error.condition().into())
    }
}

impl From<ElementError> for TransportError {
    fn from(error: ElementError) -> Self {
        let condition = match error {
            ElementError::LongNamespace => StreamCondition::PolicyViolation,
            _ => StreamCondition::NotWellFormed,
        };
        Self::Bad(condition.into())
    }
}

impl From<std::io::Error> for TransportError {
    fn from(error: std::io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}
