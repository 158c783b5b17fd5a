//! The archive of an account (XEP-0313) and its pages (XEP-0059).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Server, address};

/// A message of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Archived {
    pub(crate) id: String,
    pub(crate) stamp_ms: i64,
    /// The account that wrote it; none if a room did.
    pub(crate) by: String,
    pub(crate) message: Element,
    /// What it was before it was taken back.
    pub(crate) original: Option<Element>,
}

/// What a query wants.
#[derive(Debug, Default)]
struct Wanted {
    with: Option<String>,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    after: Option<String>,
    /// Empty for the last page.
    before: Option<String>,
    max: Option<usize>,
}

impl Server {
    /// Puts a message into the archive of one of its ends.
    pub(super) fn archive(&mut self, account: &str, message: &Element) -> String {
        let archived = Archived {
            id: self.id(),
            stamp_ms: self.now_ms,
            by: author(message),
            message: message.clone(),
            original: None,
        };
        let id = archived.id.clone();
        let tombstones = self.flavour.tombstones;
        if let Some(account) = self.accounts.get_mut(account) {
            if tombstones {
                bury(&mut account.archive, &archived);
            }
            account.archive.push(archived);
        }
        id
    }

    /// Answers a query to an account or a room (`#name`): the messages of the page, then its end.
    pub(super) fn query(&mut self, session: u64, of: &str, iq: &Element, query: &Element) {
        let archive = match of.strip_prefix('#') {
            Some(room) => self.rooms.get(room).map(|room| &room.archive),
            None => self.accounts.get(of).map(|account| &account.archive),
        };
        let Some(archive) = archive else {
            return;
        };
        let page = page(archive, &read(query), self.flavour.page);
        let own = address(of);
        let Some(page) = page else {
            // XEP-0059, section 2.7.
            let error = StanzaError::from(Condition::ItemNotFound);
            if let Some(error) = error.reply_to(iq) {
                self.deliver(session, &error);
            }
            return;
        };
        let to = iq.attr("from").unwrap_or_default();
        for archived in &page.messages {
            let delay =
                build("delay", ns::DELAY).attr("stamp", datetime::format_ms(archived.stamp_ms));
            let forwarded = build("forwarded", ns::FORWARD)
                .child(delay)
                .child(archived.message.clone());
            let result = build("result", ns::MAM)
                .attr("id", &archived.id)
                .attr_opt("queryid", query.attr("queryid"))
                .child(forwarded);
            let message = build("message", ns::CLIENT)
                .attr("from", &own)
                .attr("to", to)
                .child(result);
            self.deliver(session, &message.done());
        }
        let mut set = build("set", ns::RSM);
        if let (Some(first), Some(last)) = (page.messages.first(), page.messages.last()) {
            set = set
                .child(
                    build("first", ns::RSM)
                        .attr("index", page.index.to_string())
                        .text(&first.id),
                )
                .child(build("last", ns::RSM).text(&last.id));
        }
        set = set.child(build("count", ns::RSM).text(page.count.to_string()));
        let mut fin = build("fin", ns::MAM).child(set);
        if page.is_complete {
            fin = fin.attr("complete", "true");
        }
        let result = build("iq", ns::CLIENT)
            .attr("type", "result")
            .attr_opt("id", iq.attr("id"))
            .attr("from", own)
            .attr("to", to)
            .child(fin);
        self.deliver(session, &result.done());
    }
}

/// The account in the `from` of a message.
fn author(message: &Element) -> String {
    let from = message.attr("from").unwrap_or_default();
    from.split('@').next().unwrap_or_default().to_owned()
}

