use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ConversationKind;

/// Searching. Whatever a person types is valid: words, in any script, of one
/// character up; all of them have to be there. What is typed without a space is a
/// phrase, as is what stands in quotation marks; the last word may go on. Of a
/// text only the first 256 characters are looked at.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum SearchRequest {
    /// Searches the messages on this device, newest first by the time at which
    /// they were written. Works offline. Answer: [`super::Response::SearchPage`].
    Find {
        /// Account id; none searches all accounts that are unlocked.
        account: Option<String>,
        /// What was typed; without it, the filters alone say what is found.
        text: String,
        /// What else has to be so.
        #[serde(default)]
        filters: SearchFilters,
        /// [`SearchPage::next`] of the page before.
        before: Option<String>,
        /// At most so many hits (1 to 50).
        limit: u32,
    },
    /// Searches an archive on the server (XEP-0431), also for what is not on this
    /// device. How words are matched is the server's affair.
    /// Answer: [`super::Response::SearchPage`].
    FindOnServer {
        /// Account id.
        account: String,
        /// What was typed.
        text: String,
        /// What else has to be so. A room is searched in its own archive. The kind
        /// is not known to servers.
        #[serde(default)]
        filters: SearchFilters,
        /// [`SearchPage::next`] of the page before.
        before: Option<String>,
        /// At most so many hits (1 to 50).
        limit: u32,
    },
    /// On which days a conversation has messages on this device.
    /// Answer: [`super::Response::Days`].
    Days {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// When each day begins, in milliseconds since the Unix epoch, and when the
        /// last one ends: rising, at most 63.
        starts_ms: Vec<i64>,
    },
    /// Finds conversations, contacts and rooms by name, the best first: by letters,
    /// by the sounds of Chinese characters and by initials.
    /// Answer: [`super::Response::Names`].
    Names {
        /// Account id; none looks in all accounts that are unlocked.
        account: Option<String>,
        /// What was typed; nothing gives those that were talked to last.
        text: String,
        /// At most so many (1 to 50).
        limit: u32,
    },
}

impl SearchRequest {
    /// The name of the action and its account, for a log: what people look for is
    /// as private as what they write.
    pub(super) fn shown(&self) -> (&'static str, Option<&String>) {
        match self {
            Self::Find { account, .. } => ("Search.Find", account.as_ref()),
            Self::FindOnServer { account, .. } => ("Search.FindOnServer", Some(account)),
            Self::Days { account, .. } => ("Search.Days", Some(account)),
            Self::Names { account, .. } => ("Search.Names", account.as_ref()),
        }
    }
}

impl std::fmt::Debug for SearchRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.shown().0).finish_non_exhaustive()
    }
}

/// What has to be so besides the words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct SearchFilters {
    /// Only in this conversation.
    pub conversation: Option<String>,
    /// Only by this author, as in [`super::MessageView::author`].
    pub author: Option<String>,
    /// Only from this time on, in milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// Only before this time.
    pub to_ms: Option<i64>,
    /// Only with such content.
    pub kind: Option<ContentKind>,
}

/// What a message contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ContentKind {
    /// No file and no picture.
    Text,
    /// A file that is no picture.
    File,
    /// The address of a web page.
    Link,
    /// A picture.
    Image,
}

/// Hits, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SearchPage {
    /// The hits. There may be fewer than the limit, or none, and yet more to come.
    pub hits: Vec<SearchHit>,
    /// Where to go on; none once everything was searched.
    pub next: Option<String>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SearchHit {
    /// Account id.
    pub account: String,
    /// Conversation id.
    pub conversation: String,
    /// Name of the conversation to show.
    pub conversation_name: String,
    /// Local id of the message; none if it is not on this device.
    pub message: Option<i64>,
    /// The archive's id of a message that is not on this device.
    pub archive_id: Option<String>,
    /// Bare address of the author.
    pub author: String,
    /// Name of the author to show.
    pub author_name: String,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// A piece of the text on one line, with dots where it was cut.
    pub excerpt: String,
    /// What was found in the excerpt: in order, apart from each other. Whole words,
    /// also where only their beginning was typed.
    pub highlights: Vec<HighlightRange>,
}

/// A part of a text, in UTF-16 code units, as strings of TypeScript count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HighlightRange {
    /// Where it begins.
    pub start: u32,
    /// Behind its end.
    pub end: u32,
}

impl From<std::ops::Range<u32>> for HighlightRange {
    fn from(range: std::ops::Range<u32>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

/// A name that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NameHit {
    /// Account id.
    pub account: String,
    /// Bare address: of the conversation, the contact or the room.
    pub id: String,
    /// Direct or room.
    pub kind: ConversationKind,
    /// The name.
    pub name: String,
    /// What fits in the name; nothing if it was found by its address.
    pub highlights: Vec<HighlightRange>,
    /// Whether it is in the list of conversations already.
    pub in_list: bool,
    /// Milliseconds since the Unix epoch of the newest message.
    pub last_activity_ms: Option<i64>,
}
