//! Which rooms have been silent, so that they are asked whether they still have us
//! (XEP-0410).

use std::time::Duration;

use tokio::time::Instant;

use super::{LiveRooms, Stage};

impl LiveRooms {
    /// Something is known to be alive.
    pub(in crate::account::rooms) fn alive(&self, room: &str, now: Instant, patience: Duration) {
        if let Some(live) = self.inner().rooms.get_mut(room) {
            live.heard = now;
            live.patience = patience;
        }
    }

    /// Ask again soon whether the room has us.
    pub(in crate::account::rooms) fn doubt(&self, patience: impl Fn() -> Duration, now: Instant) {
        for live in self.inner().rooms.values_mut() {
            live.heard = now;
            live.patience = patience();
        }
    }

    /// The rooms that were silent for too long, and when the next will have been.
    pub(in crate::account::rooms) fn silent(&self, now: Instant) -> (Vec<String>, Option<Instant>) {
        let inner = self.inner();
        let mut silent = Vec::new();
        let mut next: Option<Instant> = None;
        for (address, room) in inner
            .rooms
            .iter()
            .filter(|(_, room)| room.stage != Stage::Asked)
        {
            let Some(at) = room.heard.checked_add(room.patience) else {
                continue;
            };
            if at <= now {
                silent.push(address.clone());
            } else if next.is_none_or(|next| at < next) {
                next = Some(at);
            }
        }
        (silent, next)
    }
}
