//! Messages that were taken back by their author (XEP-0424) or by a moderator
//! (XEP-0425). The place stays, the words go, with all that was kept of them.

use rusqlite::{Transaction, params};

use super::said::Target;
use crate::store::outbox;

/// Takes a message back. Whether it was there until now.
pub(super) fn bury(
    tx: &Transaction<'_>,
    target: &Target,
    time_ms: i64,
    by: Option<&str>,
) -> rusqlite::Result<bool> {
    if target.retracted {
        return Ok(false);
    }
    tx.prepare_cached(
        "UPDATE messages SET text = '', attachments = NULL, mentions = NULL, mentions_me = 0,
             reply_to_id = NULL, reply_to_author = NULL, reply_excerpt = NULL,
             edited_ms = NULL, edit_position = NULL, encrypted = 0, retracted_ms = ?2, retracted_by = ?3
         WHERE id = ?1",
    )?
    .execute(params![target.id, time_ms, by])?;
    tx.prepare_cached("DELETE FROM message_versions WHERE message = ?1")?
        .execute([target.id])?;
    for room in [false, true] {
        if let Some(reference) = target.reference(room) {
            tx.prepare_cached("DELETE FROM reactions WHERE conversation = ?1 AND target = ?2")?
                .execute(params![target.conversation, reference])?;
        }
    }
    outbox::forget_changes(tx, target.id)?;
    Ok(true)
}
