//! What only a desktop has: links from outside, files of the user, whether
//! somebody looks.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A link from outside, taken apart. Nothing is done before the user has said yes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[ts(export)]
pub enum LinkView {
    /// For the form that joins or signs in; it says what the link leads to, and asks.
    Join {
        /// As in [`engine::api::Request::PreviewJoin`].
        input: String,
    },
    /// A conversation with a person.
    Chat {
        /// Bare address.
        address: String,
        /// To be put into the composer, never sent by itself; may be empty.
        text: String,
    },
    /// A room.
    Room {
        /// Address of the room.
        address: String,
    },
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Invitations hold a token, texts are private.
        f.write_str(match self {
            Self::Join { .. } => "Join",
            Self::Chat { .. } => "Chat",
            Self::Room { .. } => "Room",
        })
    }
}

/// What the window says of itself: at once when it changes, and each half minute,
/// so that a window which hangs is noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WindowAttention {
    /// The window is visible and has the focus.
    pub active: bool,
    /// The conversation that it shows at its newest message.
    pub reading: Option<ConversationKey>,
}

/// A conversation of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConversationKey {
    /// Account id.
    pub account: String,
    /// Conversation id.
    pub conversation: String,
}

/// A file that another program has put onto the clipboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PastedFile {
    /// What it is read by, until something else is pasted.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A file that is on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileInfo {
    /// What it is by its bytes: a picture, sound or video, else
    /// `application/octet-stream`.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

/// What became of a file or link that was to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Opened {
    /// The system opens it.
    Opened,
    /// It is a program, or may act as one: it was shown in its folder instead.
    ShownInFolder,
}
