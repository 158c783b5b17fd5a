//! Stream management (XEP-0198): counting and acknowledging, for either role.
//!
//! Two halves that know nothing of each other: [`Inbound`] counts what came in
//! and says the `h` to send; [`Outbound`] keeps what went out until the other
//! side has acknowledged it. Counters are modulo 2^32 (XEP-0198, section 4).

use std::collections::VecDeque;

use crate::element::build;
use crate::ns;
use crate::stream::{StreamCondition, StreamError};

/// Counts stanzas that were *handled*: on a server a stanza is handled once it
/// is on disk, so the count may lag behind what was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inbound {
    handled: u32,
}

impl Inbound {
    /// One more stanza was handled. Stanzas must be counted in their order.
    pub fn handled_one(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// The `h` to send.
    #[must_use]
    pub fn h(&self) -> u32 {
        self.handled
    }
}

/// The other side acknowledged what we never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("acknowledged {h} stanzas, but only {sent} were sent")]
pub struct AckError {
    /// What it said.
    pub h: u32,
    /// What we had sent.
    pub sent: u32,
}

impl From<AckError> for StreamError {
    /// How a stream ends over it (XEP-0198, section 4).
    fn from(error: AckError) -> Self {
        let detail = build("handled-count-too-high", ns::SM)
            .attr("h", error.h.to_string())
            .attr("send-count", error.sent.to_string());
        Self {
            condition: StreamCondition::UndefinedCondition,
            text: Some(error.to_string()),
            detail: Some(Box::new(detail.done())),
        }
    }
}

/// Keeps stanzas that were sent and are not acknowledged. The owner bounds it
/// by looking at [`Outbound::len`] and stops sending or gives the session up.
#[derive(Debug, Clone)]
pub struct Outbound<T> {
    acknowledged: u32,
    unacknowledged: VecDeque<T>,
}

impl<T> Default for Outbound<T> {
    fn default() -> Self {
        Self {
            acknowledged: 0,
            unacknowledged: VecDeque::new(),
        }
    }
}

impl<T> Outbound<T> {
    /// A stanza is on its way.
    pub fn sent(&mut self, stanza: T) {
        self.unacknowledged.push_back(stanza);
    }

    /// Takes an `h` of the other side and gives back what it settles, oldest
    /// first. An `h` that was said before settles nothing.
    ///
    /// # Errors
    /// [`AckError`] if it counts more than was sent; the stream must end
    /// (XEP-0198, section 4).
    pub fn acknowledge(&mut self, h: u32) -> Result<Vec<T>, AckError> {
        let news = h.wrapping_sub(self.acknowledged) as usize;
        if news > self.unacknowledged.len() {
            let sent = self.acknowledged.wrapping_add(self.len_u32());
            return Err(AckError { h, sent });
        }
        self.acknowledged = h;
        Ok(self.unacknowledged.drain(..news).collect())
    }

    /// How many are not acknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.unacknowledged.len()
    }

    /// Whether everything is acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// What must be sent again after a resumption, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.unacknowledged.iter()
    }

    /// Ends the count and gives up what was not acknowledged, oldest first.
    #[must_use]
    pub fn into_unacknowledged(self) -> Vec<T> {
        self.unacknowledged.into()
    }

    fn len_u32(&self) -> u32 {
        u32::try_from(self.unacknowledged.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_settle_in_order() {
        let mut out = Outbound::default();
        for n in 0..5 {
            out.sent(n);
        }
        assert_eq!(out.acknowledge(2), Ok(vec![0, 1]));
        assert_eq!(out.acknowledge(2), Ok(vec![]));
        assert_eq!(out.acknowledge(5), Ok(vec![2, 3, 4]));
        assert!(out.is_empty());
    }

    #[test]
    fn more_than_was_sent_is_an_error_and_changes_nothing() {
        let mut out = Outbound::default();
        out.sent('a');
        assert_eq!(out.acknowledge(2), Err(AckError { h: 2, sent: 1 }));
        assert_eq!(out.len(), 1);
        assert_eq!(out.acknowledge(1), Ok(vec!['a']));
        // An older value than before looks like a huge step ahead.
        assert!(out.acknowledge(0).is_err());
    }

    #[test]
    fn counters_wrap() {
        let mut out = Outbound {
            acknowledged: u32::MAX,
            unacknowledged: VecDeque::from(['a', 'b']),
        };
        assert_eq!(out.acknowledge(1), Ok(vec!['a', 'b']));
        let mut inbound = Inbound { handled: u32::MAX };
        inbound.handled_one();
        assert_eq!(inbound.h(), 0);
    }
}
