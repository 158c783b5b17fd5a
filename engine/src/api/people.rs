use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PresenceShow;

/// What an interface may ask about people. All but [`PeopleRequest::Requests`],
/// [`PeopleRequest::Blocked`], [`PeopleRequest::OwnPresence`] and
/// [`PeopleRequest::SetPresence`] may need the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum PeopleRequest {
    /// Adds a person and asks to see their presence (RFC 6121, section 3.1).
    /// Answer: [`super::Response::Done`].
    Add {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
        /// The name that we give; empty to show the one they give themselves.
        name: String,
        /// Groups; levels of a department are joined by the delimiter (`::`).
        groups: Vec<String>,
    },
    /// Changes the name or the groups of a contact. Answer: [`super::Response::Done`].
    Change {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
        /// As in [`PeopleRequest::Add`].
        name: String,
        /// As in [`PeopleRequest::Add`].
        groups: Vec<String>,
    },
    /// Removes a contact; presence is not shared any more in either direction.
    /// Answer: [`super::Response::Done`].
    Remove {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// Who asks to see our presence. Answer: [`super::Response::SubscriptionRequests`].
    Requests {
        /// Account id.
        account: String,
    },
    /// Says yes to such a request, and asks the same in return.
    /// Answer: [`super::Response::Done`].
    Accept {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// Says no to such a request, or takes back what was granted.
    /// Answer: [`super::Response::Done`].
    Decline {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// Says yes to a request that may come (RFC 6121, section 3.4).
    /// Answer: [`super::Response::Done`].
    Approve {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// Does not want to see a person's presence any more, or takes our request
    /// for it back. Answer: [`super::Response::Done`].
    Unsubscribe {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// All that is known of a person. Answer: [`super::Response::Profile`].
    Profile {
        /// Account id.
        account: String,
        /// Bare address; our own for ourselves.
        address: String,
        /// Whether the server is asked although something is known.
        refresh: bool,
    },
    /// The picture of a person, from the cache or once from the server.
    /// Answer: [`super::Response::Avatar`].
    Avatar {
        /// Account id.
        account: String,
        /// Bare address.
        address: String,
    },
    /// Says who we are (XEP-0172, XEP-0292, XEP-0054). Answer: [`super::Response::Done`].
    SetProfile {
        /// Account id.
        account: String,
        /// What others want to be called; empty for the name of the account.
        nickname: String,
        /// The card; replaces the one before.
        card: CardView,
    },
    /// Sets or removes our picture (XEP-0084, XEP-0153). Answer: [`super::Response::Done`].
    SetAvatar {
        /// Account id.
        account: String,
        /// PNG, JPEG, GIF or WebP in base64, at most 128 KiB; empty removes it.
        data: String,
    },
    /// What we show of ourselves. Answer: [`super::Response::OwnPresence`].
    OwnPresence {
        /// Account id.
        account: String,
    },
    /// Shows ourselves so from now on; kept over restarts. Answer: [`super::Response::Done`].
    SetPresence {
        /// Account id.
        account: String,
        /// How.
        presence: OwnPresenceView,
    },
    /// Who is blocked. Answer: [`super::Response::Blocked`].
    Blocked {
        /// Account id.
        account: String,
    },
    /// Blocks a person or a whole server (XEP-0191). Answer: [`super::Response::Done`].
    Block {
        /// Account id.
        account: String,
        /// Bare address or domain.
        address: String,
    },
    /// Ends that. Answer: [`super::Response::Done`].
    Unblock {
        /// Account id.
        account: String,
        /// Bare address or domain.
        address: String,
    },
    /// What the server's directory can be searched by (XEP-0055).
    /// Answer: [`super::Response::DirectoryForm`].
    DirectoryForm {
        /// Account id.
        account: String,
    },
    /// Searches the directory. Answer: [`super::Response::Directory`].
    SearchDirectory {
        /// Account id.
        account: String,
        /// As the form says.
        service: String,
        /// Values by the names of the form's fields.
        fields: BTreeMap<String, String>,
    },
}

impl PeopleRequest {
    /// Name and account, for the log.
    pub(crate) fn summary(&self) -> (&'static str, &String) {
        match self {
            Self::Add { account, .. } => ("People::Add", account),
            Self::Change { account, .. } => ("People::Change", account),
            Self::Remove { account, .. } => ("People::Remove", account),
            Self::Requests { account } => ("People::Requests", account),
            Self::Accept { account, .. } => ("People::Accept", account),
            Self::Decline { account, .. } => ("People::Decline", account),
            Self::Approve { account, .. } => ("People::Approve", account),
            Self::Unsubscribe { account, .. } => ("People::Unsubscribe", account),
            Self::Profile { account, .. } => ("People::Profile", account),
            Self::Avatar { account, .. } => ("People::Avatar", account),
            Self::SetProfile { account, .. } => ("People::SetProfile", account),
            Self::SetAvatar { account, .. } => ("People::SetAvatar", account),
            Self::OwnPresence { account } => ("People::OwnPresence", account),
            Self::SetPresence { account, .. } => ("People::SetPresence", account),
            Self::Blocked { account } => ("People::Blocked", account),
            Self::Block { account, .. } => ("People::Block", account),
            Self::Unblock { account, .. } => ("People::Unblock", account),
            Self::DirectoryForm { account } => ("People::DirectoryForm", account),
            Self::SearchDirectory { account, .. } => ("People::SearchDirectory", account),
        }
    }
}

/// Who sees whose presence (RFC 6121, section 2.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Subscription {
    /// Nobody.
    None,
    /// We see theirs.
    To,
    /// They see ours.
    From,
    /// Both.
    Both,
}

impl Subscription {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::To => "to",
            Self::From => "from",
            Self::Both => "both",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "to" => Self::To,
            "from" => Self::From,
            "both" => Self::Both,
            _ => Self::None,
        }
    }

    /// Whether they see our presence.
    pub(crate) fn shows_ours(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }

    /// Whether we see theirs.
    pub(crate) fn shows_theirs(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }
}

/// Somebody who asks to see our presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubscriptionRequestView {
    /// Bare address.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// What they wrote with it; may be empty.
    pub text: String,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
}

