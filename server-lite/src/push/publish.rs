//! Notifications to app servers that have an account here (sections 7 and 8).

use jid::Jid;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{ErrorType, StanzaError};
use xmpp_core::{Element, ns};

use super::{Notice, forget};
use crate::form::Form;
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::push::{self as rows, Registration};

/// How our requests are called, with the row of the registration.
const ID: &str = "push-";

/// Publishes to one session of the account. One that is away is not told later.
pub(super) fn send(server: &Server, registration: &Registration, notice: &Notice, waiting: u64) {
    let Ok(to) = Jid::new(&registration.jid) else {
        return;
    };
    let Some(user) = server.localpart(&to.to_bare()) else {
        return;
    };
    let publish = publish(server, registration, notice, waiting);
    let Ok(xml) = element::write(&publish) else {
        return;
    };
    let outgoing = Outgoing {
        xml: xml.into(),
        archived: None,
    };
    let resource = to.resource().map(|resource| resource.as_str());
    if server.router.deliver_one(&user, resource, &outgoing) {
        server.metrics.pushes.increment();
    } else {
        server.metrics.pushes_failed.increment();
    }
}

fn publish(server: &Server, registration: &Registration, notice: &Notice, waiting: u64) -> Element {
    let mut summary = Form::new("result", ns::PUSH_SUMMARY).field(
        "message-count",
        "text-single",
        None,
        [waiting.to_string()],
    );
    if let Some(sender) = &notice.sender {
        summary = summary.field("last-message-sender", "jid-single", None, [sender]);
    }
    if let Some(body) = &notice.body {
        summary = summary.field("last-message-body", "text-single", None, [body]);
    }
    let notification = build("notification", ns::PUSH).child(summary.done());
    let publish = build("publish", ns::PUBSUB)
        .attr_opt(
            "node",
            Some(&registration.node).filter(|node| !node.is_empty()),
        )
        .child(build("item", ns::PUBSUB).child(notification));
    let options = registration.options.as_deref();
    let options = options.and_then(|options| element::parse(options.as_bytes()).ok());
    let options = options.map(|form| build("publish-options", ns::PUBSUB).child(form));
    build("iq", ns::CLIENT)
        .attr("type", "set")
        .attr("id", format!("{ID}{}", registration.id))
        .attr("from", server.domain())
        .attr("to", &registration.jid)
        .child(build("pubsub", ns::PUBSUB).child(publish).children(options))
        .done()
}

/// An app server has answered: one that refuses is not told any more, unless
/// it asks to wait.
pub(crate) async fn answered(server: &Server, user: &str, iq: &Element) {
    let id = iq.attr("id").and_then(|id| id.strip_prefix(ID));
    let Some(id) = id.and_then(|id| id.parse::<i64>().ok()) else {
        return;
    };
    if iq.attr("type") != Some("error") || StanzaError::from_stanza(iq).kind == ErrorType::Wait {
        return;
    }
    let address = server.store.read(move |db| rows::address(db, id)).await;
    let address = address
        .ok()
        .flatten()
        .and_then(|address| Jid::new(&address).ok());
    let told = address.and_then(|address| server.localpart(&address.to_bare()));
    // Nobody else may end it.
    if told.as_deref() == Some(user) {
        tracing::info!(
            user,
            "an app server refused a notification and is not told any more"
        );
        forget(server, id).await;
    }
}
