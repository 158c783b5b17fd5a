use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    AvatarView, CheckView, ConnectionRequest, ConnectionStatusView, ContactView, ConversationPage,
    ConversationRequest, ConversationView, DeviceEndedView, DeviceRequest, DevicesView,
    DirectoryEntryView, DirectoryFormView, ExportView, FileLimits, FilePage, FileRequest,
    FirstUnreadView, FoundRooms, InvitationView, JoinPreview, ManagedView, MemberView,
    MessageDetails, MessageRequest, MessageWindow, NameHit, NoticeReadersView, OccupantView,
    Overview, OwnPresenceView, PeopleRequest, ProfileView, ProxyView, RoomRequest, RoomSettings,
    RoomView, SearchPage, SearchRequest, StorageView, SubscriptionRequestView, TransferView,
    WindowAnchor,
};

/// What an interface may ask of the engine.
///
/// Passwords travel in [`Request::Join`], [`Request::Unlock`],
/// [`Request::ChangePassword`] and [`ConnectionRequest::SetProxy`] only; `Debug`
/// is written by hand so that they cannot reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[ts(export)]
pub enum Request {
    /// What is there. Answer: [`Response::Overview`].
    Overview,
    /// The user has read the notices. Answer: [`Response::Done`].
    DismissNotices,
    /// What would this text lead to? No account is made; may fetch a
    /// navigation document. Answer: [`Response::JoinPreview`].
    PreviewJoin {
        /// Invite link, navigation link, server or account address.
        input: String,
    },
    /// Makes an account by invitation or signs in to one, and adds it to this
    /// profile once the server has accepted it. Answer: [`Response::Account`].
    Join {
        /// As in [`Request::PreviewJoin`].
        input: String,
        /// For an invitation the name other people see; else the user name.
        name: String,
        /// The password.
        password: String,
    },
    /// Opens the cache of a locked account, or gives the right password after
    /// a wrong one, and connects. Answer: [`Response::Done`].
    Unlock {
        /// Account id.
        account: String,
        /// The password. Empty to try an account again that could not be opened,
        /// though its secrets are in the keyring.
        password: String,
    },
    /// Gives the account another password, at its server and on this device. Needs a
    /// connection. [`ErrorCode::TimedOut`](super::ErrorCode::TimedOut) says that it is
    /// not known whether the server has done it: either password opens the cache then.
    /// Answer: [`Response::PasswordChanged`].
    ChangePassword {
        /// Account id.
        account: String,
        /// The password that it has.
        current: String,
        /// The one that it is to have.
        new: String,
    },
    /// Disconnects and forgets the account, its secrets and, if wanted, its cache.
    /// Answer: [`Response::Done`].
    SignOut {
        /// Account id.
        account: String,
        /// Whether the cache file is removed as well.
        wipe: bool,
    },
    /// Tries to connect now instead of waiting. Answer: [`Response::Done`].
    ReconnectNow {
        /// Account id.
        account: String,
    },
    /// All conversations, newest activity first. Answer: [`Response::Conversations`].
    Conversations {
        /// Account id.
        account: String,
    },
    /// All contacts by name. Answer: [`Response::Contacts`].
    Contacts {
        /// Account id.
        account: String,
    },
    /// Makes sure that a direct conversation with this contact is in the list.
    /// Answer: [`Response::Conversation`].
    StartConversation {
        /// Account id.
        account: String,
        /// Bare address of the contact.
        contact: String,
    },
    /// A run of messages. Answer: [`Response::Messages`].
    Messages {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// From where.
        anchor: WindowAnchor,
        /// At most so many (1 to 200).
        limit: u32,
    },
    /// Stores a message and its outbox row in one transaction; returns when
    /// both are on disk, connected or not. Clears the draft.
    /// Answer: [`Response::Message`].
    SendMessage {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// The text, with line breaks.
        text: String,
    },
    /// Puts a failed message back into the outbox. Answer: [`Response::Done`].
    RetryMessage {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Removes a failed message. Answer: [`Response::Done`].
    DeleteMessage {
        /// Account id.
        account: String,
        /// Local message id.
        message: i64,
    },
    /// Keeps what was typed and not sent. Answer: [`Response::Done`].
    SetDraft {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// The text; empty removes the draft.
        text: String,
    },
    /// The user types or stopped typing (XEP-0085). Answer: [`Response::Done`].
    SetTyping {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Whether they type.
        typing: bool,
    },
    /// The user has seen everything up to this message (XEP-0333).
    /// Answer: [`Response::Done`].
    MarkDisplayed {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Local message id.
        message: i64,
    },
    /// Searching; the answers are said there.
    Search(SearchRequest),
    /// More about messages.
    Message(MessageRequest),
    /// What the user decides about a conversation; the answers are said there.
    Conversation(ConversationRequest),
    /// Files.
    Files(FileRequest),
    /// Rooms.
    Rooms(RoomRequest),
    /// Contacts, profiles, presence, blocking, the directory.
    People(PeopleRequest),
    /// The way to the servers; the answers are said there.
    Connection(ConnectionRequest),
    /// What has access to an account; the answers are said there.
    Devices(DeviceRequest),
    /// The window is there and answers; to be said each half minute, and at once
    /// when something changes. An interface that has said so once and then falls
    /// silent is taken for hung, and others see us as away. Answer: [`Response::Done`].
    Attention {
        /// Whether somebody looks at it (XEP-0352).
        active: bool,
        /// When the computer was used last, in milliseconds since the Unix epoch;
        /// none while it is being used, or where that is not known.
        idle_since_ms: Option<i64>,
    },
    /// The network of the computer is another one now: all connections are
    /// looked after at once. Answer: [`Response::Done`].
    NetworkChanged,
}

/// The answer to a [`Request`]; which one is said there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "value", rename_all = "kebab-case")]
#[ts(export)]
pub enum Response {
    /// Nothing to say but that it is done.
    Done,
    /// See [`Request::Overview`].
    Overview(Overview),
    /// See [`Request::PreviewJoin`].
    JoinPreview(JoinPreview),
    /// Id of the account that was added.
    Account(String),
    /// See [`Request::ChangePassword`]: false if this device could not keep the new
    /// password as it kept the one before, so that it will be asked for.
    PasswordChanged(bool),
    /// See [`Request::Conversations`].
    Conversations(Vec<ConversationView>),
    /// See [`Request::Contacts`].
    Contacts(Vec<ContactView>),
    /// Id of the conversation.
    Conversation(String),
    /// See [`Request::Messages`].
    Messages(MessageWindow),
    /// Local id of the message.
    Message(i64),
    /// See [`ConnectionRequest::Proxy`].
    Proxy(ProxyView),
    /// See [`ConnectionRequest::Status`].
    ConnectionStatus(Box<ConnectionStatusView>),
    /// See [`ConnectionRequest::Check`].
    Checked(Box<CheckView>),
    /// See [`ConnectionRequest::Managed`].
    Managed(Box<ManagedView>),
    /// See [`SearchRequest`].
    SearchPage(SearchPage),
    /// See [`SearchRequest::Days`]: for each day whether it has messages.
    Days(Vec<bool>),
    /// See [`SearchRequest::Names`].
    Names(Vec<NameHit>),
    /// See [`MessageRequest::Details`].
    MessageDetails(Box<MessageDetails>),
    /// See [`ConversationRequest::Page`].
    ConversationPage(ConversationPage),
    /// See [`ConversationRequest::FirstUnread`].
    FirstUnread(FirstUnreadView),
    /// See [`ConversationRequest::Storage`].
    Storage(StorageView),
    /// See [`ConversationRequest::Export`].
    Exported(ExportView),
    /// See [`FileRequest::Transfers`].
    Transfers(Vec<TransferView>),
    /// See [`FileRequest::Limits`].
    FileLimits(FileLimits),
    /// See [`FileRequest::Save`]: the path.
    Saved(String),
    /// See [`FileRequest::List`].
    FilePage(FilePage),
    /// See [`RoomRequest::List`].
    Rooms(Vec<RoomView>),
    /// See [`RoomRequest::Get`].
    Room(Box<RoomView>),
    /// See [`RoomRequest::Discover`].
    FoundRooms(FoundRooms),
    /// See [`RoomRequest::Settings`].
    RoomSettings(Box<RoomSettings>),
    /// See [`RoomRequest::Occupants`].
    Occupants(Vec<OccupantView>),
    /// See [`RoomRequest::Members`].
    Members(Vec<MemberView>),
    /// See [`RoomRequest::NoticeReaders`].
    NoticeReaders(NoticeReadersView),
    /// See [`RoomRequest::Invitations`].
    Invitations(Vec<InvitationView>),
    /// See [`PeopleRequest::Requests`].
    SubscriptionRequests(Vec<SubscriptionRequestView>),
    /// See [`PeopleRequest::Profile`].
    Profile(Box<ProfileView>),
    /// See [`PeopleRequest::Avatar`]; none if there is no picture.
    Avatar(Option<AvatarView>),
    /// See [`PeopleRequest::OwnPresence`].
    OwnPresence(OwnPresenceView),
    /// See [`PeopleRequest::Blocked`].
    Blocked(Vec<String>),
    /// See [`PeopleRequest::DirectoryForm`].
    DirectoryForm(DirectoryFormView),
    /// See [`PeopleRequest::SearchDirectory`].
    Directory(Vec<DirectoryEntryView>),
    /// See [`DeviceRequest::List`].
    Devices(DevicesView),
    /// See [`DeviceRequest::End`].
    DeviceEnded(DeviceEndedView),
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Inputs may hold invitation tokens, texts are private: the name of the
        // request and its account say enough for a log.
        let (name, account) = match self {
            Self::Overview => ("Overview", None),
            Self::DismissNotices => ("DismissNotices", None),
            Self::PreviewJoin { .. } => ("PreviewJoin", None),
            Self::Join { .. } => ("Join", None),
            Self::Unlock { account, .. } => ("Unlock", Some(account)),
            Self::ChangePassword { account, .. } => ("ChangePassword", Some(account)),
            Self::SignOut { account, .. } => ("SignOut", Some(account)),
            Self::ReconnectNow { account } => ("ReconnectNow", Some(account)),
            Self::Conversations { account } => ("Conversations", Some(account)),
            Self::Contacts { account } => ("Contacts", Some(account)),
            Self::StartConversation { account, .. } => ("StartConversation", Some(account)),
            Self::Messages { account, .. } => ("Messages", Some(account)),
            Self::SendMessage { account, .. } => ("SendMessage", Some(account)),
            Self::RetryMessage { account, .. } => ("RetryMessage", Some(account)),
            Self::DeleteMessage { account, .. } => ("DeleteMessage", Some(account)),
            Self::SetDraft { account, .. } => ("SetDraft", Some(account)),
            Self::SetTyping { account, .. } => ("SetTyping", Some(account)),
            Self::MarkDisplayed { account, .. } => ("MarkDisplayed", Some(account)),
            Self::Search(request) => request.shown(),
            Self::Message(request) => {
                let (name, account) = request.summary();
                (name, Some(account))
            }
            Self::Conversation(request) => {
                let (name, account) = request.summary();
                (name, Some(account))
            }
            Self::Files(request) => {
                let (name, account) = request.summary();
                (name, Some(account))
            }
            Self::Rooms(request) => return request.fmt(f),
            Self::People(request) => return request.fmt(f),
            Self::Connection(request) => request.summary(),
            Self::Devices(request) => {
                let (name, account) = request.summary();
                (name, Some(account))
            }
            Self::Attention { .. } => ("Attention", None),
            Self::NetworkChanged => ("NetworkChanged", None),
        };
        let mut shown = f.debug_struct(name);
        if let Some(account) = account {
            shown.field("account", account);
        }
        shown.finish_non_exhaustive()
    }
}
