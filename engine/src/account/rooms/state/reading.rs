//! Which rooms are behind: their archive was not, or not wholly, read, because it
//! did not answer or the connection ended meanwhile.

use xmpp_core::Element;

use super::{LiveRooms, Stage};
use crate::inbound::room::Seat;

impl LiveRooms {
    /// The archive was read, or cannot be: gives the messages that came meanwhile.
    /// Once there are none, the room is as far as it goes; then `None`. So it is for what
    /// was read in an earlier stay: that says nothing of this one.
    pub(in crate::account::rooms) fn caught_up(
        &self,
        room: &str,
        stay: u64,
        follows: bool,
    ) -> Option<Vec<(Element, Seat)>> {
        let mut inner = self.inner();
        let live = inner.rooms.get_mut(room).filter(|live| live.stay == stay)?;
        let held = live.held.as_mut().map(std::mem::take).unwrap_or_default();
        if !held.is_empty() {
            return Some(held);
        }
        live.held = None;
        live.follows = follows && !live.overflowed;
        live.stage = Stage::In;
        inner.has_new = true;
        None
    }

    /// What comes live follows on what was read; nothing is missing between.
    pub(in crate::account::rooms) fn follows(&self, room: &str, stay: u64) -> bool {
        let inner = self.inner();
        let live = inner.rooms.get(room).filter(|live| live.stay == stay);
        live.is_some_and(|live| live.follows)
    }

    /// All that was missed is here.
    pub(in crate::account::rooms) fn has_all(&self, room: &str, stay: u64) {
        let mut inner = self.inner();
        let live = inner.rooms.get_mut(room);
        if let Some(live) = live.filter(|live| live.stay == stay) {
            live.is_behind = false;
        }
    }

    /// The archive is read again: what comes live waits, as while joining. Gives the
    /// stay; none if we are not in the room, or somebody reads just now.
    pub(in crate::account::rooms) fn read_again(&self, room: &str) -> Option<u64> {
        let mut inner = self.inner();
        let live = inner.rooms.get_mut(room)?;
        if live.stage != Stage::In || live.held.is_some() {
            return None;
        }
        live.held = Some(Vec::new());
        (live.overflowed, live.is_behind) = (false, true);
        Some(live.stay)
    }

    /// The archive of a room is gone. Whether something was missed that should have been
    /// in it: then we are to come in again.
    pub(in crate::account::rooms) fn lost_its_archive(&self, room: &str) -> bool {
        let mut inner = self.inner();
        let gone = inner.rooms.get(room);
        let is_behind = gone.is_some_and(|live| live.stage == Stage::In && live.is_behind);
        if is_behind {
            inner.rooms.remove(room);
        }
        is_behind
    }

    /// Rooms that we are in and that have something that was missed.
    pub(in crate::account::rooms) fn behind(&self) -> Vec<String> {
        let inner = self.inner();
        let behind = inner.rooms.iter().filter(|(_, room)| room.is_behind);
        behind.map(|(address, _)| address.clone()).collect()
    }

    /// Rooms whose joining, or reading, did not come to its end.
    pub(in crate::account::rooms) fn unfinished(&self) -> Vec<String> {
        let inner = self.inner();
        let unfinished = inner
            .rooms
            .iter()
            .filter(|(_, room)| room.stage != Stage::In || room.held.is_some());
        unfinished.map(|(address, _)| address.clone()).collect()
    }
}
