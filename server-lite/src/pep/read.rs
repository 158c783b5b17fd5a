//! Asking for items and affiliations (XEP-0060, sections 5.7 and 6.5).

use std::ops::Range;
use std::sync::Arc;

use rusqlite::Connection;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::config::MAX_ITEMS;
use super::job::{find, find_readable, read};
use super::publish::{MAX_NAME, node_name};
use super::{Answer, Asker, notify, vcard4};
use crate::store::pep::{self, ItemRow};

/// Bytes of the items of one answer; a single one may have more.
const MAX_ANSWER: usize = 192 * 1024;
/// Bytes of what is around an item, beside its id.
const AROUND: usize = 100;

/// Which items are asked for.
enum Wanted {
    Named(Vec<String>),
    /// The newest, at most so many.
    Newest(usize),
    /// A page (XEP-0059).
    Page(Page),
}

struct Page {
    max: usize,
    after: Option<String>,
    before: Option<String>,
}

impl Wanted {
    fn read(action: &Element, payload: &Element) -> Result<Self, StanzaError> {
        let number = |text: &str| text.trim().parse().ok();
        let ids: Vec<String> = action
            .children()
            .filter(|child| child.is("item", ns::PUBSUB))
            .filter_map(|item| item.attr("id"))
            .filter(|id| id.len() <= MAX_NAME)
            .take(MAX_ITEMS as usize)
            .map(str::to_owned)
            .collect();
        if !ids.is_empty() {
            return Ok(Self::Named(ids));
        }
        if let Some(set) = payload.get_child("set", ns::RSM) {
            let text = |name| set.get_child(name, ns::RSM).map(Element::text);
            let max = match text("max") {
                None => MAX_ITEMS as usize,
                Some(max) => number(&max).ok_or(Condition::BadRequest)?,
            };
            return Ok(Self::Page(Page {
                max,
                after: text("after").filter(|after| !after.is_empty()),
                before: text("before"),
            }));
        }
        match action.attr("max_items").map(number) {
            None => Ok(Self::Newest(MAX_ITEMS as usize)),
            Some(Some(max)) if max > 0 => Ok(Self::Newest(max)),
            Some(_) => Err(Condition::BadRequest.into()),
        }
    }
}

