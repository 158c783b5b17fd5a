//! Changes of rosters: sets and removals (RFC 6121, section 2) and the
//! management of subscriptions (section 3). Both ends of a subscription are
//! here, so both change in one transaction.

use std::sync::Arc;

use rusqlite::Transaction;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::effect::Effect;
use super::item::{Wish, push};
use super::state::{Inbound, Kind, inbound, outbound};
use super::{MAX_REQUESTS, Rosters};
use crate::pep;
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::directory::{self, Person};
use crate::store::roster::{self as rows, Item};

/// Longest request that is kept as it is, in bytes.
const MAX_REQUEST_BYTES: usize = 4096;

/// Sets an item of somebody's roster (section 2.3 and 2.4).
pub(crate) async fn set(server: &Arc<Server>, user: &str, wish: Wish) -> Result<(), StanzaError> {
    let user = user.to_owned();
    change(server, move |change| change.set(&user, &wish)).await
}

/// Removes an item (section 2.5).
pub(crate) async fn remove(
    server: &Arc<Server>,
    user: &str,
    contact: String,
) -> Result<(), StanzaError> {
    let user = user.to_owned();
    change(server, move |change| change.remove(&user, &contact)).await
}

/// Handles a stanza of somebody about their subscriptions. `contact` is a
/// localpart; the stanza is from and to bare addresses.
pub(crate) async fn subscription(
    server: &Arc<Server>,
    user: &str,
    contact: &str,
    kind: Kind,
    stanza: &Element,
) -> Result<(), StanzaError> {
    let Some(stanza) = Outgoing::of(stanza) else {
        return Err(Condition::BadRequest.into());
    };
    let (user, contact) = (user.to_owned(), contact.to_owned());
    change(server, move |change| {
        change.send(&user, &contact, kind, &stanza)
    })
    .await
}

/// What a job says to who has asked for it.
type Said = rusqlite::Result<Result<(), Condition>>;

async fn change(
    server: &Arc<Server>,
    job: impl FnOnce(&mut Change<'_, '_>) -> Said + Send + 'static,
) -> Result<(), StanzaError> {
    let rosters = Arc::clone(&server.rosters);
    let (followed, router) = (Arc::clone(&server.rosters), Arc::clone(&server.router));
    let written = server.store.write_then(
        move |tx| {
            let mut change = Change {
                tx,
                rosters: &rosters,
                effects: Vec::new(),
            };
            let said = job(&mut change)?;
            Ok((said, change.effects))
        },
        move |(said, effects)| {
            let shown: Vec<_> = effects.iter().filter_map(Effect::shows).collect();
            for effect in effects {
                effect.happen(&followed, &router);
            }
            (said, shown)
        },
    );
    match written.await {
        Ok((said, shown)) => {
            for (owner, viewer) in shown {
                pep::now_sees(server, &owner, &viewer).await;
            }
            said.map_err(StanzaError::from)
        }
        Err(error) => {
            tracing::error!(%error, "roster not written");
            Err(Condition::InternalServerError.into())
        }
    }
}

/// A change that is being made.
struct Change<'a, 'c> {
    tx: &'a Transaction<'c>,
    rosters: &'a Rosters,
    effects: Vec<Effect>,
}

impl Change<'_, '_> {
    /// The colleague that a contact is, if the roster is shared.
    fn colleague(&self, contact: &str) -> rusqlite::Result<Option<Person>> {
        match self.rosters.localpart(contact) {
            Some(localpart) if self.rosters.shared => directory::person(self.tx, localpart),
            _ => Ok(None),
        }
    }

    fn is_full(&self, user: &str) -> rusqlite::Result<bool> {
        Ok(rows::count(self.tx, user, true)? >= self.rosters.max_items)
    }

