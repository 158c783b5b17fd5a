//! What sessions want to be told: the `+notify` features behind the hash in
//! their presence (XEP-0163, section 4.3.2; XEP-0115).
//!
//! A client is asked once for what its hash stands for. Only an answer that
//! fits the hash is kept for others that show the same one; any other holds for
//! the session that gave it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jid::FullJid;
use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::avatar::Shown;
use super::notify;
use super::publish::MAX_NAME;
use crate::router::Outgoing;
use crate::server::Server;

/// Hashes of which it is known what they stand for.
const MAX_KNOWN: usize = 512;
/// Bytes in the names of the nodes that one client is interested in.
const MAX_NAMES: usize = 16 * 1024;
/// Number of those nodes.
const MAX_INTERESTS: usize = 200;
/// Bytes of the attributes of `<c/>`.
const MAX_ATTRIBUTE: usize = 1_000;

type Interests = Arc<BTreeSet<String>>;

/// What personal eventing knows of a session.
#[derive(Default)]
pub(crate) struct Personal {
    /// Nodes of which it wants to hear.
    pub(super) interests: Interests,
    /// What its presence said.
    said: Option<Said>,
    /// Id of the question that is under way.
    asked: Option<String>,
    /// The picture that its presence shows, once it is known (XEP-0398).
    pub(super) avatar: Option<Shown>,
    /// If its presence says that it shows none: whether it first said so while
    /// there was one.
    pub(super) hides_avatar: Option<bool>,
}

/// The `<c/>` of a presence.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    node: String,
    hash: String,
    ver: String,
}

impl Said {
    fn read(presence: &Element) -> Option<Self> {
        let caps = presence.get_child("c", ns::CAPS)?;
        let attr = |name| {
            let value = caps.attr(name).unwrap_or_default();
            (value.len() <= MAX_ATTRIBUTE).then(|| value.to_owned())
        };
        let (node, hash, ver) = (attr("node")?, attr("hash")?, attr("ver")?);
        (!ver.is_empty()).then_some(Self { node, hash, ver })
    }

    /// Under which others may find it. Without a hash function that is known
    /// here nobody may.
    fn key(&self) -> Option<Key> {
        Some((CapsHash::from_name(&self.hash)?, self.ver.clone()))
    }
}

type Key = (CapsHash, String);

/// What hashes stand for.
#[derive(Default)]
pub(crate) struct Capabilities(Mutex<Known>);

#[derive(Default)]
struct Known {
    interests: HashMap<Key, Interests>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Capabilities {
    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, said: &Said) -> Option<Interests> {
        let key = said.key()?;
        self.with(|known| known.interests.get(&key).cloned())
    }

    fn keep(&self, key: Key, interests: Interests) {
        self.with(|known| {
            if known.interests.insert(key.clone(), interests).is_none() {
                known.order.push_back(key);
            }
            if known.order.len() > MAX_KNOWN
                && let Some(oldest) = known.order.pop_front()
            {
                known.interests.remove(&oldest);
            }
        });
    }
}

/// What to do next for a session.
enum Next {
    /// It is told the newest items of these nodes.
    Send(Vec<String>),
    Ask(Said),
}

impl Personal {
    /// Takes what a presence said; `known` is what that stands for.
    fn saw(&mut self, said: Option<Said>, known: Option<Interests>, id: &str, first: bool) -> Next {
        if said.is_some() && said != self.said {
            self.said.clone_from(&said);
            match known {
                None => {
                    self.asked = Some(id.to_owned());
                    return said.map_or_else(|| Next::Send(Vec::new()), Next::Ask);
                }
                Some(known) => return Next::Send(self.learn(known, first)),
            }
        }
        // The same as before, or nothing: then nothing has changed either.
        Next::Send(match first {
            true => self.interests.iter().cloned().collect(),
            false => Vec::new(),
        })
    }

    /// Takes new interests; gives those of which the newest items are to be sent.
    fn learn(&mut self, interests: Interests, all: bool) -> Vec<String> {
        self.asked = None;
        let before = std::mem::replace(&mut self.interests, interests);
        let is_new = |name: &&String| all || !before.contains(*name);
        self.interests.iter().filter(is_new).cloned().collect()
    }
}

