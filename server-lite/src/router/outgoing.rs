//! A stanza on its way to sessions.

use xmpp_core::{Element, element};

use crate::stanza_text::StanzaText;

/// What a session has to send.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The stanza with all its declarations.
    pub(crate) xml: StanzaText,
    /// Row of the archive, if the stanza is a stored message: it counts as
    /// delivered when the session has acknowledged it.
    pub(crate) archived: Option<i64>,
}

impl From<String> for Outgoing {
    /// A stanza that is written already, and stored nowhere.
    fn from(xml: String) -> Self {
        Self {
            xml: xml.into(),
            archived: None,
        }
    }
}

impl Outgoing {
    /// A stanza that is stored nowhere. `None` if it cannot be written as XML.
    pub(crate) fn of(stanza: &Element) -> Option<Self> {
        match element::write(stanza) {
            Ok(xml) => Some(xml.into()),
            Err(error) => {
                tracing::error!(%error, "stanza could not be written");
                None
            }
        }
    }

    /// What it takes in a queue, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.xml.size() + size_of::<Self>()
    }

    /// The same, which has no address yet, addressed to a bare address of ours:
    /// in there, nothing has to be escaped. The text itself is shared.
    pub(crate) fn to(&self, bare: &str) -> Self {
        if bare.contains(['\'', '<', '&']) {
            return self.clone();
        }
        // Behind the "<" and the name.
        let place = self.xml.find([' ', '/', '>']).unwrap_or_default();
        Self {
            xml: self.xml.put_in(place, &format!(" to='{bare}'").into()),
            archived: self.archived,
        }
    }
}
