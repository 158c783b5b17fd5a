//! What the archive has, as the server hands it out.

use xmpp_core::{Element, ns};

use crate::peer::{DOMAIN, Peer};

/// A message as the archive has it.
pub(crate) struct Archived {
    pub(crate) id: String,
    pub(crate) stamp: String,
    pub(crate) stanza: String,
}

pub(crate) fn archived(id: &str, stanza: &str) -> Archived {
    Archived {
        id: id.to_owned(),
        stamp: "2026-01-02T03:04:05Z".to_owned(),
        stanza: stanza.to_owned(),
    }
}

/// A text of Bob, as the server hands it on.
pub(crate) fn from_bob(text: &str) -> String {
    format!(
        "<message type='chat' from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}' id='w-{text}'>\
         <body>{text}</body><origin-id xmlns='urn:xmpp:sid:0' id='o-{text}'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='rosa@{DOMAIN}' id='s-{text}'/>\
         <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>"
    )
}

/// What Rosa has sent, with the id that she gave it.
pub(crate) fn from_rosa(id: &str, text: &str) -> String {
    format!(
        "<message type='chat' from='rosa@{DOMAIN}/desk' to='bob@{DOMAIN}' id='{id}'>\
         <body>{text}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
    )
}

impl Peer {
    /// One page of the archive.
    pub(crate) async fn answer_archive(
        &mut self,
        query: &Element,
        page: &[Archived],
        complete: bool,
    ) {
        let query_id = query
            .get_child("query", ns::MAM)
            .unwrap()
            .attr("queryid")
            .unwrap();
        for archived in page {
            let Archived { id, stamp, stanza } = archived;
            self.send(&format!(
                "<message from='rosa@{DOMAIN}'><result xmlns='urn:xmpp:mam:2' id='{id}' \
                 queryid='{query_id}'><forwarded xmlns='urn:xmpp:forward:0'>\
                 <delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>{}</forwarded></result></message>",
                stanza.replacen("<message", "<message xmlns='jabber:client'", 1)
            ))
            .await;
        }
        let edge = |name: &str, archived: Option<&Archived>| {
            archived.map_or_else(String::new, |archived| {
                format!("<{name}>{}</{name}>", archived.id)
            })
        };
        let set = format!(
            "<set xmlns='http://jabber.org/protocol/rsm'>{}{}</set>",
            edge("first", page.first()),
            edge("last", page.last())
        );
        self.result(
            query,
            &format!("<fin xmlns='urn:xmpp:mam:2' complete='{complete}'>{set}</fin>"),
        )
        .await;
    }
}
