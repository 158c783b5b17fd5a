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
}

pub(super) fn new_position(tx: &Transaction<'_>, place: Place) -> rusqlite::Result<i64> {
    if let Place::Gap(gap) = place
        && let Some(position) = archive::take_position(tx, gap)?
    {
        return Ok(position);
    }
    Ok(archive::end_position(tx)? + 1)
}
