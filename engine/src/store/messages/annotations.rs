//! What was said about messages that are not here yet: of an archive the newest
//! page is read first. And what our other devices said about a message about which
//! this one has something to say that is not known to have arrived.

use rusqlite::{OptionalExtension, Transaction, params};

use super::said::{About, Said};

/// Most that waits; then the oldest go. Counted now and then only, so it may be
/// more by [`COUNT_EVERY`].
const MOST: i64 = 10_000;
const COUNT_EVERY: i64 = 256;

/// Keeps something until its message comes, with its position. The same by another
/// way is kept once; of what replaces itself (all but edits) the last stays.
pub(super) fn keep(tx: &Transaction<'_>, about: &About, position: i64) -> rusqlite::Result<()> {
    let (kind, author) = (about.said.kind(), about.author.key());
    let edit_id = match &about.said {
        Said::Edit(edit) => edit.ids().next().cloned(),
        _ => None,
    };
    const SAME: &str = "conversation = ?1 AND target = ?2 AND kind = ?3 AND author = ?4
        AND (kind <> 'edit' OR coalesce(json_extract(payload, '$.said.Edit.origin_id'),
             json_extract(payload, '$.said.Edit.wire_id'),
             json_extract(payload, '$.said.Edit.stanza_id')) = ?5)";
    tx.prepare_cached(&format!(
        "DELETE FROM annotations WHERE {SAME}
             AND CASE WHEN ?8 THEN time_ms < ?6 ELSE position < ?7 END"
    ))?
    .execute(params![
        about.conversation,
        about.target,
        kind,
        author,
        edit_id,
        about.time_ms,
        position,
        about.is_late
    ])?;
    let has_newer = tx
        .prepare_cached(&format!("SELECT 1 FROM annotations WHERE {SAME}"))?
        .query_row(
            params![about.conversation, about.target, kind, author, edit_id],
            |_| Ok(()),
        )
        .optional()?
        .is_some();
    let Ok(payload) = serde_json::to_string(about) else {
        return Ok(());
    };
    if has_newer {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO annotations (conversation, target, kind, author, payload, time_ms, position)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        about.conversation,
        about.target,
        kind,
        author,
        payload,
        about.time_ms,
        position
    ])?;
    if tx.last_insert_rowid() % COUNT_EVERY == 0 {
        tx.execute(
            "DELETE FROM annotations WHERE id <= (
                 SELECT id FROM annotations ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            [MOST],
        )?;
    }
    Ok(())
}

/// Takes out what waits for a message with this id, with its positions and in their
/// order.
pub(super) fn take(
    tx: &Transaction<'_>,
    conversation: &str,
    id: &str,
) -> rusqlite::Result<Vec<(About, i64)>> {
    let mut found: Vec<(i64, i64, String)> = tx
        .prepare_cached(
            "DELETE FROM annotations WHERE conversation = ?1 AND target = ?2
             RETURNING position, id, payload",
        )?
        .query_map([conversation, id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|(position, id, _)| (*position, *id));
    let read = |(position, _, payload): (i64, i64, String)| {
        Some((serde_json::from_str(&payload).ok()?, position))
    };
    Ok(found.into_iter().filter_map(read).collect())
}
