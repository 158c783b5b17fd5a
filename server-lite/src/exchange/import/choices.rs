//! What an imported user has chosen: whom to hear of no more, and what to have
//! archived.

use jid::Jid;
use rusqlite::Transaction;
use xmpp_core::{Element, ns};

use crate::archiving::Preferences;
use crate::blocking::MAX_BLOCKED;
use crate::exchange::ExchangeError;
use crate::store::{blocked, preferences};

/// What became of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether something was added.
    pub(super) added: bool,
    /// Whether something has no place here.
    pub(super) left_out: bool,
}

/// Takes in privacy lists (XEP-0016). Only the one that holds where no other is
/// chosen does anything for somebody who has just signed in, and of that only
/// what keeps everything of an address away can be said here.
pub(super) fn privacy(
    tx: &Transaction<'_>,
    owner: &str,
    query: &Element,
) -> Result<Taken, ExchangeError> {
    let lists = || {
        query
            .children()
            .filter(|child| child.is("list", ns::PRIVACY))
    };
    let default = query.get_child("default", ns::PRIVACY);
    let default = default.and_then(|default| default.attr("name"));
    let list = lists().find(|list| default.is_some() && list.attr("name") == default);
    let mut items: Vec<&Element> = list.map_or(Vec::new(), |list| list.children().collect());
    items.sort_by_key(|item| order(item));
    // At the end everything else is allowed, said or not.
    let is_rest = |item: &&Element| item.attr("type").is_none() && is_allowed(item);
    if items.last().is_some_and(is_rest) {
        items.pop();
    }
    // What comes after an exception does not hold for all.
    let before = items.iter().take_while(|item| !is_allowed(item));
    let addresses: Vec<String> = before.filter_map(|item| blocked_whole(item)).collect();
    let left_out = addresses.len() < items.len() || lists().count() > usize::from(list.is_some());
    let taken = block(tx, owner, addresses)?;
    Ok(Taken {
        left_out: left_out || taken.left_out,
        ..taken
    })
}

/// Takes in a block list as a client reads it (XEP-0191).
pub(super) fn blocklist(
    tx: &Transaction<'_>,
    owner: &str,
    list: &Element,
) -> Result<Taken, ExchangeError> {
    let addresses = list.children().filter_map(|item| {
        let address = item.attr("jid").filter(|_| item.is("item", ns::BLOCKING));
        normal(address?)
    });
    block(tx, owner, addresses.collect())
}

/// Takes in what is to be archived, unless the account has said so before.
pub(super) fn archiving(
    tx: &Transaction<'_>,
    owner: &str,
    prefs: &Element,
) -> Result<Taken, ExchangeError> {
    let known = preferences::of(tx, owner)?;
    let read = match Preferences::from_element(prefs) {
        Ok(read) if known.is_none() => read,
        other => {
            return Ok(Taken {
                added: false,
                left_out: other.is_err(),
            });
        }
    };
    preferences::set(tx, &read.to_row(owner))?;
    Ok(Taken {
        added: true,
        left_out: false,
    })
}

fn block(
    tx: &Transaction<'_>,
    owner: &str,
    addresses: Vec<String>,
) -> Result<Taken, ExchangeError> {
    let before = blocked::of(tx, owner)?;
    let mut new: Vec<String> = addresses;
    new.retain(|address| !before.contains(address));
    new.sort_unstable();
    new.dedup();
    let room = MAX_BLOCKED.saturating_sub(before.len());
    let left_out = new.len() > room;
    new.truncate(room);
    blocked::add(tx, owner, &new, MAX_BLOCKED)?;
    Ok(Taken {
        added: !new.is_empty(),
        left_out,
    })
}

fn order(item: &Element) -> u32 {
    let order = item.attr("order").and_then(|order| order.parse().ok());
    order.unwrap_or(u32::MAX)
}

fn is_allowed(item: &Element) -> bool {
    item.attr("action") != Some("deny")
}

/// The address that an item keeps away altogether.
fn blocked_whole(item: &Element) -> Option<String> {
    let kinds = ["message", "iq", "presence-in", "presence-out"];
    let is_whole = item.children().next().is_none()
        || kinds.iter().all(|kind| item.has_child(kind, ns::PRIVACY));
    let address = item
        .attr("value")
        .filter(|_| is_whole && item.attr("type") == Some("jid"));
    normal(address?)
}

fn normal(address: &str) -> Option<String> {
    Jid::new(address).ok().map(|jid| jid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{accounts, connect, exchange};

    fn taken(list: &str) -> (Vec<String>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder.path().join("server.db")).unwrap();
        let tx = exchange::begin(&db).unwrap();
        accounts::meta_or_insert(&tx, "domain", "x").unwrap();
        let account = exchange::WholeAccount {
            localpart: "me".to_owned(),
            display_name: "Me".to_owned(),
            created_ms: 0,
            disabled: false,
            department: None,
            manager: None,
            administrator: false,
        };
        exchange::insert_account(&tx, &account).unwrap();
        let query = format!("<query xmlns='jabber:iq:privacy'>{list}</query>");
        let query = xmpp_core::element::parse(query.as_bytes()).unwrap();
        let taken = privacy(&tx, "me", &query).unwrap();
        let blocked = blocked::of(&tx, "me").unwrap();
        assert_eq!(taken.added, !blocked.is_empty());
        (blocked, taken.left_out)
    }

    #[test]
    fn of_privacy_lists_what_blocks_altogether() {
        let deny = |order: u32, value: &str, rest: &str| {
            format!("<item type='jid' value='{value}' action='deny' order='{order}'>{rest}</item>")
        };
        let list = |items: &str| format!("<default name='a'/><list name='a'>{items}</list>");
        let rest = "<item action='allow' order='90'/>";
        let all = "<message/><iq/><presence-in/><presence-out/>";
        for (text, expected, left_out) in [
            (list(&deny(1, "B@X", "")), "b@x", false),
            (list(&(deny(2, "b@x", all) + rest)), "b@x", false),
            // Not everything, or not an address.
            (list(&deny(1, "b@x", "<message/>")), "", true),
            (
                list("<item type='group' value='b' action='deny' order='1'/>"),
                "",
                true,
            ),
            (list(&deny(1, "@", "")), "", true),
            (list("<item action='deny' order='1'/>"), "", true),
            // An exception, whatever comes first in the file.
            (
                list(
                    &(deny(9, "x", "")
                        + "<item type='jid' value='b@x' action='allow' order='5'/>"
                        + &deny(2, "c@x", "")),
                ),
                "c@x",
                true,
            ),
            // A list that nobody has chosen.
            (
                format!("<list name='a'>{}</list>", deny(1, "b@x", "")),
                "",
                true,
            ),
            (String::new(), "", false),
            ("<default name='a'/>".to_owned(), "", false),
        ] {
            let (blocked, is_left_out) = taken(&text);
            assert_eq!(
                (blocked.join(" ").as_str(), is_left_out),
                (expected, left_out),
                "{text}"
            );
        }
    }

    #[test]
    fn a_list_that_is_too_long_is_cut() {
        let items: String = (0..MAX_BLOCKED + 5)
            .map(|n| format!("<item type='jid' value='{n}@x' action='deny' order='{n}'/>"))
            .collect();
        let list = format!("<default name='a'/><list name='a'>{items}</list>");
        let (blocked, left_out) = taken(&list);
        assert_eq!((blocked.len(), left_out), (MAX_BLOCKED, true));
    }
}
