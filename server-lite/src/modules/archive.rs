//! XEP-0313: the archive of an account, in pages (XEP-0059).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Module, Outcome, Place, Request, in_part, whole};
use crate::StoreError;
use crate::store::Store;
use crate::store::archive::{self, ArchivedMessage, Filter, Found, Page};

/// Largest page, and the one a client gets that asks for none.
const MAX_PAGE: usize = 250;
const DEFAULT_PAGE: usize = 50;

pub(crate) const MODULE: Module = Module {
    specs: &[
        in_part("XEP-0313", "Message archive", "no preferences yet"),
        whole("XEP-0059", "Pages of results"),
        whole("XEP-0359", "Stanza ids"),
    ],
    server_features: &[],
    account_features: &[ns::MAM, ns::MAM_EXTENDED, ns::STANZA_ID],
    payloads: &[
        ("query", ns::MAM),
        ("metadata", ns::MAM),
        ("prefs", ns::MAM),
    ],
    places: &[Place::Own],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    match (request.payload.name(), request.is_set) {
        ("query", true) => query(request).await,
        ("query", false) => Ok(Some(form())).into(),
        ("metadata", false) => metadata(&request.server.store, request.user)
            .await
            .map(Some)
            .into(),
        _ => Err(Condition::FeatureNotImplemented.into()).into(),
    }
}

async fn query(request: &Request<'_>) -> Outcome {
    let own = request.address.to_bare();
    let ends = Ends {
        archive: own.as_str(),
        reader: request.address.as_str(),
    };
    let store = &request.server.store;
    match page_of(store, request.user, request.payload, &ends).await {
        Ok((before, fin)) => {
            // Whoever pages through the archive needs nothing delivered.
            let owner = request.user.to_owned();
            if let Err(error) = store
                .write(move |tx| archive::all_delivered(tx, &owner))
                .await
            {
                tracing::warn!(%error, "delivery not noted");
            }
            Outcome {
                before,
                answer: Ok(Some(fin)),
                reads_archive: true,
            }
        }
        Err(error) => Err(error).into(),
    }
}

/// Addresses of an archive and of who reads it.
pub(crate) struct Ends<'a> {
    pub(crate) archive: &'a str,
    pub(crate) reader: &'a str,
}

/// Reads a page: its messages, and the end of the answer (XEP-0313, section 4).
pub(crate) async fn page_of(
    store: &Store,
    owner: &str,
    payload: &Element,
    ends: &Ends<'_>,
) -> Result<(Vec<Element>, Element), StanzaError> {
    let filter = filter(payload)?;
    let (page, max) = page(payload)?;
    let owner = owner.to_owned();
    let found = store
        .read(move |db| archive::query(db, &owner, &filter, &page, max))
        .await
        .map_err(not_read)?
        .ok_or(Condition::ItemNotFound)?;
    let query_id = payload.attr("queryid");
    let messages = found
        .messages
        .iter()
        .filter_map(|message| result(ends, query_id, message))
        .collect();
    Ok((messages, fin(&found)))
}

fn not_read(error: StoreError) -> StanzaError {
    tracing::error!(%error, "archive not read");
    Condition::InternalServerError.into()
}

/// One message of the result (XEP-0313, section 4.2; XEP-0297).
fn result(ends: &Ends<'_>, query_id: Option<&str>, message: &ArchivedMessage) -> Option<Element> {
    let stanza = match element::parse(message.xml.as_bytes()) {
        Ok(stanza) => stanza,
        Err(error) => {
            tracing::error!(%error, id = message.id, "stored message not readable");
            return None;
        }
    };
    let forwarded = build("forwarded", ns::FORWARD)
        .child(build("delay", ns::DELAY).attr("stamp", datetime::format_ms(message.time_ms)))
        .child(stanza);
    let result = build("result", ns::MAM)
        .attr_opt("queryid", query_id)
        .attr("id", &message.stanza_id)
        .child(forwarded);
    let stanza = build("message", ns::CLIENT)
        .attr("from", ends.archive)
        .attr("to", ends.reader)
        .child(result);
    Some(stanza.done())
}