/// What a retraction by its author (XEP-0424, section 4) or by a room (XEP-0425)
/// leaves of a message.
pub(super) fn bury(archive: &mut [Archived], by: &Archived) {
    let Some(retract) = by.message.get_child("retract", ns::RETRACT) else {
        return;
    };
    let target = retract.attr("id").unwrap_or_default();
    let is_room = by.message.attr("type") == Some("groupchat");
    let moderated = retract.get_child("moderated", ns::MODERATION);
    let found = archive.iter_mut().find(|archived| {
        let message = archived.original.as_ref().unwrap_or(&archived.message);
        let own = message.get_child("origin-id", ns::STANZA_ID);
        let ids = [
            Some(archived.id.as_str()),
            message.attr("id").filter(|_| !is_room),
            own.and_then(|own| own.attr("id")).filter(|_| !is_room),
        ];
        ids.contains(&Some(target))
            && message.has_child("body", ns::CLIENT)
            && (moderated.is_some() || archived.by == by.by)
    });
    let Some(archived) = found.filter(|archived| archived.original.is_none()) else {
        return;
    };
    let mut stone = Element::bare("message", ns::CLIENT);
    for ((_, name), value) in archived.message.attrs() {
        element::set_attr(&mut stone, name.as_str(), Some(value));
    }
    let keeps = |child: &&Element| child.has_ns(ns::OCCUPANT_ID) || child.has_ns(ns::MUC_USER);
    for child in archived.message.children().filter(keeps) {
        stone.append_child(child.clone());
    }
    let mark = build("retracted", ns::RETRACT)
        .attr("stamp", datetime::format_ms(by.stamp_ms))
        .attr_opt("id", by.message.attr("id"))
        .children(moderated.cloned());
    stone.append_child(mark.done());
    archived.original = Some(std::mem::replace(&mut archived.message, stone));
}

fn read(query: &Element) -> Wanted {
    let mut wanted = Wanted::default();
    let form = query.get_child("x", ns::DATA_FORMS);
    for field in form.into_iter().flat_map(Element::children) {
        let value = field.get_child("value", ns::DATA_FORMS).map(Element::text);
        match field.attr("var") {
            Some("with") => wanted.with = value,
            Some("start") => wanted.start_ms = value.as_deref().and_then(datetime::parse_ms),
            Some("end") => wanted.end_ms = value.as_deref().and_then(datetime::parse_ms),
            _ => {}
        }
    }
    if let Some(set) = query.get_child("set", ns::RSM) {
        let text = |name: &str| set.get_child(name, ns::RSM).map(Element::text);
        wanted.after = text("after");
        wanted.before = text("before");
        wanted.max = text("max").and_then(|max| max.parse().ok());
    }
    wanted
}

struct Page {
    messages: Vec<Archived>,
    index: usize,
    count: usize,
    is_complete: bool,
}

/// The page; `None` if a place that the query names is not there.
fn page(archive: &[Archived], wanted: &Wanted, largest: usize) -> Option<Page> {
    let is_there = |id: &String| archive.iter().any(|archived| archived.id == *id);
    let places = wanted.after.iter().chain(&wanted.before);
    if !places.filter(|id| !id.is_empty()).all(is_there) {
        return None;
    }
    let matching: Vec<&Archived> = archive
        .iter()
        .filter(|archived| {
            let is_with = |address: Option<&str>| {
                let bare = address.and_then(|address| address.split('/').next());
                bare == wanted.with.as_deref()
            };
            wanted.with.is_none()
                || is_with(archived.message.attr("from"))
                || is_with(archived.message.attr("to"))
        })
        .filter(|archived| {
            wanted
                .start_ms
                .is_none_or(|start| archived.stamp_ms >= start)
        })
        .filter(|archived| wanted.end_ms.is_none_or(|end| archived.stamp_ms <= end))
        .collect();
    // Places are those of the whole archive, so a filter cannot hide them.
    let place = |id: &str| archive.iter().position(|archived| archived.id == id);
    let number = |archived: &Archived| place(&archived.id).unwrap_or(0);
    let after = wanted.after.as_deref().and_then(place);
    let before = wanted.before.as_deref().and_then(place);
    let from = matching.partition_point(|found| after.is_some_and(|after| number(found) <= after));
    let to = matching.partition_point(|found| before.is_none_or(|before| number(found) < before));
    let range = matching.get(from..to.max(from)).unwrap_or_default();
    let size = wanted.max.unwrap_or(largest).min(largest).min(range.len());
    let backwards = wanted.before.is_some();
    let start = if backwards { range.len() - size } else { 0 };
    let chosen = range.get(start..start + size).unwrap_or_default();
    Some(Page {
        messages: chosen.iter().copied().cloned().collect(),
        index: from + start,
        count: matching.len(),
        is_complete: size == range.len(),
    })
}
