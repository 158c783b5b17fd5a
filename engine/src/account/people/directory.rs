//! The server's directory of people (XEP-0055): its form, and what it finds.

use std::collections::BTreeMap;

use jid::{BareJid, Jid};
use xmpp_core::element::{Build, build, clean_text};
use xmpp_core::{Element, ns};

use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::api::{ApiError, DirectoryEntryView, DirectoryFieldView, DirectoryFormView, ErrorCode};

/// Services of the server that are asked what they are.
const MAX_SERVICES: usize = 50;
/// Fields of a form.
const MAX_FIELDS: usize = 50;
/// People that are shown.
const MAX_FOUND: usize = 1_000;
/// Longest value, in characters.
const MAX_VALUE: usize = 500;
/// Fields of a directory that has no form (section 2.1), with their labels.
const OLD_FIELDS: [(&str, &str); 4] = [
    ("first", "First name"),
    ("last", "Last name"),
    ("nick", "Nickname"),
    ("email", "Email"),
];

/// What can be searched by.
pub(super) async fn form(shared: &Shared) -> Result<DirectoryFormView, ApiError> {
    let handle = shared.handle()?;
    let domain = shared.address.domain().to_string();
    let service = service(&handle, &domain)
        .await?
        .ok_or_else(|| ApiError::new(ErrorCode::NotSupported).detail("no directory there"))?;
    let query = build("query", ns::SEARCH).done();
    let answer = handle.ask("get", Some(&service), query).await?;
    let query = answer
        .get_child("query", ns::SEARCH)
        .ok_or_else(|| ApiError::new(ErrorCode::ServerRefused).detail("no form"))?;
    Ok(read_form(query, service))
}

