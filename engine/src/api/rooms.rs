//! Rooms: what is shown of them, and what can be done with one (XEP-0045).

mod view;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use view::*;

/// What an interface may ask about rooms. A room is named by its address, which
/// is also the id of its conversation; nicknames are ours in that room.
///
/// All but [`RoomRequest::List`], [`RoomRequest::Get`], [`RoomRequest::Occupants`]
/// and [`RoomRequest::Invitations`] need a connection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum RoomRequest {
    /// The rooms that this account is in or has noted. Answer:
    /// [`super::Response::Rooms`].
    List {
        /// Account id.
        account: String,
    },
    /// One of them. Answer: [`super::Response::Room`].
    Get {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// The public rooms of a service, a page of them (XEP-0030, XEP-0059).
    /// Answer: [`super::Response::FoundRooms`].
    Discover {
        /// Account id.
        account: String,
        /// Address of the service; else the one of the account's server.
        service: Option<String>,
        /// Where the page before ended ([`FoundRooms::next`]).
        after: Option<String>,
        /// At most so many (1 to 200).
        limit: u32,
    },
    /// Makes a room, sets it up before anybody else is let in, and joins it.
    /// Answer: [`super::Response::Room`].
    Create {
        /// Account id.
        account: String,
        /// What its address begins with; else a random text. One with an `@` is
        /// the whole address.
        address: Option<String>,
        /// Our nickname; else the account's name.
        nick: Option<String>,
        /// How it is to be; what is not said stays as the service has it.
        settings: RoomSettings,
    },
    /// Joins a room, notes it, and joins it from now on with each connection.
    /// Answer: [`super::Response::Room`], once the room has let us in. A
    /// nickname that is taken is changed a little.
    Join {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Our nickname; else the account's name.
        nick: Option<String>,
        /// For a room that asks for one.
        password: Option<String>,
    },
    /// Leaves a room; its messages stay here. Answer: [`super::Response::Done`].
    Leave {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Whether the note of it goes too, on all devices.
        forget: bool,
    },
    /// Removes a room for everybody. Answer: [`super::Response::Done`].
    Destroy {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Why, for those who are in it.
        reason: String,
    },
    /// Invites people (XEP-0249; through the room where only members get in).
    /// Answer: [`super::Response::Done`].
    Invite {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Bare addresses.
        people: Vec<String>,
        /// What to tell them.
        reason: String,
    },
    /// Invitations that wait for an answer, newest first. Answer:
    /// [`super::Response::Invitations`].
    Invitations {
        /// Account id.
        account: String,
    },
    /// Does not follow an invitation; [`RoomRequest::Join`] follows one. Answer:
    /// [`super::Response::Done`].
    Decline {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// Another nickname. Answer: [`super::Response::Done`], once the room has
    /// accepted it.
    SetNick {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// The new one.
        nick: String,
    },
    /// The subject. Answer: [`super::Response::Done`], once it is sent.
    SetSubject {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// The text; empty for none.
        subject: String,
    },
    /// Closes the notice on top of a room, on all devices of the user; whoever is in
    /// the room learns of it. Answer: [`super::Response::Done`].
    CloseNotice {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// Who has closed the notice and who has not, as far as this device knows. Answer:
    /// [`super::Response::NoticeReaders`].
    NoticeReaders {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// How a room is set up; for its owners. Answer:
    /// [`super::Response::RoomSettings`].
    Settings {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// Sets a room up; for its owners. Answer: [`super::Response::Done`].
    Configure {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// What is to change; the rest stays.
        settings: RoomSettings,
    },
    /// Who is in the room now. Answer: [`super::Response::Occupants`].
    Occupants {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// Who belongs to the room, as far as we may know. Answer:
    /// [`super::Response::Members`].
    Members {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
    },
    /// Makes somebody an owner, administrator, member, or none; or bans them.
    /// Answer: [`super::Response::Done`].
    SetAffiliation {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Bare address of the person.
        person: String,
        /// What they are from now on.
        affiliation: Affiliation,
        /// Why.
        reason: String,
    },
    /// Gives or takes voice, makes a moderator, or (none) removes somebody from
    /// the room for now. Answer: [`super::Response::Done`].
    SetRole {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Nickname of the person.
        nick: String,
        /// What they are from now on.
        role: Role,
        /// Why.
        reason: String,
    },
    /// Takes somebody's message back, for everybody; for moderators (XEP-0425).
    /// Answer: [`super::Response::Done`].
    Moderate {
        /// Account id.
        account: String,
        /// Address of the room.
        room: String,
        /// Local message id.
        message: i64,
        /// Why.
        reason: String,
    },
}

impl RoomRequest {
    /// The account that is asked.
    #[must_use]
    pub fn account(&self) -> &str {
        self.summary().1
    }

    /// Its name and its account, for a log: passwords and texts are private.
    pub(super) fn summary(&self) -> (&'static str, &str) {
        match self {
            Self::List { account } => ("Rooms::List", account),
            Self::Get { account, .. } => ("Rooms::Get", account),
            Self::Discover { account, .. } => ("Rooms::Discover", account),
            Self::Create { account, .. } => ("Rooms::Create", account),
            Self::Join { account, .. } => ("Rooms::Join", account),
            Self::Leave { account, .. } => ("Rooms::Leave", account),
            Self::Destroy { account, .. } => ("Rooms::Destroy", account),
            Self::Invite { account, .. } => ("Rooms::Invite", account),
            Self::Invitations { account } => ("Rooms::Invitations", account),
            Self::Decline { account, .. } => ("Rooms::Decline", account),
            Self::SetNick { account, .. } => ("Rooms::SetNick", account),
            Self::SetSubject { account, .. } => ("Rooms::SetSubject", account),
            Self::CloseNotice { account, .. } => ("Rooms::CloseNotice", account),
            Self::NoticeReaders { account, .. } => ("Rooms::NoticeReaders", account),
            Self::Settings { account, .. } => ("Rooms::Settings", account),
            Self::Configure { account, .. } => ("Rooms::Configure", account),
            Self::Occupants { account, .. } => ("Rooms::Occupants", account),
            Self::Members { account, .. } => ("Rooms::Members", account),
            Self::SetAffiliation { account, .. } => ("Rooms::SetAffiliation", account),
            Self::SetRole { account, .. } => ("Rooms::SetRole", account),
            Self::Moderate { account, .. } => ("Rooms::Moderate", account),
        }
    }
}

impl std::fmt::Debug for RoomRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, account) = self.summary();
        f.debug_struct(name)
            .field("account", &account)
            .finish_non_exhaustive()
    }
}

/// What somebody is in a room for good (XEP-0045, section 5.2).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Affiliation {
    /// Banned.
    Outcast,
    /// Nothing special.
    #[default]
    None,
    /// Belongs to it.
    Member,
    /// May remove people and appoint members.
    Admin,
    /// May do all.
    Owner,
}

impl Affiliation {
    /// As XEP-0045 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// From XEP-0045's name; anything else is none.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "outcast" => Self::Outcast,
            "member" => Self::Member,
            "admin" => Self::Admin,
            "owner" => Self::Owner,
            _ => Self::None,
        }
    }
}

