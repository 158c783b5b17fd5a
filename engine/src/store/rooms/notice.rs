//! The notice on top of a room: its subject (XEP-0045, section 8.1). That a reader
//! has closed it is told as a reaction (XEP-0444) to the message that set it, which
//! the room's archive keeps for whoever asks later; XEP-0333 has no "acknowledged"
//! any more.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{get, update};
use crate::store::messages::notices;
use crate::store::outbox::{self, OutboxKind};

pub(crate) use notices::Closed;

/// What closing it is called.
pub(crate) const CLOSED: &str = "✅";
/// How ids of stanzas begin that say so.
const PREFIX: &str = "n-";

/// The id of the stanza that tells that a notice was closed.
pub(crate) fn stanza_id(notice: &str) -> String {
    format!("{PREFIX}{notice}")
}

/// A notice, as a room says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    /// Nickname of who set it.
    pub(crate) by: Option<String>,
    /// The room's id of it.
    pub(crate) id: Option<String>,
}

/// Whether an id is that of a room's notice.
pub(crate) fn is(db: &Connection, room: &str, id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM rooms WHERE address = ?1 AND subject_id = ?2)")?
        .query_row([room, id], |row| row.get(0))
}

/// A room has this notice now.
pub(crate) fn put(tx: &Transaction<'_>, room: &str, notice: Notice) -> rusqlite::Result<()> {
    let before = get(tx, room)?.and_then(|room| room.subject_id);
    let id = notice.id.clone();
    update(tx, room, move |room| {
        room.subject = Some(notice.text);
        room.subject_by = notice.by;
        room.subject_id = notice.id;
    })?;
    if before == id {
        return Ok(());
    }
    if let Some(before) = before {
        notices::went(tx, room, &before)?;
    }
    match id {
        Some(id) => notices::came(tx, room, &id),
        None => Ok(()),
    }
}

/// We close the notice of a room, for good. Whether there was one that was open.
pub(crate) fn close(
    tx: &Transaction<'_>,
    room: &str,
    own: &str,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let Some(found) = get(tx, room)?.filter(|found| !found.is_notice_closed) else {
        return Ok(false);
    };
    if found.subject.unwrap_or_default().is_empty() {
        return Ok(false);
    }
    tx.execute(
        "UPDATE rooms SET subject_closed = subject WHERE address = ?1",
        [room],
    )?;
    if let Some(id) = found.subject_id {
        notices::close(tx, room, &id, (own, CLOSED), now_ms)?;
        outbox::push(tx, OutboxKind::Notice, room, &id, None)?;
    }
    Ok(true)
}

/// The room has not taken that we closed its notice. Whether that was it.
pub(super) fn tell_again(
    tx: &Transaction<'_>,
    room: &str,
    wire_id: &str,
) -> rusqlite::Result<bool> {
    let Some(id) = wire_id.strip_prefix(PREFIX) else {
        return Ok(false);
    };
    if !is(tx, room, id)? {
        return Ok(false);
    }
    outbox::push(tx, OutboxKind::Notice, room, id, None)?;
    Ok(true)
}

/// Who has closed the notice of a room, and who set it; none where nobody is told.
pub(crate) fn readers(
    db: &Connection,
    room: &str,
) -> rusqlite::Result<Option<(Vec<Closed>, Option<String>)>> {
    let found: Option<(Option<String>, Option<String>)> = db
        .prepare_cached("SELECT subject_id, subject_by FROM rooms WHERE address = ?1")?
        .query_row([room], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((Some(id), by)) = found else {
        return Ok(None);
    };
    Ok(Some((notices::closed(db, room, &id)?, by)))
}
