//! Sessions: devices that are bound, whether their connection is there or may
//! come back (XEP-0198), and what is delivered to them.

use xmpp_core::element::{self, build};
use xmpp_core::stream_management::{Inbound, Outbound};
use xmpp_core::{Element, ns};

use super::{Server, address};
use crate::flavour::Acknowledging;

/// A bound device.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) account: String,
    pub(super) resource: String,
    /// Its connection, unless that is lost.
    pub(super) stream: Option<u64>,
    /// When it ends, if it is not resumed.
    pub(super) until_ms: Option<i64>,
    /// Whether it has sent presence.
    pub(super) available: bool,
    pub(super) carbons: bool,
    /// Whether it has asked for the block list: then it hears of changes.
    pub(super) knows_blocked: bool,
    pub(super) presence: Option<Element>,
    management: Option<Management>,
}

#[derive(Debug)]
struct Management {
    /// With which it can be resumed.
    id: Option<String>,
    inbound: Inbound,
    outbound: Outbound<Sent>,
    since_asked: u64,
    said: u32,
}

/// What is on its way to the client.
#[derive(Debug, Clone)]
struct Sent {
    xml: String,
    /// A message that must not be lost with the session.
    message: Option<Element>,
}

impl Server {
    pub(super) fn new_session(&mut self, account: &str, resource: &str, stream: u64) -> u64 {
        let id = self.number();
        let session = Session {
            account: account.to_owned(),
            resource: resource.to_owned(),
            stream: Some(stream),
            until_ms: None,
            available: false,
            carbons: false,
            knows_blocked: false,
            presence: None,
            management: None,
        };
        self.sessions.insert(id, session);
        id
    }

