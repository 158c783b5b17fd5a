//! Private XML storage (XEP-0049).

use std::sync::Arc;

use rusqlite::Connection;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::access::full;
use super::job::{Refused, change, read};
use super::publish::{MAX_NAME, within_quota};
use super::{Answer, Asker, bookmarks};
use crate::modules::Request;
use crate::modules::roster::delimiter;
use crate::store::personal;

/// Elements that one account can store.
const MAX_ELEMENTS: usize = 200;
/// Bytes of all of them.
const MAX_BYTES: usize = 1 << 20;

/// The elements that are named, each as it was stored, or empty.
pub(crate) async fn get(request: &Request<'_>) -> Answer {
    let wanted = names(request.payload)?;
    let asker = Asker::of(request);
    let found = read(request.server, move |db| {
        let mut found = Vec::new();
        for (name, namespace) in &wanted {
            found.push(one(db, &asker, name, namespace)?);
        }
        Ok(found)
    })
    .await?;
    Ok(Some(build("query", ns::PRIVATE).children(found).done()))
}

fn one(db: &Connection, asker: &Asker, name: &str, namespace: &str) -> Result<Element, Refused> {
    let stored = personal::private(db, &asker.account, name, namespace)?;
    let stored = stored.and_then(|xml| element::parse(xml.as_bytes()).ok());
    let empty = || match (name, namespace) {
        ("roster", ns::ROSTER_DELIMITER) => delimiter(),
        _ => build(name, namespace).done(),
    };
    let mut stored = stored.unwrap_or_else(empty);
    if bookmarks::is_storage(&stored) {
        for room in bookmarks::older(db, &asker.account, bookmarks::most(&asker.server))? {
            stored.append_child(room);
        }
    }
    Ok(stored)
}

/// Stores elements, each in place of the one of its name.
pub(crate) async fn set(request: &Request<'_>) -> Answer {
    names(request.payload)?;
    let asker = Asker::of(request);
    let elements: Vec<Element> = request.payload.children().cloned().collect();
    let server = Arc::clone(request.server);
    change(&server, move |tx, news| {
        for mut element in elements {
            if bookmarks::is_storage(&element) {
                bookmarks::from_older(tx, &asker.server, &asker.account, &element, news)?;
                bookmarks::to_older_node(tx, &asker.server, &asker.account, news)?;
                bookmarks::without_rooms(&mut element);
            }
            let xml = element::write(&element).map_err(|_| Condition::BadRequest)?;
            let (name, namespace) = (element.name(), element.ns());
            personal::set_private(tx, &asker.account, name, &namespace, &xml)?;
        }
        let (count, bytes) = personal::private_usage(tx, &asker.account)?;
        if count > MAX_ELEMENTS || bytes > MAX_BYTES {
            return Err(full("the account has no room for more").into());
        }
        within_quota(tx, &asker.server, &asker.account)
    })
    .await?;
    Ok(None)
}

/// The names of the elements, of which there has to be one at least.
fn names(query: &Element) -> Result<Vec<(String, String)>, StanzaError> {
    let names: Vec<_> = query
        .children()
        .map(|child| (child.name().to_owned(), child.ns()))
        .collect();
    let is_bad = |(name, namespace): &(String, String)| {
        // An element of its own name space is what is stored.
        namespace.is_empty() || namespace == ns::PRIVATE || name.len() + namespace.len() > MAX_NAME
    };
    if names.is_empty() || names.len() > MAX_ELEMENTS || names.iter().any(is_bad) {
        return Err(Condition::BadRequest.into());
    }
    Ok(names)
}
