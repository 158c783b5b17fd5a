//! Files: to send, to fetch, to find.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ApiError, AttachmentView, MentionInput};

/// What an interface may ask about files. A file is named by its message and its
/// place in [`super::MessageView::attachments`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum FileRequest {
    /// Stores a message with a file and its outbox row in one transaction; it is
    /// shown at once, waits until the file is at the server, and goes then, also
    /// after a restart. What is written behind it in the same conversation waits
    /// for it, unless the file is large, paused, or does not get through. Clears
    /// the draft. Answer: [`super::Response::Message`].
    Send {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Where its bytes are.
        source: FileSource,
        /// Its name; for a path none takes that of the file.
        name: Option<String>,
        /// Its media type; none finds it out.
        media_type: Option<String>,
        /// Width of a picture in pixels, as it is shown; none finds it out.
        width: Option<u32>,
        /// Height of a picture in pixels, as it is shown; none finds it out.
        height: Option<u32>,
        /// What is said with it; may be empty.
        caption: String,
        /// Local id of the message that it answers (XEP-0461).
        reply_to: Option<i64>,
        /// Whom the caption names (XEP-0372).
        mentions: Vec<MentionInput>,
    },
    /// Stops the way of a message's files to the server. Answer:
    /// [`super::Response::Done`].
    Pause {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Lets them go on: from the beginning, as servers take no parts. Answer:
    /// [`super::Response::Done`].
    Resume {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Removes a message whose files are not all at the server. Answer:
    /// [`super::Response::Done`].
    Cancel {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Tries all messages again that failed, with files or without, in their order.
    /// Answer: [`super::Response::Done`].
    RetryAll {
        /// Account id.
        account: String,
    },
    /// Files on their way, in both directions. Answer: [`super::Response::Transfers`].
    Transfers {
        /// Account id.
        account: String,
    },
    /// What the server takes, as far as it has said so. Answer:
    /// [`super::Response::FileLimits`].
    Limits {
        /// Account id.
        account: String,
    },
    /// Fetches a file into the encrypted cache and answers when it is there:
    /// [`super::Response::Done`].
    Fetch {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// Which of its files.
        index: u32,
        /// Nobody has asked for it: then only a picture of moderate size comes, of
        /// somebody who is known, from our own server; else
        /// [`super::ErrorCode::NotAllowed`].
        automatic: bool,
    },
    /// Ends the fetching of a file; what is here of it is gone on with later.
    /// Answer: [`super::Response::Done`].
    StopFetch {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// Which of its files.
        index: u32,
    },
    /// Writes a file where the user wants it, in clear; fetches it before if need
    /// be. Answer: [`super::Response::Saved`].
    Save {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
        /// Which of its files.
        index: u32,
        /// Where to.
        to: SaveTo,
    },
    /// Files of a conversation, or of all, newest first. Answer:
    /// [`super::Response::FilePage`]. Links are found by
    /// [`super::SearchRequest::Find`].
    List {
        /// Account id.
        account: String,
        /// Only of this conversation.
        conversation: Option<String>,
        /// Of which kind.
        kind: FileFilter,
        /// What has to be in the name, the description or the caption; may be empty.
        text: String,
        /// [`FilePage::next`] of the page before.
        before: Option<String>,
        /// At most so many (1 to 200).
        limit: u32,
    },
    /// Removes all files from this device that can be fetched again. Answer:
    /// [`super::Response::Done`].
    Clear {
        /// Account id.
        account: String,
    },
}

impl FileRequest {
    /// Its name and its account, for a log.
    pub(crate) fn summary(&self) -> (&'static str, &String) {
        match self {
            Self::Send { account, .. } => ("File::Send", account),
            Self::Pause { account, .. } => ("File::Pause", account),
            Self::Resume { account, .. } => ("File::Resume", account),
            Self::Cancel { account, .. } => ("File::Cancel", account),
            Self::RetryAll { account } => ("File::RetryAll", account),
            Self::Transfers { account } => ("File::Transfers", account),
            Self::Limits { account } => ("File::Limits", account),
            Self::Fetch { account, .. } => ("File::Fetch", account),
            Self::StopFetch { account, .. } => ("File::StopFetch", account),
            Self::Save { account, .. } => ("File::Save", account),
            Self::List { account, .. } => ("File::List", account),
            Self::Clear { account } => ("File::Clear", account),
        }
    }
}

impl std::fmt::Debug for FileRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, account) = self.summary();
        f.debug_struct(name)
            .field("account", account)
            .finish_non_exhaustive()
    }
}

/// Where the bytes of a file are that is to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "from", rename_all = "kebab-case")]
#[ts(export)]
pub enum FileSource {
    /// On the disk. A small file is copied (sealed); a large one is read when it is
    /// its turn, and has to be the same then.
    Path {
        /// Absolute path.
        path: String,
    },
    /// Here, as a pasted picture is.
    Bytes {
        /// Base64; at most 32 MiB of bytes.
        data: String,
    },
    /// Handed over before, in parts ([`crate::Engine::stage_file`]).
    Staged {
        /// What that gave.
        id: i64,
    },
}

/// Where a file is saved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "in", rename_all = "kebab-case")]
#[ts(export)]
pub enum SaveTo {
    /// Under this name; a file that is there is replaced, as the user was asked.
    File {
        /// Absolute path.
        path: String,
    },
    /// In this folder, under its own name made safe; a file that is there stays, and
    /// this one is numbered.
    Folder {
        /// Absolute path.
        path: String,
    },
}

/// Which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum FileFilter {
    /// All.
    All,
    /// Pictures.
    Pictures,
    /// Sound and video.
    Media,
    /// All others.
    Documents,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum FileState {
    /// On its way to the server, or waiting for that.
    Uploading,
    /// Stopped on its way to the server.
    Paused,
    /// Only where it can be fetched.
    #[default]
    Remote,
    /// On this device; [`crate::Engine::read_file`] reads it.
    Here,
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TransferView {
    /// Conversation id.
    pub conversation: String,
    /// Local message id.
    pub message: i64,
    /// Which of its files.
    pub index: u32,
    /// To the server, or from it.
    pub direction: TransferDirection,
    /// What is happening.
    pub state: TransferState,
    /// Bytes that have gone or come.
    pub done_bytes: u64,
    /// All bytes; none if that is not known.
    pub total_bytes: Option<u64>,
    /// Speed of the last moments; 0 if nothing moves.
    pub bytes_per_second: u64,
    /// Why the last try came to nothing; it is tried again.
    pub error: Option<ApiError>,
}

/// In which direction a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum TransferDirection {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

/// What is happening to a file on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum TransferState {
    /// It waits: for the connection, for another file, or for the next try.
    Waiting,
    /// Bytes are moving.
    Running,
    /// The user stopped it.
    Paused,
}

/// What the server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileLimits {
    /// Whether it takes files; none before it was asked.
    pub offered: Option<bool>,
    /// Largest file in bytes; none if it says none.
    pub max_bytes: Option<u64>,
}

/// Files, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FilePage {
    /// The files. There may be fewer than the limit, or none, and yet more to come.
    pub files: Vec<FileRow>,
    /// Where to go on; none once everything was looked through.
    pub next: Option<String>,
}

/// A file with where it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileRow {
    /// Conversation id.
    pub conversation: String,
    /// Local message id.
    pub message: i64,
    /// Which of its files.
    pub index: u32,
    /// Bare address of the author.
    pub author: String,
    /// Name of the author to show.
    pub author_name: String,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The file.
    pub file: AttachmentView,
}
