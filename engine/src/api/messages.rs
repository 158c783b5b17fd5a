//! Messages: what is shown of them, and what can be done with one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{DeliveryState, Direction, FileState, RoomEventView};

/// What an interface may ask about messages, beside the requests that are there
/// from the beginning ([`super::Request::SendMessage`] and its like).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum MessageRequest {
    /// As [`super::Request::SendMessage`], with more. Answer:
    /// [`super::Response::Message`].
    Send {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// The text, with line breaks.
        text: String,
        /// Local id of the message that it answers (XEP-0461).
        reply_to: Option<i64>,
        /// Whom the text names (XEP-0372).
        mentions: Vec<MentionInput>,
    },
    /// Changes a message of ours. While nobody has it, it is changed before it
    /// goes; else a correction follows (XEP-0308). Answer:
    /// [`super::Response::Done`].
    Edit {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// The new text.
        text: String,
        /// Whom it names.
        mentions: Vec<MentionInput>,
    },
    /// Sets all that we react with to a message; nothing takes all back
    /// (XEP-0444). Answer: [`super::Response::Done`].
    React {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// The emojis, at most 20.
        emojis: Vec<String>,
    },
    /// Takes a message of ours back, for everybody (XEP-0424). One that nobody
    /// has yet is just removed. Answer: [`super::Response::Done`].
    Retract {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Sends a copy of a message to a conversation. Answer:
    /// [`super::Response::Message`].
    Forward {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// Where to.
        conversation: String,
    },
    /// Who has a message, and what it said before. Answer:
    /// [`super::Response::MessageDetails`].
    Details {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Finds the message that stands at a place. One that is not on this device is
    /// fetched with what lies between, page by page, for which
    /// [`super::Event::MessagesChanged`] comes. Answer: [`super::Response::Message`].
    Locate {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Where.
        place: MessagePlace,
    },
}

/// A place in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "at", rename_all = "kebab-case")]
#[ts(export)]
pub enum MessagePlace {
    /// The message that the archive names so, as in [`super::SearchHit`].
    Archived {
        /// The archive's id.
        id: String,
        /// When it was written, in milliseconds since the Unix epoch.
        time_ms: i64,
    },
    /// The first message that was written from a time on; the nearest newer one
    /// that is on this device, where the archive cannot be reached.
    From {
        /// Milliseconds since the Unix epoch.
        time_ms: i64,
    },
}

impl MessageRequest {
    /// Its name and its account, for a log.
    pub(super) fn summary(&self) -> (&'static str, &String) {
        match self {
            Self::Send { account, .. } => ("Message::Send", account),
            Self::Edit { account, .. } => ("Message::Edit", account),
            Self::React { account, .. } => ("Message::React", account),
            Self::Retract { account, .. } => ("Message::Retract", account),
            Self::Forward { account, .. } => ("Message::Forward", account),
            Self::Details { account, .. } => ("Message::Details", account),
            Self::Locate { account, .. } => ("Message::Locate", account),
        }
    }
}

impl std::fmt::Debug for MessageRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, account) = self.summary();
        f.debug_struct(name)
            .field("account", account)
            .finish_non_exhaustive()
    }
}

/// Somebody whom a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MentionInput {
    /// First UTF-16 unit of the name in the text.
    pub start: u32,
    /// Behind its last UTF-16 unit.
    pub end: u32,
    /// Bare address; in a room that hides people the one with the nickname. The
    /// room's own means everybody in it.
    pub address: String,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MessageView {
    /// Local id: stable from the moment of sending, through every change of state.
    /// Rises with the order of arrival in the cache, not with [`Self::position`].
    pub id: i64,
    /// Place in the conversation; messages are ordered by `(position, id)`.
    pub position: i64,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// Who wrote it.
    pub direction: Direction,
    /// Bare address of the author.
    pub author: String,
    /// Name of the author to show.
    pub author_name: String,
    /// The text, with its line breaks. Empty if it was taken back, or if there
    /// are only attachments.
    pub text: String,
    /// Milliseconds since the Unix epoch, as the server stamped it (or as this
    /// device did, while it waits).
    pub time_ms: i64,
    /// Of an event: what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub event: Option<RoomEventView>,
    /// For outgoing messages.
    pub delivery: Option<DeliveryState>,
    /// What it answers.
    pub reply: Option<ReplyView>,
    /// By emoji, in the order in which they came.
    pub reactions: Vec<ReactionView>,
    /// When it was last edited, in milliseconds since the Unix epoch.
    pub edited_ms: Option<i64>,
    /// Whether it was taken back.
    pub retracted: Option<RetractedView>,
    /// Files that it brings.
    pub attachments: Vec<AttachmentView>,
    /// Whom the text names.
    pub mentions: Vec<MentionView>,
    /// Whether it names us.
    pub mentions_me: bool,
    /// Signs such as `*` in the text mean themselves (XEP-0393).
    pub unstyled: bool,
    /// It came encrypted in a way that this program cannot read; the text says so
    /// in the sender's words.
    pub encrypted: bool,
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum MessageKind {
    /// A text.
    Text,
    /// Files, perhaps with a text.
    File,
    /// Something that happened in a room.
    Event,
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReplyView {
    /// Local id, if it is in the cache.
    pub message: Option<i64>,
    /// Who wrote it; empty if that is not known.
    pub author_name: String,
    /// Its text, shortened; empty if it is not known, or was taken back.
    pub excerpt: String,
}

/// One emoji, and who reacts with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// How many people, with us.
    pub count: u32,
    /// Whether we do.
    pub mine: bool,
    /// The others' names.
    pub names: Vec<String>,
}

/// A message that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RetractedView {
    /// The moderator who did; none if it was the author. May be empty.
    pub by: Option<String>,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AttachmentView {
    /// Where it can be fetched; none while it is being uploaded.
    pub url: Option<String>,
    /// Its name; never a path.
    pub name: String,
    /// Its media type, where the sender says it.
    pub media_type: Option<String>,
    /// Its size, where the sender says it.
    pub size_bytes: Option<u64>,
    /// Width of a picture in pixels.
    pub width: Option<u32>,
    /// Height of a picture in pixels.
    pub height: Option<u32>,
    /// What the sender says of it.
    pub description: Option<String>,
    /// Its name, made safe for any system, to be saved under.
    pub save_name: String,
    /// Where its bytes are.
    pub state: FileState,
}

/// Somebody whom a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MentionView {
    /// First UTF-16 unit of the name in the text.
    pub start: u32,
    /// Behind its last UTF-16 unit.
    pub end: u32,
    /// Bare address, or the one with the nickname.
    pub address: String,
    /// Whether it is us.
    pub me: bool,
}

/// Who has a message, and what it said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MessageDetails {
    /// The message.
    pub message: MessageView,
    /// Whether it, or something that we said about it, waits for the server.
    pub waits: bool,
    /// Those who are known to have it, first those who have seen it.
    pub deliveries: Vec<DeliveryView>,
    /// What it said before it was edited, oldest first.
    pub versions: Vec<VersionView>,
}

/// One person who has a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeliveryView {
    /// Name to show.
    pub name: String,
    /// Bare address. Absent in rooms that hide it, and where it is not known.
    pub address: Option<String>,
    /// When a device of theirs had it at the latest, in milliseconds since the
    /// Unix epoch (XEP-0184).
    pub delivered_ms: Option<i64>,
    /// When they had seen it at the latest (XEP-0333).
    pub read_ms: Option<i64>,
}

/// What a message said, from some time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VersionView {
    /// The text.
    pub text: String,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
}