/// How we show ourselves (RFC 6121, section 4.7.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum OwnShow {
    /// Here; away by itself while nobody uses the computer.
    #[default]
    Available,
    /// Away for a moment.
    Away,
    /// Away for longer.
    ExtendedAway,
    /// Does not want to be disturbed.
    DoNotDisturb,
}

/// How we show ourselves, and what we say with it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OwnPresenceView {
    /// How.
    pub show: OwnShow,
    /// A few words; may be empty.
    pub status: String,
}

/// What a card says (XEP-0054, XEP-0292); empty where it says nothing.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct CardView {
    /// Whole name.
    pub full_name: String,
    /// Position in the organisation.
    pub title: String,
    /// Organisation.
    pub organisation: String,
    /// Department.
    pub department: String,
    /// Addresses for e-mail.
    pub emails: Vec<String>,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// A web page.
    pub url: String,
    /// Anything else.
    pub note: String,
    /// Bare address of who leads them, as the directory of our server says; not to be
    /// set with the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub manager: Option<String>,
}

/// All that is known of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProfileView {
    /// Bare address.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// What they want to be called; may be empty.
    pub nickname: String,
    /// Their card, if it is known.
    pub card: Option<CardView>,
    /// Hash of the picture; empty if there is none.
    pub avatar: String,
    /// Availability.
    pub presence: PresenceShow,
    /// What they say with it; may be empty.
    pub status: String,
    /// When they last used their device, as far as they say (XEP-0319).
    pub idle_since_ms: Option<i64>,
    /// Whether they are in the contact list.
    pub is_contact: bool,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// Whether our request waits for an answer.
    pub asked: bool,
    /// Whether they are blocked.
    pub blocked: bool,
    /// What at least one of their devices can do (XEP-0115), by the names of
    /// service discovery.
    pub features: Vec<String>,
}

/// A picture.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AvatarView {
    /// SHA-1 of the data in hex.
    pub hash: String,
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`, by what the data is.
    pub media_type: String,
    /// Base64.
    pub data: String,
}

/// What a directory can be searched by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DirectoryFormView {
    /// Address of the directory.
    pub service: String,
    /// What the directory says about it.
    pub instructions: String,
    /// The fields.
    pub fields: Vec<DirectoryFieldView>,
}

/// A field of such a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DirectoryFieldView {
    /// Name, as the key of a value.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// Whether it has to be filled in.
    pub required: bool,
}

/// A person in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DirectoryEntryView {
    /// Bare address.
    pub address: String,
    /// Name to show.
    pub name: String,
    /// All that the directory says, by the labels of the columns.
    pub values: BTreeMap<String, String>,
}

/// Names, texts and pictures of people are not for a log.
macro_rules! no_content {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
no_content!(OwnPresenceView, CardView, ProfileView, AvatarView);

impl std::fmt::Debug for PeopleRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, account) = self.summary();
        f.debug_struct(name)
            .field("account", account)
            .finish_non_exhaustive()
    }
}
