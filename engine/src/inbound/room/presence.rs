//! What a presence of a room says (XEP-0045, sections 7 to 10).

use jid::{BareJid, Jid};
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::{Element, ns};

use crate::api::{Affiliation, PresenceShow, Role};

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 1000;

/// A presence of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomPresence {
    pub(crate) nick: String,
    /// None: is not there any more.
    pub(crate) show: Option<PresenceShow>,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    /// Bare, where we may know it.
    pub(crate) address: Option<String>,
    pub(crate) occupant_id: Option<String>,
    /// Codes of section 15.6.
    pub(crate) statuses: Vec<u16>,
    /// With code 303.
    pub(crate) new_nick: Option<String>,
    /// Nickname of the moderator.
    pub(crate) actor: Option<String>,
    /// What a moderator wrote; or why it was destroyed.
    pub(crate) reason: String,
    pub(crate) is_destroyed: bool,
}

/// Somebody comes, changes or goes; or we were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromRoom {
    /// About somebody in it.
    Presence(Box<RoomPresence>),
    /// To us.
    Refused(StanzaError),
}

impl RoomPresence {
    pub(crate) fn says(&self, code: u16) -> bool {
        self.statuses.contains(&code)
    }
}

/// Reads a presence that comes from a room; gives the room too.
pub(crate) fn read(stanza: &Element) -> Option<(BareJid, FromRoom)> {
    let from = Jid::new(stanza.attr("from")?).ok()?;
    let room = from.to_bare();
    let show = match stanza.attr("type") {
        Some("error") => {
            return Some((room, FromRoom::Refused(StanzaError::from_stanza(stanza))));
        }
        Some("unavailable") => None,
        Some(_) => return None,
        None => Some(show(stanza)),
    };
    let nick = from.resource()?.to_string();
    let user = stanza.get_child("x", ns::MUC_USER);
    let item = user.and_then(|user| user.get_child("item", ns::MUC_USER));
    let attr = |name: &'static str| item.and_then(|item| item.attr(name)).unwrap_or_default();
    let destroy = user.and_then(|user| user.get_child("destroy", ns::MUC_USER));
    let reason = destroy
        .or(item)
        .and_then(|said| said.get_child("reason", ns::MUC_USER))
        .map(Element::text)
        .unwrap_or_default();
    let presence = RoomPresence {
        nick,
        show,
        affiliation: Affiliation::from_name(attr("affiliation")),
        role: Role::from_name(attr("role")),
        address: Jid::new(attr("jid"))
            .ok()
            .map(|jid| jid.to_bare().to_string()),
        occupant_id: stanza
            .get_child("occupant-id", ns::OCCUPANT_ID)
            .and_then(super::id_of)
            .map(str::to_owned),
        statuses: user.into_iter().flat_map(statuses).collect(),
        new_nick: item.and_then(|item| item.attr("nick")).map(str::to_owned),
        actor: item
            .and_then(|item| item.get_child("actor", ns::MUC_USER))
            .and_then(|actor| actor.attr("nick"))
            .filter(|nick| nick.len() <= LONGEST_REASON)
            .map(str::to_owned),
        reason: reason.chars().take(LONGEST_REASON).collect(),
        is_destroyed: destroy.is_some(),
    };
    Some((room, FromRoom::Presence(Box::new(presence))))
}

/// Status codes.
pub(super) fn statuses(user: &Element) -> impl Iterator<Item = u16> + '_ {
    user.children()
        .filter(|child| child.is("status", ns::MUC_USER))
        .filter_map(|status| status.attr("code")?.parse().ok())
}

fn show(stanza: &Element) -> PresenceShow {
    let show = stanza.get_child("show", ns::CLIENT).map(Element::text);
    match show.as_deref().map(str::trim) {
        Some("away" | "xa") => PresenceShow::Away,
        Some("dnd") => PresenceShow::DoNotDisturb,
        _ => PresenceShow::Online,
    }
}
