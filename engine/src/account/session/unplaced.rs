//! What is on its way to the server. Where something of others comes meanwhile,
//! nobody but the archive knows which of the two was first.

use xmpp_core::{Element, ns};

use super::Sent;
use crate::inbound::Meaning;

/// What is said in some order, of which the archive alone knows where something of
/// ours has crossed something of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// A message.
    Text,
    /// What takes the place of what another device of ours may have said: an edit, a
    /// reaction.
    About,
}

/// What is on its way, so that it is not known where the archive has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unplaced {
    texts: usize,
    abouts: usize,
}

impl Unplaced {
    pub(super) fn of<'a>(sent: impl Iterator<Item = &'a Sent>) -> Self {
        let mut unplaced = Self::default();
        for sent in sent {
            unplaced.texts += usize::from(sent.seen == Some(Seen::Text));
            unplaced.abouts += usize::from(sent.seen == Some(Seen::About));
        }
        unplaced
    }

    pub(super) fn add(&mut self, more: Self) {
        self.texts += more.texts;
        self.abouts += more.abouts;
    }

    pub(super) fn remove(&mut self, less: Self) {
        self.texts = self.texts.saturating_sub(less.texts);
        self.abouts = self.abouts.saturating_sub(less.abouts);
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Whether nobody but the archive knows what was first: this, or something of
    /// ours.
    pub(super) fn crosses(self, meaning: &Meaning) -> bool {
        self.texts > 0 && meaning.is_message() || self.abouts > 0 && meaning.replaces_ours()
    }
}

/// What others see of a stanza, in some order.
pub(super) fn seen(stanza: &Element) -> Option<Seen> {
    let replaces =
        stanza.has_child("replace", ns::CORRECTION) || stanza.has_child("reactions", ns::REACTIONS);
    match replaces {
        true => Some(Seen::About),
        false => stanza.has_child("body", ns::CLIENT).then_some(Seen::Text),
    }
}
