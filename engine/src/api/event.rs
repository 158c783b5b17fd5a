use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ConnectionView, PreviewLimit};

/// What has changed. An interface that falls behind gets [`Event::Lagged`]
/// instead of a growing queue and then reloads what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[ts(export)]
pub enum Event {
    /// An account was added, removed, unlocked, renamed, or there are new notices.
    AccountsChanged,
    /// The connection of an account.
    ConnectionChanged {
        /// Account id.
        account: String,
        /// Its new state.
        connection: ConnectionView,
    },
    /// A row of the list: it came, went, or has another place, unread count, preview,
    /// draft, or somebody who types. Read it with
    /// [`super::ConversationRequest::Rows`].
    ConversationChanged {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// Any of the rows, and their order.
    ConversationsChanged {
        /// Account id.
        account: String,
    },
    /// Contacts or their availability.
    ContactsChanged {
        /// Account id.
        account: String,
    },
    /// Somebody asks to see our presence, or such a request was answered.
    SubscriptionRequestsChanged {
        /// Account id.
        account: String,
    },
    /// Name, card or picture of a person.
    ProfileChanged {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// A device of the account came or went.
    DevicesChanged {
        /// Account id.
        account: String,
    },
    /// The list of those who are blocked.
    BlockedChanged {
        /// Account id.
        account: String,
    },
    /// Messages were added to, changed in or removed from a conversation.
    MessagesChanged {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
    },
    /// Files on their way: how far they are, or which there are.
    TransfersChanged {
        /// Account id.
        account: String,
    },
    /// A room: who is in it, what it is called, whether we are in it.
    RoomChanged {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// An invitation to a room came, or was answered.
    InvitationsChanged {
        /// Account id.
        account: String,
    },
    /// A message came in that the user may want to be told of.
    Notify {
        /// What to show.
        notification: NotificationView,
    },
    /// Events were dropped because the listener was too slow: reload.
    Lagged,
}

/// A notification as the desktop shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NotificationView {
    /// Account id.
    pub account: String,
    /// Conversation id.
    pub conversation: String,
    /// Local message id.
    pub message: i64,
    /// Who wrote.
    pub title: String,
    /// Name of the room; none in a direct conversation.
    pub room: Option<String>,
    /// Whether it names the user, or one of the messages that it speaks for does.
    pub mentions_me: bool,
    /// The text, shortened to one or two lines.
    pub body: String,
    /// How much of it whoever runs the server lets be shown.
    pub limit: PreviewLimit,
}
