//! Why a file does not get there, by what helps.

use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{datetime, ns};

use crate::account::handle::AskError;
use crate::api::{ApiError, ErrorCode};
use crate::connection::ConnectError;

/// Why an upload came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Only the user can help.
    Final(ApiError),
    /// It passes.
    Passing {
        error: ApiError,
        /// Not before, in milliseconds since the Unix epoch.
        until_ms: Option<i64>,
    },
    /// The slot is no good any more; another one may be.
    Slot(ApiError),
}

impl Trouble {
    pub(super) fn passing(error: ApiError) -> Self {
        Self::Passing {
            error,
            until_ms: None,
        }
    }
}

impl From<ErrorCode> for Trouble {
    fn from(code: ErrorCode) -> Self {
        Self::Final(code.into())
    }
}

impl From<AskError> for Trouble {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => refused(&refusal),
            other => Self::passing(other.into()),
        }
    }
}

/// What went wrong on the way to a web address.
pub(super) fn on_the_way(error: &ConnectError, host: &str) -> Trouble {
    let seen = error.to_api(host);
    if error.needs_the_user() {
        Trouble::Final(seen)
    } else {
        Trouble::passing(seen)
    }
}

/// A request for a slot is refused (XEP-0363, section 4).
fn refused(refusal: &StanzaError) -> Trouble {
    let code = |code| ApiError::new(code).detail(refusal);
    let detail = refusal.detail.as_ref();
    if let Some(large) = detail.filter(|detail| detail.is("file-too-large", ns::HTTP_UPLOAD)) {
        let limit = large
            .get_child("max-file-size", ns::HTTP_UPLOAD)
            .and_then(|limit| limit.text().trim().parse::<u64>().ok());
        let error = code(ErrorCode::FileTooLarge);
        return Trouble::Final(match limit {
            Some(limit) => error.value("limit", limit),
            None => error,
        });
    }
    match refusal.condition {
        Condition::ResourceConstraint => {
            let until_ms = detail
                .filter(|detail| detail.is("retry", ns::HTTP_UPLOAD))
                .and_then(|retry| retry.attr("stamp"))
                .and_then(datetime::parse_ms);
            let error = code(ErrorCode::FileQuota);
            match until_ms {
                Some(_) => Trouble::Passing { error, until_ms },
                None => Trouble::Final(error),
            }
        }
        Condition::Forbidden | Condition::NotAllowed | Condition::NotAuthorized => {
            Trouble::Final(code(ErrorCode::NotAllowed))
        }
        Condition::ServiceUnavailable
        | Condition::FeatureNotImplemented
        | Condition::ItemNotFound
        | Condition::RemoteServerNotFound => Trouble::Final(code(ErrorCode::FilesNotOffered)),
        Condition::InternalServerError | Condition::RemoteServerTimeout => {
            Trouble::passing(code(ErrorCode::ServerRefused))
        }
        _ => Trouble::Final(code(ErrorCode::FileRefused)),
    }
}

/// An upload is answered with something else than success.
pub(super) fn status(status: u16) -> Trouble {
    let code = |code| ApiError::new(code).detail(format!("HTTP status {status}"));
    match status {
        413 => Trouble::Final(code(ErrorCode::FileTooLarge)),
        507 => Trouble::Final(code(ErrorCode::FileQuota)),
        401 | 403 | 404 | 409 | 410 => Trouble::Slot(code(ErrorCode::FileRefused)),
        408 | 425 | 429 | 500..=599 => Trouble::passing(code(ErrorCode::ServerBusy)),
        // Whoever is sent elsewhere does not follow with somebody's file.
        _ => Trouble::Final(code(ErrorCode::FileRefused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::build;

    fn code(trouble: &Trouble) -> (&'static str, ErrorCode) {
        match trouble {
            Trouble::Final(error) => ("final", error.code),
            Trouble::Passing { error, .. } => ("passing", error.code),
            Trouble::Slot(error) => ("slot", error.code),
        }
    }

    #[test]
    fn what_is_answered_says_what_helps() {
        for (given, wanted) in [
            (413, ("final", ErrorCode::FileTooLarge)),
            (507, ("final", ErrorCode::FileQuota)),
            (403, ("slot", ErrorCode::FileRefused)),
            (404, ("slot", ErrorCode::FileRefused)),
            (503, ("passing", ErrorCode::ServerBusy)),
            (307, ("final", ErrorCode::FileRefused)),
            (400, ("final", ErrorCode::FileRefused)),
        ] {
            assert_eq!(code(&status(given)), wanted, "{given}");
        }
    }

    #[test]
    fn refusals_of_slots() {
        let large = build("file-too-large", ns::HTTP_UPLOAD)
            .child(build("max-file-size", ns::HTTP_UPLOAD).text("20000"));
        let refusal = StanzaError::from(Condition::NotAcceptable).with_detail(large);
        let Trouble::Final(error) = refused(&refusal) else {
            panic!()
        };
        assert_eq!(error.code, ErrorCode::FileTooLarge);
        assert_eq!(error.values["limit"], "20000");
        let retry = build("retry", ns::HTTP_UPLOAD).attr("stamp", "2026-01-01T00:00:00Z");
        let refusal = StanzaError::from(Condition::ResourceConstraint).with_detail(retry);
        let Trouble::Passing { until_ms, .. } = refused(&refusal) else {
            panic!()
        };
        assert_eq!(until_ms, Some(1_767_225_600_000));
        for (condition, wanted) in [
            (
                Condition::ResourceConstraint,
                ("final", ErrorCode::FileQuota),
            ),
            (Condition::Forbidden, ("final", ErrorCode::NotAllowed)),
            (
                Condition::ServiceUnavailable,
                ("final", ErrorCode::FilesNotOffered),
            ),
            (Condition::NotAcceptable, ("final", ErrorCode::FileRefused)),
            (
                Condition::InternalServerError,
                ("passing", ErrorCode::ServerRefused),
            ),
        ] {
            assert_eq!(code(&refused(&condition.into())), wanted, "{condition:?}");
        }
    }
}
