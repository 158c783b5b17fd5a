//! XEP-0313: the archive of an account, in pages (XEP-0059).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::written::escaped;
use xmpp_core::{Element, datetime, ns};

use super::{Module, Outcome, Place, Request, fulltext, in_part, whole};
use crate::StoreError;
use crate::server::Server;
use crate::store::Store;
use crate::store::archive::{self, Filter, Found, Page};

/// Largest page, and the one a client gets that asks for none.
const MAX_PAGE: usize = 250;
const DEFAULT_PAGE: usize = 50;
/// The field to search with (XEP-0431).
const SEARCH: &str = "{urn:xmpp:fulltext:0}fulltext";

pub(crate) const MODULE: Module = Module {
    specs: &[
        whole("XEP-0313", "Message archive"),
        whole("XEP-0059", "Pages of results"),
        whole("XEP-0359", "Stanza ids"),
    ],
    account_features: &[ns::MAM, ns::MAM_EXTENDED, ns::STANZA_ID],
    payloads: &[("query", ns::MAM), ("metadata", ns::MAM)],
    places: &[Place::Own],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

/// What messages hold that the archive and the routing know of.
pub(crate) const MESSAGES: Module = Module {
    specs: &[
        whole("XEP-0184", "Message receipts"),
        whole("XEP-0308", "Corrections"),
        whole("XEP-0333", "Displayed markers"),
        in_part(
            "XEP-0424",
            "Retractions",
            "private messages of rooms stay in the archives",
        ),
        whole("XEP-0444", "Reactions"),
        whole("XEP-0461", "Replies"),
    ],
    server_features: &[ns::OFFLINE],
    account_features: &[ns::RETRACT, ns::RETRACT_TOMBSTONE],
    ..Module::NONE
};

/// How often archives are looked for that are on their way out.
const REMOVE_EVERY: Duration = Duration::from_secs(10);

/// Removes what is left of large archives, for as long as the server runs.
pub(crate) async fn keep_removing(server: Arc<Server>) {
    loop {
        let more = match server.store.write(archive::remove_some).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "archive not removed");
                false
            }
        };
        let pause = if more { Duration::ZERO } else { REMOVE_EVERY };
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

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
    let question = match Question::read(request.payload, own.as_str()) {
        Ok(question) => question,
        Err(error) => return Err(error).into(),
    };
    // Not who looks for one conversation, or only counts.
    let reads_archive = question.filter.takes_all_that_is_new() && question.max > 0;
    let ends = Ends {
        archive: own.as_str(),
        reader: request.address.as_str(),
    };
    let store = &request.server.store;
    match page_of(store, request.user, question, &ends, Some).await {
        Ok(answer) => {
            note_read(store, request.user, &answer).await;
            Outcome {
                before: answer.results,
                answer: Ok(Some(answer.fin)),
                reads_archive,
            }
        }
        Err(error) => Err(error).into(),
    }
}

/// What somebody has read need not be delivered any more.
async fn note_read(store: &Store, owner: &str, answer: &Answer) {
    if !answer.is_waited_for || (answer.rows.is_empty() && answer.has_up_to.is_none()) {
        return;
    }
    let (owner, rows, up_to) = (owner.to_owned(), answer.rows.clone(), answer.has_up_to);
    let noted = store.write(move |tx| {
        archive::set_delivered(tx, &rows)?;
        up_to.map_or(Ok(()), |row| archive::delivered_up_to(tx, &owner, row))
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "delivery not noted");
    }
}

/// Addresses of an archive and of who reads it.
pub(crate) struct Ends<'a> {
    pub(crate) archive: &'a str,
    pub(crate) reader: &'a str,
}

/// What somebody asks an archive.
pub(crate) struct Question {
    pub(crate) filter: Filter,
    page: Page,
    max: usize,
    query_id: Option<String>,
    /// Only the order in which the page is sent (XEP-0313, section 4.3.4).
    is_flipped: bool,
}

impl Question {
    pub(crate) fn read(payload: &Element, archive: &str) -> Result<Self, StanzaError> {
        let (page, max) = page(payload)?;
        Ok(Self {
            filter: filter(payload, archive)?,
            page,
            max,
            query_id: payload.attr("queryid").map(str::to_owned),
            is_flipped: payload.has_child("flip-page", ns::MAM),
        })
    }
}

