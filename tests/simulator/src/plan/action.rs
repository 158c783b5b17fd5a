//! The things that can happen.

mod words;

use crate::world::{Cut, Direction, Lost};

/// Something that happens. A conversation is an account, or a room (`#name`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// A device writes so many messages to somebody.
    Send {
        device: String,
        to: String,
        count: u64,
    },
    /// A device writes a message that names somebody.
    Mention {
        device: String,
        to: String,
        whom: String,
    },
    /// A device answers a message: the newest, or the so-many-th before that.
    Reply {
        device: String,
        to: String,
        place: usize,
    },
    /// Its user does something to a message: to the newest with which that can be
    /// done, or the so-many-th before that.
    Change {
        device: String,
        with: String,
        place: usize,
        what: Change,
    },
    /// Its user sees the newest message of a conversation.
    Read { device: String, with: String },
    /// Its user decides something about a conversation.
    Decide {
        device: String,
        with: String,
        what: Decision,
    },
    /// Its user types.
    Type { device: String, to: String },
    /// Its user blocks somebody, or ends that.
    Block {
        device: String,
        whom: String,
        blocks: bool,
    },
    /// Its user enters a room, or leaves it, with all devices.
    Enter { device: String, room: String },
    /// See [`Action::Enter`].
    Leave { device: String, room: String },
    /// Its user goes by another name in a room.
    Nick {
        device: String,
        room: String,
        nick: String,
    },
    /// The owner of a room does something about somebody.
    Manage {
        device: String,
        room: String,
        whom: String,
        what: Managing,
    },
    /// A room forgets who is in it; it says so, or does not.
    Scatter { room: String, told: bool },
    /// A device is added to its account.
    Join { device: String },
    /// Its connections break.
    Cut { device: String, who: Cut },
    /// Its connection breaks after so many more bytes.
    CutAfter {
        device: String,
        direction: Direction,
        bytes: u64,
    },
    /// Nothing moves for a while.
    Stall { device: String, ms: u64 },
    /// Bytes vanish until the connection breaks.
    Lose {
        device: String,
        which: Lost,
        ms: u64,
    },
    /// From here on its network is so slow, and so finely cut.
    Slow { device: String, ms: u64, piece: u64 },
    /// It has no network.
    Offline { device: String },
    /// It has one again.
    Online { device: String },
    /// It comes into another network: the old connection is silent.
    Roam { device: String },
    /// Its clock is set, forward or back, in milliseconds.
    Clock { device: String, ms: i64 },
    /// The program is killed and is back after a while.
    Kill { device: String, ms: u64 },
    /// The program is closed and is back after a while.
    Close { device: String, ms: u64 },
    /// The server does not know the session of the device any more.
    Forget { device: String },
    /// The server ends without a word and is back after a while; devices notice
    /// or do not.
    Restart { ms: u64, told: bool },
}

/// What can be done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It says something else (XEP-0308).
    Edit,
    /// With these emojis, or none (XEP-0444).
    React(Vec<String>),
    /// Its author takes it back (XEP-0424).
    Retract,
    /// A moderator takes it back (XEP-0425).
    Moderate,
}

/// What can be decided about a conversation on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Mute,
    Unmute,
    PutAway,
    TakeOut,
    MarkUnread,
}

/// What the owner of a room does about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Managing {
    /// Puts them out.
    Kick,
    /// For good.
    Ban,
    /// They may come again.
    Unban,
}

impl Action {
    /// Whom it concerns.
    pub(crate) fn device(&self) -> Option<&str> {
        match self {
            Self::Send { device, .. }
            | Self::Mention { device, .. }
            | Self::Reply { device, .. }
            | Self::Change { device, .. }
            | Self::Read { device, .. }
            | Self::Decide { device, .. }
            | Self::Type { device, .. }
            | Self::Block { device, .. }
            | Self::Enter { device, .. }
            | Self::Leave { device, .. }
            | Self::Nick { device, .. }
            | Self::Manage { device, .. }
            | Self::Join { device }
            | Self::Cut { device, .. }
            | Self::CutAfter { device, .. }
            | Self::Stall { device, .. }
            | Self::Lose { device, .. }
            | Self::Slow { device, .. }
            | Self::Offline { device }
            | Self::Online { device }
            | Self::Roam { device }
            | Self::Clock { device, .. }
            | Self::Kill { device, .. }
            | Self::Close { device, .. }
            | Self::Forget { device } => Some(device),
            Self::Scatter { .. } | Self::Restart { .. } => None,
        }
    }

    /// The account or the room at the other end.
    pub(crate) fn other(&self) -> Option<&str> {
        match self {
            Self::Send { to, .. }
            | Self::Mention { to, .. }
            | Self::Reply { to, .. }
            | Self::Type { to, .. } => Some(to),
            Self::Read { with, .. } | Self::Change { with, .. } | Self::Decide { with, .. } => {
                Some(with)
            }
            Self::Block { whom, .. } => Some(whom),
            Self::Enter { room, .. }
            | Self::Leave { room, .. }
            | Self::Nick { room, .. }
            | Self::Manage { room, .. }
            | Self::Scatter { room, .. } => Some(room),
            _ => None,
        }
    }

    /// The same done to the newest message, or with one message.
    pub(super) fn simpler(&self) -> Option<Self> {
        let mut simpler = self.clone();
        match &mut simpler {
            Self::Send { count, .. } if *count > 1 => *count = 1,
            Self::Change { place, .. } if *place > 0 => *place = 0,
            Self::Mention { device, to, .. } | Self::Reply { device, to, .. } => {
                simpler = Self::Send {
                    device: device.clone(),
                    to: to.clone(),
                    count: 1,
                };
            }
            _ => return None,
        }
        Some(simpler)
    }
}
