//! What a session could not tell its client: of messages its owner hears by
//! another way (XEP-0357), of requests whoever has asked (RFC 6120, section 8.2.3).

use jid::{FullJid, Jid};
use xmpp_core::rules::MessageKind;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, element, ns};

use super::Session;
use super::acknowledgement::Sm;
use crate::push::Notice;
use crate::rooms;
use crate::router::Outgoing;

impl Session {
    /// What the client may not have, oldest first.
    fn unheard(&self) -> Vec<Outgoing> {
        let kept = self.sm.iter().flat_map(|sm| sm.kept()).cloned();
        kept.chain(self.queue.all()).collect()
    }

    /// The connection is lost: tells of the newest message that may have gone into
    /// it. While it seemed to be there, nobody was told.
    pub(super) fn tell_of_unheard(&mut self) {
        // Where this session does not take messages, somebody was.
        if self.takes_messages && !self.server.router.reaches(&self.user) {
            let kept = self.sm.iter().flat_map(Sm::untold).cloned();
            // Those of rooms are told of as they are taken from the queue.
            let queued = self.queue.all().into_iter();
            let queued = queued.filter(|outgoing| outgoing.archived.is_some());
            let unheard: Vec<Outgoing> = kept.chain(queued).collect();
            let mut newest_first = unheard.iter().rev();
            let newest = newest_first.find_map(|outgoing| self.notice_of(outgoing));
            self.server.push.missed(&self.server.router, newest);
        }
        self.told_of_kept();
    }

    /// A connection that breaks before anything is acknowledged is no news.
    fn told_of_kept(&mut self) {
        self.sm.iter_mut().for_each(Sm::has_told);
    }

    /// Tells of a message that waits with its session to be resumed: one of a
    /// room. (Others are told of when they are stored.)
    pub(super) fn tell_of_queued(&mut self, outgoing: &Outgoing) {
        if outgoing.archived.is_none() {
            let notice = self.notice_of(outgoing);
            self.server.push.missed(&self.server.router, notice);
        }
        self.told_of_kept();
    }

    fn notice_of(&self, outgoing: &Outgoing) -> Option<Notice> {
        let xml = &outgoing.xml;
        // Most others need not be read for that.
        let has_text = xml.contains("<body") || xml.contains("encrypted");
        if !has_text || !xml.starts_with("<message") {
            return None;
        }
        let message = element::parse(xml.as_bytes()).ok()?;
        let kind = MessageKind::of(&message);
        if matches!(kind, MessageKind::Headline | MessageKind::Error)
            // It is from before the session, and was told of then.
            || message.has_child("delay", ns::DELAY)
        {
            return None;
        }
        let from = Jid::new(message.attr("from")?).ok()?;
        let own = self.address.to_bare();
        // One's own words, as a room gives them back, too.
        if from.to_bare() == own || self.server.rooms.is_of(&from, own.as_str()) {
            return None;
        }
        let sender = match outgoing.archived {
            Some(_) => from.to_bare().to_string(),
            None => from.to_string(),
        };
        self.server.push.notice(&self.user, &sender, &message)
    }

    /// The session is over: whoever has asked it something that it may not have
    /// seen waits for no answer any more.
    pub(super) async fn refuse_unheard(&mut self) {
        let sender = self.as_sender();
        for outgoing in self.unheard() {
            let Some((asker, refusal)) = refusal_of(&outgoing) else {
                continue;
            };
            if asker.domain().as_str() == self.server.rooms.domain {
                // The room alone knows whose nickname it is.
                let to = Jid::from(asker);
                drop(rooms::iq(&self.server, &sender, &to, &refusal).await);
            } else if let Some(user) = self.server.localpart(&asker.to_bare())
                && let Some(refusal) = Outgoing::of(&refusal)
            {
                let resource = asker.resource().as_str();
                self.server
                    .router
                    .deliver(&user, &refusal, |entry| entry.resource == resource);
            }
        }
    }
}

/// The error for whoever has asked, if this is a request of another session: what
/// the server asks comes from none.
fn refusal_of(outgoing: &Outgoing) -> Option<(FullJid, Element)> {
    if !outgoing.xml.starts_with("<iq") {
        return None;
    }
    let iq = element::parse(outgoing.xml.as_bytes()).ok()?;
    if !matches!(iq.attr("type"), Some("get" | "set")) {
        return None;
    }
    let asker = FullJid::new(iq.attr("from")?).ok()?;
    let refusal = StanzaError::from(Condition::ServiceUnavailable).reply_to(&iq)?;
    Some((asker, refusal))
}
