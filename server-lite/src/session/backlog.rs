//! What waited for a client that does not read its archive (XEP-0160), in pages:
//! it gets the next when it has taken the last, and what is new after all of
//! them, so that everything comes once and in order however much it is.

use xmpp_core::Element;
use xmpp_core::stanza_error::Condition;

use super::bound::{Next, Session};
use super::delivery::delayed;
use crate::router::Entry;
use crate::store::archive::{self, Waiting};

/// Messages that are read at once.
const PAGE: usize = 200;

/// How far a client is with what waited for it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backlog {
    /// The last row it was given.
    after: i64,
    /// The last row that waited when it came: later ones come by the queue.
    up_to: i64,
    is_open: bool,
}

impl Backlog {
    /// Whether what waited goes before what is in the queue.
    pub(super) fn is_open(self) -> bool {
        self.is_open
    }

    /// Whether a message of the queue was among those that waited.
    pub(super) fn covers(self, row: Option<i64>) -> bool {
        row.is_some_and(|row| row <= self.up_to)
    }
}

impl Session {
    /// The client shows itself. From the moment when it takes messages, which
    /// has its place in the order of the archive, it gets what waits up to
    /// there, and then what is new. If that cannot be had, nobody sees it.
    pub(super) async fn shows(&mut self, presence: Element, priority: i8) -> Result<(), Condition> {
        let begins = priority >= 0 && !self.takes_messages;
        self.takes_messages = priority >= 0;
        let show = move |entry: &mut Entry| entry.presence = Some((presence, priority));
        if !begins {
            self.server.router.update(&self.user, self.number, show);
            return Ok(());
        }
        let (router, store) = (self.server.router.clone(), self.server.store.clone());
        let (user, number) = (self.user.clone(), self.number);
        let written = self.server.store.write_then(
            move |tx| {
                store.settle_delivered(tx)?;
                archive::last_id(tx)
            },
            move |last| {
                router.update(&user, number, show);
                last
            },
        );
        match written.await {
            Ok(up_to) => {
                self.backlog = Backlog {
                    after: 0,
                    up_to,
                    is_open: true,
                };
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "waiting messages not read");
                // The next presence is the first again.
                self.takes_messages = false;
                Err(Condition::InternalServerError)
            }
        }
    }

    /// Whether the client can take more of what waited.
    pub(super) fn may_take_backlog(&self) -> bool {
        self.backlog.is_open && self.is_connected() && self.backlog_room() > 0 && !self.has_enough()
    }

    /// Whether the client has to be asked what it has, as it gets nothing more
    /// before it says so: neither what waited nor what is new.
    pub(super) fn must_ask(&self) -> bool {
        self.backlog.is_open && self.is_connected() && !self.may_take_backlog() && self.may_insist()
    }

    /// Whether more would be too much: many long ones must not end the session
    /// of who they are for. Whoever has acknowledged everything gets the next
    /// one all the same: what is new may be much by itself, and comes after it.
    fn has_enough(&self) -> bool {
        self.unacknowledged() > 0 && self.keeps_much()
    }

    fn backlog_room(&self) -> usize {
        let limit = self.server.config.limits.session_queue / 2;
        limit.max(1).saturating_sub(self.unacknowledged())
    }

    /// Sends the next page.
    pub(super) async fn send_backlog(&mut self) -> Next {
        let wanted = Waiting {
            after: self.backlog.after,
            up_to: self.backlog.up_to,
            passing_only: self.reads_archive,
            max: PAGE.min(self.backlog_room()),
        };
        let owner = self.user.clone();
        let read = self
            .server
            .store
            .read(move |db| archive::waiting(db, &owner, wanted));
        let (page, is_cut) = match read.await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%error, "waiting messages not read");
                self.backlog.is_open = false;
                return Next::Go;
            }
        };
        self.backlog.is_open = is_cut;
        let own = self.server.bare(&self.user);
        let domain = self.server.domain().to_owned();
        for message in page {
            if self.has_enough() {
                // What is left of the page is read again.
                self.backlog.is_open = true;
                return Next::Go;
            }
            self.backlog.after = message.id;
            // It was named by its full address, and has it.
            if self.has_unacknowledged(message.id) {
                continue;
            }
            let next = self.send(delayed(&message, &own, &domain)).await;
            if !matches!(next, Next::Go) {
                // The rest comes if the connection does.
                self.backlog.is_open = true;
                return next;
            }
        }
        if self.reads_archive {
            self.backlog.up_to = 0;
        }
        Next::Go
    }
}
