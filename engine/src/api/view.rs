use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ApiError, ErrorCode, MessageView, NotifyLevel, PreviewLimit, Subscription};

/// Everything an interface needs at its first paint; read from disk only,
/// never waits for the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Overview {
    /// The accounts of this profile, oldest first.
    pub accounts: Vec<AccountView>,
    /// Whether secrets can be kept in the system's keyring.
    pub secrets: SecretsState,
    /// Things the user must be told once, such as a cache that was set aside.
    pub notices: Vec<Notice>,
}

/// Where passwords and cache keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum SecretsState {
    /// In the keyring of the operating system.
    Keyring,
    /// There is no keyring: nothing is written down, the password is asked at each start.
    AskEachTime,
}

/// Something that happened to the user's data and that they should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[ts(export)]
pub enum Notice {
    /// The cache could not be read (damaged, or another key); it was renamed
    /// to `path` and a fresh one is being filled from the server.
    CacheSetAside {
        /// The account it belonged to.
        account: String,
        /// Where the old file is now.
        path: String,
    },
    /// The cache was written by a newer version of the program; it was kept
    /// untouched at `path` and this version starts with a fresh one.
    CacheFromNewerVersion {
        /// The account it belonged to.
        account: String,
        /// Where the newer file is now.
        path: String,
    },
    /// The clock of this computer is wrong by so much, by that of the server; the
    /// order of messages does not depend on it.
    ClockWrong {
        /// The account whose server says so.
        account: String,
        /// Minutes that this computer is ahead; less than 0 if it is behind.
        minutes: i64,
    },
    /// The keyring had no entry for this account any more.
    SecretMissing {
        /// The account whose password has to be typed again.
        account: String,
    },
}

/// One account as the interface shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountView {
    /// Opaque id, stable for the life of the account on this device.
    pub id: String,
    /// The address (`user@domain`), for display in settings only.
    pub address: String,
    /// The name other people see.
    pub display_name: String,
    /// The team's or server's name.
    pub server_name: String,
    /// Whether its cache is open. A locked account waits for [`super::Request::Unlock`].
    pub unlocked: bool,
    /// The state of its connection. Of a locked account that needs no password, why it
    /// could not be opened; it is tried again by itself.
    pub connection: ConnectionView,
    /// Sum of the numbers that its conversations show: those that are muted or put
    /// away show none.
    pub unread: u32,
    /// How much whoever runs the server lets notifications show.
    pub preview_limit: PreviewLimit,
}

/// The state of one account's connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[ts(export)]
pub enum ConnectionView {
    /// Not trying (locked, signed out), or a problem that needs the user: then seldom
    /// and unseen, if at all.
    Offline {
        /// Why, when it is not the user's wish.
        error: Option<ApiError>,
    },
    /// Looking up, connecting, signing in.
    Connecting,
    /// Signed in; fetching what was missed.
    CatchingUp,
    /// Signed in and up to date.
    Online,
    /// Lost; will try again by itself.
    Waiting {
        /// Milliseconds since the Unix epoch of the next try.
        retry_at_ms: i64,
        /// What the last try ended with.
        error: ApiError,
    },
}

/// Availability of a contact (RFC 6121, section 4.7.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum PresenceShow {
    /// No resource is connected.
    Offline,
    /// Connected.
    Online,
    /// Connected but away (`away` and `xa`).
    Away,
    /// Does not want to be disturbed.
    DoNotDisturb,
}

/// A person in the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ContactView {
    /// Bare address; the key of the contact and of the direct conversation.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// Availability.
    pub presence: PresenceShow,
    /// What they say with it; may be empty.
    pub status: String,
    /// When they last used their device, as far as they say (XEP-0319).
    pub idle_since_ms: Option<i64>,
    /// The groups of the contact list, as they are.
    pub groups: Vec<String>,
    /// The same as departments: the levels of each, outermost first (XEP-0083).
    pub departments: Vec<Vec<String>>,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// Whether our request to see theirs waits for an answer.
    pub asked: bool,
    /// Hash of their picture; empty if there is none.
    pub avatar: String,
    /// Whether they are blocked.
    pub blocked: bool,
}

/// What kind of conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ConversationKind {
    /// Two people.
    Direct,
    /// A room.
    Room,
}

