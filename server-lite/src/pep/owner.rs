//! What the owner does with a node (XEP-0060, section 8).

use std::sync::Arc;

use jid::{BareJid, Jid};
use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::access::{Node, bad, full};
use super::config::NodeConfig;
use super::job::{change, find, read};
use super::publish::{follow, make, node_name, within_quota};
use super::{Answer, Asker, notify};
use crate::clock;
use crate::form::Filled;
use crate::store::pep;

const AFFILIATIONS: [&str; 4] = ["publisher", "member", "outcast", "none"];
/// People with an affiliation to one node.
const MAX_AFFILIATIONS: usize = 1_000;

/// Answers what is asked with `pubsub#owner`.
pub(super) async fn handle(asker: Asker, is_set: bool, action: &Element) -> Answer {
    match (is_set, action.name()) {
        (false, "default") => Ok(Some(default_form())),
        (false, "configure") => get_config(asker, action).await,
        (true, "configure") => set_config(asker, action).await,
        (true, "delete") => delete(asker, action).await,
        (true, "purge") => purge(asker, action).await,
        (false, "affiliations") => get_affiliations(asker, action).await,
        (true, "affiliations") => set_affiliations(asker, action).await,
        (false, "subscriptions") => get_subscriptions(asker, action).await,
        (true, "subscriptions") => set_subscriptions(asker, action).await,
        _ => Err(Condition::BadRequest.into()),
    }
}

/// Section 8.3.
fn default_form() -> Element {
    let form = NodeConfig::default().form("form");
    let form = build("default", ns::PUBSUB_OWNER).child(form);
    build("pubsub", ns::PUBSUB_OWNER).child(form).done()
}

/// What a filled-in form says; `None` if it was cancelled.
fn read_form(within: &Element) -> Result<Option<Filled>, StanzaError> {
    let form = within.get_child("x", ns::DATA_FORMS);
    let form = form.ok_or(Condition::BadRequest)?;
    match form.attr("type") {
        Some("cancel") => return Ok(None),
        Some("submit") => {}
        _ => return Err(Condition::BadRequest.into()),
    }
    let form = Filled::read(form);
    if form.is_of_type(ns::PUBSUB_NODE_CONFIG) {
        Ok(Some(form))
    } else {
        Err(Condition::BadRequest.into())
    }
}

/// Section 8.1: a node of a name, or of one that we make.
pub(super) async fn create(asker: Asker, action: &Element, payload: &Element) -> Answer {
    if !asker.is_owner() {
        return Err(Condition::Forbidden.into());
    }
    let name = match action.attr("node") {
        Some(_) => node_name(action)?,
        None => clock::random_id().map_err(|_| Condition::InternalServerError)?,
    };
    let mut config = NodeConfig::default_of(&name);
    let configure = payload.get_child("configure", ns::PUBSUB);
    // An empty one asks for the default (section 8.1.3).
    if let Some(configure) = configure.filter(|configure| configure.children().next().is_some())
        && let Some(form) = read_form(configure)?
    {
        config.apply(&form)?;
    }
    let (server, wanted) = (Arc::clone(&asker.server), name.clone());
    change(&server, move |tx, _| {
        if pep::node(tx, &asker.account, &wanted)?.is_some() {
            return Err(Condition::Conflict.into());
        }
        make(tx, &asker.server, &asker.account, &wanted, config)?;
        Ok(())
    })
    .await?;
    let created = build("create", ns::PUBSUB).attr("node", name);
    Ok(Some(build("pubsub", ns::PUBSUB).child(created).done()))
}

async fn node(asker: Asker, action: &Element) -> Result<Node, StanzaError> {
    let name = node_name(action)?;
    let server = Arc::clone(&asker.server);
    read(&server, move |db| find(db, &asker, &name)).await
}

fn answer(
    action: &str,
    node: &str,
    content: impl IntoIterator<Item = impl Into<Element>>,
) -> Answer {
    let content = build(action, ns::PUBSUB_OWNER)
        .attr("node", node)
        .children(content);
    Ok(Some(
        build("pubsub", ns::PUBSUB_OWNER).child(content).done(),
    ))
}

async fn get_config(asker: Asker, action: &Element) -> Answer {
    let node = node(asker, action).await?;
    answer("configure", &node.name, [node.config.form("form")])
}

