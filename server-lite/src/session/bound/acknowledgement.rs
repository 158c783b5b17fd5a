//! Stream management of a bound session: counting, asking, resuming (XEP-0198).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use xmpp_core::element::build;
use xmpp_core::stream::StreamCondition;
use xmpp_core::stream_management::{Inbound, Outbound};
use xmpp_core::{Element, ns};

use super::{Next, Session};
use crate::Limits;
use crate::clock;
use crate::router::Outgoing;
use crate::session::ResumeRequest;

/// Stanzas that are taken from the queue before the peer is asked to acknowledge.
const ASK_AFTER: usize = 50;

pub(super) struct Sm {
    id: String,
    pub(super) resumable: bool,
    /// How long it waits for another connection.
    pub(super) resumption: Duration,
    inbound: Inbound,
    outbound: Outbound<Outgoing>,
    /// Whether an answer to `<r/>` is outstanding.
    asked: bool,
    since_asked: usize,
    /// Whether anything was sent or acknowledged since then.
    moved: bool,
    /// Of so many that are kept, the oldest, its owner has heard by another way.
    told: usize,
}

impl Sm {
    /// Keeps a stanza until it is acknowledged.
    pub(super) fn sent(&mut self, outgoing: Outgoing) {
        self.outbound.sent(outgoing);
        self.since_asked += 1;
        self.moved = true;
    }

    /// What is kept, oldest first.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Outgoing> {
        self.outbound.iter()
    }

    /// Those of them that its owner has heard of by no other way.
    pub(super) fn untold(&self) -> impl Iterator<Item = &Outgoing> {
        self.outbound.iter().skip(self.told)
    }

    /// Its owner has heard of all that is kept.
    pub(super) fn has_told(&mut self) {
        self.told = self.outbound.len();
    }

    /// Whether it keeps more than so many times what should wait. `bytes` are
    /// those of the whole session, of which half as many times are too many.
    pub(super) fn keeps_over(&self, limits: &Limits, bytes: usize, times: usize) -> bool {
        self.outbound.len() > limits.session_queue.saturating_mul(times)
            || bytes > (limits.session_bytes / 2).saturating_mul(times)
    }

    /// Whether to ask now: when nothing more waits, or after many.
    pub(super) fn may_ask(&self, nothing_waits: bool) -> bool {
        !self.asked && (nothing_waits || self.since_asked >= ASK_AFTER)
    }
}

impl Session {
    /// Whether so much is not acknowledged that nothing should be added to it
    /// without need.
    pub(in crate::session) fn keeps_much(&self) -> bool {
        let limits = &self.server.config.limits;
        let bytes = self.queue.all_bytes();
        self.sm
            .as_ref()
            .is_some_and(|sm| sm.keeps_over(limits, bytes, 1))
    }

    /// Whether to ask where nothing goes on without an answer. Not again before
    /// something has changed: who answers that it has no more than before would
    /// be asked without end.
    pub(in crate::session) fn may_insist(&self) -> bool {
        let sm = self.sm.as_ref();
        sm.is_some_and(|sm| !sm.asked && sm.moved && !sm.outbound.is_empty())
    }

    pub(super) async fn stream_management(&mut self, element: &Element) -> Next {
        match element.name() {
            "enable" => self.enable(element).await,
            "r" => {
                // The answer covers what is on disk.
                let settled = self.settle().await;
                if !matches!(settled, Next::Go) {
                    return settled;
                }
                let Some(sm) = &self.sm else {
                    return unexpected();
                };
                let answer = build("a", ns::SM)
                    .attr("h", sm.inbound.h().to_string())
                    .done();
                self.write(&answer).await
            }
            "a" => match element.attr("h").and_then(|h| h.parse().ok()) {
                Some(h) => self.acknowledged(h),
                None => unexpected(),
            },
            _ => unexpected(),
        }
    }

    async fn enable(&mut self, element: &Element) -> Next {
        // What came before is not counted, even if it is on its way to the disk.
        let settled = self.settle().await;
        if !matches!(settled, Next::Go) {
            return settled;
        }
        let answer = self.enable_now(element);
        self.write(&answer).await
    }

    /// Begins to count; gives the answer.
    pub(super) fn enable_now(&mut self, element: &Element) -> Element {
        if self.sm.is_some() {
            return out_of_turn();
        }
        let Ok(id) = clock::random_secret() else {
            return failed("internal-server-error");
        };
        let resumable = matches!(element.attr("resume"), Some("true" | "1"));
        let mut enabled = build("enabled", ns::SM);
        // As long as the client wants, but not longer than we do.
        let wanted = element.attr("max").and_then(|max| max.parse().ok());
        let resumption = self.server.config.limits.resumption;
        let resumption = wanted.map_or(resumption, |wanted| {
            resumption.min(Duration::from_secs(wanted))
        });
        if resumable {
            let seconds = resumption.as_secs();
            enabled = enabled
                .attr("id", &id)
                .attr("resume", "true")
                .attr("max", seconds.to_string());
            let resumption_id = id.clone();
            self.server.router.update(&self.user, self.number, |entry| {
                entry.resumption_id = Some(resumption_id);
            });
        }
        self.sm = Some(Sm {
            id,
            resumable,
            resumption,
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            asked: false,
            since_asked: 0,
            moved: false,
            told: 0,
        });
        enabled.done()
    }

