//! The roster of an imported user.

use std::collections::BTreeSet;

use jid::BareJid;
use rusqlite::Transaction;
use xmpp_core::{Element, element, ns};

use crate::exchange::ExchangeError;
use crate::roster::state::State;
use crate::store::roster::{self, Item};

/// Most items of one user.
const MAX_ITEMS: usize = 10_000;

/// What was read of a roster.
#[derive(Default)]
pub(super) struct Roster {
    /// What is kept here stands in the file, so the roster that follows from
    /// it has nothing to add.
    has_contacts: bool,
    /// Contacts that were added.
    added: BTreeSet<String>,
}

impl Roster {
    /// Takes in `<contacts/>` of an export of ours.
    pub(super) fn contacts(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        contacts: &Element,
    ) -> Result<(), ExchangeError> {
        self.has_contacts = true;
        for contact in contacts.children().take(MAX_ITEMS) {
            let flag = |name| contact.attr(name) == Some("true");
            let groups = flag("grouped").then(|| texts(contact, ns::EXPORT));
            if let Some(item) = read(contact, flag("ask"), groups, flag("listed")) {
                self.add(tx, owner, &item)?;
            }
        }
        Ok(())
    }

    /// Takes in a roster as another server writes it.
    pub(super) fn query(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        query: &Element,
    ) -> Result<(), ExchangeError> {
        if self.has_contacts {
            return Ok(());
        }
        let items = query
            .children()
            .filter(|child| child.is("item", ns::ROSTER));
        for element in items.take(MAX_ITEMS) {
            let asked = element.attr("ask") == Some("subscribe");
            let groups = texts(element, ns::ROSTER);
            let groups = (!groups.is_empty()).then_some(groups);
            if let Some(item) = read(element, asked, groups, true) {
                self.add(tx, owner, &item)?;
            }
        }
        Ok(())
    }

    /// Takes in a request that waits for an answer.
    pub(super) fn request(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        presence: &Element,
    ) -> Result<(), ExchangeError> {
        let from = presence.attr("from").map(BareJid::new);
        let (Some(Ok(from)), Ok(stanza)) = (from, element::write(presence)) else {
            return Ok(());
        };
        if presence.attr("type") != Some("subscribe") {
            return Ok(());
        }
        let contact = from.to_string();
        let known = roster::item(tx, owner, &contact)?;
        // One that was there before has been answered, or waits already.
        if known.is_some() && !self.added.contains(&contact) || self.added.len() >= MAX_ITEMS {
            return Ok(());
        }
        let mut item = known.unwrap_or_else(|| Item::new(&contact));
        item.request = Some(stanza);
        item.state.pending_in = true;
        roster::save(tx, owner, &item)?;
        self.added.insert(contact);
        Ok(())
    }

    fn add(&mut self, tx: &Transaction<'_>, owner: &str, item: &Item) -> Result<(), ExchangeError> {
        if roster::item(tx, owner, &item.contact)?.is_none() {
            roster::save(tx, owner, item)?;
            self.added.insert(item.contact.clone());
        }
        Ok(())
    }

    /// Clients that know the roster as it was have to read it anew.
    pub(super) fn finish(&self, tx: &Transaction<'_>, owner: &str) -> Result<bool, ExchangeError> {
        if !self.added.is_empty() {
            roster::next_version(tx, owner)?;
        }
        Ok(!self.added.is_empty())
    }
}

fn texts(element: &Element, namespace: &str) -> Vec<String> {
    let groups = element
        .children()
        .filter(|child| child.is("group", namespace));
    let mut names: Vec<String> = Vec::new();
    for name in groups.map(Element::text) {
        if !name.is_empty() && !names.contains(&name) && names.len() < 100 {
            names.push(name);
        }
    }
    names
}

fn read(element: &Element, asked: bool, groups: Option<Vec<String>>, listed: bool) -> Option<Item> {
    let contact = BareJid::new(element.attr("jid")?).ok()?.to_string();
    let subscription = element.attr("subscription").unwrap_or("none");
    let name = element.attr("name").filter(|name| !name.is_empty());
    Some(Item {
        name: name.map(str::to_owned),
        groups,
        state: State {
            to: matches!(subscription, "to" | "both"),
            from: matches!(subscription, "from" | "both"),
            pending_out: asked,
            pending_in: false,
            approved: element.attr("approved") == Some("true"),
        },
        listed,
        ..Item::new(&contact)
    })
}