    fn set(&mut self, user: &str, wish: &Wish) -> Said {
        if wish.contact == self.rosters.bare(user) {
            return Ok(Err(Condition::NotAllowed));
        }
        let old = rows::item(self.tx, user, &wish.contact)?;
        let colleague = self.colleague(&wish.contact)?;
        if !old.as_ref().is_some_and(|item| item.listed) && self.is_full(user)? {
            return Ok(Err(Condition::ResourceConstraint));
        }
        let mut new = old.unwrap_or_else(|| Item::new(&wish.contact));
        new.listed = true;
        new.name.clone_from(&wish.name);
        new.groups = Some(wish.groups.clone());
        if let Some(person) = &colleague {
            // What is as it would be anyway follows later changes of it.
            if wish.name.as_ref() == Some(&person.display_name) {
                new.name = None;
            }
            if wish.groups == [self.rosters.group_of(person)] {
                new.groups = None;
            }
            new.listed = new.name.is_some() || new.groups.is_some();
        }
        self.write(user, &new)?;
        self.push(user, &new)?;
        Ok(Ok(()))
    }

    fn remove(&mut self, user: &str, contact: &str) -> Said {
        if self.colleague(contact)?.is_some() {
            return Ok(Err(Condition::NotAllowed));
        }
        let old = rows::item(self.tx, user, contact)?;
        let Some(old) = old.filter(|item| item.listed) else {
            return Ok(Err(Condition::ItemNotFound));
        };
        if let Some(peer) = self.rosters.localpart(contact).map(str::to_owned) {
            // Whatever connects the two ends (section 2.5.2).
            if old.state.to || old.state.pending_out {
                self.say(user, &peer, Kind::Unsubscribe)?;
            }
            if old.state.from {
                self.sees(user, contact, false);
                self.hide(user, &peer);
            }
            if old.state.from || old.state.pending_in {
                self.say(user, &peer, Kind::Unsubscribed)?;
            }
        }
        rows::remove(self.tx, user, contact)?;
        let version = rows::next_version(self.tx, user)?;
        if let Some(stanza) = push(version, Rosters::removal(contact)) {
            let user = user.to_owned();
            self.effects.push(Effect::Interested { user, stanza });
        }
        Ok(Ok(()))
    }

    /// The server of a user handles what the user sends (appendix A.2).
    fn send(&mut self, user: &str, contact: &str, kind: Kind, stanza: &Outgoing) -> Said {
        let address = self.rosters.bare(contact);
        let old = rows::item(self.tx, user, &address)?;
        let mut new = old.clone().unwrap_or_else(|| Item::new(&address));
        let was = new.state;
        let (state, is_routed) = outbound(was, kind);
        new.state = state;
        if matches!(kind, Kind::Subscribe | Kind::Subscribed) && !new.listed {
            if self.is_full(user)? {
                return Ok(Err(Condition::ResourceConstraint));
            }
            new.listed = true;
        }
        if was.from && !state.from {
            // Still as one who is seen (section 3.2.2).
            self.hide(user, contact);
        }
        self.settle(user, old.as_ref(), new)?;
        if is_routed {
            self.receive(contact, user, kind, stanza)?;
        }
        if state.from && !was.from {
            self.show(user, contact);
        }
        Ok(Ok(()))
    }

    /// The server of an owner handles what somebody else has sent (appendix
    /// A.3); whether the owner is told.
    fn receive(
        &mut self,
        owner: &str,
        from: &str,
        kind: Kind,
        stanza: &Outgoing,
    ) -> rusqlite::Result<bool> {
        if directory::person(self.tx, owner)?.is_none() {
            // Who has an account is not for guessing (section 8.5.1).
            return Ok(false);
        }
        let address = self.rosters.bare(from);
        let old = rows::item(self.tx, owner, &address)?;
        let mut new = old.clone().unwrap_or_else(|| Item::new(&address));
        let was = new.state;
        match inbound(was, kind) {
            Inbound::Ignore => Ok(false),
            Inbound::Answer(state) => {
                new.state = state;
                self.settle(owner, old.as_ref(), new)?;
                if self.say(owner, from, Kind::Subscribed)? {
                    self.show(owner, from);
                }
                Ok(false)
            }
            Inbound::Deliver(state) => {
                if kind == Kind::Subscribe {
                    if old.is_none() && rows::count(self.tx, owner, false)? >= MAX_REQUESTS {
                        return Ok(false);
                    }
                    new.request = self.request(owner, from, stanza);
                }
                new.state = state;
                if was.from && !state.from {
                    self.hide(owner, from);
                }
                let (user, stanza) = (owner.to_owned(), stanza.clone());
                self.effects.push(match kind {
                    Kind::Subscribe => Effect::Available { user, stanza },
                    _ => Effect::Interested { user, stanza },
                });
                self.settle(owner, old.as_ref(), new)?;
                Ok(true)
            }
        }
    }