/// Which of all items, the oldest first, are in the answer; `None` if the page
/// hangs on an item that is not there.
fn choose(sizes: &[(String, usize)], wanted: &Wanted) -> Option<Range<usize>> {
    let place = |id: &String| sizes.iter().position(|(other, _)| other == id);
    let end = sizes.len();
    let (within, max, from_end) = match wanted {
        Wanted::Named(_) => (0..0, 0, false),
        Wanted::Newest(max) => (0..end, *max, true),
        Wanted::Page(page) => {
            let start = match &page.after {
                Some(after) => place(after)? + 1,
                None => 0,
            };
            let end = match page.before.as_ref().filter(|before| !before.is_empty()) {
                Some(before) => place(before)?,
                None => end,
            };
            (start..end, page.max, page.before.is_some())
        }
    };
    let mut room = MAX_ANSWER;
    let fits = |(id, bytes): &&(String, usize)| {
        let bytes = id.len() + bytes + AROUND;
        // The first is always in it.
        let fits = room == MAX_ANSWER || bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    let inside = sizes.get(within.clone()).unwrap_or_default();
    if from_end {
        let count = inside.iter().rev().take(max).take_while(fits).count();
        Some(within.end - count..within.end)
    } else {
        let count = inside.iter().take(max).take_while(fits).count();
        Some(within.start..within.start + count)
    }
}

/// Items of a node: those that are named, a page, or the newest.
pub(super) async fn items(asker: Asker, action: &Element, payload: &Element) -> Answer {
    let name = node_name(action)?;
    let wanted = Wanted::read(action, payload)?;
    let server = Arc::clone(&asker.server);
    let (name, rows, set) = read(&server, move |db| {
        let node = find_readable(db, &asker, &name)?;
        if let Wanted::Named(ids) = &wanted {
            let mut rows = Vec::new();
            let mut room = MAX_ANSWER;
            for id in ids {
                if let Some(row) = pep::item(db, node.id, id)? {
                    let bytes = row.item_id.len() + row.payload.len() + AROUND;
                    if bytes > room && !rows.is_empty() {
                        break;
                    }
                    room = room.saturating_sub(bytes);
                    rows.push(row);
                }
            }
            add_photo(db, &asker, &name, &mut rows)?;
            return Ok((name, rows, None));
        }
        let sizes = pep::sizes(db, node.id)?;
        let range = choose(&sizes, &wanted).ok_or(Condition::ItemNotFound)?;
        let mut rows = Vec::new();
        for (id, _) in sizes.get(range.clone()).unwrap_or_default() {
            rows.extend(pep::item(db, node.id, id)?);
        }
        add_photo(db, &asker, &name, &mut rows)?;
        let paged = match wanted {
            Wanted::Page(_) => true,
            // What was left out is said (section 6.5.4).
            Wanted::Newest(max) => range.len() < max.min(sizes.len()),
            Wanted::Named(_) => false,
        };
        Ok((name, rows, paged.then_some((range.start, sizes.len()))))
    })
    .await?;
    let set = set.map(|(index, count)| {
        let first = rows.first().map(|row| {
            build("first", ns::RSM)
                .attr("index", index.to_string())
                .text(&row.item_id)
        });
        let last = rows.last();
        let last = last.map(|row| build("last", ns::RSM).text(&row.item_id));
        build("set", ns::RSM)
            .children(first)
            .children(last)
            .child(build("count", ns::RSM).text(count.to_string()))
    });
    let items = rows.iter().map(|row| notify::item(row, ns::PUBSUB, true));
    let items = build("items", ns::PUBSUB)
        .attr("node", &name)
        .children(items);
    Ok(Some(
        build("pubsub", ns::PUBSUB)
            .child(items)
            .children(set)
            .done(),
    ))
}

/// A vCard comes with the picture; of several the newest.
fn add_photo(
    db: &Connection,
    asker: &Asker,
    name: &str,
    rows: &mut [ItemRow],
) -> rusqlite::Result<()> {
    match rows.last_mut() {
        Some(row) if name == ns::VCARD4_NODE => vcard4::add_photo(db, asker, row),
        _ => Ok(()),
    }
}

/// What who asks is to the nodes of an account, or to one.
pub(super) async fn affiliations(asker: Asker, action: &Element) -> Answer {
    let wanted = action.attr("node").map(str::to_owned);
    let server = Arc::clone(&asker.server);
    let rows = read(&server, move |db| {
        let names = match wanted {
            Some(name) => vec![name],
            None => {
                let rows = pep::nodes(db, &asker.account)?;
                rows.into_iter().map(|row| row.node).collect()
            }
        };
        let mut rows = Vec::new();
        for name in names {
            if let Ok(node) = find(db, &asker, &name) {
                let affiliation = node.affiliation(&asker.bare).to_owned();
                if affiliation != "none" {
                    rows.push((name, affiliation));
                }
            }
        }
        Ok(rows)
    })
    .await?;
    let rows = rows.iter().map(|(name, affiliation)| {
        build("affiliation", ns::PUBSUB)
            .attr("node", name)
            .attr("affiliation", affiliation)
    });
    let affiliations = build("affiliations", ns::PUBSUB).children(rows);
    Ok(Some(build("pubsub", ns::PUBSUB).child(affiliations).done()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_the_newest() {
        let small = |n: u32| (n.to_string(), 10);
        let sizes: Vec<_> = (0..5).map(small).collect();
        let page = |max, after: Option<&str>, before: Option<&str>| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let (after, before) = (text(after), text(before));
            choose(&sizes, &Wanted::Page(Page { max, after, before }))
        };
        assert_eq!(choose(&sizes, &Wanted::Newest(2)), Some(3..5));
        assert_eq!(choose(&sizes, &Wanted::Newest(9)), Some(0..5));
        assert_eq!(page(2, None, None), Some(0..2));
        assert_eq!(page(2, Some("1"), None), Some(2..4));
        assert_eq!(page(2, Some("4"), None), Some(5..5));
        assert_eq!(page(2, None, Some("")), Some(3..5));
        assert_eq!(page(2, None, Some("3")), Some(1..3));
        assert_eq!(page(2, None, Some("0")), Some(0..0));
        assert_eq!(page(0, None, None), Some(0..0));
        assert_eq!(page(2, Some("9"), None), None);
        // One before the other: nothing lies between.
        assert_eq!(
            page(2, Some("3"), Some("1")).map(|range| range.len()),
            Some(0)
        );
    }

    #[test]
    fn an_answer_has_a_limit_but_never_stops() {
        let large = |n: u32| (n.to_string(), MAX_ANSWER / 2);
        let mut sizes: Vec<_> = (0..5).map(large).collect();
        assert_eq!(choose(&sizes, &Wanted::Newest(9)), Some(4..5));
        sizes.push((5.to_string(), MAX_ANSWER * 2));
        assert_eq!(choose(&sizes, &Wanted::Newest(9)), Some(5..6));
    }
}
