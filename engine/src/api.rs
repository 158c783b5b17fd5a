//! The contract between the engine and any user interface.
//!
//! A host (the desktop shell, `startalk-cli`, a test) sends [`Request`]s to
//! [`crate::Engine::handle`] and listens to [`Event`]s. Every type here derives
//! serde and is exported as TypeScript, so the two sides cannot drift apart.
//!
//! Events say *what changed*, never the new content: the interface asks again
//! for the window of rows that it shows. The cache stays the only model.

mod connection;
mod conversations;
mod devices;
mod error;
mod event;
mod files;
mod managed;
mod messages;
mod people;
mod request;
mod rooms;
mod search;
mod view;

pub use connection::{
    CertificateView, CheckStep, CheckView, ConnectionRequest, ConnectionStatusView, ManualProxy,
    ProxyChoice, ProxyKind, ProxyView, Way,
};
pub use conversations::{
    ConversationFilter, ConversationPage, ConversationRequest, ExportFormat, ExportLabels,
    ExportView, FirstUnreadView, NotifyLevel, StorageView,
};
pub use devices::{DeviceEndedView, DeviceRequest, DeviceView, DevicesView};
pub use error::{ApiError, ErrorCode};
pub use event::{Event, NotificationView};
pub use files::{
    FileFilter, FileLimits, FilePage, FileRequest, FileRow, FileSource, FileState, SaveTo,
    TransferDirection, TransferState, TransferView,
};
pub use managed::{
    ManagedSetting, ManagedSource, ManagedValue, ManagedView, PreviewLimit, ValueOrigin,
};
pub use messages::{
    AttachmentView, DeliveryView, MentionInput, MentionView, MessageDetails, MessageKind,
    MessagePlace, MessageRequest, MessageView, ReactionView, ReplyView, RetractedView, VersionView,
};
pub use people::{
    AvatarView, CardView, DirectoryEntryView, DirectoryFieldView, DirectoryFormView,
    OwnPresenceView, OwnShow, PeopleRequest, ProfileView, Subscription, SubscriptionRequestView,
};
pub use request::{Request, Response};
pub use rooms::{
    Affiliation, FoundRoom, FoundRooms, InvitationView, LeftView, LeftWhy, MemberView,
    NoticeReaderView, NoticeReadersView, OccupantView, Role, RoomEventKind, RoomEventView,
    RoomFeatures, RoomRequest, RoomSettings, RoomState, RoomView,
};
pub use search::{
    ContentKind, HighlightRange, NameHit, SearchFilters, SearchHit, SearchPage, SearchRequest,
};
pub use view::{
    AccountView, ConnectionView, ContactView, ConversationKind, ConversationView, DeliveryState,
    Direction, JoinKind, JoinPreview, MessageWindow, Notice, Overview, PresenceShow, SecretsState,
    WindowAnchor,
};
