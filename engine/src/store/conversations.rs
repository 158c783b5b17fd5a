//! Conversations: the rows of the list. What they show of their messages is kept
//! by triggers (`schema/v2/summary.sql`), so nothing here counts.

pub(crate) mod noted;
mod settings;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::messages::{State, state_from};
pub(crate) use settings::{
    Notify, Quiet, first_unread, hide, mark_unread, mark_unread_from, mutes, pin, quiet,
    set_archived, set_notify, show, unpin,
};

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) is_room: bool,
    pub(crate) name: String,
    /// Name of the room that the other person is in, of a conversation in private.
    pub(crate) in_room: Option<String>,
    /// Hash of the picture; empty if there is none.
    pub(crate) avatar: String,
    pub(crate) draft: String,
    pub(crate) unread: u32,
    pub(crate) unread_mentions: u32,
    pub(crate) marked_unread: bool,
    pub(crate) quiet: Quiet,
    pub(crate) pinned: bool,
    pub(crate) archived: bool,
    pub(crate) last: Option<LastMessage>,
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastMessage {
    pub(crate) text: String,
    /// Of its first file, if `text` is the names of files; empty if nobody says it.
    pub(crate) media_type: Option<String>,
    pub(crate) outgoing: bool,
    pub(crate) author_name: String,
    pub(crate) time_ms: i64,
    pub(crate) state: State,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All, those that were put away too.
    All,
    /// Those that were not put away.
    Active,
    /// Those that were.
    Archived,
    /// Those that have something unread.
    Unread,
}

impl Which {
    fn condition(self) -> &'static str {
        match self {
            Self::All => "1",
            Self::Active => "NOT c.archived",
            Self::Archived => "c.archived",
            Self::Unread => "(c.unread > 0 OR c.marked_unread)",
        }
    }
}

/// Makes sure that a conversation is there. One with somebody in a room has the
/// nickname behind the room's address, and for its name.
pub(crate) fn ensure(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    let nick = id.split_once('/').map(|(_, nick)| nick);
    let kind = if nick.is_some() { "private" } else { "direct" };
    tx.prepare_cached(
        "INSERT INTO conversations (id, kind, name) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET hidden = 0 WHERE hidden = 2",
    )?
    .execute(params![id, kind, nick])?;
    Ok(())
}

/// Makes sure that there is a place for what was decided about a conversation between
/// two; the list has it as soon as there is anything else of it ([`ensure`]), unlike one
/// that was removed from it, which the history does not bring back.
pub(crate) fn expect(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO conversations (id, kind, hidden) VALUES (?1, 'direct', 2)
         ON CONFLICT DO NOTHING",
    )?
    .execute([id])?;
    Ok(())
}

/// All conversations: the pinned ones in their order, then newest activity first;
/// empty ones last by name.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Conversation>> {
    page(db, Which::All, 0, u32::MAX)
}

/// A part of that order.
pub(crate) fn page(
    db: &Connection,
    which: Which,
    skip: u32,
    limit: u32,
) -> rusqlite::Result<Vec<Conversation>> {
    db.prepare_cached(&selected(which.condition(), "LIMIT ?2 OFFSET ?1"))?
        .query_map([skip, limit], conversation)?
        .collect()
}

/// Those of these that are in the list, in its order.
pub(crate) fn named(db: &Connection, ids: &[String]) -> rusqlite::Result<Vec<Conversation>> {
    db.prepare_cached(&selected("c.id IN (SELECT value FROM json_each(?1))", ""))?
        .query_map(
            [serde_json::to_string(ids).unwrap_or_default()],
            conversation,
        )?
        .collect()
}

/// Rows that [`conversation`] reads, in the order of the list.
fn selected(condition: &str, part: &str) -> String {
    format!(
        "SELECT c.id, c.kind,
                coalesce(c.name, k.name, substr(c.id, 1, instr(c.id || '@', '@') - 1)), c.draft,
                c.unread, c.unread_mentions, c.marked_unread, c.notify, c.muted_until_ms,
                c.pinned, c.archived,
                CASE WHEN l.retracted_ms IS NOT NULL THEN ''
                     WHEN l.text <> '' OR l.attachments IS NULL THEN substr(l.text, 1, 1000)
                     ELSE coalesce((SELECT group_concat(json_extract(value, '$.name'), ', ')
                                    FROM json_each(l.attachments)), '') END,
                l.outgoing, l.time_ms, l.state, l.error,
                coalesce(l.author_name, a.name, substr(l.author, 1, instr(l.author || '@', '@') - 1)),
                CASE WHEN c.kind = 'private' THEN coalesce(
                    (SELECT r.name FROM rooms r
                     WHERE r.address = substr(c.id, 1, instr(c.id, '/') - 1)),
                    substr(c.id, 1, instr(c.id, '@') - 1)) END,
                coalesce(p.avatar_hash, ''),
                CASE WHEN l.retracted_ms IS NULL AND l.text = '' AND l.attachments IS NOT NULL
                     THEN coalesce(substr(json_extract(l.attachments, '$[0].media_type'), 1, 100), '')
                     END
         FROM conversations c
         LEFT JOIN contacts k ON k.address = c.id
         LEFT JOIN profiles p ON p.address = c.id
         LEFT JOIN messages l ON l.id = c.last_message
         LEFT JOIN contacts a ON a.address = l.author
         WHERE NOT c.hidden AND {condition}
         ORDER BY c.pinned = 0, c.pinned, c.last_time_ms IS NULL, c.last_time_ms DESC, 3, 1
         {part}"
    )
}