fn fin(found: &Found) -> Element {
    let mut set = build("set", ns::RSM);
    if let (Some(first), Some(last)) = (found.messages.first(), found.messages.last()) {
        set = set
            .child(build("first", ns::RSM).text(&first.stanza_id))
            .child(build("last", ns::RSM).text(&last.stanza_id));
    }
    let set = set.child(build("count", ns::RSM).text(found.count.to_string()));
    let fin = build("fin", ns::MAM);
    let fin = if found.complete {
        fin.attr("complete", "true")
    } else {
        fin
    };
    fin.child(set).done()
}

fn filter(payload: &Element) -> Result<Filter, StanzaError> {
    let mut filter = Filter::default();
    let Some(form) = payload.get_child("x", ns::DATA_FORMS) else {
        return Ok(filter);
    };
    for field in form
        .children()
        .filter(|child| child.is("field", ns::DATA_FORMS))
    {
        let values: Vec<String> = field
            .children()
            .filter(|child| child.is("value", ns::DATA_FORMS))
            .map(Element::text)
            .collect();
        let Some(value) = values.first().cloned() else {
            continue;
        };
        let time = |text: &str| {
            datetime::parse_ms(text).ok_or_else(|| StanzaError::from(Condition::BadRequest))
        };
        match field.attr("var") {
            Some("FORM_TYPE") if value != ns::MAM => return Err(Condition::BadRequest.into()),
            Some("FORM_TYPE") => {}
            Some("with") => {
                let with = jid::Jid::new(&value)
                    .map_err(|_| StanzaError::from(Condition::JidMalformed))?;
                filter.peer = Some(with.to_bare().to_string());
            }
            Some("start") => filter.start_ms = Some(time(&value)?),
            Some("end") => filter.end_ms = Some(time(&value)?),
            Some("after-id") => filter.after_id = Some(value),
            Some("before-id") => filter.before_id = Some(value),
            Some("ids") => filter.ids = values.into_iter().take(MAX_PAGE).collect(),
            // A filter that we do not know would be silently not applied.
            _ => return Err(Condition::FeatureNotImplemented.into()),
        }
    }
    Ok(filter)
}

fn page(payload: &Element) -> Result<(Page, usize), StanzaError> {
    let Some(set) = payload.get_child("set", ns::RSM) else {
        return Ok((Page::After(None), DEFAULT_PAGE));
    };
    let text = |name: &str| set.get_child(name, ns::RSM).map(Element::text);
    let max = match text("max") {
        None => DEFAULT_PAGE,
        Some(max) => {
            let max: usize = max
                .trim()
                .parse()
                .map_err(|_| StanzaError::from(Condition::BadRequest))?;
            max.min(MAX_PAGE)
        }
    };
    let page = match (text("after"), text("before")) {
        (_, Some(before)) if before.is_empty() => Page::Before(None),
        (_, Some(before)) => Page::Before(Some(before)),
        (after, None) => Page::After(after.filter(|after| !after.is_empty())),
    };
    Ok((page, max))
}

/// Which filters there are (XEP-0313, section 4.1.5).
pub(crate) fn form() -> Element {
    let field = |var: &str, kind: &str| {
        build("field", ns::DATA_FORMS)
            .attr("var", var)
            .attr("type", kind)
    };
    let form_type =
        field("FORM_TYPE", "hidden").child(build("value", ns::DATA_FORMS).text(ns::MAM));
    let form = build("x", ns::DATA_FORMS)
        .attr("type", "form")
        .child(form_type)
        .children([
            field("with", "jid-single"),
            field("start", "text-single"),
            field("end", "text-single"),
            field("before-id", "text-single"),
            field("after-id", "text-single"),
            field("ids", "list-multi"),
        ]);
    build("query", ns::MAM).child(form).done()
}

/// First and last message (XEP-0313, section 5).
pub(crate) async fn metadata(store: &Store, owner: &str) -> Result<Element, StanzaError> {
    let owner = owner.to_owned();
    let ends = store
        .read(move |db| archive::ends(db, &owner))
        .await
        .map_err(not_read)?;
    let mut metadata = build("metadata", ns::MAM);
    for (name, (id, time_ms)) in ["start", "end"].into_iter().zip(ends.into_iter().flatten()) {
        let end = build(name, ns::MAM)
            .attr("id", id)
            .attr("timestamp", datetime::format_ms(time_ms));
        metadata = metadata.child(end);
    }
    Ok(metadata.done())
}
