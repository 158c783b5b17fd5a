//! One room, and who is in it.

use std::collections::HashMap;
use std::time::Duration;

use jid::BareJid;
use tokio::sync::oneshot;
use tokio::time::Instant;
use xmpp_core::Element;
use xmpp_core::stanza_error::StanzaError;

use super::{Change, Entered, MAX_OCCUPANTS, Stage};
use crate::api::{Affiliation, PresenceShow, Role};
use crate::inbound::room::Seat;
use crate::inbound::room::presence::RoomPresence;
use crate::store::rooms::members::Member;

/// Somebody who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occupant {
    pub(super) address: Option<String>,
    pub(super) occupant_id: Option<String>,
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
    pub(super) show: PresenceShow,
}

impl Occupant {
    fn member(&self, nick: &str) -> Member {
        Member {
            address: self.address.clone(),
            occupant_id: self.occupant_id.clone(),
            nick: Some(nick.to_owned()),
            affiliation: self.affiliation,
        }
    }
}

#[derive(Debug)]
pub(super) struct LiveRoom {
    /// Which of our stays in rooms this is.
    pub(super) stay: u64,
    pub(super) stage: Stage,
    pub(super) nick: String,
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
    pub(super) occupant_id: Option<String>,
    pub(super) occupants: HashMap<String, Occupant>,
    /// Everybody sees the addresses of everybody (XEP-0045, section 7.2.3).
    pub(super) is_open: bool,
    pub(super) entering: Option<oneshot::Sender<Result<Entered, StanzaError>>>,
    /// Who waits for another nickname.
    pub(super) renaming: Option<oneshot::Sender<Result<(), StanzaError>>>,
    /// Messages that came while the archive was read, and who was there then; none
    /// if nothing is read.
    pub(super) held: Option<Vec<(Element, Seat)>>,
    /// Whether more came meanwhile than can be held.
    pub(super) overflowed: bool,
    /// Whether something of the archive has still to be read.
    pub(super) is_behind: bool,
    /// Whether what comes live follows on what was read of the archive.
    pub(super) follows: bool,
    /// When the room was last known to have us.
    pub(super) heard: Instant,
    /// Silence after which it is asked.
    pub(super) patience: Duration,
}

impl LiveRoom {
    pub(super) fn comes(&mut self, presence: RoomPresence, is_us: bool) -> Change {
        let occupant = Occupant {
            address: presence.address.clone(),
            occupant_id: presence.occupant_id.clone(),
            affiliation: presence.affiliation,
            role: presence.role,
            show: presence.show.unwrap_or(PresenceShow::Online),
        };
        let before = self.occupants.get(&presence.nick);
        let is_new = before.is_none_or(|before| {
            Occupant {
                show: occupant.show,
                ..before.clone()
            } != occupant
        });
        let is_changed = before != Some(&occupant);
        if before.is_some() || self.occupants.len() < MAX_OCCUPANTS {
            self.occupants
                .insert(presence.nick.clone(), occupant.clone());
        }
        if !is_us {
            // Those who were there before us are noted together.
            let is_noted = is_new && self.stage != Stage::Asked;
            return match is_changed {
                true => Change::Occupants(is_noted.then(|| occupant.member(&presence.nick))),
                false => Change::Nothing,
            };
        }
        let is_renamed = self.stage != Stage::Asked && presence.nick != self.nick;
        self.affiliation = presence.affiliation;
        self.role = presence.role;
        self.nick.clone_from(&presence.nick);
        self.occupant_id.clone_from(&presence.occupant_id);
        if self.stage == Stage::Asked {
            self.is_open = presence.says(100);
            self.stage = Stage::Behind;
            if let Some(entering) = self.entering.take() {
                // Whoever waited may have given up; then it is asked again later.
                drop(
                    entering.send(Ok(Entered {
                        nick: presence.nick.clone(),
                        created: presence.says(201),
                        affiliation: presence.affiliation,
                        role: presence.role,
                        occupant_id: presence.occupant_id,
                        members: self
                            .occupants
                            .iter()
                            .map(|(nick, occupant)| occupant.member(nick))
                            .collect(),
                    })),
                );
            }
            return Change::Nothing;
        }
        if is_renamed {
            // Without code 303: the room had lost us, and took our asking for another
            // nickname for coming in.
            if let Some(renaming) = self.renaming.take() {
                drop(renaming.send(Ok(())));
            }
            return Change::Anew(presence.nick);
        }
        match is_changed {
            true => Change::Us,
            false => Change::Nothing,
        }
    }

