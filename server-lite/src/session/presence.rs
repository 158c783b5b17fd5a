//! Presence (RFC 6121, section 4): it goes to those who may see it, and is
//! written out once for all of them.

use std::collections::HashSet;
use std::sync::Arc;

use jid::{FullJid, Jid};
use tokio::time::Instant;
use xmpp_core::element::{build, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::bound::Session;
use super::messages::blocked;
use crate::clock;
use crate::kept;
use crate::people;
use crate::pep;
use crate::rooms;
use crate::roster::state::Kind;
use crate::roster::{self, unavailable};
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::activity::{self, LastSeen};

/// Longest status that is kept of who went away, in characters.
const MAX_STATUS: usize = 1024;

/// What a session has said of its presence.
#[derive(Default)]
pub(super) struct Said {
    /// Those that were told by name, and have to hear of its end (section 4.6).
    directed: HashSet<Jid>,
}

impl Session {
    /// Takes a presence of the client; gives what it is answered.
    pub(super) async fn presence(&mut self, presence: &Element) -> Vec<Outgoing> {
        // Others are shown it for as long as it holds.
        let kept = match presence.attr("type") {
            None => kept::check(presence, kept::MAX_KEPT),
            Some(_) => Ok(()),
        };
        let mut presence = presence.clone();
        set_attr(&mut presence, "from", Some(self.address.as_str()));
        if let Err(error) = kept {
            let reply = error.reply_to(&presence);
            return reply.iter().filter_map(Outgoing::of).collect();
        }
        if presence.attr("type").is_none() {
            pep::stamp(&self.server, &self.user, self.number, &mut presence).await;
        }
        let to = match presence.attr("to").map(Jid::new) {
            None => None,
            Some(Ok(to)) => Some(to),
            Some(Err(_)) => return refusal(Condition::JidMalformed, &presence),
        };
        if let Some(to) = &to
            && self.server.blocks(&self.user, to.as_str())
        {
            let reply = blocked().reply_to(&presence);
            return reply.iter().filter_map(Outgoing::of).collect();
        }
        if let Some(to) = &to
            && to.domain().as_str() == self.server.rooms.domain
        {
            let limit = self.server.config.limits.room_presences_per_minute;
            let is_end = presence.attr("type") == Some("unavailable");
            if !self.pace.may_show_in_room(limit, Instant::now()) && !is_end {
                return refusal(Condition::ResourceConstraint, &presence);
            }
            let sender = self.as_sender();
            let answers = rooms::presence(&self.server, &sender, to, presence).await;
            return answers.iter().filter_map(Outgoing::of).collect();
        }
        let limit = self.server.config.limits.presences_per_minute;
        // An end is always heard: there is one for each beginning.
        let is_end = to.is_none() && presence.attr("type") == Some("unavailable");
        if !self.pace.may_show(limit, Instant::now()) && !is_end {
            return refusal(Condition::ResourceConstraint, &presence);
        }
        if let Some(to) = to {
            return self.directed(presence, &to).await;
        }
        match presence.attr("type") {
            None => self.available(presence).await,
            Some("unavailable") => {
                self.unavailable(&presence);
                Vec::new()
            }
            // A client must not broadcast anything else.
            Some(_) => refusal(Condition::BadRequest, &presence),
        }
    }

    async fn available(&mut self, presence: Element) -> Vec<Outgoing> {
        let Some(outgoing) = Outgoing::of(&presence) else {
            return refusal(Condition::BadRequest, &presence);
        };
        let priority = presence
            .get_child("priority", ns::CLIENT)
            .and_then(|priority| priority.text().trim().parse::<i8>().ok())
            .unwrap_or(0);
        // First what others read, then who they are: whoever may see it from
        // this moment on gets it from there.
        if let Err(condition) = self.shows(presence.clone(), priority).await {
            return refusal(condition, &presence);
        }
        let first = !std::mem::replace(&mut self.was_available, true);
        broadcast(&self.server, &self.user, self.address.as_str(), &outgoing);
        let session = (self.number, &self.address);
        pep::seen(&self.server, &self.user, session, &presence, first).await;
        if !first {
            return Vec::new();
        }
        self.deliver_requests().await;
        people::greet(&self.server, &self.user).await;
        // Where other servers would be asked (section 4.3), all is known here.
        let sources = self.server.sources(&self.user);
        let number = self.number;
        let mut others = self.server.router.presences(|user, entry| {
            entry.number != number
                && sources.has(user)
                && !self.is_parted_from(user, &entry.resource)
        });
        let own = self.server.bare(&self.user);
        for other in &mut others {
            *other = other.to(&own);
        }
        others
    }

    /// Whether a block stands between it and a session of another account.
    fn is_parted_from(&self, other: &str, resource: &str) -> bool {
        let address = self.address.as_str();
        self.server.parts(&self.user, address, other, resource)
    }

    /// Requests that have waited for somebody to come (section 3.1.3).
    async fn deliver_requests(&mut self) {
        for outgoing in roster::requests(&self.server, &self.user).await {
            self.server
                .router
                .deliver(&self.user, &outgoing, |entry| entry.number == self.number);
        }
    }

    fn unavailable(&mut self, presence: &Element) {
        let was_available = std::mem::take(&mut self.was_available);
        self.server
            .router
            .update(&self.user, self.number, |entry| entry.presence = None);
        self.takes_messages = false;
        if let Some(outgoing) = Outgoing::of(presence) {
            self.tell_end(&outgoing, was_available);
        }
        if was_available {
            self.note_seen(presence.get_child("status", ns::CLIENT));
        }
        leave_rooms(&self.server, self.number);
    }

    /// The session is over, and out of the router.
    pub(super) fn gone(&mut self, was_available: bool) {
        if let Some(outgoing) = unavailable(self.address.as_str()) {
            self.tell_end(&outgoing, was_available);
        }
        if was_available {
            self.note_seen(None);
        }
        leave_rooms(&self.server, self.number);
    }

    /// Tells the end of a presence to all who have heard of it (sections 4.5
    /// and 4.6.3).
    fn tell_end(&mut self, outgoing: &Outgoing, was_available: bool) {
        let router = &self.server.router;
        let audience = self.server.audience(&self.user);
        if was_available {
            // The session itself too (section 4.5.2).
            let address = |user: &str| self.server.bare(user);
            router.tell(&audience, outgoing, address, |user, entry| {
                (entry.presence.is_some() || entry.number == self.number)
                    && !self.is_parted_from(user, &entry.resource)
            });
        }
        for to in std::mem::take(&mut self.presences.directed) {
            let Some(user) = self.server.localpart(&to.to_bare()) else {
                continue;
            };
            let has_heard = was_available && audience.has(&user);
            let resource = to.resource();
            let addressed = outgoing.to(&self.server.bare(&user));
            router.deliver(&user, &addressed, |entry| match resource {
                Some(named) => {
                    named.as_str() == entry.resource && !(has_heard && entry.presence.is_some())
                }
                None => entry.presence.is_some() && !has_heard,
            });
        }
    }

    /// The last session of somebody goes (XEP-0012).
    fn note_seen(&self, status: Option<&Element>) {
        if self.server.router.is_available(&self.user) {
            return;
        }
        let status = status.map(Element::text).unwrap_or_default();
        let seen = LastSeen {
            time_ms: clock::now_ms(),
            status: status.chars().take(MAX_STATUS).collect(),
        };
        self.server.rosters.note_seen(&self.user, seen.clone());
        let (store, user) = (self.server.store.clone(), self.user.clone());
        self.server.tasks.spawn(async move {
            let written = store.write(move |tx| activity::set(tx, &user, &seen));
            if let Err(error) = written.await {
                tracing::debug!(%error, "last activity not noted");
            }
        });
    }

    /// Presence for one address (sections 3, 4.3 and 4.6).
    async fn directed(&mut self, presence: Element, to: &Jid) -> Vec<Outgoing> {
        let Some(user) = self.server.localpart(&to.to_bare()) else {
            return if to.domain().as_str() == self.server.domain() {
                Vec::new()
            } else {
                refusal(Condition::RemoteServerNotFound, &presence)
            };
        };
        // Whoever is blocked hears nothing (XEP-0191, section 3.3).
        if self.server.blocks(&user, self.address.as_str()) {
            return Vec::new();
        }
        let kind = presence.attr("type");
        if let Some(kind) = kind.and_then(Kind::from_type) {
            return self.subscription(presence, &user, kind).await;
        }
        match kind {
            Some("probe") => return self.probe(&user, to),
            None => {
                let limit = self.server.config.limits.directed_presences;
                let directed = &mut self.presences.directed;
                if directed.len() >= limit && !directed.contains(to) {
                    return refusal(Condition::ResourceConstraint, &presence);
                }
                directed.insert(to.clone());
            }
            Some("unavailable") => {
                self.presences.directed.remove(to);
            }
            // Errors are for one session; nothing else is known.
            Some("error") if to.resource().is_some() => {}
            Some("error") => return Vec::new(),
            Some(_) => return refusal(Condition::BadRequest, &presence),
        }
        if let Some(outgoing) = Outgoing::of(&presence) {
            let resource = to.resource();
            self.server
                .router
                .deliver(&user, &outgoing, |entry| match resource {
                    Some(named) => named.as_str() == entry.resource,
                    None => entry.presence.is_some(),
                });
        }
        Vec::new()
    }

    async fn subscription(
        &mut self,
        mut presence: Element,
        contact: &str,
        kind: Kind,
    ) -> Vec<Outgoing> {
        let (own, other) = (self.server.bare(&self.user), self.server.bare(contact));
        if own == other {
            // Everybody sees themselves.
            return Vec::new();
        }
        if self.server.rosters.shared {
            // Colleagues are subscribed to each other already, and stay so.
            let granted = build("presence", ns::CLIENT)
                .attr("type", "subscribed")
                .attr("from", other)
                .attr("to", own);
            let is_asked = kind == Kind::Subscribe;
            let answer = is_asked && self.server.is_colleague(&self.user, contact);
            let answer = answer.then(|| Outgoing::of(&granted.done())).flatten();
            return answer.into_iter().collect();
        }
        if kind == Kind::Subscribe {
            // Whoever was invited is expected (XEP-0379).
            let token = presence
                .get_child("preauth", ns::PREAUTH)
                .and_then(|preauth| preauth.attr("token"));
            if let Some(token) = token
                && people::welcomed(&self.server, contact, token).await
            {
                people::acquaint(&self.server, contact, &self.user).await;
                return Vec::new();
            }
        }
        // Subscriptions are between people, not between sessions (section 3.1.2).
        let asked = presence.clone();
        set_attr(&mut presence, "from", Some(&own));
        set_attr(&mut presence, "to", Some(&other));
        let done = roster::subscription(&self.server, &self.user, contact, kind, &presence);
        match done.await {
            Ok(()) => Vec::new(),
            Err(error) => {
                let reply = error.reply_to(&asked);
                reply.iter().filter_map(Outgoing::of).collect()
            }
        }
    }

    /// What is known of somebody's presence (section 4.3.2).
    fn probe(&self, contact: &str, to: &Jid) -> Vec<Outgoing> {
        let from = to.to_bare();
        if !self.server.may_see_presence(contact, &self.user) {
            let refused = build("presence", ns::CLIENT)
                .attr("type", "unsubscribed")
                .attr("from", from.as_str())
                .attr("to", self.address.to_bare().as_str());
            return Outgoing::of(&refused.done()).into_iter().collect();
        }
        let mut found = self.server.router.shown_by(contact);
        if let Some(resource) = to.resource() {
            found.retain(|(other, _)| other == resource.as_str());
        }
        if found.is_empty() {
            found.extend(unavailable(to.as_str()).map(|gone| (String::new(), gone)));
        }
        let own = self.server.bare(&self.user);
        let addressed = found.iter().map(|(_, presence)| presence.to(&own));
        addressed.collect()
    }
}

/// A new session takes an address over: for others the old one ends now, as
/// the new one may say something of its presence later, or never.
pub(super) fn take_over(server: &Server, user: &str, address: &FullJid) {
    let resource = address.resource().as_str();
    let shown = server.router.shown_by(user);
    if shown.iter().any(|(other, _)| other == resource)
        && let Some(outgoing) = unavailable(address.as_str())
    {
        broadcast(server, user, address.as_str(), &outgoing);
    }
}

/// Gives something about the presence of a session to all who may see it.
pub(crate) fn broadcast(server: &Server, user: &str, address: &str, outgoing: &Outgoing) {
    let audience = server.audience(user);
    let to = |user: &str| server.bare(user);
    server.router.tell(&audience, outgoing, to, |other, entry| {
        entry.presence.is_some() && !server.parts(user, address, other, &entry.resource)
    });
}

/// Whoever is unavailable is in no room (XEP-0045, section 7.14).
pub(super) fn leave_rooms(server: &Arc<Server>, session: u64) {
    let over = server.rooms.leave_all(&server.router, session);
    if !over.is_empty() {
        let server = Arc::clone(server);
        let tasks = server.tasks.clone();
        tasks.spawn(async move { rooms::forget(&server, over).await });
    }
}

fn refusal(condition: Condition, stanza: &Element) -> Vec<Outgoing> {
    let reply = StanzaError::from(condition).reply_to(stanza);
    reply.iter().filter_map(Outgoing::of).collect()
}
