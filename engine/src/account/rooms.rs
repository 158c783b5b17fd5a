//! Rooms (XEP-0045): which we are in, who is there, and how they are kept.
//!
//! What is true only while we are in a room lives here; it outlasts a lost
//! connection, because a resumed session (XEP-0198) is still in its rooms, and
//! ends with the session.

pub(super) mod bookmarks;
pub(super) mod discovery;
mod enter;
pub(super) mod hear;
mod keep;
mod members;
mod notice;
mod requests;
pub(super) mod settings;
mod state;

pub(super) use hear::{FromRoom, is_live, message, presence};
pub(super) use keep::run;
pub(super) use state::LiveRooms;

use std::collections::HashMap;

use jid::BareJid;

use super::Shared;
use crate::api::Event;
use crate::inbound::room::Seat;
use crate::store::StoreError;
use crate::store::rooms::{self, Room, members as people};

impl Shared {
    pub(super) fn room_changed(&self, room: &str) {
        self.events.publish(Event::RoomChanged {
            account: self.id.clone(),
            room: room.to_owned(),
        });
    }

    pub(super) fn invitations_changed(&self) {
        self.events.publish(Event::InvitationsChanged {
            account: self.id.clone(),
        });
    }

    /// Changes a room that is there, and says so.
    async fn update_room(
        &self,
        room: &str,
        change: impl FnOnce(&mut Room) + Send + 'static,
    ) -> Result<Option<Room>, StoreError> {
        let address = room.to_owned();
        let changed = self
            .store
            .write(move |tx| rooms::update(tx, &address, change))
            .await?;
        self.room_changed(room);
        self.conversations_changed();
        Ok(changed)
    }
}

/// For reading the archive of a room.
pub(super) async fn seat(shared: &Shared, room: &str) -> Result<Option<Seat>, StoreError> {
    let Ok(address) = BareJid::new(room) else {
        return Ok(None);
    };
    let of = room.to_owned();
    let (known, members) = shared
        .store
        .read(move |db| Ok((rooms::get(db, &of)?, people::all(db, &of)?)))
        .await?;
    let known = known.unwrap_or_default();
    Ok(Some(Seat {
        own: shared.address.clone(),
        room: address,
        nick: known.nick,
        occupant_id: known.occupant_id,
        by_id: members
            .into_iter()
            .filter_map(|member| Some((member.occupant_id?, member.address?)))
            .collect(),
        by_nick: HashMap::new(),
    }))
}
