//! Why somebody refused a message (RFC 6120, section 8.3.3).

use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use crate::api::ErrorCode;

/// The code of a refusal, for whoever wrote the message.
pub(super) fn code(error: &StanzaError) -> ErrorCode {
    let detail = error.detail.as_deref();
    if detail.is_some_and(|detail| detail.is("blocked", ns::BLOCKING_ERRORS)) {
        return ErrorCode::RecipientBlocked;
    }
    match error.condition {
        Condition::ItemNotFound | Condition::JidMalformed | Condition::RemoteServerNotFound => {
            ErrorCode::RecipientUnknown
        }
        Condition::Gone | Condition::Redirect => ErrorCode::RecipientGone,
        Condition::RecipientUnavailable
        | Condition::RemoteServerTimeout
        | Condition::ResourceConstraint => ErrorCode::RecipientUnavailable,
        Condition::Forbidden
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::RegistrationRequired
        | Condition::SubscriptionRequired => ErrorCode::NotAllowed,
        Condition::PolicyViolation => ErrorCode::MessageTooLarge,
        // A server says "service unavailable" of whoever is not there, has
        // blocked us, or cannot take messages: on purpose one does not learn
        // which (RFC 6121, section 8.5.1; XEP-0191, section 5).
        _ => ErrorCode::MessageRejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::build;

    #[test]
    fn conditions_have_codes_that_somebody_can_act_on() {
        for (condition, wanted) in [
            (Condition::ItemNotFound, ErrorCode::RecipientUnknown),
            (Condition::Gone, ErrorCode::RecipientGone),
            (
                Condition::RemoteServerTimeout,
                ErrorCode::RecipientUnavailable,
            ),
            (Condition::Forbidden, ErrorCode::NotAllowed),
            (Condition::PolicyViolation, ErrorCode::MessageTooLarge),
            (Condition::NotAcceptable, ErrorCode::MessageRejected),
            (Condition::ServiceUnavailable, ErrorCode::MessageRejected),
        ] {
            assert_eq!(code(&condition.into()), wanted, "{condition:?}");
        }
        let blocked = StanzaError::from(Condition::NotAcceptable)
            .with_detail(build("blocked", ns::BLOCKING_ERRORS));
        assert_eq!(code(&blocked), ErrorCode::RecipientBlocked);
    }
}
