//! XEP-0055: the directory of the team. It answers at the domain and at an item
//! of its own, where clients look for directories.

use jid::BareJid;
use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, ready, whole};
use crate::form::{Filled, Form};
use crate::server::Server;
use crate::session::reply;
use crate::store::directory::Person;

/// First label of the item's domain.
const LABEL: &str = "users";
/// Name of the item, for people.
const NAME: &str = "Directory";
/// Longest text that is searched for, in bytes.
const MAX_TEXT: usize = 256;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0055", "Directory search")],
    server_features: &[ns::SEARCH],
    payloads: &[("query", ns::SEARCH)],
    places: &[Place::Server],
    handle: |request| {
        let answer = search(request.server, request.payload, request.is_set);
        ready(answer.map(Some))
    },
    ..Module::NONE
};

/// Domain of the item.
pub(crate) fn domain(server: &Server) -> String {
    format!("{LABEL}.{}", server.domain())
}

/// The item in discovery of the server.
pub(super) fn item(server: &Server) -> Build {
    build("item", ns::DISCO_ITEMS)
        .attr("jid", domain(server))
        .attr("name", NAME)
}

/// Answers a request to the item; nothing if it is none.
pub(crate) fn iq(server: &Server, iq: &Element) -> Option<Element> {
    let is_set = match iq.attr("type") {
        Some("get") => false,
        Some("set") => true,
        Some("result" | "error") => return None,
        _ => return Some(reply(iq, Err(Condition::BadRequest.into()))),
    };
    let at_item = iq.attr("to").is_some_and(|to| !to.contains(['@', '/']));
    let answer = match iq.children().next() {
        None => Err(Condition::BadRequest.into()),
        Some(payload) if at_item && payload.is("query", ns::SEARCH) => {
            search(server, payload, is_set).map(Some)
        }
        Some(payload) if at_item && !is_set && payload.attr("node").is_none() => discovery(payload),
        Some(_) => Err(Condition::ServiceUnavailable.into()),
    };
    Some(reply(iq, answer))
}

fn discovery(payload: &Element) -> Result<Option<Element>, StanzaError> {
    if payload.is("query", ns::DISCO_ITEMS) {
        return Ok(Some(build("query", ns::DISCO_ITEMS).done()));
    }
    if !payload.is("query", ns::DISCO_INFO) {
        return Err(Condition::ServiceUnavailable.into());
    }
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "directory")
        .attr("type", "user")
        .attr("name", NAME);
    let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::SEARCH];
    let features = features.map(|name| build("feature", ns::DISCO_INFO).attr("var", name));
    let info = build("query", ns::DISCO_INFO).child(identity);
    Ok(Some(info.children(features).done()))
}

/// What is looked for: every text has to be somewhere in its field.
#[derive(Default)]
struct Wanted {
    user: String,
    name: String,
    department: String,
    /// In user name or name: what clients without forms ask.
    nick: String,
    /// The whole user name, of one person or of those whom this one leads: `None` for
    /// any, and of nobody if it is no name of ours.
    exactly: Option<String>,
    manager: Option<String>,
}

impl Wanted {
    fn fits(&self, person: &Person) -> bool {
        let has =
            |text: &str, wanted: &str| wanted.is_empty() || text.to_lowercase().contains(wanted);
        let is =
            |name: Option<&String>, wanted: Option<&String>| wanted.is_none() || name == wanted;
        let department = person.department.as_deref().unwrap_or_default();
        has(&person.localpart, &self.user)
            && has(&person.display_name, &self.name)
            && has(department, &self.department)
            && (has(&person.localpart, &self.nick) || has(&person.display_name, &self.nick))
            && is(Some(&person.localpart), self.exactly.as_ref())
            && is(person.manager.as_ref(), self.manager.as_ref())
    }
}

