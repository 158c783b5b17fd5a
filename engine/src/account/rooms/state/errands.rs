//! What there is to do for rooms.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;

use super::LiveRooms;

/// What is to be done for rooms, at the latest when.
#[derive(Debug, Default)]
pub(in crate::account::rooms) struct Errands {
    /// Rooms to be joined, when, and how often it failed.
    pub(in crate::account::rooms) join: HashMap<String, (Instant, u32)>,
    /// Rooms whose archive has to be read again, when, and how often it failed.
    pub(in crate::account::rooms) read: HashMap<String, (Instant, u32)>,
    /// Rooms of which it is not known what they are like now.
    pub(in crate::account::rooms) look: HashSet<String>,
    /// Rooms to be left.
    pub(in crate::account::rooms) leave: HashSet<String>,
    /// Rooms whose bookmarks have something new to say.
    pub(in crate::account::rooms) note: HashSet<String>,
    /// When the bookmarks are read again, and how often that failed.
    pub(in crate::account::rooms) bookmarks: Option<(Instant, u32)>,
}

impl LiveRooms {
    /// Gives something to do to whoever keeps the rooms.
    pub(in crate::account::rooms) fn order(&self, what: impl FnOnce(&mut Errands)) {
        what(&mut self.inner().errands);
        self.bell.notify_one();
    }

    /// A room is to be joined, unless somebody will do so anyway.
    pub(in crate::account::rooms) fn join_soon(&self, room: String) {
        self.order(|errands| {
            errands.join.entry(room).or_insert((Instant::now(), 0));
        });
    }

    /// What a room is like is to be asked.
    pub(in crate::account::rooms) fn look(&self, room: &str) {
        self.order(|errands| {
            errands.look.insert(room.to_owned());
        });
    }

    /// The bookmark of a room has something new to say.
    pub(crate) fn note(&self, room: &str) {
        self.order(|errands| {
            errands.note.insert(room.to_owned());
        });
    }

    /// What is to be done now, and when there is something to do next.
    pub(in crate::account::rooms) fn errands(&self, now: Instant) -> (Errands, Option<Instant>) {
        let mut inner = self.inner();
        let errands = &mut inner.errands;
        let due = |all: &mut HashMap<String, (Instant, u32)>| {
            let due: HashMap<_, _> = all.extract_if(|_, (at, _)| *at <= now).collect();
            (due, all.values().map(|(at, _)| *at).min())
        };
        let (join, next_join) = due(&mut errands.join);
        let (read, next_read) = due(&mut errands.read);
        let bookmarks = errands.bookmarks.take_if(|(at, _)| *at <= now);
        let next_bookmarks = errands.bookmarks.map(|(at, _)| at);
        let next = [next_join, next_read, next_bookmarks]
            .into_iter()
            .flatten()
            .min();
        let now = Errands {
            join,
            read,
            look: std::mem::take(&mut errands.look),
            leave: std::mem::take(&mut errands.leave),
            note: std::mem::take(&mut errands.note),
            bookmarks,
        };
        (now, next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bookmarks_are_read_again_when_their_time_has_come_and_once() {
        let (rooms, now) = (LiveRooms::default(), Instant::now());
        let later = now + Duration::from_secs(15);
        rooms.order(|errands| errands.bookmarks = Some((later, 1)));
        let (due, next) = rooms.errands(now);
        assert_eq!((due.bookmarks, next), (None, Some(later)));
        let (due, next) = rooms.errands(later);
        assert_eq!((due.bookmarks, next), (Some((later, 1)), None));
        assert!(rooms.errands(later).0.bookmarks.is_none());
    }

    #[test]
    fn a_room_that_is_to_be_tried_later_is_not_tried_before() {
        let (rooms, now) = (LiveRooms::default(), Instant::now());
        let later = now + Duration::from_secs(15);
        let room = || "lounge@rooms".to_owned();
        rooms.order(|errands| {
            errands.join.insert(room(), (later, 3));
        });
        rooms.join_soon(room());
        assert!(rooms.errands(now).0.join.is_empty());
        assert_eq!(rooms.errands(later).0.join[&room()], (later, 3));
    }
}
