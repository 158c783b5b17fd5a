//! Who knows whom: rosters, subscriptions, and who sees whose presence
//! (RFC 6121, sections 2 to 4).
//!
//! With a shared roster, colleagues are subscribed to each other as long as
//! both have an account; each may give the others a name and groups of their
//! own. Without it, everybody keeps a roster as in any other XMPP server.
//!
//! Items are in the database. In memory is what is asked for at every
//! presence: who sees whom, and the list of people. Both change when a
//! transaction has committed, in the order of the commits.

mod change;
pub(crate) mod department;
mod effect;
mod item;
pub(crate) mod manager;
pub(crate) mod state;
mod team;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::StoreError;
use crate::config::Config;
use crate::data_dir::Identity;
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::activity::LastSeen;
use crate::store::directory::{self, Person};
use crate::store::{Store, generations, roster as rows};

pub(crate) use self::change::{remove, set, subscription};
pub(crate) use self::effect::unavailable;
use self::item::push;
pub(crate) use self::item::{Wish, query};

/// Between a department and the one that it is part of (XEP-0083).
pub(crate) const DELIMITER: &str = "::";
/// Requests that may wait for one person's answer.
const MAX_REQUESTS: usize = 500;

/// Some of the people of the server.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// All of them: the roster is shared.
    Everybody,
    /// One person, and these.
    Some(String, Arc<HashSet<String>>),
}

impl Audience {
    /// Whether somebody is one of them.
    pub(crate) fn has(&self, user: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some(one, others) => one == user || others.contains(user),
        }
    }
}

/// What all sessions share of rosters.
pub(crate) struct Rosters {
    /// Whether the team sees itself without asking.
    pub(crate) shared: bool,
    domain: String,
    /// Group of the team.
    group: String,
    /// Items of one person.
    max_items: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By owner, who sees them; without a shared roster.
    viewers: HashMap<String, Arc<HashSet<String>>>,
    /// By viewer, whom they see.
    sources: HashMap<String, Arc<HashSet<String>>>,
    /// Everybody, as the directory shows them.
    people: BTreeMap<String, Person>,
    /// All accounts, disabled or not, and when they were made: one of the same
    /// name that was made later is another.
    accounts: HashMap<String, i64>,
    /// Version of what rosters share, as of `people`.
    version: i64,
    /// Number of the last change of accounts, as of `accounts`.
    last: i64,
    /// Who went away since the start, and when.
    seen: HashMap<String, LastSeen>,
}

impl Rosters {
    /// Reads what is kept in memory.
    pub(crate) async fn load(
        store: &Store,
        config: &Config,
        identity: &Identity,
    ) -> Result<Self, StoreError> {
        let shared = config.shared_roster;
        let kind = if shared { &identity.team_name } else { "" };
        let kind = format!("{shared}:{kind}");
        store.write(move |tx| rows::note_kind(tx, &kind)).await?;
        let (version, last, accounts, people, seen) = store
            .read(move |db| {
                let version = rows::shared_version(db)?;
                let last = generations::last(db)?;
                let accounts = generations::standings(db, None)?;
                let people = directory::all(db)?;
                let seen = if shared { Vec::new() } else { rows::seen(db)? };
                Ok((version, last, accounts, people, seen))
            })
            .await?;
        let rosters = Self {
            shared,
            domain: identity.domain.clone(),
            group: identity.team_name.clone(),
            max_items: config.limits.roster_items,
            known: Mutex::default(),
        };
        rosters.with(|known| {
            let named = people.into_iter();
            known.people = named.map(|one| (one.localpart.clone(), one)).collect();
            let made = accounts.into_iter();
            known.accounts = made.map(|(user, one)| (user, one.created_ms)).collect();
            (known.version, known.last) = (version, last);
            for (owner, contact) in &seen {
                if let Some(viewer) = rosters.localpart(contact) {
                    known.see(owner, viewer, true);
                }
            }
        });
        Ok(rosters)
    }