    fn acknowledged(&mut self, h: u32) -> Next {
        let Some(sm) = &mut self.sm else {
            return unexpected();
        };
        match sm.outbound.acknowledge(h) {
            Ok(settled) => {
                sm.asked = false;
                sm.moved |= !settled.is_empty();
                sm.told = sm.told.saturating_sub(settled.len());
                self.queue.release(settled.iter().map(Outgoing::size).sum());
                let rows: Vec<i64> = settled
                    .into_iter()
                    .filter_map(|outgoing| outgoing.archived)
                    .collect();
                self.mark_delivered(&rows);
                Next::Go
            }
            Err(error) => Next::End(Some(error.into())),
        }
    }

    /// Notes that messages need not be delivered again. Nobody waits for it:
    /// if it is lost, the client sees a message twice under the same id.
    pub(super) fn mark_delivered(&mut self, rows: &[i64]) {
        if !self.server.store.note_delivered(rows) {
            return;
        }
        let store = self.server.store.clone();
        let mut noting = Box::pin(async move {
            let settling = store.clone();
            let marked = store.write(move |tx| settling.settle_delivered(tx)).await;
            if let Err(error) = marked {
                tracing::debug!(%error, "delivery not noted");
            }
        });
        // Into the writer's queue at once: the last one is done after all others.
        if noting.as_mut().now_or_never().is_none() {
            self.noting = Some(self.server.tasks.spawn(noting));
        }
    }

    /// How many stanzas the client may not have yet.
    pub(in crate::session) fn unacknowledged(&self) -> usize {
        self.sm.as_ref().map_or(0, |sm| sm.outbound.len())
    }

    /// Whether the client was sent this row and has not acknowledged it.
    pub(in crate::session) fn has_unacknowledged(&self, row: i64) -> bool {
        self.sm
            .as_ref()
            .is_some_and(|sm| sm.outbound.iter().any(|sent| sent.archived == Some(row)))
    }

    /// Another connection goes on with this session (XEP-0198, section 5).
    pub(super) async fn resumed(&mut self, request: Box<ResumeRequest>) -> Next {
        let settled = self.settle().await;
        if let Some(old) = self.transport.take() {
            // The old connection hangs; the client knows better.
            let server = Arc::clone(&self.server);
            server
                .tasks
                .spawn(old.close(Some(StreamCondition::Conflict.into())));
        }
        if matches!(settled, Next::End(_)) {
            return settled;
        }
        let ResumeRequest {
            transport,
            h,
            success,
        } = *request;
        let acknowledged = self.acknowledged(h);
        self.transport = Some(transport);
        if !matches!(acknowledged, Next::Go) {
            return acknowledged;
        }
        self.lost = None;
        self.note_connection();
        self.heard = Instant::now();
        self.asked = false;
        let Some(sm) = &mut self.sm else {
            return unexpected();
        };
        sm.asked = false;
        let resumed = build("resumed", ns::SM)
            .attr("previd", &sm.id)
            .attr("h", sm.inbound.h().to_string())
            .done();
        let again: VecDeque<Outgoing> = sm.outbound.iter().cloned().collect();
        tracing::debug!(address = %self.address, again = again.len(), "session resumed");
        let said = match &success {
            None => self.write(&resumed).await,
            // In the same breath as the sign-in (XEP-0388).
            Some(success) => match success.bound_xml(self.address.as_str(), resumed) {
                Ok([success, features]) => match self.write_text(&success).await {
                    Next::Go => self.write_text(&features).await,
                    lost => lost,
                },
                Err(_) => Next::End(Some(StreamCondition::InternalServerError.into())),
            },
        };
        let mut next = said;
        for outgoing in again {
            if matches!(next, Next::Go) {
                next = self.write_text(&outgoing.xml).await;
            }
        }
        if matches!(next, Next::Go) {
            next = self.ask().await;
        }
        // A client is active when it comes back (XEP-0352, section 5.2).
        let released = self.release().await;
        self.held = None;
        released.or(next)
    }

    pub(super) fn count(&mut self) {
        if let Some(sm) = &mut self.sm {
            sm.inbound.handled_one();
        }
    }

    pub(super) async fn ask(&mut self) -> Next {
        let Some(sm) = &mut self.sm else {
            return Next::Go;
        };
        if sm.outbound.is_empty() {
            return Next::Go;
        }
        sm.asked = true;
        sm.since_asked = 0;
        sm.moved = false;
        self.write(&build("r", ns::SM).done()).await
    }
}

/// `<enable/>` at the wrong moment (section 3).
pub(in crate::session) fn out_of_turn() -> Element {
    failed("unexpected-request")
}

fn failed(condition: &str) -> Element {
    build("failed", ns::SM)
        .child(build(condition, ns::STANZA_ERRORS))
        .done()
}

fn unexpected() -> Next {
    Next::End(Some(StreamCondition::PolicyViolation.into()))
}