/// What somebody may do in a room as long as they are in it (XEP-0045, section
/// 5.1).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Role {
    /// Is not in it.
    #[default]
    None,
    /// May read only, where a room is moderated.
    Visitor,
    /// May read and write.
    Participant,
    /// May remove people and messages.
    Moderator,
}

impl Role {
    /// As XEP-0045 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }

    /// From XEP-0045's name; anything else is none.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "visitor" => Self::Visitor,
            "participant" => Self::Participant,
            "moderator" => Self::Moderator,
            _ => Self::None,
        }
    }
}

/// Whether we are in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum RoomState {
    /// Noted only.
    NotJoined,
    /// Will be joined once there is a connection.
    Waiting,
    /// Joining, or fetching what was missed.
    Joining,
    /// In it.
    Joined,
    /// Put out, or not let in ([`RoomView::left`]); not joined again by itself.
    Left,
}

/// Why we are not in a room any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum LeftWhy {
    /// A moderator removed us.
    Kicked,
    /// We are banned.
    Banned,
    /// The room is gone.
    Destroyed,
    /// Only members get in.
    MembersOnly,
    /// It has a password, or another one.
    Password,
    /// It refuses us for another reason.
    Refused,
}

impl LeftWhy {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Destroyed => "destroyed",
            Self::MembersOnly => "members-only",
            Self::Password => "password",
            Self::Refused => "refused",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "kicked" => Self::Kicked,
            "banned" => Self::Banned,
            "destroyed" => Self::Destroyed,
            "members-only" => Self::MembersOnly,
            "password" => Self::Password,
            _ => Self::Refused,
        }
    }
}
