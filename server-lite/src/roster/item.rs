//! Items of a roster (RFC 6121, section 2.1.2): as a client writes them, and as
//! it reads them.

use jid::Jid;
use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{DELIMITER, Rosters};
use crate::clock;
use crate::router::Outgoing;
use crate::store::directory::Person;
use crate::store::roster::Item;

/// Longest name, and longest name of a group, in bytes.
const MAX_NAME: usize = 1023;
/// Groups of one item.
const MAX_GROUPS: usize = 32;
/// Address, name and groups of one item together, in bytes as they are written:
/// a full roster is a few megabytes, and goes out at once.
const MAX_ITEM: usize = 3 * 1024;

/// What a client wants of its roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Bare address.
    pub(crate) contact: String,
    pub(crate) name: Option<String>,
    pub(crate) groups: Vec<String>,
    /// The item has to go.
    pub(crate) remove: bool,
}

impl Wish {
    /// Reads a set (section 2.3); what only the server decides is left out.
    pub(crate) fn read(query: &Element) -> Result<Self, StanzaError> {
        let bad = |text: &str| StanzaError::from(Condition::BadRequest).with_text(text);
        let too_long = || StanzaError::from(Condition::NotAcceptable).with_text("too long");
        let mut items = query.children();
        let item = match (items.next(), items.next()) {
            (Some(item), None) if item.is("item", ns::ROSTER) => item,
            _ => return Err(bad("one item is wanted")),
        };
        let address = item.attr("jid").ok_or_else(|| bad("no address"))?;
        let address = Jid::new(address).map_err(|_| StanzaError::from(Condition::JidMalformed))?;
        if address.resource().is_some() {
            return Err(
                StanzaError::from(Condition::NotAcceptable).with_text("one session is no contact")
            );
        }
        let mut groups = Vec::new();
        for group in item
            .children()
            .filter(|child| child.is("group", ns::ROSTER))
        {
            let group = group.text();
            if group.is_empty() {
                return Err(
                    StanzaError::from(Condition::NotAcceptable).with_text("a group has no name")
                );
            }
            if group.len() > MAX_NAME || groups.len() >= MAX_GROUPS {
                return Err(too_long());
            }
            if groups.contains(&group) {
                return Err(bad("a group is there twice"));
            }
            groups.push(group);
        }
        let name = item.attr("name").filter(|name| !name.is_empty());
        if name.is_some_and(|name| name.len() > MAX_NAME) {
            return Err(too_long());
        }
        let contact = address.to_bare().to_string();
        let texts = groups.iter().map(String::as_str).chain(name);
        let size: usize = texts.chain([contact.as_str()]).map(written_len).sum();
        if size > MAX_ITEM {
            return Err(too_long());
        }
        Ok(Self {
            contact,
            name: name.map(str::to_owned),
            groups,
            remove: item.attr("subscription") == Some("remove"),
        })
    }
}

/// The length of a text in XML.
fn written_len(text: &str) -> usize {
    let escaped = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'\'' | b'"');
    text.bytes()
        .map(|byte| if escaped(byte) { 6 } else { 1 })
        .sum()
}

impl Rosters {
    /// The group of somebody in shared rosters (XEP-0083).
    pub(super) fn group_of(&self, person: &Person) -> String {
        match &person.department {
            Some(path) => format!("{}{DELIMITER}{path}", self.group),
            None => self.group.clone(),
        }
    }

    /// An item as its owner sees it. With a shared roster, `person` is the
    /// colleague; what the owner has set wins.
    pub(crate) fn element(&self, item: Option<&Item>, person: Option<&Person>) -> Option<Build> {
        let person = person.filter(|_| self.shared);
        let contact = match (item, person) {
            (Some(item), _) if person.is_some() || item.listed => item.contact.clone(),
            (None, Some(person)) => self.bare(&person.localpart),
            _ => return None,
        };
        let own_name = item.and_then(|item| item.name.as_deref());
        let name = own_name.or(person.map(|person| person.display_name.as_str()));
        let state = item.map(|item| item.state).unwrap_or_default();
        let groups = match (item.and_then(|item| item.groups.clone()), person) {
            (Some(groups), _) => groups,
            (None, Some(person)) => vec![self.group_of(person)],
            (None, None) => Vec::new(),
        };
        let mut built = build("item", ns::ROSTER)
            .attr("jid", contact)
            .attr_opt("name", name);
        if person.is_some() {
            built = built.attr("subscription", "both");
        } else {
            built = built
                .attr("subscription", state.subscription())
                .attr_opt("ask", state.pending_out.then_some("subscribe"))
                .attr_opt("approved", state.approved.then_some("true"));
        }
        let groups = groups
            .into_iter()
            .map(|name| build("group", ns::ROSTER).text(name));
        Some(built.children(groups))
    }

    /// The item that says that somebody is no longer there.
    pub(super) fn removal(contact: &str) -> Build {
        build("item", ns::ROSTER)
            .attr("jid", contact)
            .attr("subscription", "remove")
    }
}

/// The payload of a result or of a push, with its version (section 2.6).
pub(crate) fn query(version: i64, items: impl IntoIterator<Item = Build>) -> Element {
    build("query", ns::ROSTER)
        .attr("ver", version.to_string())
        .children(items)
        .done()
}

/// A roster push (section 2.1.6), the same for all who get it.
pub(crate) fn push(version: i64, item: Build) -> Option<Outgoing> {
    let id = clock::random_id().ok()?;
    let push = build("iq", ns::CLIENT)
        .attr("type", "set")
        .attr("id", format!("push-{id}"))
        .child(query(version, [item]));
    Outgoing::of(&push.done())
}
