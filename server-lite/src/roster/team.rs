//! The team as it changes: people who come, go, or are called differently
//! (RFC 6121, section 2.1.6).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::Transaction;

use super::effect::unavailable;
use super::{Rosters, push};
use crate::StoreError;
use crate::router::{Outgoing, Router};
use crate::server::Server;
use crate::store::directory::{self, Person};
use crate::store::generations::{self, Standing};
use crate::store::roster::{self as rows, Item};

/// Somebody who is new or differs from what was known.
struct Changed {
    person: Person,
    /// What others have set for them.
    items: Vec<(String, Item)>,
}

/// What differs from what is known.
struct News {
    /// Whose account was looked at, if not all.
    only: Option<String>,
    /// The accounts that were looked at and are there.
    accounts: HashMap<String, Standing>,
    version: i64,
    /// Number of the last change of any account.
    last: i64,
    changed: Vec<Changed>,
    /// Those who were there, and are not, or may not sign in any more.
    gone: Vec<String>,
}

impl Server {
    /// Tells everybody what has become of an account: made, renamed, or moved to
    /// another department. To be called after the commit of whatever did it.
    pub(crate) async fn announce(&self, user: &str) {
        if let Err(error) = self.change(user, |_| Ok(true)).await {
            tracing::error!(%error, "change of an account not announced");
        }
    }

    /// Changes an account and tells everybody what has become of it. All that is
    /// kept in memory follows in the moment of the commit: no session, no right
    /// of an account that is gone is left for a later one of its name.
    pub(crate) async fn change(
        &self,
        user: &str,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<bool, StoreError> {
        self.compare(Some(user.to_owned()), job).await
    }

    /// Announces what another process has changed.
    pub(crate) async fn follow_accounts(&self) {
        let known = self.rosters.with(|known| (known.version, known.last));
        let read = |db: &_| Ok((rows::shared_version(db)?, generations::last(db)?));
        let done = match self.store.read(read).await {
            Ok(now) if now == known => Ok(true),
            Ok(_) => self.compare(None, |_| Ok(true)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "accounts not looked at");
        }
    }

    /// Does a job, and compares people with what is known of them: one, or all.
    async fn compare(
        &self,
        only: Option<String>,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<bool, StoreError> {
        let rosters = Arc::clone(&self.rosters);
        let (followed, router) = (Arc::clone(&self.rosters), Arc::clone(&self.router));
        let rooms = Arc::clone(&self.rooms);
        let archiving = Arc::clone(&self.archiving);
        // A job of the writer, so that pushes come in the order of the changes.
        let told = self.store.write_then(
            move |tx| {
                let done = job(tx)?;
                let people = match &only {
                    Some(user) => directory::person(tx, user)?.into_iter().collect(),
                    None => directory::all(tx)?,
                };
                let accounts = generations::standings(tx, only.as_deref())?;
                let mut news = rosters.differs(people, accounts, only);
                news.version = rows::shared_version(tx)?;
                news.last = generations::last(tx)?;
                for changed in &mut news.changed {
                    let contact = rosters.bare(&changed.person.localpart);
                    changed.items = rows::of_contact(tx, &contact)?;
                }
                Ok((done, news))
            },
            move |(done, news)| {
                let removed = followed.take_removed(&news);
                // A later account of that name is another person.
                for user in &removed {
                    rooms.forget_person(&followed.bare(user));
                    router.blocking.change(user, BTreeSet::clear);
                    archiving.set(user, None);
                }
                followed.tell(&router, &news, &removed);
                router.end_outdated(news.only.as_deref(), &news.accounts);
                done
            },
        );
        told.await
    }
}

impl Rosters {
    fn differs(
        &self,
        people: Vec<Person>,
        accounts: HashMap<String, Standing>,
        only: Option<String>,
    ) -> News {
        self.with(|known| {
            let is_gone = |user: &String| {
                only.as_ref().is_none_or(|only| only == user)
                    && accounts.get(user).is_none_or(|account| account.disabled)
            };
            let gone = known.people.keys().filter(|user| is_gone(user));
            let gone = gone.cloned().collect();
            let is_new = |person: &Person| {
                let user = &person.localpart;
                let created = accounts.get(user).map(|account| &account.created_ms);
                known.people.get(user) != Some(person) || known.accounts.get(user) != created
            };
            let changed = people.into_iter().filter(is_new);
            let changed = changed.map(|person| Changed {
                person,
                items: Vec::new(),
            });
            News {
                changed: changed.collect(),
                gone,
                only,
                accounts,
                version: 0,
                last: 0,
            }
        })
    }

    /// After the commit: remembers which accounts there are; gives those that are
    /// there no more, whether they could sign in or not. One that was made anew
    /// under the same name is another.
    fn take_removed(&self, news: &News) -> Vec<String> {
        self.with(|known| {
            let is_removed = |user: &String, created_ms: i64| {
                let now = news.accounts.get(user);
                news.only.as_ref().is_none_or(|only| only == user)
                    && now.is_none_or(|account| account.created_ms != created_ms)
            };
            let removed: Vec<String> = known
                .accounts
                .iter()
                .filter(|(user, created_ms)| is_removed(user, **created_ms))
                .map(|(user, _)| user.clone())
                .collect();
            for user in &removed {
                known.accounts.remove(user);
            }
            let now = news.accounts.iter();
            let now = now.map(|(user, account)| (user.clone(), account.created_ms));
            known.accounts.extend(now);
            removed
        })
    }

    /// After the commit: remembers it and pushes it.
    fn tell(&self, router: &Router, news: &News, removed: &[String]) {
        for user in removed {
            self.lose(router, user, true, news.version);
        }
        for user in news.gone.iter().filter(|user| !removed.contains(user)) {
            self.lose(router, user, false, news.version);
        }
        for changed in &news.changed {
            let person = changed.person.clone();
            let before = self.with(|known| known.people.insert(person.localpart.clone(), person));
            // Who leads somebody is seen in the directory alone.
            let is_the_same = before.is_some_and(|before| before.is_listed_as(&changed.person));
            if self.shared && !is_the_same {
                self.show(router, changed, news.version);
            }
        }
        if news.only.is_none() {
            self.with(|known| (known.version, known.last) = (news.version, news.last));
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

    /// Somebody is gone from the screen, and from shared rosters. Who is removed
    /// and not only kept from signing in is gone from those of others' own too.
    fn lose(&self, router: &Router, user: &str, is_removed: bool, version: i64) {
        let audience = self.pick(user, |known| &known.viewers);
        let sources = self.pick(user, |known| &known.sources);
        // Where subscriptions stay, the end of each session is seen by itself.
        let shown = match self.shared || is_removed {
            true => router.shown_by(user),
            false => Vec::new(),
        };
        for (resource, _) in shown {
            let from = format!("{}/{resource}", self.bare(user));
            if let Some(gone) = unavailable(&from) {
                let address = |other: &str| self.bare(other);
                router.tell(&audience, &gone, address, |_, entry| {
                    entry.presence.is_some()
                });
            }
        }
        let was_listed = match self.shared {
            true => self.has(user),
            false => is_removed,
        };
        if was_listed && let Some(stanza) = push(version, Self::removal(&self.bare(user))) {
            router.broadcast(&stanza, |owner, entry| {
                entry.wants_roster && owner != user && (audience.has(owner) || sources.has(owner))
            });
        }
        self.with(|known| {
            known.people.remove(user);
            if is_removed {
                known.forget(user);
            }
        });
    }
}
