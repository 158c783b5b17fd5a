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
/// Those of one person among them.
const MAX_OF_ONE: usize = 20;
/// Which part of what an account can keep those to all of its nodes can take, in
/// addition: others make them, and must not fill up what is the owner's.
const PART: usize = 4;

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

fn too_many() -> StanzaError {
    StanzaError {
        kind: ErrorType::Wait,
        ..of_pubsub(Condition::PolicyViolation, "too-many-subscriptions")
    }
}

pub(super) async fn subscribe(asker: Asker, action: &Element) -> Answer {
    let name = node_name(action)?;
    let address = subscriber(&asker, action)?;
    let done = subscription(&name, &address, "subscribed");
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        let node = find_readable(tx, &asker, &name)?;
        if !node.subscribers.contains(&address) {
            let is_own = |other: &&String| other.split('/').next() == Some(&asker.bare);
            let own = node.subscribers.iter().filter(is_own).count();
            if own >= MAX_OF_ONE || node.subscribers.len() >= MAX_SUBSCRIBERS {
                return Err(too_many().into());
            }
            pep::subscribe(tx, node.id, &address)?;
            let most = asker.server.config.limits.personal_bytes / PART;
            if pep::subscription_usage(tx, &asker.account)? > most {
                return Err(too_many().into());
            }
        }
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
