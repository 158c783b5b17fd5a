//! What came together is written together: into which place of the archive, and how far
//! that was read by it.

use rusqlite::Transaction;

use super::{Changes, write};
use crate::inbound::Meaning;
use crate::store::archive;
use crate::store::messages::{self, Place};
use crate::store::order;

/// What came together, and where it belongs.
#[derive(Debug, Clone)]
pub(in crate::account) enum Step {
    /// Now.
    Live {
        /// The last id that the archive gave to it, if all before it is here.
        cursor: Option<String>,
    },
    /// Now, in a room; up to where its archive is known by that.
    Room {
        room: String,
        cursor: Option<String>,
    },
    /// The newest page of an archive.
    Newest {
        archive: String,
        cursor: Option<String>,
        /// What is missing before it: after which id (none: from the beginning),
        /// and before which.
        gap: Option<(Option<String>, String)>,
        /// So many of its meanings were read before.
        seen: usize,
    },
    /// A page of a gap.
    Fill {
        gap: i64,
        before: Option<String>,
        closed: bool,
    },
    /// A page of a gap that has messages of one conversation only.
    FillConversation {
        gap: i64,
        conversation: String,
        before: String,
        complete: bool,
    },
}

impl Step {
    /// Where messages of it belong.
    fn begin(&self, tx: &Transaction<'_>) -> rusqlite::Result<Place> {
        Ok(match self {
            Self::Live { .. } | Self::Room { .. } => Place::Newest,
            Self::Newest { archive, gap, .. } => {
                if let Some((after, before)) = gap {
                    archive::open_gap(tx, archive, after.as_deref(), before)?;
                }
                Place::Newest
            }
            Self::Fill { gap, .. } | Self::FillConversation { gap, .. } => Place::Gap(*gap),
        })
    }

    /// Where all of it belongs behind.
    fn floor(&self, tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        match self {
            // Behind what is missing.
            Self::Newest {
                gap: Some((Some(_), _)),
                ..
            } => archive::end_position(tx),
            _ => Ok(i64::MIN),
        }
    }

    fn finish(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Live { cursor: None } | Self::Room { cursor: None, .. } => Ok(()),
            Self::Live {
                cursor: Some(cursor),
            } => archive::set_cursor(tx, archive::OWN, cursor),
            Self::Room {
                room,
                cursor: Some(cursor),
            } => archive::set_cursor(tx, room, cursor),
            Self::Newest {
                archive, cursor, ..
            } => match cursor {
                Some(cursor) => archive::set_cursor(tx, archive, cursor),
                None => Ok(()),
            },
            Self::Fill {
                gap, closed: true, ..
            } => archive::close_gap(tx, *gap),
            Self::Fill { gap, before, .. } => match before {
                Some(before) => archive::shrink(tx, *gap, before),
                None => Ok(()),
            },
            Self::FillConversation {
                gap,
                conversation,
                before,
                complete,
            } => archive::shrink_conversation(tx, *gap, conversation, before, *complete),
        }
    }

    /// Whether it was here and was removed from this device: then it is fetched where
    /// somebody looks, and is no news.
    fn was_removed(
        &self,
        tx: &Transaction<'_>,
        index: usize,
        meaning: &Meaning,
    ) -> rusqlite::Result<bool> {
        match (self, meaning) {
            (Self::Newest { archive, seen, .. }, Meaning::Message(received)) if index < *seen => {
                Ok(
                    archive::is_missing_here(tx, archive, &received.conversation)?
                        && !messages::is_here(tx, received)?,
                )
            }
            _ => Ok(false),
        }
    }

    pub(super) fn write(
        &self,
        tx: &Transaction<'_>,
        account: &str,
        meanings: &[Meaning],
        changes: &mut Changes,
    ) -> rusqlite::Result<()> {
        let place = self.begin(tx)?;
        let floor = self.floor(tx)?;
        if let Place::Gap(_) = place {
            let texts = meanings.iter().filter(|meaning| meaning.is_message());
            let said = meanings.iter().filter(|meaning| !meaning.is_message());
            // Each goes below the one before; what is said about them comes when
            // they are there, the last of it first, too.
            for meaning in texts.rev().chain(said.rev()) {
                write(tx, account, meaning, place, changes)?;
            }
        } else {
            let (last, others): (Vec<_>, Vec<_>) = meanings
                .iter()
                .enumerate()
                .partition(|(_, meaning)| meaning.replaces());
            let last: Vec<_> = last.into_iter().map(|(_, meaning)| meaning).collect();
            for (index, meaning) in others {
                if self.was_removed(tx, index, meaning)? {
                    continue;
                }
                write(tx, account, meaning, place, changes)?;
            }
            // The last of it first: what it replaces is not shown in between.
            if !last.is_empty() {
                let places: Vec<_> = (archive::end_position(tx)? + 1..).zip(last).collect();
                for (position, meaning) in places.into_iter().rev() {
                    write(tx, account, meaning, Place::At(position), changes)?;
                }
            }
        }
        if matches!(self, Self::Newest { .. }) {
            order::follow(tx, floor, meanings.iter().filter_map(Meaning::place))?;
        }
        self.finish(tx)
    }
}
