//! Corrections (XEP-0308). The last one is shown; what was said before stays to be
//! looked at.

use rusqlite::{Connection, Transaction, params};

use super::content::to_column;
use super::said::{self, Edit, Outcome, Target, When};

/// Versions that are kept of one message, besides the first.
const MOST_VERSIONS: i64 = 50;

/// What a message said, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) text: String,
    pub(crate) time_ms: i64,
}

/// An edit of a message by its author.
pub(super) fn apply(
    tx: &Transaction<'_>,
    target: &Target,
    edit: &Edit,
    when: When,
) -> rusqlite::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut ids = 0;
    for id in edit.ids() {
        ids += 1;
        if said::name(tx, (&target.conversation, target.id), id, "edit")? {
            outcome.learnt.push(id.clone());
        }
    }
    // The same edit by another way; at most it has one id more.
    let known = ids > outcome.learnt.len();
    let same_text = edit.text == target.text;
    if known && !when.is_ordered || target.retracted || (ids == 0 && same_text) {
        return Ok(outcome);
    }
    let is_older = match when.is_late {
        true => target.edited_ms.is_some_and(|last| last > when.time_ms),
        false => target.edit_position >= Some(when.position),
    };
    if is_older {
        if !known {
            keep_version(tx, target.id, &edit.text, when.time_ms)?;
        }
        return Ok(outcome);
    }
    if known && same_text {
        moved(tx, target.id, when.position)?;
        return Ok(outcome);
    }
    if known {
        // Where we did not know better it stood among what was said before.
        forget_version(tx, target.id, &edit.text)?;
    }
    let since = target.edited_ms.unwrap_or(target.time_ms);
    let time_ms = when.time_ms.max(target.edited_ms.unwrap_or(i64::MIN));
    keep_version(tx, target.id, &target.text, since)?;
    let extras = &edit.extras;
    // Where an edit says nothing of the reply or the files, they stay: many
    // programs send the text alone.
    tx.prepare_cached(
        "UPDATE messages SET text = ?2, edited_ms = ?3, mentions = ?4, mentions_me = ?5,
             attachments = coalesce(?6, attachments), unstyled = ?7, encrypted = ?8,
             reply_to_id = coalesce(?9, reply_to_id),
             reply_to_author = coalesce(?10, reply_to_author),
             reply_excerpt = coalesce(?11, reply_excerpt), edit_position = ?12
         WHERE id = ?1",
    )?
    .execute(params![
        target.id,
        edit.text,
        time_ms,
        to_column(&extras.mentions),
        extras.mentions_me,
        to_column(&extras.attachments),
        extras.unstyled,
        extras.encrypted,
        extras.reply.as_ref().map(|reply| &reply.id),
        extras
            .reply
            .as_ref()
            .and_then(|reply| reply.author.as_ref()),
        extras
            .reply
            .as_ref()
            .and_then(|reply| reply.excerpt.as_ref()),
        when.position,
    ])?;
    outcome.changed = true;
    Ok(outcome)
}

/// The edit that a message shows has another place in the order.
pub(super) fn moved(tx: &Transaction<'_>, id: i64, position: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE messages SET edit_position = ?2 WHERE id = ?1 AND edit_position IS NOT NULL",
    )?
    .execute([id, position])?;
    Ok(())
}

/// All but what the message said first.
fn forget_version(tx: &Transaction<'_>, id: i64, text: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM message_versions WHERE message = ?1 AND time_ms = (
             SELECT max(time_ms) FROM message_versions WHERE message = ?1 AND text = ?2
                 AND time_ms > (SELECT min(time_ms) FROM message_versions WHERE message = ?1))",
    )?
    .execute(params![id, text])?;
    Ok(())
}

fn keep_version(tx: &Transaction<'_>, id: i64, text: &str, time_ms: i64) -> rusqlite::Result<()> {
    // Two of one millisecond: any free one behind it will do.
    for time_ms in (time_ms..).take(8) {
        let added = tx
            .prepare_cached(
                "INSERT INTO message_versions (message, text, time_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![id, text, time_ms])?;
        if added > 0 {
            break;
        }
    }
    tx.prepare_cached(
        "DELETE FROM message_versions WHERE message = ?1
             AND time_ms > (SELECT min(time_ms) FROM message_versions WHERE message = ?1)
             AND time_ms <= (SELECT time_ms FROM message_versions WHERE message = ?1
                             ORDER BY time_ms DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![id, MOST_VERSIONS])?;
    Ok(())
}

/// An edit of ours was refused: the message says again what it said before.
pub(super) fn revert(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<bool> {
    let Some(last) = versions(tx, id)?.pop() else {
        return Ok(false);
    };
    tx.execute(
        "DELETE FROM message_versions WHERE message = ?1 AND time_ms = ?2",
        params![id, last.time_ms],
    )?;
    let reverted = tx.execute(
        "UPDATE messages SET text = ?2, mentions = NULL,
             (edited_ms, edit_position) =
                 (SELECT ?3, edit_position WHERE EXISTS (SELECT 1 FROM message_versions
                                                         WHERE message = ?1))
         WHERE id = ?1 AND edited_ms IS NOT NULL",
        params![id, last.text, last.time_ms],
    )?;
    Ok(reverted > 0)
}

/// What a message said before it was edited, oldest first.
pub(crate) fn versions(db: &Connection, id: i64) -> rusqlite::Result<Vec<Version>> {
    db.prepare_cached(
        "SELECT text, time_ms FROM message_versions WHERE message = ?1 ORDER BY time_ms",
    )?
    .query_map([id], |row| {
        Ok(Version {
            text: row.get(0)?,
            time_ms: row.get(1)?,
        })
    })?
    .collect()
}
