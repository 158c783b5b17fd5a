//! The order of messages: one for the whole account.

use rusqlite::Transaction;

use crate::store::archive;

/// Where in the order a message from the wire belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// After everything.
    Newest,
    /// Into a gap of the archive, below what is in it already.
    Gap(i64),
    /// At a position that was found for it.
    At(i64),
}

pub(super) fn new_position(tx: &Transaction<'_>, place: Place) -> rusqlite::Result<i64> {
    let found = match place {
        Place::Newest => None,
        Place::Gap(gap) => archive::take_position(tx, gap)?,
        Place::At(position) => Some(position),
    };
    match found {
        Some(position) => Ok(position),
        None => Ok(archive::end_position(tx)? + 1),
    }
}