async fn set_config(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let Some(form) = read_form(action)? else {
        return Ok(None);
    };
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        let mut node = find(tx, &asker, &name)?;
        node.config.apply(&form)?;
        pep::set_config(tx, node.id, &node.config.to_json())?;
        if node.config.persist {
            pep::keep_newest(tx, node.id, node.config.max_items)?;
        } else {
            pep::purge(tx, node.id)?;
        }
        if node.config.notify_config {
            news.event(&node, notify::configured(&node));
        }
        follow(tx, &asker.server, &node, news)
    })
    .await?;
    Ok(None)
}

/// Section 8.4.
async fn delete(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        let node = find(tx, &asker, &name)?;
        pep::delete_node(tx, node.id)?;
        if node.config.notify_delete {
            news.event(&node, notify::happened(&node, "delete"));
        }
        follow(tx, &asker.server, &node, news)
    })
    .await?;
    Ok(None)
}

/// Section 8.5.
async fn purge(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        let node = find(tx, &asker, &name)?;
        pep::purge(tx, node.id)?;
        if node.config.notify_retract {
            news.event(&node, notify::happened(&node, "purge"));
        }
        follow(tx, &asker.server, &node, news)
    })
    .await?;
    Ok(None)
}

async fn get_affiliations(asker: Asker, action: &Element) -> Answer {
    let node = node(asker, action).await?;
    let row = |member: &str, affiliation: &str| {
        build("affiliation", ns::PUBSUB_OWNER)
            .attr("jid", member)
            .attr("affiliation", affiliation)
    };
    let others = node.affiliations.iter();
    let others = others.map(|(member, affiliation)| row(member, affiliation));
    let rows: Vec<Build> = [row(&node.owner, "owner")]
        .into_iter()
        .chain(others)
        .collect();
    answer("affiliations", &node.name, rows)
}

/// Address and value of each child.
fn pairs(action: &Element, child: &str) -> Result<Vec<(String, String)>, StanzaError> {
    action
        .children()
        .filter(|element| element.is(child, ns::PUBSUB_OWNER))
        .map(|element| {
            let wrong = || bad("invalid-jid");
            let address = Jid::new(element.attr("jid").ok_or_else(wrong)?);
            let address = address.map_err(|_| wrong())?;
            // The attribute has the name of the element.
            let value = element.attr(child).ok_or(Condition::BadRequest)?;
            Ok((address.to_string(), value.to_owned()))
        })
        .collect()
}

async fn set_affiliations(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let changes = pairs(action, "affiliation")?;
    for (address, affiliation) in &changes {
        // There is one owner, the account.
        let known = AFFILIATIONS.contains(&affiliation.as_str());
        if !known || BareJid::new(address).is_err() || *address == asker.owner {
            return Err(Condition::NotAcceptable.into());
        }
    }
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, _| {
        let node = find(tx, &asker, &name)?;
        for (address, affiliation) in &changes {
            pep::set_affiliation(tx, node.id, address, affiliation)?;
        }
        if pep::affiliations(tx, node.id)?.len() > MAX_AFFILIATIONS {
            return Err(full("too many people").into());
        }
        match changes.iter().any(|(_, affiliation)| affiliation != "none") {
            true => within_quota(tx, &asker.server, &asker.account),
            false => Ok(()),
        }
    })
    .await?;
    Ok(None)
}

async fn get_subscriptions(asker: Asker, action: &Element) -> Answer {
    let node = node(asker, action).await?;
    let rows = node.subscribers.iter().map(|subscriber| {
        build("subscription", ns::PUBSUB_OWNER)
            .attr("jid", subscriber)
            .attr("subscription", "subscribed")
    });
    answer("subscriptions", &node.name, rows)
}

async fn set_subscriptions(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let changes = pairs(action, "subscription")?;
    if changes.iter().any(|(_, state)| state != "none") {
        // Nobody is subscribed by somebody else.
        return Err(Condition::NotAcceptable.into());
    }
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, _| {
        let node = find(tx, &asker, &name)?;
        for (address, _) in &changes {
            pep::unsubscribe(tx, node.id, address)?;
        }
        Ok(())
    })
    .await?;
    Ok(None)
}