/// The name that is shown of a conversation.
pub(crate) fn name(db: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT coalesce(c.name, k.name, substr(c.id, 1, instr(c.id || '@', '@') - 1))
         FROM conversations c LEFT JOIN contacts k ON k.address = c.id WHERE c.id = ?1",
    )?
    .query_row([id], |row| row.get(0))
    .optional()
}

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let time_ms: Option<i64> = row.get(13)?;
    let last = match time_ms {
        None => None,
        Some(time_ms) => Some(LastMessage {
            text: row.get(11)?,
            media_type: row.get(19)?,
            outgoing: row.get(12)?,
            time_ms,
            state: state_from(row.get(14)?, row.get(15)?),
            author_name: row.get(16)?,
        }),
    };
    let kind: String = row.get(1)?;
    Ok(Conversation {
        id: row.get(0)?,
        is_room: kind == "room",
        name: row.get(2)?,
        in_room: row.get(17)?,
        avatar: row.get(18)?,
        draft: row.get(3)?,
        unread: row.get(4)?,
        unread_mentions: row.get(5)?,
        marked_unread: row.get(6)?,
        quiet: settings::quiet_from(row, 7)?,
        pinned: row.get::<_, i64>(9)? != 0,
        archived: row.get(10)?,
        last,
    })
}

/// How many rows there are.
pub(crate) fn count(db: &Connection, which: Which) -> rusqlite::Result<u32> {
    db.prepare_cached(&format!(
        "SELECT count(*) FROM conversations c WHERE NOT c.hidden AND {}",
        which.condition()
    ))?
    .query_row([], |row| row.get(0))
}

/// Unread messages of the whole account: the sum of the rows that show a number,
/// as those that are muted or put away do not.
pub(crate) fn unread(db: &Connection, now_ms: i64) -> rusqlite::Result<u32> {
    db.prepare_cached(
        "SELECT coalesce(sum(unread), 0) FROM conversations
         WHERE NOT hidden AND NOT archived
           AND NOT (notify = 'none' AND (muted_until_ms IS NULL OR muted_until_ms > ?1))",
    )?
    .query_row([now_ms], |row| row.get(0))
}

/// Keeps what was typed.
pub(crate) fn set_draft(tx: &Transaction<'_>, id: &str, text: &str) -> rusqlite::Result<()> {
    ensure(tx, id)?;
    tx.prepare_cached("UPDATE conversations SET draft = ?2 WHERE id = ?1 AND draft <> ?2")?
        .execute([id, text])?;
    Ok(())
}

/// Up to where the conversation was seen.
pub(crate) fn read_position(db: &Connection, id: &str) -> rusqlite::Result<i64> {
    let found = db
        .prepare_cached("SELECT read_position FROM conversations WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Moves how far was read, if that is further: whoever says so, and again with each
/// session. With it goes the mark. Whether it moved.
pub(crate) fn read_up_to(tx: &Transaction<'_>, id: &str, position: i64) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE conversations SET read_position = ?2, marked_unread = 0
             WHERE id = ?1 AND read_position < ?2
                 AND NOT (marked_unread AND ?2 <= coalesce(
                     (SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?3 || ?1), ?2 - 1))",
        )?
        .execute(params![id, position, settings::READ_BEFORE])?;
    Ok(changed > 0)
}

/// The same, for somebody who looks at it here: the mark goes in any case.
pub(crate) fn looked_at(tx: &Transaction<'_>, id: &str, position: i64) -> rusqlite::Result<bool> {
    let was_marked = tx
        .prepare_cached(
            "UPDATE conversations SET marked_unread = 0 WHERE id = ?1 AND marked_unread",
        )?
        .execute([id])?;
    Ok(read_up_to(tx, id, position)? || was_marked > 0)
}

/// What was read stands elsewhere now: nobody has looked at anything.
pub(crate) fn moved_read(tx: &Transaction<'_>, id: &str, position: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET read_position = ?2 WHERE id = ?1 AND read_position < ?2",
    )?
    .execute(params![id, position])?;
    Ok(())
}
