//! What every session asks about its rooms.

use xmpp_core::{Element, ns};

use crate::peer::{DOMAIN, Peer};

impl Peer {
    /// Answers what every session asks about its rooms; whether this was that.
    pub(crate) async fn gives_bookmarks(&mut self, element: &Element) -> bool {
        let Some(items) = self.bookmarks.clone() else {
            return false;
        };
        let asks = |child: &str, namespace: &str| {
            element.attr("type") == Some("get") && element.has_child(child, namespace)
        };
        let own = format!("rosa@{DOMAIN}");
        let answer = if asks("query", ns::DISCO_INFO) && element.attr("to") == Some(&own) {
            "<query xmlns='http://jabber.org/protocol/disco#info'>\
             <feature var='urn:xmpp:bookmarks:1#compat'/></query>"
                .to_owned()
        } else if asks("pubsub", ns::PUBSUB)
            && element.attr("to").is_none()
            && is_bookmarks(element)
        {
            format!(
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
                 <items node='urn:xmpp:bookmarks:1'>{items}</items></pubsub>"
            )
        } else {
            return false;
        };
        self.result(element, &answer).await;
        true
    }
}

/// Whether a request for a node is one for bookmarks.
fn is_bookmarks(iq: &Element) -> bool {
    let pubsub = iq.get_child("pubsub", ns::PUBSUB);
    pubsub.is_some_and(|pubsub| {
        pubsub
            .children()
            .any(|child| child.attr("node") == Some(ns::BOOKMARKS))
    })
}