fn search(server: &Server, query: &Element, is_set: bool) -> Result<Element, StanzaError> {
    if !is_set {
        return Ok(fields());
    }
    let text = |text: &str| {
        if text.len() > MAX_TEXT {
            return Err(StanzaError::from(Condition::NotAcceptable).with_text("too long"));
        }
        // COMPAT: some clients put stars around what they look for.
        Ok(text.trim().trim_matches('*').trim().to_lowercase())
    };
    let max = server.config.limits.search_results;
    let answer = build("query", ns::SEARCH);
    let Some(form) = query.get_child("x", ns::DATA_FORMS) else {
        let field = |name: &str| {
            let child = query.get_child(name, ns::SEARCH);
            text(&child.map(Element::text).unwrap_or_default())
        };
        if !field("email")?.is_empty() {
            // Nobody's is known.
            return Ok(answer.done());
        }
        let wanted = Wanted {
            nick: field("nick")?,
            name: [field("first")?, field("last")?]
                .join(" ")
                .trim()
                .to_owned(),
            ..Wanted::default()
        };
        let found = server.rosters.people(max, |person| wanted.fits(person));
        let items = found.into_iter().map(|person| {
            let field = |name: &str, text: &str| build(name, ns::SEARCH).text(text);
            build("item", ns::SEARCH)
                .attr("jid", server.bare(&person.localpart))
                .child(field("first", &person.display_name))
                .child(field("last", ""))
                .child(field("nick", &person.localpart))
                .child(field("email", ""))
        });
        return Ok(answer.children(items).done());
    };
    match form.attr("type") {
        Some("submit") => {}
        Some("cancel") => return Ok(answer.done()),
        _ => return Err(Condition::BadRequest.into()),
    }
    let filled = Filled::read(form);
    if !filled.is_of_type(ns::SEARCH) {
        return Err(Condition::BadRequest.into());
    }
    let field = |name: &str| text(filled.first(name).unwrap_or_default());
    let user_of = |name: &str| {
        let text = field(name)?;
        Ok::<_, StanzaError>((!text.is_empty()).then(|| {
            let address = BareJid::new(&text).ok();
            let user = address.and_then(|address| server.localpart(&address));
            // Nobody has an empty name.
            user.unwrap_or_default()
        }))
    };
    let wanted = Wanted {
        user: field("user")?,
        name: field("name")?,
        department: field("department")?,
        exactly: user_of("jid")?,
        manager: user_of("manager")?,
        ..Wanted::default()
    };
    let found = server.rosters.people(max, |person| wanted.fits(person));
    Ok(answer.child(results(server, found)).done())
}

/// What can be asked: for old clients, and as a form.
fn fields() -> Element {
    let form = Form::new("form", ns::SEARCH)
        .title("Directory")
        .field("user", "text-single", Some("User name"), [""; 0])
        .field("name", "text-single", Some("Name"), [""; 0])
        .field("department", "text-single", Some("Department"), [""; 0])
        .field("jid", "jid-single", Some("Address"), [""; 0])
        .field("manager", "jid-single", Some("Manager"), [""; 0]);
    let instructions = "Fill in one or more fields; a part of a word is enough, of an address all of it is needed.";
    build("query", ns::SEARCH)
        .child(build("instructions", ns::SEARCH).text(instructions))
        .child(build("nick", ns::SEARCH))
        .child(form.done())
        .done()
}

/// XEP-0004, section 3.4: a table.
fn results(server: &Server, found: Vec<Person>) -> Element {
    let columns = [
        ("jid", "jid-single", "Address"),
        ("user", "text-single", "User name"),
        ("name", "text-single", "Name"),
        ("department", "text-single", "Department"),
        ("manager", "jid-single", "Manager"),
    ];
    let reported = columns.map(|(name, kind, label)| {
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .attr("type", kind)
            .attr("label", label)
    });
    let items = found.into_iter().map(|person| {
        let department = person.department.clone().unwrap_or_default();
        let address = server.bare(&person.localpart);
        // Who may not sign in is not shown, nor as somebody's manager.
        let manager = person.manager.filter(|user| server.rosters.has(user));
        let manager = manager.map_or_else(String::new, |user| server.bare(&user));
        let values = [
            address,
            person.localpart,
            person.display_name,
            department,
            manager,
        ];
        let fields = columns.iter().zip(values).map(|((name, _, _), value)| {
            build("field", ns::DATA_FORMS)
                .attr("var", name)
                .child(build("value", ns::DATA_FORMS).text(value))
        });
        build("item", ns::DATA_FORMS).children(fields)
    });
    let mut table = Form::new("result", ns::SEARCH).done();
    table.append_child(build("reported", ns::DATA_FORMS).children(reported).done());
    for item in items {
        table.append_child(item.done());
    }
    table
}
