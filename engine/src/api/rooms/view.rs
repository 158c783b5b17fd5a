//! What an interface is told of rooms.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Affiliation, LeftWhy, Role, RoomState};
use crate::api::PresenceShow;

/// Why, and what was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LeftView {
    /// Why.
    pub why: LeftWhy,
    /// What a moderator wrote; empty if nothing.
    pub reason: String,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RoomView {
    /// Its address; also the id of its conversation.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// What it is for; empty if nobody said.
    pub description: String,
    /// The subject, a notice on top of it; empty if there is none.
    pub subject: String,
    /// Whether the user has closed that notice, on any device.
    pub notice_closed: bool,
    /// Whether others learn who has closed it: see [`super::RoomRequest::NoticeReaders`].
    pub notice_told: bool,
    /// Whether we are in it.
    pub state: RoomState,
    /// With [`RoomState::Left`].
    pub left: Option<LeftView>,
    /// Our nickname in it.
    pub nick: String,
    /// What we are in it for good.
    pub affiliation: Affiliation,
    /// What we may do in it now.
    pub role: Role,
    /// Whether it is joined with each connection.
    pub autojoin: bool,
    /// How many are in it now.
    pub occupants: u32,
    /// Hash of its picture, for [`crate::api::PeopleRequest::Avatar`] with the address
    /// of the room; none if there is no picture, or none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
    /// What it is like.
    pub features: RoomFeatures,
}

/// What a room is like, as its service says to everybody (XEP-0045, section 6.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub struct RoomFeatures {
    /// It keeps its messages (XEP-0313).
    pub archive: bool,
    /// Only members get in.
    pub members_only: bool,
    /// It is not in the list of rooms.
    pub hidden: bool,
    /// It stays when the last one leaves.
    pub persistent: bool,
    /// Only who has voice may write.
    pub moderated: bool,
    /// It asks for a password.
    pub password: bool,
    /// Everybody sees the addresses of everybody.
    pub non_anonymous: bool,
    /// Moderators can take messages back (XEP-0425).
    pub moderation: bool,
    /// Only moderators may name everybody (XEP-0513).
    pub limit_everyone: bool,
}

/// How a room is set up. What is `null` is not known, or is not to change.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct RoomSettings {
    /// Name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Only members get in.
    pub members_only: Option<bool>,
    /// It is in the list of rooms.
    pub public: Option<bool>,
    /// It stays when the last one leaves.
    pub persistent: Option<bool>,
    /// Only who has voice may write.
    pub moderated: Option<bool>,
    /// Members may invite.
    pub members_invite: Option<bool>,
    /// Everybody in it may change the subject.
    pub change_subject: Option<bool>,
    /// Everybody sees the addresses of everybody.
    pub non_anonymous: Option<bool>,
    /// It keeps its messages.
    pub archive: Option<bool>,
    /// Only moderators may name everybody.
    pub limit_everyone: Option<bool>,
    /// Password; empty for none.
    pub password: Option<String>,
}

impl std::fmt::Debug for RoomSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoomSettings").finish_non_exhaustive()
    }
}

/// Somebody who is in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OccupantView {
    /// Nickname.
    pub nick: String,
    /// Bare address, where we may know it.
    pub address: Option<String>,
    /// What they are for good.
    pub affiliation: Affiliation,
    /// What they may do now.
    pub role: Role,
    /// Availability.
    pub presence: PresenceShow,
    /// Whether it is us.
    pub is_me: bool,
}

/// Somebody who belongs to a room, or is banned from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MemberView {
    /// Bare address.
    pub address: String,
    /// Nickname, where it is known; else the name of the contact.
    pub name: String,
    /// What they are.
    pub affiliation: Affiliation,
    /// Whether they are in the room now.
    pub is_there: bool,
}

/// Who has closed the notice of a room, and who has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NoticeReadersView {
    /// Those who have, in the order in which they did.
    pub closed: Vec<NoticeReaderView>,
    /// Those who have not, by name: who belongs to the room or is there now.
    pub open: Vec<NoticeReaderView>,
}

/// Somebody who reads a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NoticeReaderView {
    /// Nickname, where it is known; else the name of the contact.
    pub name: String,
    /// Bare address, where we may know it.
    pub address: Option<String>,
    /// Milliseconds since the Unix epoch; none if they have not closed it.
    pub time_ms: Option<i64>,
}

/// A page of the rooms of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundRooms {
    /// Address of the service.
    pub service: String,
    /// The rooms.
    pub rooms: Vec<FoundRoom>,
    /// For [`RoomRequest::Discover`]; none at the end.
    pub next: Option<String>,
}

/// A public room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundRoom {
    /// Its address.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// Whether we are in it.
    pub joined: bool,
}

/// An invitation to a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InvitationView {
    /// Address of the room.
    pub room: String,
    /// Who invites: bare address, or the room's for somebody whom it hides.
    pub inviter: String,
    /// Name of the inviter to show.
    pub inviter_name: String,
    /// What they wrote; empty if nothing.
    pub reason: String,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
}

/// Something that happened in a room, while we were in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RoomEventView {
    /// What.
    pub what: RoomEventKind,
    /// Nickname of whom it is about.
    pub who: String,
    /// Whether that is the user.
    pub me: bool,
    /// Nickname of who did it, where the room says so.
    pub by: Option<String>,
    /// The new nickname, the new subject, or the reason; may be empty.
    pub text: String,
}

/// What happened in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum RoomEventKind {
    /// Somebody came. Not told in large rooms, nor are those that leave or are
    /// renamed.
    Joined,
    /// Somebody left.
    Left,
    /// Somebody has another nickname.
    Renamed,
    /// Somebody was put out.
    Kicked,
    /// Somebody was put out for good.
    Banned,
    /// Somebody was put out because only members may stay.
    MembersOnly,
    /// The room has another subject.
    Subject,
    /// Somebody owns the room now.
    MadeOwner,
    /// Somebody administers the room now.
    MadeAdmin,
    /// Somebody is a member now.
    MadeMember,
    /// Somebody is nothing of these any more.
    MadeNobody,
}
