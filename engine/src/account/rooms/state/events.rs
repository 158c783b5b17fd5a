//! What of the presences of a room is worth a line among its messages.

use super::Stage;
use super::room::LiveRoom;
use crate::api::{Affiliation, RoomEventKind, RoomEventView};
use crate::inbound::room::presence::RoomPresence;

/// In larger rooms somebody always comes or goes: that is told of nobody.
const COMING_AND_GOING_UP_TO: usize = 50;

/// What a presence tells, by what was known before it. Nothing while we join: that
/// these are there is no news.
pub(super) fn of(live: &LiveRoom, presence: &RoomPresence, is_us: bool) -> Option<RoomEventView> {
    if live.stage != Stage::In {
        return None;
    }
    let before = live.occupants.get(&presence.nick);
    let is_small = live.occupants.len() <= COMING_AND_GOING_UP_TO;
    let (what, text) = match (presence.show, before) {
        (Some(_), None) if is_us || !is_small => return None,
        (Some(_), None) => (RoomEventKind::Joined, ""),
        (Some(_), Some(before)) if before.affiliation == presence.affiliation => return None,
        (Some(_), Some(_)) => (made(presence.affiliation), presence.reason.as_str()),
        (None, _) if presence.says(301) => (RoomEventKind::Banned, presence.reason.as_str()),
        (None, _) if presence.says(321) || presence.says(322) => {
            (RoomEventKind::MembersOnly, presence.reason.as_str())
        }
        // The service stops, or somebody was lost to it (codes 332 and 333).
        (None, _) if presence.says(307) && !presence.says(332) && !presence.says(333) => {
            (RoomEventKind::Kicked, presence.reason.as_str())
        }
        (None, Some(_)) if presence.says(303) && (is_small || is_us) => {
            (RoomEventKind::Renamed, presence.new_nick.as_deref()?)
        }
        (None, Some(_)) if is_small && !is_us && !presence.says(303) => {
            if presence.is_destroyed || presence.says(332) {
                return None;
            }
            (RoomEventKind::Left, "")
        }
        (None, _) => return None,
    };
    Some(RoomEventView {
        what,
        who: presence.nick.clone(),
        me: is_us,
        by: presence.actor.clone(),
        text: text.to_owned(),
    })
}

fn made(affiliation: Affiliation) -> RoomEventKind {
    match affiliation {
        Affiliation::Owner => RoomEventKind::MadeOwner,
        Affiliation::Admin => RoomEventKind::MadeAdmin,
        Affiliation::Member => RoomEventKind::MadeMember,
        _ => RoomEventKind::MadeNobody,
    }
}