/// A session has sent this presence to all; `first` if it was not available
/// before.
pub(crate) async fn seen(
    server: &Arc<Server>,
    user: &str,
    session: (u64, &FullJid),
    presence: &Element,
    first: bool,
) {
    let (number, address) = session;
    let said = Said::read(presence);
    let known = said.as_ref().and_then(|said| server.capabilities.get(said));
    let id = format!("caps-{}", server.session_number());
    let mut next = Next::Send(Vec::new());
    server.router.update(user, number, |entry| {
        next = entry.personal.saw(said, known, &id, first);
    });
    match next {
        Next::Send(names) => notify::send_newest(server, user, number, names, None).await,
        Next::Ask(said) => {
            let query =
                build("query", ns::DISCO_INFO).attr("node", format!("{}#{}", said.node, said.ver));
            let question = build("iq", ns::CLIENT)
                .attr("type", "get")
                .attr("id", id)
                .attr("from", server.domain())
                .attr("to", address.as_str())
                .child(query)
                .done();
            if let Some(question) = Outgoing::of(&question) {
                let is_it = |entry: &crate::router::Entry| entry.number == number;
                server.router.deliver(user, &question, is_it);
            }
        }
    }
}

/// A session has answered a question of the server, perhaps this one.
pub(crate) async fn answered(server: &Arc<Server>, user: &str, number: u64, iq: &Element) {
    let query = (iq.attr("type") == Some("result"))
        .then(|| iq.get_child("query", ns::DISCO_INFO))
        .flatten();
    let mut answered = None;
    server.router.update(user, number, |entry| {
        let personal = &mut entry.personal;
        if personal.asked.is_none() || personal.asked.as_deref() != iq.attr("id") {
            return;
        }
        personal.asked = None;
        answered = match query {
            Some(_) => personal.said.clone(),
            // It may answer better when it shows the hash again.
            None => personal.said.take().and(None),
        };
    });
    let (Some(query), Some(said)) = (query, answered) else {
        return;
    };
    let interests = interests(query);
    if let Some(key) = said.key()
        && verification(query, key.0).as_ref() == Some(&key.1)
    {
        server.capabilities.keep(key, Arc::clone(&interests));
    }
    let mut names = Vec::new();
    server.router.update(user, number, |entry| {
        let learned = entry.personal.learn(interests, false);
        // One that is away is told when it comes back.
        if entry.presence.is_some() {
            names = learned;
        }
    });
    notify::send_newest(server, user, number, names, None).await;
}

/// Somebody sees the presence of an owner from now on.
pub(crate) async fn now_sees(server: &Arc<Server>, owner: &str, viewer: &str) {
    let mut sessions = Vec::new();
    server.router.update_all(viewer, |entry| {
        if entry.presence.is_some() {
            let names = entry.personal.interests.iter().cloned().collect();
            sessions.push((entry.number, names));
        }
    });
    for (number, names) in sessions {
        let of = Some(owner.to_owned());
        notify::send_newest(server, viewer, number, names, of).await;
    }
}

/// The nodes of which a client wants to hear.
fn interests(query: &Element) -> Interests {
    let mut room = MAX_NAMES;
    let names = query
        .children()
        .filter(|child| child.is("feature", ns::DISCO_INFO))
        .filter_map(|feature| feature.attr("var")?.strip_suffix("+notify"))
        .filter(|name| !name.is_empty() && name.len() <= MAX_NAME)
        .take_while(|name| {
            let fits = name.len() <= room;
            room = room.saturating_sub(name.len());
            fits
        })
        .take(MAX_INTERESTS)
        .map(str::to_owned);
    Arc::new(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Key {
        (CapsHash::Sha1, n.to_string())
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let known = Capabilities::default();
        for n in 0..=MAX_KNOWN {
            known.keep(key(n), Interests::default());
            known.keep(key(n), Interests::default());
        }
        known.with(|known| {
            assert_eq!(known.order.len(), MAX_KNOWN);
            assert_eq!(known.interests.len(), MAX_KNOWN);
            assert!(!known.interests.contains_key(&key(0)));
            assert!(known.interests.contains_key(&key(MAX_KNOWN)));
        });
        let features: String = (0..100)
            .map(|n| format!("<feature var='{n}-{}+notify'/>", "x".repeat(900)))
            .collect();
        let query = format!("<query xmlns='{}'>{features}</query>", ns::DISCO_INFO);
        let query = xmpp_core::element::parse(query.as_bytes()).unwrap();
        assert_eq!(interests(&query).len(), MAX_NAMES / 902);
    }
}
