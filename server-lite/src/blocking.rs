//! Whom nobody wants to hear of any more (XEP-0191): the lists of all accounts,
//! in memory. They are read when the server starts and change after a commit.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use crate::StoreError;
use crate::store::{Store, blocked};

/// Most addresses that one account blocks.
pub(crate) const MAX_BLOCKED: usize = 1_000;

/// The lists, by the localpart of who made them.
#[derive(Default)]
pub(crate) struct Blocking {
    lists: RwLock<HashMap<String, BTreeSet<String>>>,
}

impl Blocking {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        let blocking = Self::default();
        blocking.replace(store.read(blocked::all).await?);
        Ok(blocking)
    }

    /// Takes what is on disk instead of what is here: owners and addresses.
    pub(crate) fn replace(&self, rows: Vec<(String, String)>) {
        let mut found: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (owner, address) in rows {
            found.entry(owner).or_default().insert(address);
        }
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// Whether an owner blocks an address: that session, that account, that
    /// domain (section 5). The address is in its normal form.
    pub(crate) fn blocks(&self, owner: &str, address: &str) -> bool {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists
            .get(owner)
            .is_some_and(|list| matches(address, |form| list.contains(form)))
    }

    /// Whether nobody blocks anybody.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.is_empty()
    }

    pub(crate) fn list(&self, owner: &str) -> BTreeSet<String> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.get(owner).cloned().unwrap_or_default()
    }

    /// Changes a list that is on disk as it will be.
    pub(crate) fn change(&self, owner: &str, change: impl FnOnce(&mut BTreeSet<String>)) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let list = lists.entry(owner.to_owned()).or_default();
        change(list);
        if list.is_empty() {
            lists.remove(owner);
        }
    }
}

/// Whether one of the forms under which an address can be listed is.
pub(crate) fn matches(address: &str, is_listed: impl Fn(&str) -> bool) -> bool {
    let (bare, resource) = match address.split_once('/') {
        Some((bare, resource)) => (bare, Some(resource)),
        None => (address, None),
    };
    if is_listed(address) || is_listed(bare) {
        return true;
    }
    let Some((_, domain)) = bare.split_once('@') else {
        return false;
    };
    is_listed(domain) || resource.is_some_and(|resource| is_listed(&format!("{domain}/{resource}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_an_address() {
        for (listed, address, expected) in [
            ("a@b/c", "a@b/c", true),
            ("a@b/c", "a@b/d", false),
            ("a@b/c", "a@b", false),
            ("a@b", "a@b", true),
            ("a@b", "a@b/c/d@e", true),
            ("b/c", "a@b/c", true),
            ("b/c", "a@b/d", false),
            ("b", "a@b/c", true),
            ("b", "a@b", true),
            ("b", "b", true),
            ("b", "b/c", true),
            ("b", "a@c.b", false),
            ("a", "a@b", false),
        ] {
            let blocking = Blocking::default();
            blocking.change("me", |list| {
                list.insert(listed.to_owned());
            });
            assert_eq!(
                blocking.blocks("me", address),
                expected,
                "{listed} {address}"
            );
            assert!(!blocking.blocks("other", address));
        }
    }
}