    /// Reads anew who sees whom: another process (an import) has changed it.
    pub(crate) async fn take_brought(server: &Server) -> Result<(), StoreError> {
        let rosters = Arc::clone(&server.rosters);
        if rosters.shared {
            return Ok(());
        }
        // A job of the writer, so that it comes in its place among changes.
        let take = move |seen: Vec<(String, String)>| {
            rosters.with(|known| {
                (known.viewers, known.sources) = (HashMap::new(), HashMap::new());
                for (owner, contact) in &seen {
                    if let Some(viewer) = rosters.localpart(contact) {
                        known.see(owner, viewer, true);
                    }
                }
            });
        };
        server.store.write_then(|tx| rows::seen(tx), take).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The localpart of a bare address of ours.
    fn localpart<'a>(&self, contact: &'a str) -> Option<&'a str> {
        let (local, domain) = contact.split_once('@')?;
        (domain == self.domain).then_some(local)
    }

    fn bare(&self, localpart: &str) -> String {
        format!("{localpart}@{}", self.domain)
    }

    /// Whether there is such an account.
    pub(crate) fn has(&self, localpart: &str) -> bool {
        self.with(|known| known.people.contains_key(localpart))
    }

    /// Everybody whom `fits` picks, by name, up to a number.
    pub(crate) fn people(&self, max: usize, fits: impl Fn(&Person) -> bool) -> Vec<Person> {
        self.with(|known| {
            let found = known.people.values().filter(|person| fits(person));
            found.take(max).cloned().collect()
        })
    }

    /// Notes that somebody went away.
    pub(crate) fn note_seen(&self, user: &str, seen: LastSeen) {
        self.with(|known| known.seen.insert(user.to_owned(), seen));
    }

    /// When somebody went away, if it was since the start.
    pub(crate) fn last_seen(&self, user: &str) -> Option<LastSeen> {
        self.with(|known| known.seen.get(user).cloned())
    }

    fn pick(
        &self,
        one: &str,
        among: impl FnOnce(&Known) -> &HashMap<String, Arc<HashSet<String>>>,
    ) -> Audience {
        if self.shared {
            return Audience::Everybody;
        }
        let others = self.with(|known| among(known).get(one).cloned());
        Audience::Some(one.to_owned(), others.unwrap_or_default())
    }
}

impl Known {
    /// A viewer sees an owner, or sees them no more.
    fn see(&mut self, owner: &str, viewer: &str, sees: bool) {
        for (map, key, value) in [
            (&mut self.viewers, owner, viewer),
            (&mut self.sources, viewer, owner),
        ] {
            let set = map.entry(key.to_owned()).or_default();
            if sees {
                Arc::make_mut(set).insert(value.to_owned());
            } else {
                Arc::make_mut(set).remove(value);
                if set.is_empty() {
                    map.remove(key);
                }
            }
        }
    }

    /// An account is removed. One that is disabled keeps its subscriptions.
    fn forget(&mut self, user: &str) {
        self.seen.remove(user);
        for viewer in self.viewers.get(user).cloned().unwrap_or_default().iter() {
            self.see(user, viewer, false);
        }
        for owner in self.sources.get(user).cloned().unwrap_or_default().iter() {
            self.see(owner, user, false);
        }
    }
}

/// The requests that wait for somebody's answer, as they came. Those of who is
/// blocked wait on: nothing comes from them, and no answer would go to them
/// (XEP-0191).
pub(crate) async fn requests(server: &Server, user: &str) -> Vec<Outgoing> {
    // With a shared roster nobody has to ask.
    if server.rosters.shared {
        return Vec::new();
    }
    let owner = user.to_owned();
    let read = server.store.read(move |db| rows::requests(db, &owner));
    match read.await {
        Ok(waiting) => waiting
            .into_iter()
            .filter(|(contact, _)| !server.blocks(user, contact))
            .map(|(_, xml)| Outgoing::from(xml))
            .collect(),
        Err(error) => {
            tracing::error!(%error, "requests not read");
            Vec::new()
        }
    }
}

/// Who may see whom. These are the only places that decide it.
impl Server {
    /// Whether two accounts (localparts) are colleagues, who see each other
    /// without having asked.
    pub(crate) fn is_colleague(&self, one: &str, other: &str) -> bool {
        self.rosters.shared && self.rosters.has(one) && self.rosters.has(other)
    }

    /// Whether `other` may see the presence of `owner`: both are localparts.
    pub(crate) fn may_see_presence(&self, owner: &str, other: &str) -> bool {
        self.audience(owner).has(other)
    }

    /// Who gets the presence of somebody, themselves included.
    pub(crate) fn audience(&self, owner: &str) -> Audience {
        self.rosters.pick(owner, |known| &known.viewers)
    }

    /// Whose presence somebody gets, their own included.
    pub(crate) fn sources(&self, viewer: &str) -> Audience {
        self.rosters.pick(viewer, |known| &known.sources)
    }
}
