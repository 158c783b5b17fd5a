//! Which messages people want archived (XEP-0441): the preferences of all
//! accounts, in memory. They are read when the server starts and change after a
//! commit.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jid::Jid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::StoreError;
use crate::store::Store;
use crate::store::preferences::{self, PreferencesRow};

/// Most addresses in one list.
const MAX_ADDRESSES: usize = 500;

/// What happens with messages of those who are in neither list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standard {
    #[default]
    Always,
    Never,
    /// Those of contacts are archived.
    Roster,
}

impl Standard {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Roster => "roster",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Always, Self::Never, Self::Roster]
            .into_iter()
            .find(|standard| standard.as_str() == name)
    }
}

/// The preferences of one account. Addresses are in their normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) standard: Standard,
    pub(crate) always: Vec<String>,
    pub(crate) never: Vec<String>,
}

impl Preferences {
    /// Whether a message from or to this address is archived. If both lists
    /// name it, it is not.
    pub(crate) fn archives(&self, address: &str, is_contact: impl Fn(&str) -> bool) -> bool {
        let bare = bare(address);
        let names = |list: &[String]| list.iter().any(|named| named == address || named == bare);
        if names(&self.never) {
            return false;
        }
        names(&self.always)
            || match self.standard {
                Standard::Always => true,
                Standard::Never => false,
                Standard::Roster => is_contact(bare),
            }
    }

    /// Reads `<prefs/>`.
    pub(crate) fn from_element(prefs: &Element) -> Result<Self, StanzaError> {
        let standard = prefs
            .attr("default")
            .and_then(Standard::from_name)
            .ok_or(Condition::BadRequest)?;
        Ok(Self {
            standard,
            always: addresses(prefs, "always")?,
            never: addresses(prefs, "never")?,
        })
    }

    pub(crate) fn to_element(&self) -> Element {
        let list = |name: &str, addresses: &[String]| {
            let items = addresses
                .iter()
                .map(|address| build("jid", ns::MAM).text(address));
            build(name, ns::MAM).children(items)
        };
        build("prefs", ns::MAM)
            .attr("default", self.standard.as_str())
            .child(list("always", &self.always))
            .child(list("never", &self.never))
            .done()
    }

    pub(crate) fn to_row(&self, owner: &str) -> PreferencesRow {
        let json = |list: &[String]| serde_json::Value::from(list.to_vec()).to_string();
        PreferencesRow {
            owner: owner.to_owned(),
            standard: self.standard.as_str().to_owned(),
            always: json(&self.always),
            never: json(&self.never),
        }
    }

    pub(crate) fn from_row(row: &PreferencesRow) -> Self {
        let list = |text: &str| {
            serde_json::from_str(text).unwrap_or_else(|error| {
                tracing::error!(%error, owner = row.owner, "preferences not readable");
                Vec::new()
            })
        };
        Self {
            standard: Standard::from_name(&row.standard).unwrap_or_default(),
            always: list(&row.always),
            never: list(&row.never),
        }
    }
}

fn addresses(prefs: &Element, name: &str) -> Result<Vec<String>, StanzaError> {
    let mut all = Vec::new();
    let lists = prefs.children().filter(|child| child.is(name, ns::MAM));
    for item in lists.flat_map(Element::children) {
        if !item.is("jid", ns::MAM) {
            return Err(Condition::BadRequest.into());
        }
        let address = Jid::new(item.text().trim())
            .map_err(|_| StanzaError::from(Condition::JidMalformed))?
            .to_string();
        if !all.contains(&address) {
            all.push(address);
        }
        if all.len() > MAX_ADDRESSES {
            return Err(StanzaError::from(Condition::NotAcceptable).with_text("too many addresses"));
        }
    }
    Ok(all)
}

fn bare(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

/// Those of all accounts.
#[derive(Default)]
pub(crate) struct Archiving {
    preferences: RwLock<HashMap<String, Arc<Preferences>>>,
}

impl Archiving {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        let archiving = Self::default();
        archiving.replace(&store.read(preferences::all).await?);
        Ok(archiving)
    }

    /// Takes what is on disk instead of what is here.
    pub(crate) fn replace(&self, rows: &[PreferencesRow]) {
        let found = rows
            .iter()
            .map(|row| (row.owner.clone(), Arc::new(Preferences::from_row(row))));
        let found = found.collect();
        let mut all = self
            .preferences
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *all = found;
    }

    /// Those of an account, if it has set some.
    pub(crate) fn of(&self, owner: &str) -> Option<Arc<Preferences>> {
        let all = self
            .preferences
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        all.get(owner).cloned()
    }

    /// Sets what is on disk; `None` if it is gone from there.
    pub(crate) fn set(&self, owner: &str, preferences: Option<Preferences>) {
        let mut all = self
            .preferences
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match preferences {
            Some(preferences) => all.insert(owner.to_owned(), Arc::new(preferences)),
            None => all.remove(owner),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_archived() {
        let preferences = |standard| Preferences {
            standard,
            always: vec!["a@x".to_owned(), "c@x/1".to_owned(), "d@x".to_owned()],
            never: vec!["b@x".to_owned(), "d@x/1".to_owned()],
        };
        let is_contact = |address: &str| address == "e@x";
        for (standard, expected) in [
            (
                Standard::Always,
                "a@x a@x/1 c@x/1 c@x/2 d@x d@x/2 e@x/1 f@x",
            ),
            (Standard::Never, "a@x a@x/1 c@x/1 d@x d@x/2"),
            (Standard::Roster, "a@x a@x/1 c@x/1 d@x d@x/2 e@x/1"),
        ] {
            let archived: Vec<_> = [
                "a@x", "a@x/1", "b@x", "b@x/1", "c@x/1", "c@x/2", "d@x", "d@x/1", "d@x/2", "e@x/1",
                "f@x",
            ]
            .into_iter()
            .filter(|address| preferences(standard).archives(address, is_contact))
            .collect();
            assert_eq!(archived.join(" "), expected, "{standard:?}");
            let row = preferences(standard).to_row("me");
            assert_eq!(Preferences::from_row(&row), preferences(standard));
        }
    }
}
