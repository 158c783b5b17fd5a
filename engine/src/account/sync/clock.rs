//! Whether the clock of this computer is right, by that of the server (XEP-0202).
//! The order of messages does not depend on it, but times that are shown do.

use std::sync::PoisonError;

use xmpp_core::element::build;
use xmpp_core::{datetime, ns};

use crate::account::Shared;
use crate::account::handle::Handle;
use crate::api::Event;
use crate::connection::ConnectError;

/// A clock that is wrong by less is nobody's trouble.
const WORTH_A_WORD_MS: i64 = 10 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// Asks once in a session.
pub(super) async fn compare(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let server = shared.address.domain().as_str();
    let asked = build("time", ns::TIME).done();
    let answer = match handle.ask("get", Some(server), asked).await {
        Ok(answer) => answer,
        Err(error) => return super::or_go_on(error, "the server does not say what time it is"),
    };
    let time = answer.get_child("time", ns::TIME);
    let utc = time.and_then(|time| time.get_child("utc", ns::TIME));
    let Some(theirs) = utc.and_then(|utc| datetime::parse_ms(&utc.text())) else {
        return Ok(());
    };
    let ahead = shared.clock.now_ms().saturating_sub(theirs);
    let wrong = (ahead.saturating_abs() >= WORTH_A_WORD_MS).then_some(ahead / MINUTE_MS);
    let known = std::mem::replace(
        &mut *shared
            .clock_wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
        wrong,
    );
    if known != wrong {
        tracing::info!(account = shared.id, ?wrong, "minutes ahead of the server");
        shared.events.publish(Event::AccountsChanged);
    }
    Ok(())
}
