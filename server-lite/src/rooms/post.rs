//! Handing stanzas of a room to sessions.

use jid::FullJid;
use xmpp_core::Element;
use xmpp_core::element::{self, set_attr};

use crate::router::{Outgoing, Router};

/// The way to the sessions of occupants.
#[derive(Clone, Copy)]
pub(super) struct Post<'a>(pub(super) &'a Router);

impl Post<'_> {
    /// To one session.
    pub(super) fn one(&self, to: &FullJid, mut stanza: Element) {
        set_attr(&mut stanza, "to", Some(to.as_str()));
        match element::write(&stanza) {
            Ok(xml) => self.hand(to, &xml),
            Err(error) => tracing::error!(%error, "stanza of a room could not be written"),
        }
    }

    /// To many sessions: written once, addressed to each.
    pub(super) fn all<'b>(&self, mut stanza: Element, to: impl Iterator<Item = &'b FullJid>) {
        set_attr(&mut stanza, "to", None);
        let xml = match element::write(&stanza) {
            Ok(xml) => xml,
            Err(error) => {
                tracing::error!(%error, "stanza of a room could not be written");
                return;
            }
        };
        // Behind the "<" and the name.
        let place = 1 + stanza.name().len();
        let Some((head, tail)) = xml.split_at_checked(place) else {
            return;
        };
        for to in to {
            self.hand(to, &format!("{head} to='{}'{tail}", escaped(to.as_str())));
        }
    }

    fn hand(&self, to: &FullJid, xml: &str) {
        let Some(user) = to.node() else { return };
        let outgoing = Outgoing {
            xml: xml.into(),
            archived: None,
        };
        let resource = to.resource().as_str();
        self.0
            .deliver(user.as_str(), &outgoing, |entry| entry.resource == resource);
    }
}

/// For an attribute in single quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_resources_stay_attributes() {
        let odd = "a@b/it's <x> & \"y\"";
        let xml = format!("<m to='{}' xmlns='urn:x'/>", escaped(odd));
        let element = element::parse(xml.as_bytes()).unwrap();
        assert_eq!(element.attr("to"), Some(odd));
    }
}