/// The directory of a server: itself, or one of its services.
async fn service(handle: &Handle, domain: &str) -> Result<Option<String>, AskError> {
    if is_directory(handle, domain).await? {
        return Ok(Some(domain.to_owned()));
    }
    let query = build("query", ns::DISCO_ITEMS).done();
    let items = match handle.ask("get", Some(domain), query).await {
        Ok(items) => items,
        Err(AskError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let services = items
        .get_child("query", ns::DISCO_ITEMS)
        .into_iter()
        .flat_map(Element::children)
        .filter_map(|item| Jid::new(item.attr("jid")?).ok())
        .take(MAX_SERVICES);
    for service in services {
        match is_directory(handle, service.as_str()).await {
            Ok(true) => return Ok(Some(service.to_string())),
            // One that hangs must not hide the others.
            Ok(false) | Err(AskError::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

pub(super) async fn is_directory(handle: &Handle, service: &str) -> Result<bool, AskError> {
    let query = build("query", ns::DISCO_INFO).done();
    let info = match handle.ask("get", Some(service), query).await {
        Ok(info) => info,
        Err(AskError::Refused(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(info
        .get_child("query", ns::DISCO_INFO)
        .is_some_and(|query| {
            query.children().any(|feature| {
                feature.is("feature", ns::DISCO_INFO) && feature.attr("var") == Some(ns::SEARCH)
            })
        }))
}

pub(super) fn text(element: &Element) -> String {
    let text = clean_text(&element.text());
    text.trim().chars().take(MAX_VALUE).collect()
}

pub(super) fn fields(form: &Element) -> impl Iterator<Item = &Element> {
    form.children()
        .filter(|child| child.is("field", ns::DATA_FORMS))
}

fn read_form(query: &Element, service: String) -> DirectoryFormView {
    let form = query.get_child("x", ns::DATA_FORMS);
    let instructions = form
        .and_then(|form| form.get_child("instructions", ns::DATA_FORMS))
        .or_else(|| query.get_child("instructions", ns::SEARCH))
        .map(text)
        .unwrap_or_default();
    let fields = match form {
        Some(form) => fields(form)
            .filter(|field| !matches!(field.attr("type"), Some("hidden" | "fixed")))
            .filter_map(|field| {
                let name = field.attr("var")?.to_owned();
                Some(DirectoryFieldView {
                    label: field.attr("label").unwrap_or(&name).to_owned(),
                    required: field.has_child("required", ns::DATA_FORMS),
                    name,
                })
            })
            .take(MAX_FIELDS)
            .collect(),
        None => OLD_FIELDS
            .into_iter()
            .filter(|(name, _)| query.has_child(name, ns::SEARCH))
            .map(|(name, label)| DirectoryFieldView {
                name: name.to_owned(),
                label: label.to_owned(),
                required: false,
            })
            .collect(),
    };
    DirectoryFormView {
        service,
        instructions,
        fields,
    }
}

/// Searches. The form is fetched again: what is asked has to fit it.
pub(super) async fn search(
    shared: &Shared,
    service: &str,
    values: &BTreeMap<String, String>,
) -> Result<Vec<DirectoryEntryView>, ApiError> {
    let handle = shared.handle()?;
    let query = build("query", ns::SEARCH).done();
    let answer = handle.ask("get", Some(service), query).await?;
    let query = answer
        .get_child("query", ns::SEARCH)
        .ok_or_else(|| ApiError::new(ErrorCode::ServerRefused).detail("no form"))?;
    let filled = match query.get_child("x", ns::DATA_FORMS) {
        Some(form) => fill(form, values),
        None => {
            let fields = values
                .iter()
                .filter(|(name, _)| OLD_FIELDS.iter().any(|(known, _)| known == name))
                .map(|(name, value)| build(name, ns::SEARCH).text(value));
            build("query", ns::SEARCH).children(fields)
        }
    };
    let answer = handle.ask("set", Some(service), filled.done()).await?;
    Ok(answer
        .get_child("query", ns::SEARCH)
        .map(found)
        .unwrap_or_default())
}

/// The form with the values that were given, and those that it came with.
pub(super) fn fill(form: &Element, values: &BTreeMap<String, String>) -> Build {
    let mut filled = build("x", ns::DATA_FORMS).attr("type", "submit");
    for field in fields(form).filter(|field| field.attr("type") != Some("fixed")) {
        let Some(var) = field.attr("var") else {
            continue;
        };
        let kept = field
            .children()
            .filter(|child| child.is("value", ns::DATA_FORMS))
            .map(Element::text);
        let value: Vec<String> = match values.get(var) {
            Some(value) => vec![value.clone()],
            None => kept.collect(),
        };
        if value.is_empty() {
            continue;
        }
        let value = value
            .into_iter()
            .map(|value| build("value", ns::DATA_FORMS).text(value));
        filled = filled.child(
            build("field", ns::DATA_FORMS)
                .attr("var", var)
                .children(value),
        );
    }
    build("query", ns::SEARCH).child(filled)
}

fn found(query: &Element) -> Vec<DirectoryEntryView> {
    match query.get_child("x", ns::DATA_FORMS) {
        Some(form) => {
            let labels: BTreeMap<&str, &str> = form
                .get_child("reported", ns::DATA_FORMS)
                .into_iter()
                .flat_map(fields)
                .filter_map(|field| Some((field.attr("var")?, field.attr("label")?)))
                .collect();
            form.children()
                .filter(|child| child.is("item", ns::DATA_FORMS))
                .filter_map(|item| {
                    let values = fields(item).filter_map(|field| {
                        let value = field.get_child("value", ns::DATA_FORMS)?;
                        Some((field.attr("var")?, text(value)))
                    });
                    entry(values.collect(), &labels)
                })
                .take(MAX_FOUND)
                .collect()
        }
        None => query
            .children()
            .filter(|child| child.is("item", ns::SEARCH))
            .filter_map(|item| {
                let mut values: BTreeMap<&str, String> = item
                    .children()
                    .map(|child| (child.name(), text(child)))
                    .collect();
                values.insert("jid", item.attr("jid")?.to_owned());
                entry(values, &BTreeMap::from(OLD_FIELDS))
            })
            .take(MAX_FOUND)
            .collect(),
    }
}

/// A person, by the values that the directory has of them.
fn entry(
    values: BTreeMap<&str, String>,
    labels: &BTreeMap<&str, &str>,
) -> Option<DirectoryEntryView> {
    let address = BareJid::new(values.get("jid")?).ok()?;
    let value = |name: &str| values.get(name).filter(|value| !value.is_empty());
    let whole = match (value("first"), value("last")) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (one, other) => one.or(other).cloned(),
    };
    let name = ["fn", "FN", "name"]
        .into_iter()
        .find_map(value)
        .cloned()
        .or(whole)
        .or_else(|| value("nick").cloned())
        .or_else(|| address.node().map(ToString::to_string))?;
    let values = values
        .into_iter()
        .filter(|(var, value)| *var != "jid" && !value.is_empty())
        .take(MAX_FIELDS)
        .map(|(var, value)| (labels.get(var).unwrap_or(&var).to_string(), value))
        .collect();
    Some(DirectoryEntryView {
        address: address.to_string(),
        name,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    fn query(content: &str) -> Element {
        parse(format!("<query xmlns='jabber:iq:search'>{content}</query>").as_bytes()).unwrap()
    }

    #[test]
    fn with_a_form() {
        let form = query(
            "<instructions>old</instructions><x xmlns='jabber:x:data' type='form'>
             <instructions>Type</instructions>
             <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>
             <field type='text-single' var='nick' label='Nick'><required/></field></x>",
        );
        let view = read_form(&form, "s".into());
        assert_eq!(view.instructions, "Type");
        assert_eq!(
            view.fields,
            [DirectoryFieldView {
                name: "nick".into(),
                label: "Nick".into(),
                required: true
            }]
        );
        let values = BTreeMap::from([("nick".to_owned(), "lina".to_owned())]);
        let filled = fill(form.get_child("x", ns::DATA_FORMS).unwrap(), &values).done();
        let filled = xmpp_core::element::write(&filled).unwrap();
        assert!(
            filled.contains("lina") && filled.contains("FORM_TYPE"),
            "{filled}"
        );
        let all = found(&query(
            "<x xmlns='jabber:x:data' type='result'>
             <reported><field var='jid'/><field var='nick' label='Nick'/></reported>
             <item><field var='jid'><value>lina@team.internal</value></field>
                   <field var='nick'><value>Lina</value></field></item>
             <item><field var='nick'><value>nobody</value></field></item></x>",
        ));
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].name.as_str(), all[0].values["Nick"].as_str()),
            ("Lina", "Lina")
        );
    }

    #[test]
    fn without_a_form() {
        let view = read_form(
            &query("<instructions>x</instructions><first/><nick/>"),
            "s".into(),
        );
        let names: Vec<_> = view
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, ["first", "nick"]);
        let all = found(&query(
            "<item jid='lina@team.internal'><first>Li</first><last>Na</last></item><item/>",
        ));
        assert_eq!((all.len(), all[0].name.as_str()), (1, "Li Na"));
    }
}