    pub(super) fn seat(&self, own: &BareJid, room: &BareJid, nick: Option<&str>) -> Seat {
        let mut by_nick = HashMap::new();
        // What moderators alone can see, and no id stands for, the archive does not
        // say: there the same person would be another one.
        if let Some(nick) = nick
            && let Some(occupant) = self.occupants.get(nick)
            && (self.is_open || occupant.occupant_id.is_some())
            && let Some(address) = &occupant.address
        {
            by_nick.insert(nick.to_owned(), address.clone());
        }
        Seat {
            own: own.clone(),
            room: room.clone(),
            nick: self.nick.clone(),
            occupant_id: self.occupant_id.clone(),
            by_id: HashMap::new(),
            by_nick,
        }
    }
}

#[cfg(test)]
mod tests {
    use xmpp_core::ns;

    use super::super::{Heard, LiveRooms};
    use super::*;

    fn presence(nick: &str, id: Option<&str>, statuses: &[u16]) -> RoomPresence {
        RoomPresence {
            nick: nick.to_owned(),
            show: Some(PresenceShow::Online),
            affiliation: Affiliation::None,
            role: Role::Participant,
            address: Some(format!("{nick}@team.internal")),
            occupant_id: id.map(str::to_owned),
            statuses: statuses.to_vec(),
            new_nick: None,
            actor: None,
            reason: String::new(),
            is_destroyed: false,
        }
    }

    #[test]
    fn whom_moderators_alone_see_is_called_as_the_archive_does() {
        let own = BareJid::new("rosa@team.internal").unwrap();
        let room = BareJid::new("lounge@rooms.team.internal").unwrap();
        for (id, codes, is_named) in [
            (None, &[110][..], false),
            (Some("b"), &[110], true),
            (None, &[100, 110], true),
        ] {
            let rooms = LiveRooms::default();
            let now = Instant::now();
            drop(rooms.begin(room.as_str(), "rosa", false, now));
            rooms.presence(room.as_str(), presence("bob", id, &[]), now);
            rooms.presence(room.as_str(), presence("rosa", None, codes), now);
            let said = Element::bare("message", ns::CLIENT);
            let Heard::Read(seat, _) = rooms.hear(&own, &room, Some("bob"), &said, now) else {
                panic!("held");
            };
            assert_eq!(
                seat.by_nick.contains_key("bob"),
                is_named,
                "{id:?} {codes:?}"
            );
        }
    }

    #[test]
    fn what_was_read_in_an_earlier_stay_ends_no_later_one() {
        let rooms = LiveRooms::default();
        let (room, now) = ("lounge@rooms.team.internal", Instant::now());
        drop(rooms.begin(room, "rosa", true, now));
        rooms.presence(room, presence("rosa", None, &[110]), now);
        let first = rooms.stay(room).unwrap();
        // Put out, and asking to be let in again.
        drop(rooms.begin(room, "rosa", true, now));
        assert!(rooms.caught_up(room, first, true).is_none());
        assert_eq!(rooms.stage(room), Some(Stage::Asked));
        rooms.presence(room, presence("rosa", None, &[110]), now);
        let second = rooms.stay(room).unwrap();
        rooms.has_all(room, first);
        assert!(rooms.caught_up(room, first, true).is_none());
        assert_eq!(rooms.stage(room), Some(Stage::Behind));
        assert!(rooms.caught_up(room, second, true).is_none());
        assert_eq!(rooms.stage(room), Some(Stage::In));
        assert_eq!(rooms.behind(), [room]);
        assert!(rooms.follows(room, second) && !rooms.follows(room, first));
    }
}