/// What an archive answers.
pub(crate) struct Answer {
    /// Messages, as text.
    pub(crate) results: Vec<String>,
    /// The end of the answer (XEP-0313, section 4).
    pub(crate) fin: Element,
    /// The rows of the page.
    rows: Vec<i64>,
    has_up_to: Option<i64>,
    is_waited_for: bool,
}

/// Reads a page. What is stored is put into the results as it is, or as `shown`
/// makes it, on a thread where that may take a while.
pub(crate) async fn page_of(
    store: &Store,
    owner: &str,
    question: Question,
    ends: &Ends<'_>,
    shown: impl Fn(String) -> Option<String> + Send + 'static,
) -> Result<Answer, StanzaError> {
    if question.filter.phrases.is_some() {
        fulltext::catch_up(store).await.map_err(not_read)?;
    }
    let owner = owner.to_owned();
    let head = Head::new(ends, question.query_id.as_deref());
    store
        .read(move |db| {
            let Question { filter, page, .. } = &question;
            let found = archive::query(db, &owner, filter, page, question.max)?;
            Ok(found.map(|found| answer(found, &head, question.is_flipped, shown)))
        })
        .await
        .map_err(not_read)?
        .ok_or_else(|| Condition::ItemNotFound.into())
}

fn answer(
    found: Found,
    head: &Head,
    is_flipped: bool,
    shown: impl Fn(String) -> Option<String>,
) -> Answer {
    let fin = fin(&found);
    let rows = found.messages.iter().map(|message| message.id).collect();
    let messages = found.messages.into_iter();
    let mut results: Vec<String> = messages
        .filter_map(|message| {
            let xml = shown(message.xml)?;
            Some(head.result(&message.stanza_id, message.time_ms, &xml))
        })
        .collect();
    if is_flipped {
        results.reverse();
    }
    Answer {
        results,
        fin,
        rows,
        has_up_to: found.has_up_to,
        is_waited_for: found.is_waited_for,
    }
}

fn not_read(error: StoreError) -> StanzaError {
    tracing::error!(%error, "archive not read");
    Condition::InternalServerError.into()
}

/// How each result of a page begins, written out.
struct Head(String);

impl Head {
    fn new(ends: &Ends<'_>, query_id: Option<&str>) -> Self {
        let query_id = query_id.map(|id| format!(" queryid='{}'", escaped(id)));
        Self(format!(
            "<message xmlns='{}' from='{}' to='{}'><result xmlns='{}'{}",
            ns::CLIENT,
            escaped(ends.archive),
            escaped(ends.reader),
            ns::MAM,
            query_id.unwrap_or_default()
        ))
    }

    /// One message of the result (XEP-0313, section 4.2; XEP-0297). What is
    /// stored is text of our own, with all its declarations.
    fn result(&self, stanza_id: &str, time_ms: i64, xml: &str) -> String {
        let stamp = datetime::format_ms(time_ms);
        [
            &self.0,
            " id='",
            &escaped(stanza_id),
            "'><forwarded xmlns='",
            ns::FORWARD,
            "'><delay xmlns='",
            ns::DELAY,
            "' stamp='",
            &stamp,
            "'/>",
            xml,
            "</forwarded></result></message>",
        ]
        .concat()
    }
}

fn fin(found: &Found) -> Element {
    let mut set = build("set", ns::RSM);
    if let (Some(first), Some(last)) = (found.messages.first(), found.messages.last()) {
        let index = found.index.map(|index| index.to_string());
        let name = build("first", ns::RSM).attr_opt("index", index);
        set = set
            .child(name.text(&first.stanza_id))
            .child(build("last", ns::RSM).text(&last.stanza_id));
    }
    let count = found.count.map(|count| count.to_string());
    let set = set.children(count.map(|count| build("count", ns::RSM).text(count)));
    let fin = build("fin", ns::MAM);
    let fin = if found.complete {
        fin.attr("complete", "true")
    } else {
        fin
    };
    fin.child(set).done()
}

