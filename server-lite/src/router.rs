//! Who is connected, and how a stanza finds its sessions
//! (RFC 6121, section 8).
//!
//! The lock is held for look-ups, never across an await. Delivery never waits:
//! a session has a bounded queue. Where too much waits, the connection is given
//! up if the session can be resumed, and the session itself if not, or if that
//! does not help. What it missed is in the archive.

mod adding;
mod asking;
mod clients;
mod outdated;
mod outgoing;
mod queue;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use xmpp_core::{Element, ns};

pub(crate) use self::clients::Present;
pub(crate) use self::outgoing::Outgoing;
use self::queue::Put;
pub(crate) use self::queue::{QueueIn, QueueOut, queue};
use crate::blocking::Blocking;
use crate::mailbox::Sender;
use crate::pep::Personal;
use crate::roster::Audience;
use crate::session::{ClientId, ResumeRequest, SessionEnd};
use crate::stanza_text::StanzaText;

/// Where a session comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) peer: IpAddr,
    pub(crate) since_ms: i64,
}

/// A bound session as the router knows it.
pub(crate) struct Entry {
    pub(crate) resource: String,
    /// The client, if it has said which one it is (XEP-0388).
    pub(crate) client: Option<ClientId>,
    /// From where it came, and since when it is here.
    pub(crate) origin: Origin,
    pub(crate) queue: QueueIn,
    pub(crate) resume: Sender<Box<ResumeRequest>>,
    pub(crate) end: watch::Sender<Option<SessionEnd>>,
    /// XEP-0198 id, if the session can be resumed.
    pub(crate) resumption_id: Option<String>,
    /// The last presence that was broadcast, and its priority.
    pub(crate) presence: Option<(Element, i8)>,
    /// The same, written out for those who come later: made when one comes,
    /// forgotten when anything changes.
    pub(crate) written: Option<Outgoing>,
    /// XEP-0280.
    pub(crate) carbons: bool,
    /// Since when it has no connection, and waits to be resumed.
    pub(crate) lost: Option<Instant>,
    /// Has asked for the roster, so it wants to hear of changes (RFC 6121, 2.2).
    pub(crate) wants_roster: bool,
    /// What personal eventing knows of it (XEP-0163).
    pub(crate) personal: Personal,
    /// Has asked for the block list, so it wants to hear of changes (XEP-0191).
    pub(crate) wants_blocklist: bool,
    /// Reads its archive itself: what is in there need not wait for it.
    pub(crate) reads_archive: bool,
    /// Of the account, when its owner signed in.
    pub(crate) generation: i64,
    /// Tells this session from a later one with the same resource.
    pub(crate) number: u64,
}

impl Entry {
    /// Whether another session is of the same client, as far as that is known.
    fn is_of_client(&self, other: &Self) -> bool {
        self.client.is_some() && self.client == other.client
    }

    /// Its presence as others get it.
    fn write_presence(&mut self) -> Option<Outgoing> {
        let (presence, _) = self.presence.as_ref()?;
        if self.written.is_none() {
            self.written = Outgoing::of(presence);
        }
        self.written.clone()
    }
}

/// Numbers for `/metrics`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) people: u64,
    pub(crate) sessions: u64,
    pub(crate) detached: u64,
    /// Stanzas in queues.
    pub(crate) queued: u64,
}

/// All sessions of the server.
#[derive(Default)]
pub(crate) struct Router {
    /// Who wants nothing from whom (XEP-0191).
    pub(crate) blocking: Arc<Blocking>,
    sessions: Mutex<HashMap<String, Vec<Entry>>>,
    online: watch::Sender<u32>,
}

