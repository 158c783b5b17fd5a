//! How the connection of an account is, for who wants to know exactly.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use xmpp_core::element::build;
use xmpp_core::ns;

use super::{Account, handle::AskError};
use crate::api::{ApiError, CertificateView, ConnectionStatusView, ConnectionView, Way};
use crate::connection::Met;
use crate::store::outbox;

/// What is known of the connection that there is, and of the last that was.
#[derive(Debug, Default)]
pub(crate) struct Status {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    way: Option<Way>,
    certificate: Option<CertificateView>,
    since_ms: Option<i64>,
    caught_up_ms: Option<i64>,
}

impl Status {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account is signed in over this.
    pub(super) fn connected(&self, met: Met, now_ms: i64) {
        let mut inner = self.inner();
        inner.way = Some(met.way);
        inner.certificate = met.certificate;
        inner.since_ms = Some(now_ms);
    }

    pub(super) fn lost(&self) {
        let mut inner = self.inner();
        inner.way = None;
        inner.since_ms = None;
    }

    /// The connection is in another state.
    pub(super) fn changed(&self, view: &ConnectionView, now_ms: i64) {
        if matches!(view, ConnectionView::Online) {
            self.inner().caught_up_ms = Some(now_ms);
        }
    }
}

impl Account {
    /// Asks the server once how long it takes (XEP-0199), if there is a session.
    pub(crate) async fn status(&self) -> Result<ConnectionStatusView, ApiError> {
        let shared = &self.shared;
        let waiting = shared.store.read(outbox::count).await;
        let waiting = waiting.map_err(|error| super::Shared::cache_failed(&error))?;
        let round_trip_ms = match shared.handle() {
            Err(_) => None,
            Ok(handle) => {
                let began = Instant::now();
                let ping = build("ping", ns::PING).done();
                let domain = shared.address.domain().to_string();
                match handle.ask("get", Some(&domain), ping).await {
                    // That it cannot be pinged is an answer, too.
                    Ok(_) | Err(AskError::Refused(_)) => {
                        u32::try_from(began.elapsed().as_millis()).ok()
                    }
                    Err(_) => None,
                }
            }
        };
        let inner = shared.status.inner();
        Ok(ConnectionStatusView {
            way: inner.way,
            certificate: inner.certificate.clone(),
            round_trip_ms,
            since_ms: inner.since_ms,
            caught_up_ms: inner.caught_up_ms,
            waiting,
        })
    }
}
