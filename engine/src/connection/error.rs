//! Why a connection does not come about, step by step.

use xmpp_core::element::ElementError;
use xmpp_core::framing::FramingError;
use xmpp_core::ns;
use xmpp_core::sasl::ScramError;
use xmpp_core::stream::{HeaderError, StreamCondition, StreamError};

use navigation::{Endpoint, SpkiPin};

use crate::api::{ApiError, CertificateView, ErrorCode};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    /// No authority that counts has signed it, or one between is missing.
    UnknownIssuer,
    /// Its time is over, or has not begun.
    Expired,
    /// It is for another server.
    WrongName,
    /// The key is another than the one that is known: this one.
    KeyChanged(SpkiPin),
    /// The server does not know what only the account's own server knows.
    Imposter,
    /// Anything else: revoked, malformed, for another purpose.
    Other,
}

/// A connection that did not come about, or ended.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name of the server is not known.
    #[error("name look-up: {0}")]
    Unknown(String),
    /// This computer has no way there.
    #[error("no route: {0}")]
    NoRoute(String),
    /// Nobody answers there.
    #[error("connection: {0}")]
    Unreachable(String),
    /// The network answers in the place of the server, and leads to a page of its
    /// own.
    #[error("the network wants a sign-in of its own: {0}")]
    Portal(String),
    /// The proxy does not answer or does not help.
    #[error("proxy: {0}")]
    Proxy(String),
    /// The proxy wants a password, or another one.
    #[error("the proxy {0} refuses name or password")]
    ProxyPassword(String),
    /// What answers is no server of ours.
    #[error("not an XMPP server: {0}")]
    NotXmpp(String),
    /// It speaks another version of XMPP.
    #[error("XMPP version {0}")]
    Version(String),
    /// The server sends us to another place.
    #[error("the server sends us to {0}")]
    Elsewhere(Box<Endpoint>),
    /// The server sends us from place to place, or to none.
    #[error("redirection: {0}")]
    Redirection(String),
    /// The server does not prove that it is the right one.
    #[error("certificate: {1}")]
    Certificate(CertificateProblem, String, Option<Box<CertificateView>>),
    /// The server offers no way to sign in that we accept.
    #[error("no common way to sign in: {0}")]
    NoMechanism(String),
    /// The server offers less than it did before: perhaps it is not the server
    /// that offers.
    #[error("weaker ways to sign in than before: {0}")]
    Downgraded(String),
    /// User name or password is wrong.
    #[error("the server refuses name or password")]
    WrongPassword,
    /// The server locks the account out for good or for a while.
    #[error("the server refuses the account: {0}")]
    AccountDisabled(String),
    /// What this device had to sign in with is worth nothing any more, though it is
    /// no mistake: it was signed out from elsewhere.
    #[error("the sign-in has expired")]
    Expired,
    /// The server refused a token and ended the stream over it.
    #[error("the server refuses the token")]
    TokenRefused,
    /// The server cannot look just now.
    #[error("the server is busy: {0}")]
    Busy(String),
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
    /// The answer of a website that is no success.
    #[error("HTTP status {0}")]
    HttpStatus(u16),
    /// More than anybody needs.
    #[error("the answer is too large")]
    TooLarge,
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The cache does not take what came: which error that is for people, and why.
    #[error("{1}")]
    Cache(ErrorCode, String),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl ConnectError {
    /// Whether trying again at once, and again, is of no use.
    pub(crate) fn needs_the_user(&self) -> bool {
        matches!(
            self,
            Self::Certificate(..)
                | Self::NoMechanism(_)
                | Self::Downgraded(_)
                | Self::ProxyPassword(_)
                | Self::WrongPassword
                | Self::Expired
                | Self::NameTaken
                | Self::NameInvalid
                | Self::PasswordTooWeak
                | Self::InviteNotValid
                | Self::RegistrationClosed
        ) || self.is_conflict()
            || matches!(self, Self::Stream(error) if is_removal(error))
    }

    /// Whether it is the user's business, and yet may be over without them: another
    /// network stands between no more, the clock was put right, the certificate renewed.
    /// Never where a try counts against the account, as a wrong password does.
    pub(crate) fn may_pass(&self) -> bool {
        // Not `NoMechanism`: some servers refuse a password with a word of their own.
        matches!(self, Self::Certificate(..) | Self::Downgraded(_))
    }

    /// Whether the server may have done what it was asked for all the same: it is the
    /// answer that did not come.
    pub(crate) fn is_lost_answer(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::TimedOut | Self::Stream(_))
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
            Self::NoRoute(_) => ErrorCode::NoNetwork,
            Self::Unreachable(_) | Self::Lost(_) => ErrorCode::ServerUnreachable,
            Self::Portal(_) => ErrorCode::CaptivePortal,
            Self::Proxy(_) => ErrorCode::ProxyFailed,
            Self::ProxyPassword(_) => ErrorCode::ProxyPassword,
            Self::NotXmpp(_) => ErrorCode::NotAChatServer,
            Self::Version(_) => ErrorCode::VersionNotSupported,
            Self::Elsewhere(_) | Self::Redirection(_) => ErrorCode::RedirectRefused,
            Self::Certificate(problem, ..) => match problem {
                CertificateProblem::Expired => ErrorCode::CertificateExpired,
                CertificateProblem::WrongName => ErrorCode::CertificateWrongName,
                CertificateProblem::KeyChanged(_) => ErrorCode::CertificateKeyChanged,
                CertificateProblem::UnknownIssuer
                | CertificateProblem::Imposter
                | CertificateProblem::Other => ErrorCode::CertificateNotTrusted,
            },
            Self::NoMechanism(_) => ErrorCode::SignInNotSupported,
            Self::Downgraded(_) => ErrorCode::SignInDowngraded,
            Self::WrongPassword | Self::TokenRefused => ErrorCode::WrongPassword,
            Self::AccountDisabled(_) => ErrorCode::AccountDisabled,
            Self::Expired => ErrorCode::SignInExpired,
            Self::Busy(_) => ErrorCode::ServerBusy,
            Self::NameTaken => ErrorCode::NameTaken,
            Self::NameInvalid => ErrorCode::NameInvalid,
            Self::PasswordTooWeak => ErrorCode::PasswordTooWeak,
            Self::InviteNotValid => ErrorCode::InviteNotValid,
            Self::RegistrationClosed => ErrorCode::RegistrationClosed,
            Self::Stream(error) if is_removal(error) => ErrorCode::AccountRemoved,
            Self::Stream(error) => match error.condition {
                StreamCondition::HostUnknown | StreamCondition::HostGone => {
                    ErrorCode::DomainNotServed
                }
                StreamCondition::NotAuthorized => ErrorCode::AccountDisabled,
                StreamCondition::SystemShutdown => ErrorCode::ServerShuttingDown,
                StreamCondition::ResourceConstraint => ErrorCode::ServerBusy,
                StreamCondition::PolicyViolation => ErrorCode::PolicyViolation,
                StreamCondition::UnsupportedVersion => ErrorCode::VersionNotSupported,
                StreamCondition::SeeOtherHost => ErrorCode::RedirectRefused,
                StreamCondition::Conflict => ErrorCode::SignedInElsewhere,
                _ => ErrorCode::ServerRefused,
            },
            // As far as people are concerned, what they look for is not there.
            Self::HttpStatus(_) => ErrorCode::ServerUnreachable,
            Self::TooLarge => ErrorCode::ServerRefused,
            Self::TimedOut => ErrorCode::TimedOut,
            Self::Cache(code, _) => *code,
            Self::Internal(_) => ErrorCode::Internal,
        };
        let error = ApiError::new(code).value("server", server).detail(self);
        match self {
            Self::Certificate(problem, _, seen) => {
                let error = match seen {
                    Some(seen) => error
                        .value("subject", &seen.subject)
                        .value("issuer", &seen.issuer)
                        .value("valid-from-ms", seen.valid_from_ms)
                        .value("valid-until-ms", seen.valid_until_ms)
                        .value("fingerprint", &seen.fingerprint),
                    None => error,
                };
                match problem {
                    CertificateProblem::KeyChanged(met) => error.value("fingerprint", met),
                    _ => error,
                }
            }
            _ => error,
        }
    }
}

/// Whether a server says with the end of a stream that the account is gone.
fn is_removal(error: &StreamError) -> bool {
    let detail = error.detail.as_deref();
    detail.is_some_and(|detail| detail.is("account-removed", ns::OWN_SESSION))
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
                Self::Certificate(CertificateProblem::Imposter, error.to_string(), None)
            }
            // Somebody between us and the server changed what it offers.
            ScramError::Downgrade => Self::Downgraded(error.to_string()),
            ScramError::Password(_) | ScramError::Refused => Self::WrongPassword,
            _ => Self::NotXmpp(error.to_string()),
        }
    }
}