    /// Ends a session of the same device that is still there.
    pub(super) fn replace(&mut self, account: &str, resource: &str) {
        let old: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.account == account && session.resource == resource)
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            if let Some(stream) = self.sessions.get(&id).and_then(|session| session.stream) {
                self.conflict(stream);
            }
            self.end_session(id);
        }
    }

    /// XEP-0198, section 3.
    pub(super) fn enable(&mut self, stream: u64, session: u64) {
        let id = (self.flavour.resume_ms > 0).then(|| self.id());
        let resume_seconds = (self.flavour.resume_ms / 1000).to_string();
        let mut enabled = build("enabled", ns::SM);
        if let Some(id) = &id {
            enabled = enabled
                .attr("id", id)
                .attr("resume", "true")
                .attr("max", resume_seconds);
        }
        if let Some(session) = self.sessions.get_mut(&session) {
            session.management = Some(Management {
                id,
                inbound: Inbound::default(),
                outbound: Outbound::default(),
                since_asked: 0,
                said: 0,
            });
        }
        self.send(stream, &enabled.done());
    }

    /// XEP-0198, section 5.
    pub(super) fn resume(&mut self, stream: u64, account: &str, request: &Element) {
        let previous = request.attr("previd").unwrap_or_default();
        let h = request.attr("h").and_then(|h| h.parse().ok()).unwrap_or(0);
        let found = self.sessions.iter_mut().find(|(_, session)| {
            session.account == account
                && session
                    .management
                    .as_ref()
                    .is_some_and(|management| management.id.as_deref() == Some(previous))
        });
        let Some((&id, session)) = found else {
            let had = self.ended.get(previous).filter(|_| self.flavour.failed_h);
            let failed = build("failed", ns::SM)
                .attr_opt("h", had.map(ToString::to_string))
                .child(build("item-not-found", ns::STANZA_ERRORS));
            return self.send(stream, &failed.done());
        };
        let old = session.stream.replace(stream);
        session.until_ms = None;
        let (mut handled, mut again, mut is_wrong) = (0, Vec::new(), false);
        if let Some(management) = &mut session.management {
            is_wrong = management.outbound.acknowledge(h).is_err();
            handled = management.inbound.h();
            management.said = handled;
            again.extend(management.outbound.iter().map(|sent| sent.xml.clone()));
        }
        if let Some(old) = old {
            // The server had not noticed that it was lost.
            self.conflict(old);
        }
        self.attach(stream, id);
        if is_wrong {
            self.complain(format!(
                "{account} has handled {h} stanzas, more than it got"
            ));
        }
        let resumed = build("resumed", ns::SM)
            .attr("h", handled.to_string())
            .attr("previd", previous);
        self.send(stream, &resumed.done());
        for xml in again {
            self.write(stream, &xml);
        }
    }

    /// Answers with the count of what was handled (XEP-0198, section 4).
    pub(super) fn acknowledge(&mut self, stream: u64) {
        let session = self.streams.get(&stream).and_then(|stream| stream.session);
        let management = session
            .and_then(|session| self.sessions.get_mut(&session))
            .and_then(|session| session.management.as_mut());
        if let Some(management) = management {
            let h = management.inbound.h();
            management.said = h;
            let answer = build("a", ns::SM).attr("h", h.to_string());
            self.send(stream, &answer.done());
        }
    }

    /// The client has handled so many.
    pub(super) fn client_has(&mut self, stream: u64, answer: &Element) {
        let h = answer.attr("h").and_then(|h| h.parse().ok()).unwrap_or(0);
        let session = self.streams.get(&stream).and_then(|stream| stream.session);
        if let Some(session) = session.and_then(|session| self.sessions.get_mut(&session)) {
            let who = format!("{}/{}", session.account, session.resource);
            if let Some(management) = &mut session.management
                && let Err(error) = management.outbound.acknowledge(h)
            {
                self.complain(format!("{who} {error}"));
            }
        }
    }

    /// A stanza of a bound device. Once this returns it is handled.
    pub(super) fn stanza(&mut self, id: u64, stanza: &Element) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let from = format!("{}/{}", address(&session.account), session.resource);
        let mut stanza = stanza.clone();
        element::set_attr(&mut stanza, "from", Some(&from));
        match stanza.name() {
            "message" => self.message(id, stanza),
            "presence" => self.presence(id, stanza),
            _ => self.iq(id, &stanza),
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let stream = session.stream;
        let mut tell = false;
        if let Some(management) = &mut session.management {
            management.inbound.handled_one();
            tell = self.flavour.acknowledging == Acknowledging::Unasked;
        }
        if let Some(stream) = stream.filter(|_| tell) {
            self.acknowledge(stream);
        }
    }

    /// Sends a stanza to a device, or keeps it until the device has resumed.
    pub(super) fn deliver(&mut self, id: u64, stanza: &Element) {
        self.deliver_as(id, stanza, None);
    }

    /// As [`Server::deliver`], for a message that goes on to other devices if
    /// this one never says that it has it.
    pub(super) fn deliver_message(&mut self, id: u64, message: &Element) {
        self.deliver_as(id, message, Some(message.clone()));
    }

    fn deliver_as(&mut self, id: u64, stanza: &Element, message: Option<Element>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let xml = element::write(stanza).unwrap_or_default();
        let stream = session.stream;
        let mut ask = false;
        if let Some(management) = &mut session.management {
            let sent = Sent {
                xml: xml.clone(),
                message,
            };
            management.outbound.sent(sent);
            management.since_asked += 1;
            ask = management.since_asked >= self.flavour.ask_every;
            if ask {
                management.since_asked = 0;
            }
        }
        if let Some(stream) = stream {
            self.write(stream, &xml);
            if ask {
                self.send(stream, &build("r", ns::SM).done());
            }
        }
    }

    /// The connection of a session is gone.
    pub(super) fn lose_session(&mut self, id: u64) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.stream = None;
        let resumable = session
            .management
            .as_ref()
            .is_some_and(|management| management.id.is_some());
        if resumable {
            let wait = i64::try_from(self.flavour.resume_ms).unwrap_or(i64::MAX);
            session.until_ms = Some(self.now_ms.saturating_add(wait));
        } else {
            self.end_session(id);
        }
    }

    /// A session is over. What its device has not confirmed goes to the others,
    /// or is kept, if this server does such things.
    pub(super) fn end_session(&mut self, id: u64) {
        self.leave_rooms(id);
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        if session.available {
            self.tell_unavailable(&session.account, &session.resource);
        }
        let Some(management) = session.management else {
            return;
        };
        if let Some(id) = management.id {
            self.ended.insert(id, management.inbound.h());
        }
        if self.flavour.offline {
            for sent in management.outbound.into_unacknowledged() {
                if let Some(message) = sent.message {
                    self.deliver_later(&session.account, message);
                }
            }
        }
    }
}