impl Router {
    pub(crate) fn new(blocking: Arc<Blocking>) -> Self {
        Self {
            blocking,
            ..Self::default()
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Vec<Entry>>) -> T) -> T {
        act(&mut self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Number of people with a session.
    pub(crate) fn people_online(&self) -> watch::Receiver<u32> {
        self.online.subscribe()
    }

    fn count(&self, sessions: &HashMap<String, Vec<Entry>>) {
        let people = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        self.online
            .send_if_modified(|online| std::mem::replace(online, people) != people);
    }

    /// Removes a session; gives its last presence if it was still the one.
    pub(crate) fn remove(&self, user: &str, number: u64) -> Option<Entry> {
        self.with(|sessions| {
            let of_user = sessions.get_mut(user)?;
            let place = of_user.iter().position(|entry| entry.number == number)?;
            let entry = of_user.swap_remove(place);
            if of_user.is_empty() {
                sessions.remove(user);
            }
            self.count(sessions);
            Some(entry)
        })
    }

    /// Changes what is known of a session.
    pub(crate) fn update(&self, user: &str, number: u64, change: impl FnOnce(&mut Entry)) {
        self.with(|sessions| {
            let entry = sessions
                .get_mut(user)
                .and_then(|of_user| of_user.iter_mut().find(|entry| entry.number == number));
            if let Some(entry) = entry {
                change(entry);
                entry.written = None;
            }
        });
    }

    /// Changes what is known of all sessions of an account.
    pub(crate) fn update_all(&self, user: &str, mut change: impl FnMut(&mut Entry)) {
        self.with(|sessions| {
            for entry in sessions.get_mut(user).into_iter().flatten() {
                change(entry);
                entry.written = None;
            }
        });
    }

    /// Puts a stanza into the queues of the sessions of a user that `wanted`
    /// picks; gives how many took it.
    pub(crate) fn deliver(
        &self,
        user: &str,
        outgoing: &Outgoing,
        wanted: impl Fn(&Entry) -> bool,
    ) -> usize {
        self.with(|sessions| {
            let Some(of_user) = sessions.get(user) else {
                return 0;
            };
            of_user
                .iter()
                .filter(|entry| wanted(entry))
                .filter(|entry| send(entry, outgoing))
                .count()
        })
    }

    /// Puts stanzas into the queues of sessions that are known by user and number.
    pub(crate) fn hand<'a>(&self, to: impl Iterator<Item = (&'a str, u64, StanzaText)>) {
        self.with(|sessions| {
            for (user, number, xml) in to {
                let of_user = sessions.get(user).into_iter().flatten();
                for entry in of_user.filter(|entry| entry.number == number) {
                    let outgoing = Outgoing {
                        xml: xml.clone(),
                        archived: None,
                    };
                    send(entry, &outgoing);
                }
            }
        });
    }

    /// Puts a stanza into the queues of all sessions that `wanted` picks.
    pub(crate) fn broadcast(&self, outgoing: &Outgoing, wanted: impl Fn(&str, &Entry) -> bool) {
        self.with(|sessions| {
            for (user, of_user) in sessions.iter() {
                for entry in of_user.iter().filter(|entry| wanted(user, entry)) {
                    send(entry, outgoing);
                }
            }
        });
    }

    /// Puts a stanza into the queues of those sessions of an audience that
    /// `wanted` picks, addressed to the people whose they are; gives how many took
    /// it.
    pub(crate) fn tell(
        &self,
        audience: &Audience,
        outgoing: &Outgoing,
        address: impl Fn(&str) -> String,
        wanted: impl Fn(&str, &Entry) -> bool,
    ) -> usize {
        let mut taken = 0;
        let mut tell = |user: &str, of_user: &[Entry]| {
            let mut addressed = None;
            for entry in of_user.iter().filter(|entry| wanted(user, entry)) {
                let addressed = addressed.get_or_insert_with(|| outgoing.to(&address(user)));
                taken += usize::from(send(entry, addressed));
            }
        };
        self.with(|sessions| match audience {
            Audience::Everybody => {
                for (user, of_user) in sessions.iter() {
                    tell(user, of_user);
                }
            }
            Audience::Some(one, others) => {
                for user in std::iter::once(one).chain(others.iter()) {
                    tell(user, sessions.get(user).map_or(&[], Vec::as_slice));
                }
            }
        });
        taken
    }

    /// The presences of the available sessions that `wanted` picks.
    pub(crate) fn presences(&self, wanted: impl Fn(&str, &Entry) -> bool) -> Vec<Outgoing> {
        self.with(|sessions| {
            let mut found = Vec::new();
            for (user, of_user) in sessions.iter_mut() {
                for entry in of_user.iter_mut().filter(|entry| wanted(user, entry)) {
                    found.extend(entry.write_presence());
                }
            }
            found
        })
    }

    /// Resource and presence of each available session of a user.
    pub(crate) fn shown_by(&self, user: &str) -> Vec<(String, Outgoing)> {
        self.with(|sessions| {
            let of_user = sessions.get_mut(user).into_iter().flatten();
            of_user
                .filter_map(|entry| Some((entry.resource.clone(), entry.write_presence()?)))
                .collect()
        })
    }

