use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ConversationView;

/// What the user decides about a conversation on this device, and what it takes
/// up there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum ConversationRequest {
    /// A part of the list, in its order: the pinned ones as the user put them, then
    /// newest activity first. Answer: [`super::Response::ConversationPage`].
    Page {
        /// Account id.
        account: String,
        /// Which rows.
        which: ConversationFilter,
        /// So many rows before it.
        skip: u32,
        /// At most so many (1 to 1,000).
        limit: u32,
    },
    /// Those of these conversations that are in the list, in its order, and how many
    /// rows it has. Answer: [`super::Response::ConversationPage`].
    Rows {
        /// Account id.
        account: String,
        /// Conversation ids; those beyond the first 200 are not looked at.
        conversations: Vec<String>,
    },
    /// Of what the user wants to be told. Answer: [`super::Response::Done`].
    SetNotify {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Of what.
        notify: NotifyLevel,
        /// Until then, in milliseconds since the Unix epoch; none: for ever. After
        /// it, all is told again, and in rooms what names the user.
        until_ms: Option<i64>,
    },
    /// Pins a conversation, or moves it among the pinned ones.
    /// Answer: [`super::Response::Done`].
    Pin {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Its place among the pinned ones, counted from 0; none: the last.
        place: Option<u32>,
    },
    /// Unpins a conversation. Answer: [`super::Response::Done`].
    Unpin {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// Puts a conversation away, or back. A new message brings it back, unless the
    /// conversation is muted. Answer: [`super::Response::Done`].
    Archive {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Whether it is put away.
        archived: bool,
    },
    /// Marks a conversation as one to come back to, until the next
    /// [`super::Request::MarkDisplayed`]. Answer: [`super::Response::Done`].
    MarkUnread {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Local id of a message: it and all later ones count as unread again, on
        /// this device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<i64>,
    },
    /// Takes a conversation and its messages from this device, those that wait to
    /// be sent too. It comes back when somebody writes; older messages can be read
    /// from the server's archive then. Answer: [`super::Response::Done`].
    Remove {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// Takes what was read of a conversation from this device; it is fetched again
    /// where somebody looks. Answer: [`super::Response::Done`].
    ClearCache {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// Where reading goes on. Answer: [`super::Response::FirstUnread`].
    FirstUnread {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// What an account takes up on this device. Answer: [`super::Response::Storage`].
    Storage {
        /// Account id.
        account: String,
    },
    /// Writes a conversation, as far as it is on this device, into a file, and the
    /// attachments that are here into a folder beside it. The file appears when it
    /// is whole. Answer: [`super::Response::Exported`].
    Export {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// How it is written.
        format: ExportFormat,
        /// The file, as an absolute path; one that exists is replaced.
        path: String,
        /// The words of an HTML file.
        labels: ExportLabels,
    },
}

impl ConversationRequest {
    /// The account that it is about.
    pub(crate) fn account(&self) -> &str {
        self.summary().1
    }

    /// Its name and its account, for a log.
    pub(super) fn summary(&self) -> (&'static str, &String) {
        match self {
            Self::Page { account, .. } => ("Conversation::Page", account),
            Self::Rows { account, .. } => ("Conversation::Rows", account),
            Self::SetNotify { account, .. } => ("Conversation::SetNotify", account),
            Self::Pin { account, .. } => ("Conversation::Pin", account),
            Self::Unpin { account, .. } => ("Conversation::Unpin", account),
            Self::Archive { account, .. } => ("Conversation::Archive", account),
            Self::MarkUnread { account, .. } => ("Conversation::MarkUnread", account),
            Self::Remove { account, .. } => ("Conversation::Remove", account),
            Self::ClearCache { account, .. } => ("Conversation::ClearCache", account),
            Self::FirstUnread { account, .. } => ("Conversation::FirstUnread", account),
            Self::Storage { account } => ("Conversation::Storage", account),
            Self::Export { account, .. } => ("Conversation::Export", account),
        }
    }
}

impl std::fmt::Debug for ConversationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, account) = self.summary();
        f.debug_struct(name)
            .field("account", account)
            .finish_non_exhaustive()
    }
}

/// Which rows of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ConversationFilter {
    /// All.
    All,
    /// Those that were not put away.
    Active,
    /// Those that were.
    Archived,
    /// Those that have something unread or are marked so.
    Unread,
}

/// Of what the user wants to be told (XEP-0492).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum NotifyLevel {
    /// Of every message.
    All,
    /// Of messages that name the user.
    Mentions,
    /// Of nothing.
    None,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConversationPage {
    /// The rows.
    pub rows: Vec<ConversationView>,
    /// How many there are in all.
    pub total: u32,
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FirstUnreadView {
    /// Local id of the oldest unread message.
    pub message: Option<i64>,
    /// How many are unread.
    pub count: u32,
}

/// What an account takes up on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StorageView {
    /// Bytes of the cache on the disk.
    pub cache_bytes: u64,
    /// Bytes in it that hold something; the others are used again.
    pub used_bytes: u64,
    /// Messages.
    pub messages: u64,
    /// Conversations in the list.
    pub conversations: u32,
    /// Files that lie sealed beside the cache: fetched ones, and those that are to be
    /// sent.
    pub files: u32,
    /// Bytes of these.
    pub file_bytes: u64,
    /// Messages that are older than so many days go from this device by themselves,
    /// as the user or whoever runs the server wants it; none: they stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit_days: Option<u32>,
    /// The oldest messages go by themselves when more bytes than these are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit_bytes: Option<u64>,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ExportFormat {
    /// For programs.
    Json,
    /// For people: one page without scripts that needs nothing else.
    Html,
}

/// The words of an exported page, in the language of its readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportLabels {
    /// Language of the page (BCP 47), such as `zh-CN`.
    pub language: String,
    /// Name of the time zone (IANA) in which times are shown; UTC if it is unknown.
    pub time_zone: String,
    /// "Exported on"; the time follows.
    pub exported: String,
    /// "edited".
    pub edited: String,
    /// "taken back".
    pub retracted: String,
    /// "not sent".
    pub not_sent: String,
    /// "file", for one without a name.
    pub file: String,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportView {
    /// The file.
    pub path: String,
    /// Messages in it.
    pub messages: u64,
    /// Attachments beside it.
    pub files: u32,
    /// Whether older messages are missing in it that are not on this device.
    pub is_partial: bool,
}