/// The form of a query (XEP-0313, section 4.1). What we do not know or do not
/// understand is refused: a filter that is not applied would show too much.
fn filter(payload: &Element, archive: &str) -> Result<Filter, StanzaError> {
    let mut filter = Filter::default();
    let mut forms = payload
        .children()
        .filter(|child| child.is("x", ns::DATA_FORMS));
    let Some(form) = forms.next() else {
        return Ok(filter);
    };
    let bad = |text: &str| StanzaError::from(Condition::BadRequest).with_text(text);
    if forms.next().is_some() || form.attr("type") != Some("submit") {
        return Err(bad("one form that is submitted"));
    }
    let mut seen = BTreeSet::new();
    for field in form
        .children()
        .filter(|child| child.is("field", ns::DATA_FORMS))
    {
        let name = field
            .attr("var")
            .ok_or_else(|| bad("a field has no name"))?;
        if !seen.insert(name) {
            return Err(bad("a field is there twice"));
        }
        let mut values = field
            .children()
            .filter(|child| child.is("value", ns::DATA_FORMS))
            .map(Element::text);
        if name == "ids" {
            filter.ids = values.collect();
            if filter.ids.len() > MAX_PAGE {
                return Err(StanzaError::from(Condition::NotAcceptable).with_text("too many ids"));
            }
            continue;
        }
        let value = values.next();
        if values.next().is_some() {
            return Err(bad("a field has one value"));
        }
        let value = value.as_deref().unwrap_or_default();
        set(&mut filter, archive, name, value)?;
    }
    if !seen.contains("FORM_TYPE") {
        return Err(bad("the form does not say what it is"));
    }
    Ok(filter)
}

/// Sets what a field says; an empty one says nothing.
fn set(filter: &mut Filter, archive: &str, name: &str, value: &str) -> Result<(), StanzaError> {
    let time = || {
        let time = datetime::parse_ms(value);
        time.ok_or_else(|| StanzaError::from(Condition::BadRequest).with_text("no time"))
    };
    match name {
        "FORM_TYPE" if value == ns::MAM => {}
        "FORM_TYPE" => return Err(Condition::BadRequest.into()),
        "with" | "start" | "end" | "after-id" | "before-id" if value.is_empty() => {}
        "with" => {
            let with = jid::Jid::new(value).map_err(|_| Condition::JidMalformed)?;
            let bare = with.to_bare().to_string();
            if with.resource().is_some() {
                filter.full = Some(with.to_string());
            }
            // Under a nickname of the room: its messages stand under the
            // address of who said them.
            filter.peer = (bare != archive || with.resource().is_none()).then_some(bare);
        }
        "start" => filter.start_ms = Some(time()?),
        "end" => filter.end_ms = Some(time()?),
        "after-id" => filter.after_id = Some(value.to_owned()),
        "before-id" => filter.before_id = Some(value.to_owned()),
        SEARCH => filter.phrases = fulltext::phrases(value)?,
        _ => return Err(Condition::FeatureNotImplemented.into()),
    }
    Ok(())
}

fn page(payload: &Element) -> Result<(Page, usize), StanzaError> {
    let Some(set) = payload.get_child("set", ns::RSM) else {
        return Ok((Page::After(None), DEFAULT_PAGE));
    };
    let text = |name: &str| set.get_child(name, ns::RSM).map(Element::text);
    let max = match text("max") {
        None => DEFAULT_PAGE,
        Some(max) => {
            let max: usize = max.trim().parse().map_err(|_| Condition::BadRequest)?;
            max.min(MAX_PAGE)
        }
    };
    let given = |id: String| Some(id).filter(|id| !id.is_empty());
    let page = match (text("after"), text("before"), text("index")) {
        // A page by its number (XEP-0059, section 2.5).
        (.., Some(_)) => return Err(Condition::FeatureNotImplemented.into()),
        // Not defined; between two ids is for the form to say.
        (Some(_), Some(_), None) => return Err(Condition::BadRequest.into()),
        (None, Some(before), None) => Page::Before(given(before)),
        (after, None, None) => Page::After(after.and_then(given)),
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
            // Any id will do (XEP-0122).
            field("ids", "list-multi").child(
                build("validate", ns::FORM_VALIDATE)
                    .attr("datatype", "xs:string")
                    .child(build("open", ns::FORM_VALIDATE)),
            ),
            field(SEARCH, "text-single"),
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
