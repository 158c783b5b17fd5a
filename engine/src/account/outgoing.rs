//! The stanzas that an account sends.

use xmpp_core::element::build;
use xmpp_core::{Element, datetime, ns};

use super::sync::archive::Ask;
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
