//! The states of a subscription and what leads from one to another
//! (RFC 6121, appendix A).

/// What two people are to each other, as the roster of one of them has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The owner sees the contact.
    pub(crate) to: bool,
    /// The contact sees the owner.
    pub(crate) from: bool,
    /// The owner has asked and waits.
    pub(crate) pending_out: bool,
    /// The contact has asked and waits.
    pub(crate) pending_in: bool,
    /// A request of the contact is granted beforehand (section 3.4).
    pub(crate) approved: bool,
}

impl State {
    /// The value of the attribute `subscription`.
    pub(crate) fn subscription(self) -> &'static str {
        match (self.to, self.from) {
            (false, false) => "none",
            (true, false) => "to",
            (false, true) => "from",
            (true, true) => "both",
        }
    }
}

/// The presences that manage subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
}

impl Kind {
    pub(crate) fn from_type(kind: &str) -> Option<Self> {
        Some(match kind {
            "subscribe" => Self::Subscribe,
            "subscribed" => Self::Subscribed,
            "unsubscribe" => Self::Unsubscribe,
            "unsubscribed" => Self::Unsubscribed,
            _ => return None,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// What becomes of a stanza of the owner: the new state, and whether the
/// contact is told (appendix A.2).
pub(crate) fn outbound(state: State, kind: Kind) -> (State, bool) {
    match kind {
        Kind::Subscribe => {
            let pending_out = !state.to;
            (
                State {
                    pending_out,
                    ..state
                },
                true,
            )
        }
        Kind::Unsubscribe => {
            let after = State {
                to: false,
                pending_out: false,
                ..state
            };
            (after, true)
        }
        Kind::Subscribed if state.pending_in => {
            let after = State {
                from: true,
                pending_in: false,
                ..state
            };
            (after, true)
        }
        // Nobody has asked yet: granted beforehand (section 3.4.2).
        Kind::Subscribed => {
            let approved = !state.from;
            (State { approved, ..state }, false)
        }
        Kind::Unsubscribed => {
            let after = State {
                from: false,
                pending_in: false,
                approved: false,
                ..state
            };
            (after, state.from || state.pending_in)
        }
    }
}

/// What becomes of a stanza of the contact (appendix A.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inbound {
    /// Says nothing new.
    Ignore,
    /// The owner is told, and this is the new state.
    Deliver(State),
    /// The server answers `subscribed` itself, and this is the new state.
    Answer(State),
}

/// What becomes of a stanza of the contact.
pub(crate) fn inbound(state: State, kind: Kind) -> Inbound {
    match kind {
        Kind::Subscribe if state.from => Inbound::Answer(state),
        Kind::Subscribe if state.approved => Inbound::Answer(State {
            from: true,
            pending_in: false,
            approved: false,
            ..state
        }),
        Kind::Subscribe if !state.pending_in => Inbound::Deliver(State {
            pending_in: true,
            ..state
        }),
        Kind::Unsubscribe if state.from || state.pending_in => Inbound::Deliver(State {
            from: false,
            pending_in: false,
            ..state
        }),
        Kind::Subscribed if state.pending_out => Inbound::Deliver(State {
            to: true,
            pending_out: false,
            ..state
        }),
        Kind::Unsubscribed if state.to || state.pending_out => Inbound::Deliver(State {
            to: false,
            pending_out: false,
            ..state
        }),
        _ => Inbound::Ignore,
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
