//! The stanzas that an account sends.

use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use crate::store::outbox::{OutboxKind, OutboxRow};

/// What a row of the outbox says. Its id is made once, with the row, so that
/// whoever gets it twice can tell.
pub(super) fn outbox_row(row: &OutboxRow) -> Element {
    let message = build("message", ns::CLIENT)
        .attr("to", &row.conversation)
        .attr("type", "chat");
    let store = build("store", ns::HINTS);
    match row.kind {
        OutboxKind::Message => message
            .attr("id", &row.wire_id)
            .child(build("body", ns::CLIENT).text(&row.text))
            .child(build("origin-id", ns::STANZA_ID).attr("id", &row.wire_id))
            .child(build("request", ns::RECEIPTS))
            .child(build("markable", ns::MARKERS))
            .child(build("active", ns::CHAT_STATES))
            .done(),
        OutboxKind::Receipt => message
            .attr("id", format!("r-{}", row.wire_id))
            .child(build("received", ns::RECEIPTS).attr("id", &row.wire_id))
            .child(store)
            .done(),
        OutboxKind::Displayed => message
            .attr("id", format!("d-{}", row.wire_id))
            .child(build("displayed", ns::MARKERS).attr("id", &row.wire_id))
            .child(store)
            .done(),
    }
}

/// XEP-0085.
pub(super) fn chat_state(conversation: &str, typing: bool) -> Element {
    let state = if typing { "composing" } else { "active" };
    build("message", ns::CLIENT)
        .attr("to", conversation)
        .attr("type", "chat")
        .child(build(state, ns::CHAT_STATES))
        .child(build("no-store", ns::HINTS))
        .done()
}

/// A page of our archive (XEP-0313): what came after `after`, or what came
/// before `before`, or the newest.
pub(super) fn archive_query(
    query_id: &str,
    after: Option<&str>,
    before: Option<&str>,
    max: usize,
) -> Element {
    let mut set = build("set", ns::RSM).child(build("max", ns::RSM).text(max.to_string()));
    set = match (after, before) {
        (Some(after), _) => set.child(build("after", ns::RSM).text(after)),
        (None, Some(before)) => set.child(build("before", ns::RSM).text(before)),
        (None, None) => set.child(build("before", ns::RSM)),
    };
    build("query", ns::MAM)
        .attr("queryid", query_id)
        .child(set)
        .done()
}