    /// What is kept of a request: all of it, if it is not too long (section 3.1.3).
    fn request(&self, owner: &str, from: &str, stanza: &Outgoing) -> Option<String> {
        if stanza.xml.len() <= MAX_REQUEST_BYTES {
            return Some(stanza.xml.to_string());
        }
        element::write(&self.presence(from, owner, Kind::Subscribe)).ok()
    }

    fn presence(&self, from: &str, to: &str, kind: Kind) -> Element {
        build("presence", ns::CLIENT)
            .attr("type", kind.as_str())
            .attr("from", self.rosters.bare(from))
            .attr("to", self.rosters.bare(to))
            .done()
    }

    /// Says something of a user to a contact; whether the contact is told.
    fn say(&mut self, user: &str, contact: &str, kind: Kind) -> rusqlite::Result<bool> {
        match Outgoing::of(&self.presence(user, contact, kind)) {
            Some(stanza) => self.receive(contact, user, kind, &stanza),
            None => Ok(false),
        }
    }

    /// Writes what has become of an item, and pushes what the owner sees of it.
    fn settle(&mut self, owner: &str, old: Option<&Item>, new: Item) -> rusqlite::Result<()> {
        if old.map_or(new.is_empty(), |old| *old == new) {
            return Ok(());
        }
        let mut new = new;
        if !new.state.pending_in {
            new.request = None;
        }
        let was = old.map(|item| item.state).unwrap_or_default();
        if was.from != new.state.from {
            self.sees(owner, &new.contact, new.state.from);
        }
        self.write(owner, &new)?;
        // A request is no part of the roster (section 3.1.3).
        let mut shown = new.state;
        shown.pending_in = was.pending_in;
        let is_shown = new.listed && (shown != was || !old.is_some_and(|old| old.listed));
        if is_shown {
            self.push(owner, &new)?;
        }
        Ok(())
    }

    fn write(&self, owner: &str, item: &Item) -> rusqlite::Result<()> {
        if item.is_empty() {
            rows::remove(self.tx, owner, &item.contact)?;
            return Ok(());
        }
        rows::save(self.tx, owner, item)
    }

    fn push(&mut self, owner: &str, item: &Item) -> rusqlite::Result<()> {
        let version = rows::next_version(self.tx, owner)?;
        let colleague = self.colleague(&item.contact)?;
        let built = self.rosters.element(Some(item), colleague.as_ref());
        if let Some(stanza) = built.and_then(|item| push(version, item)) {
            let user = owner.to_owned();
            self.effects.push(Effect::Interested { user, stanza });
        }
        Ok(())
    }

    fn sees(&mut self, owner: &str, contact: &str, sees: bool) {
        if let Some(viewer) = self.rosters.localpart(contact) {
            self.effects.push(Effect::Sees {
                owner: owner.to_owned(),
                viewer: viewer.to_owned(),
                sees,
            });
        }
    }

    fn show(&mut self, owner: &str, viewer: &str) {
        let (owner, viewer) = (owner.to_owned(), viewer.to_owned());
        self.effects.push(Effect::Show { owner, viewer });
    }

    fn hide(&mut self, owner: &str, viewer: &str) {
        let (owner, viewer) = (owner.to_owned(), viewer.to_owned());
        self.effects.push(Effect::Hide { owner, viewer });
    }
}
