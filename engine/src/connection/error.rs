//! Why a connection does not come about, step by step.

use xmpp_core::element::ElementError;
use xmpp_core::framing::FramingError;
use xmpp_core::sasl::ScramError;
use xmpp_core::stream::{HeaderError, StreamCondition, StreamError};

use crate::api::{ApiError, ErrorCode};

/// A connection that did not come about, or ended.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name of the server is not known.
    #[error("name look-up: {0}")]
    Unknown(String),
    /// Nobody answers there.
    #[error("connection: {0}")]
    Unreachable(String),
    /// What answers is no server of ours.
    #[error("not an XMPP server: {0}")]
    NotXmpp(String),
    /// The server does not prove that it is the right one.
    #[error("certificate: {0}")]
    Certificate(String),
    /// The server offers no way to sign in that we accept.
    #[error("no common way to sign in: {0}")]
    NoMechanism(String),
    /// User name or password is wrong.
    #[error("the server refuses name or password")]
    WrongPassword,
    /// The server locks the account out for good or for a while.
    #[error("the server refuses the account: {0}")]
    AccountDisabled(String),
    /// The name is taken.
    #[error("the name is taken")]
    NameTaken,
    /// The name cannot be used.
    #[error("the name cannot be used")]
    NameInvalid,
    /// The password is refused.
    #[error("the password is too weak")]
    PasswordTooWeak,
    /// The invite is refused.
    #[error("the invite is not valid")]
    InviteNotValid,
    /// Nobody can register there.
    #[error("the server gives no accounts")]
    RegistrationClosed,
    /// The server ended the stream with an error.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The connection was lost.
    #[error("connection lost: {0}")]
    Lost(String),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl ConnectError {
    /// Whether trying again by itself is of no use.
    pub(crate) fn needs_the_user(&self) -> bool {
        matches!(
            self,
            Self::Certificate(_)
                | Self::NoMechanism(_)
                | Self::WrongPassword
                | Self::NameTaken
                | Self::NameInvalid
                | Self::PasswordTooWeak
                | Self::InviteNotValid
                | Self::RegistrationClosed
        ) || self.is_conflict()
    }

    /// Another program uses our resource: two that always come back would throw
    /// each other out for ever (RFC 6120, section 4.9.3.3).
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Stream(error) if error.condition == StreamCondition::Conflict)
    }

    /// As the user interface gets it.
    pub(crate) fn to_api(&self, server: &str) -> ApiError {
        let code = match self {
            Self::Unknown(_) => ErrorCode::ServerUnknown,
            Self::Unreachable(_) | Self::Lost(_) => ErrorCode::ServerUnreachable,
            Self::NotXmpp(_) => ErrorCode::NotAChatServer,
            Self::Certificate(_) => ErrorCode::CertificateNotTrusted,
            Self::NoMechanism(_) => ErrorCode::SignInNotSupported,
            Self::WrongPassword => ErrorCode::WrongPassword,
            Self::AccountDisabled(_) => ErrorCode::AccountDisabled,
            Self::NameTaken => ErrorCode::NameTaken,
            Self::NameInvalid => ErrorCode::NameInvalid,
            Self::PasswordTooWeak => ErrorCode::PasswordTooWeak,
            Self::InviteNotValid => ErrorCode::InviteNotValid,
            Self::RegistrationClosed => ErrorCode::RegistrationClosed,
            Self::Stream(error) => match error.condition {
                StreamCondition::HostUnknown | StreamCondition::HostGone => {
                    ErrorCode::NotAChatServer
                }
                StreamCondition::NotAuthorized => ErrorCode::AccountDisabled,
                StreamCondition::SystemShutdown => ErrorCode::ServerUnreachable,
                _ => ErrorCode::ServerRefused,
            },
            Self::TimedOut => ErrorCode::TimedOut,
            Self::Internal(_) => ErrorCode::Internal,
        };
        ApiError::new(code).value("server", server).detail(self)
    }
}

impl From<std::io::Error> for ConnectError {
    fn from(error: std::io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<FramingError> for ConnectError {
    fn from(error: FramingError) -> Self {
        Self::NotXmpp(error.to_string())
    }
}

impl From<HeaderError> for ConnectError {
    fn from(error: HeaderError) -> Self {
        Self::NotXmpp(error.to_string())
    }
}

impl From<ElementError> for ConnectError {
    fn from(error: ElementError) -> Self {
        Self::NotXmpp(error.to_string())
    }
}

impl From<ScramError> for ConnectError {
    fn from(error: ScramError) -> Self {
        match error {
            // It does not know our password's verifier: not our server.
            ScramError::WrongServerSignature | ScramError::WrongBinding => {
                Self::Certificate(error.to_string())
            }
            ScramError::Password(_) | ScramError::Refused => Self::WrongPassword,
            _ => Self::NotXmpp(error.to_string()),
        }
    }
}
