//! The life of an account: connect, run a session, wait, connect again.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::Shared;
use super::session::{Resumption, Session};
use crate::api::ConnectionView;
use crate::connection::{self, ConnectError, Purpose, SignedIn};

/// A session that lasted this long was no failure: the next wait is short again.
const GOOD_SESSION: Duration = Duration::from_secs(30);
/// The wait where trying again may help, but not soon: at least so long, and at most so
/// much longer. Many clients find out together that a certificate has run out.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);
const LOOK_AGAIN_SPREAD: Duration = Duration::from_secs(10 * 60);

/// Runs until the account is stopped.
pub(super) async fn run(shared: Arc<Shared>, mut typing: mpsc::Receiver<(String, bool)>) {
    let mut failures = 0;
    let mut resumption: Option<Resumption> = None;
    // A change while there is no session ends the wait at once, also one that
    // came in the middle of a try.
    let mut network = shared.surroundings.network();
    // Nobody asked for this try: until it changes something, what is shown stays, be it
    // the field where somebody types.
    let mut is_quiet = false;
    loop {
        if !std::mem::take(&mut is_quiet) {
            shared.set_connection(ConnectionView::Connecting);
        }
        let began = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = shared.cancel.cancelled() => break,
            outcome = connect(&shared, resumption.as_ref()) => outcome,
        };
        let error = match outcome {
            Ok(signed_in) => {
                network.mark_unchanged();
                let met = signed_in.transport.met();
                shared.status.connected(met, shared.clock.now_ms());
                let session = Session::new(&shared, signed_in, resumption.take());
                let (error, left) = Box::pin(session.run(&mut typing)).await;
                resumption = left;
                error
            }
            Err(error) => Some(error),
        };
        shared.live.lost();
        shared.status.lost();
        shared.contacts_changed();
        shared.conversations_changed();
        let Some(error) = error else { break };
        if began.elapsed() > GOOD_SESSION {
            failures = 0;
        }
        tracing::info!(account = shared.id, %error, failures, "connection ended");
        let server = {
            let way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
            way.target
                .name
                .clone()
                .unwrap_or_else(|| way.target.domain.clone())
        };
        let api_error = error.to_api(&server);
        if matches!(error, ConnectError::Expired) {
            forget(&shared).await;
        }
        if error.needs_the_user() {
            shared.set_connection(ConnectionView::Offline {
                error: Some(api_error),
            });
            let may_pass = error.may_pass();
            tokio::select! {
                biased;
                () = shared.cancel.cancelled() => break,
                () = shared.wake.notified() => {}
                Ok(()) = network.changed(), if may_pass => is_quiet = true,
                () = tokio::time::sleep(look_again(&shared)), if may_pass => is_quiet = true,
            }
            failures = 0;
            continue;
        }
        let wait = backoff(&shared, failures);
        failures += 1;
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let retry_at_ms = shared.clock.now_ms().saturating_add(wait_ms);
        shared.set_connection(ConnectionView::Waiting {
            retry_at_ms,
            error: api_error,
        });
        tokio::select! {
            biased;
            () = shared.cancel.cancelled() => break,
            () = shared.wake.notified() => failures = 0,
            Ok(()) = network.changed() => failures = 0,
            () = tokio::time::sleep(wait) => {}
        }
    }
    shared.set_connection(ConnectionView::Offline { error: None });
}

/// This device was signed out from elsewhere: it has nothing to come back with
/// until somebody types the password.
async fn forget(shared: &Shared) {
    shared.memory.forget_password(&shared.connector).await;
    let mut way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
    way.password = Zeroizing::default();
}

fn look_again(shared: &Shared) -> Duration {
    LOOK_AGAIN + LOOK_AGAIN_SPREAD.mul_f64(shared.clock.random_fraction())
}

/// Full jitter below a ceiling that doubles: many clients of a server that
/// comes back do not come at once.
pub(super) fn backoff(shared: &Shared, failures: u32) -> Duration {
    let timeouts = &shared.timeouts;
    let ceiling = timeouts
        .backoff
        .saturating_mul(2u32.saturating_pow(failures.min(16)))
        .min(timeouts.max_backoff);
    // Never nothing at all: a server that refuses at once must not spin us.
    timeouts.backoff / 4 + ceiling.mul_f64(shared.clock.random_fraction())
}

async fn connect(
    shared: &Shared,
    resumption: Option<&Resumption>,
) -> Result<SignedIn, ConnectError> {
    let (target, password) = {
        let way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
        (way.target.clone(), way.password.clone())
    };
    if password.is_empty() && shared.memory.token().is_none() {
        return Err(ConnectError::Expired);
    }
    let login = shared.login(&password);
    let purpose = Purpose::Session(resumption.map(Resumption::request));
    connection::connect(&shared.connector, &target, login, purpose).await
}
