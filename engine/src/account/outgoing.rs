//! The stanzas that an account sends.

mod content;

use xmpp_core::element::{Build, build};
use xmpp_core::{Element, datetime, ns};

use super::sync::archive::Ask;
use crate::store::outbox::{OutboxKind, OutboxRow};
use crate::store::rooms::{self, notice};

/// What programs show that know no retractions.
const TAKEN_BACK: &str = "撤回了一条消息 · took back a message";

/// What a row of the outbox says. Its id is made once, with the row, so that
/// whoever gets it twice can tell.
pub(super) fn outbox_row(row: &OutboxRow) -> Element {
    let stanza = build("message", ns::CLIENT)
        .attr("to", &row.conversation)
        .attr("type", kind_of(row.room))
        .children(private(&row.conversation));
    let store = build("store", ns::HINTS);
    let about = row.message.as_ref();
    let reference = about.and_then(|message| message.reference(row.room));
    match row.kind {
        OutboxKind::Message => said(row, stanza).done(),
        OutboxKind::Edit => {
            // Corrections name the id attribute, in rooms too.
            let replaced = about.and_then(|message| message.wire_id.as_deref());
            said(row, stanza)
                .child(build("replace", ns::CORRECTION).attr_opt("id", replaced))
                .done()
        }
        OutboxKind::React => stanza
            .attr("id", &row.wire_id)
            .child(
                build("reactions", ns::REACTIONS)
                    .attr_opt("id", reference)
                    .children(
                        row.emojis
                            .iter()
                            .map(|emoji| build("reaction", ns::REACTIONS).text(emoji)),
                    ),
            )
            .child(store)
            .done(),
        OutboxKind::Retract => stanza
            .attr("id", &row.wire_id)
            .child(build("retract", ns::RETRACT).attr_opt("id", reference))
            .child(build("fallback", ns::FALLBACK).attr("for", ns::RETRACT))
            .child(build("body", ns::CLIENT).text(TAKEN_BACK))
            .child(store)
            .done(),
        OutboxKind::Receipt => stanza
            .attr("id", format!("r-{}", row.wire_id))
            .child(build("received", ns::RECEIPTS).attr("id", &row.wire_id))
            .child(store)
            .done(),
        OutboxKind::Displayed => stanza
            .attr("id", format!("d-{}", row.wire_id))
            .child(build("displayed", ns::MARKERS).attr("id", &row.wire_id))
            .child(store)
            .done(),
        OutboxKind::Notice => stanza
            .attr("id", notice::stanza_id(&row.wire_id))
            .child(
                build("reactions", ns::REACTIONS)
                    .attr("id", &row.wire_id)
                    .child(build("reaction", ns::REACTIONS).text(notice::CLOSED)),
            )
            .child(store)
            .done(),
    }
}

/// A text with all that belongs to it, and what we want to know of it.
fn said(row: &OutboxRow, stanza: Build) -> Build {
    let stanza = stanza
        .attr("id", &row.wire_id)
        .children(row.message.iter().flat_map(content::of))
        .child(build("origin-id", ns::STANZA_ID).attr("id", &row.wire_id));
    // Receipts of a whole room would be a flood (XEP-0184, section 5.3).
    let stanza = if row.room {
        stanza
    } else {
        stanza.child(build("request", ns::RECEIPTS))
    };
    stanza
        .child(build("markable", ns::MARKERS))
        .child(build("active", ns::CHAT_STATES))
}

/// The sign of what is said to one person in a room (XEP-0045, section 7.5).
fn private(conversation: &str) -> Option<Build> {
    let is_private = rooms::of_private(conversation).is_some();
    is_private.then(|| build("x", ns::MUC_USER))
}

fn kind_of(is_room: bool) -> &'static str {
    if is_room { "groupchat" } else { "chat" }
}

/// XEP-0085.
pub(super) fn chat_state(conversation: &str, is_room: bool, typing: bool) -> Element {
    let state = if typing { "composing" } else { "active" };
    build("message", ns::CLIENT)
        .attr("to", conversation)
        .attr("type", kind_of(is_room))
        .children(private(conversation))
        .child(build(state, ns::CHAT_STATES))
        .child(build("no-store", ns::HINTS))
        .done()
}

/// A page of an archive (XEP-0313), backwards.
pub(super) fn archive_query(query_id: &str, ask: &Ask) -> Element {
    let before = build("before", ns::RSM).text(ask.before.as_deref().unwrap_or_default());
    let set = build("set", ns::RSM)
        .child(build("max", ns::RSM).text(ask.max.to_string()))
        .child(before);
    let field = |name: &str, value: &str| {
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(build("value", ns::DATA_FORMS).text(value))
    };
    let mut query = build("query", ns::MAM).attr("queryid", query_id);
    if ask.with.is_some() || ask.end_ms.is_some() {
        let kind = field("FORM_TYPE", ns::MAM).attr("type", "hidden");
        let mut form = build("x", ns::DATA_FORMS)
            .attr("type", "submit")
            .child(kind);
        if let Some(with) = &ask.with {
            form = form.child(field("with", with));
        }
        if let Some(end) = ask.end_ms {
            form = form.child(field("end", &datetime::format_ms(end)));
        }
        query = query.child(form);
    }
    query.child(set).done()
}

#[cfg(test)]
mod tests;
