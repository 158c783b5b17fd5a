//! Subscribing by name, for clients that do not rely on their capabilities
//! (XEP-0060, sections 5.6, 6.1 and 6.2).

use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, ErrorType, StanzaError};
use xmpp_core::{Element, ns};

use super::access::{bad, of_pubsub};
use super::config::SendLast;
use super::job::{change, find, find_readable, read};
use super::publish::node_name;
use super::{Answer, Asker, notify};
use crate::store::pep;

/// Subscriptions of one node.
const MAX_SUBSCRIBERS: usize = 1_000;

/// The address that is subscribed: one of who asks (section 6.1.3.1).
fn subscriber(asker: &Asker, action: &Element) -> Result<String, StanzaError> {
    let wrong = || bad("invalid-jid");
    let address = Jid::new(action.attr("jid").ok_or_else(wrong)?).map_err(|_| wrong())?;
    if address.to_bare().as_str() == asker.bare {
        Ok(address.to_string())
    } else {
        Err(wrong())
    }
}

fn subscription(node: &str, address: &str, state: &str) -> Build {
    build("subscription", ns::PUBSUB)
        .attr("node", node)
        .attr("jid", address)
        .attr("subscription", state)
}

pub(super) async fn subscribe(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let address = subscriber(&asker, action)?;
    let done = subscription(&name, &address, "subscribed");
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        let node = find_readable(tx, &asker, &name)?;
        if node.subscribers.len() >= MAX_SUBSCRIBERS && !node.subscribers.contains(&address) {
            let error = of_pubsub(Condition::PolicyViolation, "too-many-subscriptions");
            let kind = ErrorType::Wait;
            return Err(StanzaError { kind, ..error }.into());
        }
        pep::subscribe(tx, node.id, &address)?;
        if node.config.send_last != SendLast::Never
            && let Some(event) = notify::newest(tx, &node)?
        {
            news.direct(&address, event);
        }
        Ok(())
    })
    .await?;
    Ok(Some(build("pubsub", ns::PUBSUB).child(done).done()))
}

pub(super) async fn unsubscribe(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let address = subscriber(&asker, action)?;
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, _| {
        let node = find(tx, &asker, &name)?;
        if pep::unsubscribe(tx, node.id, &address)? {
            return Ok(());
        }
        let error = of_pubsub(Condition::UnexpectedRequest, "not-subscribed");
        let kind = ErrorType::Cancel;
        Err(StanzaError { kind, ..error }.into())
    })
    .await?;
    Ok(None)
}

pub(super) async fn list(asker: Asker, action: &Element) -> Answer {
    let wanted = action.attr("node").map(str::to_owned);
    let server = Arc::clone(&asker.server);
    let rows = read(&server, move |db| {
        Ok(pep::subscriptions_of(db, &asker.account, &asker.bare)?)
    })
    .await?;
    let rows = rows
        .iter()
        .filter(|(node, _)| wanted.as_ref().is_none_or(|wanted| wanted == node))
        .map(|(node, address)| subscription(node, address, "subscribed"));
    let all = build("subscriptions", ns::PUBSUB).children(rows);
    Ok(Some(build("pubsub", ns::PUBSUB).child(all).done()))
}
