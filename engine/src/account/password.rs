//! Another password for the account, asked of its server (XEP-0077, section 3.3).

use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::Account;
use super::handle::{AskError, Handle};
use crate::api::{ApiError, ErrorCode};

/// Why the server has not said yes.
#[derive(Debug)]
pub(crate) enum NotChanged {
    /// It has said no, or was not asked: all is as before.
    Refused(ApiError),
    /// It has not answered: it may have done it all the same.
    Unanswered(ApiError),
}

impl Account {
    /// Asks the server to take another password. It goes over the stream of the session,
    /// which is never in clear.
    pub(crate) async fn ask_for_password(&self, new: &str) -> Result<(), NotChanged> {
        let handle = self.shared.handle().map_err(NotChanged::Refused)?;
        let username = &self.shared.username;
        let mut answer = ask(&handle, None, username, new).await;
        if matches!(&answer, Err(AskError::Refused(error)) if is_elsewhere(error)) {
            // COMPAT: some answer this for the account only, some for the server only.
            let server = self.shared.address.domain().as_str();
            answer = ask(&handle, Some(server), username, new).await;
        }
        match answer {
            Ok(()) => Ok(()),
            Err(AskError::Refused(error)) => Err(NotChanged::Refused(refused(&error))),
            Err(error @ (AskError::NotConnected | AskError::TimedOut)) => {
                let unknown = ApiError::new(ErrorCode::TimedOut).detail(error);
                Err(NotChanged::Unanswered(unknown))
            }
        }
    }
}

async fn ask(handle: &Handle, to: Option<&str>, username: &str, new: &str) -> Result<(), AskError> {
    let query = build("query", ns::REGISTER)
        .child(build("username", ns::REGISTER).text(username))
        .child(build("password", ns::REGISTER).text(new));
    handle.ask("set", to, query.done()).await.map(drop)
}

/// Whether nobody is there who could do it.
fn is_elsewhere(error: &StanzaError) -> bool {
    matches!(
        error.condition,
        Condition::ServiceUnavailable | Condition::FeatureNotImplemented
    )
}

fn refused(error: &StanzaError) -> ApiError {
    let code = match error.condition {
        Condition::NotAcceptable | Condition::BadRequest | Condition::PolicyViolation => {
            ErrorCode::PasswordTooWeak
        }
        Condition::NotAllowed | Condition::Forbidden => ErrorCode::NotAllowed,
        _ if is_elsewhere(error) => ErrorCode::NotSupported,
        Condition::ResourceConstraint => ErrorCode::ServerBusy,
        _ => ErrorCode::ServerRefused,
    };
    ApiError::new(code).detail(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_a_sentence() {
        for (condition, code) in [
            (Condition::NotAcceptable, ErrorCode::PasswordTooWeak),
            (Condition::BadRequest, ErrorCode::PasswordTooWeak),
            (Condition::NotAllowed, ErrorCode::NotAllowed),
            (Condition::ServiceUnavailable, ErrorCode::NotSupported),
            (Condition::InternalServerError, ErrorCode::ServerRefused),
        ] {
            assert_eq!(refused(&condition.into()).code, code, "{condition:?}");
        }
    }
}
