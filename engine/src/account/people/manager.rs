//! Who leads somebody: there is no property for that in cards, but a directory
//! (XEP-0055) may have a column for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jid::BareJid;
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::directory::{fields, fill, is_directory, text};
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};

/// What a directory has to have: who is looked for, and what is looked for of them.
const ADDRESS: &str = "jid";
const MANAGER: &str = "manager";
/// Rows of an answer that are looked at.
const MAX_ITEMS: usize = 100;

/// Who says who leads people, in this session.
#[derive(Debug, Clone, Default)]
pub(in crate::account) enum Managers {
    #[default]
    Unknown,
    Nobody,
    /// The server itself, whose directory has this form.
    Directory(Arc<Element>),
}

/// Who leads somebody of our server, if its directory says so. Only one that can be
/// asked for one person, and has the column, is asked, and none beside the server
/// itself: nobody waits for that to see a card.
pub(super) async fn of(
    shared: &Shared,
    handle: &Handle,
    person: &BareJid,
) -> Result<Option<String>, AskError> {
    let domain = person.domain();
    if domain != shared.address.domain() {
        return Ok(None);
    }
    let mut managers = shared.people.managers();
    if let Managers::Unknown = managers {
        managers = with_managers(handle, domain.as_str()).await?;
        shared.people.set_managers(managers.clone());
    }
    let Managers::Directory(form) = managers else {
        return Ok(None);
    };
    let values = BTreeMap::from([(ADDRESS.to_owned(), person.to_string())]);
    let query = fill(&form, &values).done();
    match handle.ask("set", Some(domain.as_str()), query).await {
        Ok(answer) => Ok(answer
            .get_child("query", ns::SEARCH)
            .and_then(|query| read(query, person))),
        Err(AskError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the server says who leads people: once in a session.
async fn with_managers(handle: &Handle, domain: &str) -> Result<Managers, AskError> {
    if !is_directory(handle, domain).await? {
        return Ok(Managers::Nobody);
    }
    let query = build("query", ns::SEARCH).done();
    let answer = match handle.ask("get", Some(domain), query).await {
        Ok(answer) => answer,
        Err(AskError::Refused(_)) => return Ok(Managers::Nobody),
        Err(error) => return Err(error),
    };
    let form = answer
        .get_child("query", ns::SEARCH)
        .and_then(|query| query.get_child("x", ns::DATA_FORMS));
    let has = |form: &Element, name| fields(form).any(|field| field.attr("var") == Some(name));
    Ok(match form {
        Some(form) if has(form, ADDRESS) && has(form, MANAGER) => {
            Managers::Directory(Arc::new(form.clone()))
        }
        _ => Managers::Nobody,
    })
}

/// Who leads somebody, in what was found.
fn read(query: &Element, person: &BareJid) -> Option<String> {
    let form = query.get_child("x", ns::DATA_FORMS)?;
    let value = |item: &Element, name: &str| {
        let field = fields(item).find(|field| field.attr("var") == Some(name))?;
        let text = text(field.get_child("value", ns::DATA_FORMS)?);
        BareJid::new(&text).ok()
    };
    let mut items = form
        .children()
        .filter(|child| child.is("item", ns::DATA_FORMS))
        .take(MAX_ITEMS);
    let item = items.find(|item| value(item, ADDRESS).as_ref() == Some(person))?;
    value(item, MANAGER).map(|manager| manager.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leads_somebody() {
        let found = "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='result'>
             <item><field var='jid'><value>bob@team.internal</value></field>
                   <field var='manager'><value>eve@team.internal</value></field></item>
             <item><field var='jid'><value>eve@team.internal</value></field>
                   <field var='manager'><value/></field></item></x></query>";
        let found = xmpp_core::element::parse(found.as_bytes()).unwrap();
        let of = |address: &str| read(&found, &BareJid::new(address).unwrap());
        assert_eq!(
            of("bob@team.internal").as_deref(),
            Some("eve@team.internal")
        );
        assert_eq!(of("eve@team.internal"), None);
        assert_eq!(of("lina@team.internal"), None);
    }
}
