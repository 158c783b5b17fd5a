//! The export for programs: one object with a list of messages, one a line.

use std::io;

use serde_json::{Value, json};

use super::{Copied, Head};
use crate::store::export::Row;
use crate::store::messages::State;

pub(super) const END: &str = "\n]}\n";

pub(super) fn begin(head: &Head) -> io::Result<String> {
    let head = json!({
        "format": "startalk-conversation",
        "version": 1,
        "account": head.account,
        "conversation": head.conversation,
        "name": head.name,
        "exported_ms": head.exported_ms,
    });
    let mut text = serde_json::to_string(&head)?;
    // The list is written as it comes.
    text.pop();
    text.push_str(",\"messages\":[");
    Ok(text)
}

pub(super) fn message(row: &Row, copied: &[Copied], is_first: bool) -> io::Result<String> {
    let files: Vec<Value> = row
        .attachments
        .iter()
        .enumerate()
        .map(|(place, file)| {
            let copy = copied.iter().find(|copy| copy.place == place);
            json!({
                "name": file.name,
                "media_type": file.media_type,
                "size_bytes": file.size_bytes,
                "url": file.url,
                "path": copy.map(|copy| &copy.path),
            })
        })
        .collect();
    let state = match &row.state {
        _ if !row.outgoing => None,
        State::Waiting => Some("waiting"),
        State::Sent => Some("sent"),
        State::Delivered => Some("delivered"),
        State::Read => Some("read"),
        State::Failed(_) => Some("failed"),
    };
    let message = json!({
        "id": row.reference,
        "kind": row.kind,
        "time_ms": row.time_ms,
        "direction": if row.outgoing { "outgoing" } else { "incoming" },
        "author": row.author,
        "author_name": row.author_name,
        "text": row.text,
        "edited_ms": row.edited_ms,
        "retracted": row.retracted,
        "reply_to": row.reply_to,
        "state": state,
        "attachments": files,
    });
    let separator = if is_first { "\n" } else { ",\n" };
    Ok(format!("{separator}{}", serde_json::to_string(&message)?))
}