    /// Whether somebody has an available session.
    pub(crate) fn is_available(&self, user: &str) -> bool {
        self.with(|sessions| {
            let mut of_user = sessions.get(user).into_iter().flatten();
            of_user.any(|entry| entry.presence.is_some())
        })
    }

    /// Whether a message reaches somebody at once.
    pub(crate) fn reaches(&self, user: &str) -> bool {
        self.with(|sessions| {
            sessions.get(user).is_some_and(|of_user| {
                of_user
                    .iter()
                    .any(|entry| entry.lost.is_none() && takes_messages(entry))
            })
        })
    }

    /// Puts a stanza into the queue of one session: the one that is named, or
    /// the one that wants most to be written to.
    pub(crate) fn deliver_one(
        &self,
        user: &str,
        resource: Option<&str>,
        outgoing: &Outgoing,
    ) -> bool {
        self.with(|sessions| {
            let best = sessions
                .get(user)
                .into_iter()
                .flatten()
                .filter(|entry| match resource {
                    Some(resource) => entry.resource == resource,
                    None => takes_messages(entry),
                })
                .max_by_key(|entry| entry.presence.as_ref().map(|(_, priority)| *priority));
            best.is_some_and(|entry| send(entry, outgoing))
        })
    }

    /// How much there is of everything at this moment.
    pub(crate) fn load(&self) -> Load {
        self.with(|sessions| {
            let mut load = Load {
                people: sessions.len() as u64,
                ..Load::default()
            };
            for entry in sessions.values().flatten() {
                load.sessions += 1;
                load.detached += u64::from(entry.lost.is_some());
                load.queued += entry.queue.waiting() as u64;
            }
            load
        })
    }

    /// Everybody with an available session, and whether one of them does not say
    /// that it is away.
    pub(crate) fn online(&self) -> Vec<(String, bool)> {
        self.with(|sessions| {
            sessions
                .iter()
                .filter_map(|(user, of_user)| {
                    let mut shown = of_user
                        .iter()
                        .filter_map(|entry| entry.presence.as_ref())
                        .peekable();
                    shown.peek()?;
                    let is_active =
                        shown.any(
                            |(presence, _)| match presence.get_child("show", ns::CLIENT) {
                                Some(show) => !matches!(show.text().trim(), "away" | "xa"),
                                None => true,
                            },
                        );
                    Some((user.clone(), is_active))
                })
                .collect()
        })
    }

    /// The resources of a user.
    pub(crate) fn resources(&self, user: &str) -> Vec<String> {
        self.with(|sessions| {
            let of_user = sessions.get(user).into_iter().flatten();
            of_user.map(|entry| entry.resource.clone()).collect()
        })
    }

    /// Ends one session of a user, or all of them.
    pub(crate) fn end_some(&self, user: &str, resource: Option<&str>, end: &SessionEnd) {
        self.with(|sessions| {
            for entry in sessions.get(user).into_iter().flatten() {
                if resource.is_none_or(|resource| resource == entry.resource) {
                    entry.end.send_replace(Some(end.clone()));
                }
            }
        });
    }

    /// Ends the sessions of one user, or of all.
    pub(crate) fn end(&self, user: Option<&str>, end: &SessionEnd) {
        self.with(|sessions| {
            for (name, of_user) in sessions.iter() {
                if user.is_none_or(|user| user == name) {
                    for entry in of_user {
                        entry.end.send_replace(Some(end.clone()));
                    }
                }
            }
        });
    }
}

/// Puts a stanza into the queue of a session; whether it fits.
pub(crate) fn send(entry: &Entry, outgoing: &Outgoing) -> bool {
    let full = match entry.queue.put(outgoing) {
        Put::Taken => false,
        Put::Slow => entry.resumption_id.is_none(),
        Put::Full => true,
        Put::Closed => return false,
    };
    if full {
        // It reads slower than others write: end it rather than grow.
        entry.end.send_replace(Some(SessionEnd::TooSlow));
    }
    !full
}

/// Whether a session takes messages to the bare address (RFC 6121, 8.5.2.1.1).
pub(crate) fn takes_messages(entry: &Entry) -> bool {
    entry
        .presence
        .as_ref()
        .is_some_and(|(_, priority)| *priority >= 0)
}
