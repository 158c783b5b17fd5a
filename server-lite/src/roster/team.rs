//! The team as it changes: people who come, go, or are called differently
//! (RFC 6121, section 2.1.6).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::effect::unavailable;
use super::{Rosters, push};
use crate::router::{Outgoing, Router};
use crate::server::Server;
use crate::session::SessionEnd;
use crate::store::accounts;
use crate::store::directory::{self, Person};
use crate::store::roster::{self as rows, Item};

/// Somebody who is new or differs from what was known.
struct Changed {
    person: Person,
    /// What others have set for them.
    items: Vec<(String, Item)>,
}

/// What differs from what is known.
#[derive(Default)]
struct News {
    version: i64,
    changed: Vec<Changed>,
    gone: Vec<String>,
    /// Those of them who are not only switched off.
    removed: Vec<String>,
}

impl Server {
    /// Tells everybody what has become of an account: made, renamed, moved to
    /// another department, switched off or removed. To be called after the
    /// commit of whatever did it.
    pub(crate) async fn announce(&self, user: &str) {
        self.compare(Some(user.to_owned())).await;
    }

    /// Announces what another process has changed.
    pub(crate) async fn follow_accounts(&self) {
        let known = self.rosters.with(|known| known.version);
        match self.store.read(rows::shared_version).await {
            Ok(version) if version == known => {}
            Ok(_) => self.compare(None).await,
            Err(error) => tracing::debug!(%error, "accounts not looked at"),
        }
    }

    /// Compares people with what is known of them: one, or all.
    async fn compare(&self, only: Option<String>) {
        let rosters = Arc::clone(&self.rosters);
        let (followed, router) = (Arc::clone(&self.rosters), Arc::clone(&self.router));
        let rooms = Arc::clone(&self.rooms);
        let archiving = Arc::clone(&self.archiving);
        // A job of the writer, so that pushes come in the order of the changes.
        let told = self.store.write_then(
            move |tx| {
                let people = match &only {
                    Some(user) => directory::person(tx, user)?.into_iter().collect(),
                    None => directory::all(tx)?,
                };
                let mut news = rosters.differs(people, only.as_deref());
                for user in &news.gone {
                    if !accounts::exists(tx, user)? {
                        news.removed.push(rosters.bare(user));
                    }
                }
                news.version = rows::shared_version(tx)?;
                for changed in &mut news.changed {
                    let contact = rosters.bare(&changed.person.localpart);
                    changed.items = rows::of_contact(tx, &contact)?;
                }
                Ok((news, only.is_none()))
            },
            move |(news, whole)| {
                // A later account of that name is another person.
                for gone in &news.removed {
                    rooms.forget_person(gone);
                    router.blocking.change(gone, BTreeSet::clear);
                    archiving.set(gone, None);
                }
                followed.tell(&router, news, whole);
            },
        );
        if let Err(error) = told.await {
            tracing::error!(%error, "change of an account not announced");
        }
    }
}

impl Rosters {
    fn differs(&self, people: Vec<Person>, only: Option<&str>) -> News {
        self.with(|known| {
            let is_there = |user: &str| people.iter().any(|person| person.localpart == user);
            let gone = match only {
                Some(user) => {
                    let is_gone = known.people.contains_key(user) && !is_there(user);
                    is_gone.then(|| user.to_owned()).into_iter().collect()
                }
                None => {
                    let found: HashMap<&str, ()> = people
                        .iter()
                        .map(|person| (person.localpart.as_str(), ()))
                        .collect();
                    let known = known.people.keys();
                    known
                        .filter(|user| !found.contains_key(user.as_str()))
                        .cloned()
                        .collect()
                }
            };
            let changed = people
                .into_iter()
                .filter(|person| known.people.get(&person.localpart) != Some(person))
                .map(|person| Changed {
                    person,
                    items: Vec::new(),
                })
                .collect();
            News {
                version: 0,
                changed,
                gone,
                removed: Vec::new(),
            }
        })
    }

    /// After the commit: remembers it and pushes it.
    fn tell(&self, router: &Router, news: News, whole: bool) {
        for user in &news.gone {
            self.lose(router, user, news.version);
        }
        for changed in &news.changed {
            let person = changed.person.clone();
            self.with(|known| known.people.insert(person.localpart.clone(), person));
            if self.shared {
                self.show(router, changed, news.version);
            }
        }
        if whole {
            self.with(|known| known.version = news.version);
        }
    }

    /// Pushes a colleague: the same to all who have set nothing of their own.
    fn show(&self, router: &Router, changed: &Changed, version: i64) {
        let user = &changed.person.localpart;
        let pushed = |item: Option<&Item>| -> Option<Outgoing> {
            push(version, self.element(item, Some(&changed.person))?)
        };
        let own: HashMap<&str, &Item> = changed
            .items
            .iter()
            .map(|(owner, item)| (owner.as_str(), item))
            .collect();
        if let Some(stanza) = pushed(None) {
            router.broadcast(&stanza, |owner, entry| {
                entry.wants_roster && owner != user && !own.contains_key(owner)
            });
        }
        for (owner, item) in own {
            if let Some(stanza) = pushed(Some(item)) {
                router.deliver(owner, &stanza, |entry| entry.wants_roster);
            }
        }
    }

    /// An account is gone: from rosters, from the screen, and from the server.
    fn lose(&self, router: &Router, user: &str, version: i64) {
        let audience = self.pick(user, |known| &known.viewers);
        let sources = self.pick(user, |known| &known.sources);
        for (resource, _) in router.shown_by(user) {
            let from = format!("{}/{resource}", self.bare(user));
            if let Some(gone) = unavailable(&from) {
                let address = |other: &str| self.bare(other);
                router.tell(&audience, &gone, address, |_, entry| {
                    entry.presence.is_some()
                });
            }
        }
        if let Some(stanza) = push(version, Self::removal(&self.bare(user))) {
            router.broadcast(&stanza, |owner, entry| {
                entry.wants_roster && owner != user && (audience.has(owner) || sources.has(owner))
            });
        }
        self.with(|known| known.forget(user));
        router.end(Some(user), &SessionEnd::AccountChanged);
    }
}