/// One row of the conversation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConversationView {
    /// Bare address; with somebody in a room, who is met only there, the room's with
    /// the nickname behind it. The key of the conversation within its account.
    pub id: String,
    /// Direct or room.
    pub kind: ConversationKind,
    /// Name to show.
    pub name: String,
    /// Name of the room, of a conversation with somebody in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub in_room: Option<String>,
    /// Hash of the picture of the person or room, for [`super::PeopleRequest::Avatar`];
    /// none if there is no picture, or none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
    /// Availability of the other person; offline for rooms.
    pub presence: PresenceShow,
    /// Text of the newest message on one line, shortened; the names of its files if
    /// it has no text.
    pub preview: String,
    /// Media type of its first file if it has no text; empty if the sender does not say
    /// it. None: `preview` is what was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview_media: Option<String>,
    /// Whether the newest message is ours.
    pub preview_is_mine: bool,
    /// Name of the newest message's author; empty if there is none.
    pub preview_author: String,
    /// Milliseconds since the Unix epoch of the newest message; none for an empty conversation.
    pub last_activity_ms: Option<i64>,
    /// State of the newest message if it is ours.
    pub last_state: Option<DeliveryState>,
    /// Number of unread messages.
    pub unread: u32,
    /// How many of them name the user.
    pub unread_mentions: u32,
    /// Whether the user marked it as one to come back to.
    pub marked_unread: bool,
    /// Of what the user wants to be told now.
    pub notify: NotifyLevel,
    /// When that ends, in milliseconds since the Unix epoch; none: never.
    pub muted_until_ms: Option<i64>,
    /// Whether the user pinned it.
    pub pinned: bool,
    /// Whether the user put it away.
    pub archived: bool,
    /// Text that was typed and not sent; empty if none.
    pub draft: String,
    /// Whether the other side is typing now.
    pub typing: bool,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Direction {
    /// Another person.
    Incoming,
    /// This account, on any device.
    Outgoing,
}

/// How far an outgoing message came. Only ever moves down this list, except
/// that a failed message can be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[ts(export)]
pub enum DeliveryState {
    /// In the outbox, not yet acknowledged by the server.
    Waiting,
    /// The server has it on disk (XEP-0198 acknowledgement).
    Sent,
    /// A device of the other person has it (XEP-0184).
    Delivered,
    /// The other person has seen it (XEP-0333).
    Read,
    /// Will not be sent; the user may try again or delete it.
    Failed {
        /// Why.
        code: ErrorCode,
    },
}

/// From where a window of messages is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "at", rename_all = "kebab-case")]
#[ts(export)]
pub enum WindowAnchor {
    /// The newest messages.
    Latest,
    /// Messages before this one (exclusive).
    Before {
        /// Local message id.
        message: i64,
    },
    /// From this message (inclusive) to the newest.
    From {
        /// Local message id.
        message: i64,
    },
}

/// A run of neighbouring messages, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MessageWindow {
    /// The messages, oldest first.
    pub messages: Vec<MessageView>,
    /// Whether older ones exist (in the cache or in the server's archive).
    pub has_older: bool,
    /// First message that was unread when the window was asked for.
    pub first_unread: Option<i64>,
    /// Messages before which something is missing in the cache; it is fetched
    /// while they are looked at, and then [`super::Event::MessagesChanged`] comes.
    pub gaps: Vec<i64>,
}

/// What a pasted text would lead to, shown before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct JoinPreview {
    /// What kind of thing was pasted.
    pub kind: JoinKind,
    /// Name of the team or server; the domain if it has none.
    pub server_name: String,
    /// The server's domain.
    pub domain: String,
    /// Who invites, where the invitation says so.
    pub inviter: Option<String>,
    /// User name that the text already holds (`alice@example.com`).
    pub user: Option<String>,
    /// Whether the server's identity comes with the text (pinned) rather than
    /// from the public certificate system.
    pub pinned: bool,
    /// For a signed navigation: the issuer's fingerprint in groups of letters.
    pub issuer_fingerprint: Option<String>,
}

/// What the user is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum JoinKind {
    /// An invitation: choose a name and a password, an account is made.
    Invite,
    /// A server or navigation: sign in with an account that exists.
    SignIn,
}
