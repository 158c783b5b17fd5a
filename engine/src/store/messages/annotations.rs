//! What was said about messages that are not here yet: of an archive the newest
//! page is read first.

use rusqlite::{OptionalExtension, Transaction, params};

use super::said::{About, Rank, Said};

/// Most that waits; then the oldest go. Counted now and then only, so it may be
/// more by [`COUNT_EVERY`].
const MOST: i64 = 10_000;
const COUNT_EVERY: i64 = 256;

/// Keeps something until its message comes. The same by another way is kept
/// once; of what replaces itself (all but edits) the newest stays.
pub(super) fn keep(tx: &Transaction<'_>, about: About, rank: Rank) -> rusqlite::Result<()> {
    let is_past = rank == Rank::History;
    let about = &About { is_past, ..about };
    let (kind, author) = (about.said.kind(), about.author.key());
    let edit_id = match &about.said {
        Said::Edit(edit) => edit.ids().next().cloned(),
        _ => None,
    };
    let same = params![
        about.conversation,
        about.target,
        kind,
        author,
        edit_id,
        about.time_ms,
        // Of one moment what is here was the later one, if this comes out of a gap.
        !is_past
    ];
    const SAME: &str = "conversation = ?1 AND target = ?2 AND kind = ?3 AND author = ?4
        AND (kind <> 'edit' OR coalesce(json_extract(payload, '$.said.Edit.origin_id'),
             json_extract(payload, '$.said.Edit.wire_id'),
             json_extract(payload, '$.said.Edit.stanza_id')) = ?5)";
    tx.prepare_cached(&format!(
        "DELETE FROM annotations WHERE {SAME} AND time_ms - ?7 < ?6"
    ))?
    .execute(same)?;
    let newer = tx
        .prepare_cached(&format!(
            "SELECT 1 FROM annotations WHERE {SAME} AND time_ms - ?7 >= ?6"
        ))?
        .query_row(same, |_| Ok(()))
        .optional()?;
    let Ok(payload) = serde_json::to_string(about) else {
        return Ok(());
    };
    if newer.is_some() {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO annotations (conversation, target, kind, author, payload, time_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        about.conversation,
        about.target,
        kind,
        author,
        payload,
        about.time_ms
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

/// Takes out what waits for a message with this id, in the order of time; out of a
/// gap the later one comes first.
pub(super) fn take(
    tx: &Transaction<'_>,
    conversation: &str,
    id: &str,
) -> rusqlite::Result<Vec<About>> {
    let found: Vec<(i64, i64, String)> = tx
        .prepare_cached(
            "DELETE FROM annotations WHERE conversation = ?1 AND target = ?2
             RETURNING time_ms, id, payload",
        )?
        .query_map([conversation, id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut found: Vec<(i64, i64, About)> = found
        .into_iter()
        .filter_map(|(time, id, payload)| Some((time, id, serde_json::from_str(&payload).ok()?)))
        .collect();
    found.sort_by_key(|(time, id, about)| match about.is_past {
        true => (*time, false, -id),
        false => (*time, true, *id),
    });
    Ok(found.into_iter().map(|(_, _, about)| about).collect())
}
