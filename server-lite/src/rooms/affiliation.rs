//! What somebody is to a room, and what they may do in it (XEP-0045, section 5).

use serde::{Deserialize, Serialize};

/// A lasting relation (section 5.2). In the order of its rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Affiliation {
    /// Banned.
    Outcast,
    /// Nothing in particular.
    None,
    /// On the list of a members-only room.
    Member,
    /// Keeps order.
    Admin,
    /// Decides on everything.
    Owner,
}

/// What somebody may do while they are there (section 5.1). In the order of its
/// rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Not there.
    None,
    /// Listens.
    Visitor,
    /// Speaks.
    Participant,
    /// Keeps order.
    Moderator,
}

impl Affiliation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Self::Outcast,
            Self::None,
            Self::Member,
            Self::Admin,
            Self::Owner,
        ]
        .into_iter()
        .find(|affiliation| affiliation.as_str() == name)
    }

    /// The role that somebody enters with (section 5.1.2).
    pub(crate) fn first_role(self, moderated: bool) -> Role {
        match self {
            Self::Outcast => Role::None,
            Self::Owner | Self::Admin => Role::Moderator,
            Self::Member => Role::Participant,
            Self::None if moderated => Role::Visitor,
            Self::None => Role::Participant,
        }
    }

    /// Whether somebody with this affiliation may change that of another from
    /// one to the other (section 5.2.2).
    pub(crate) fn may_change(self, from: Self, to: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => from < Self::Admin && to < Self::Admin,
            Self::Member | Self::None | Self::Outcast => false,
        }
    }
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Self::None,
            Self::Visitor,
            Self::Participant,
            Self::Moderator,
        ]
        .into_iter()
        .find(|role| role.as_str() == name)
    }
}

/// One end of a change of role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
}

impl Standing {
    /// Whether somebody of this standing may give another a role (section 5.1.2,
    /// table 4): moderators grant and take voice and remove; who is or stops
    /// being a moderator, admins decide. Nobody acts against somebody above.
    pub(crate) fn may_set_role(self, other: Self, to: Role) -> bool {
        if self.role != Role::Moderator || other.affiliation > self.affiliation {
            return false;
        }
        let concerns_moderators = other.role == Role::Moderator || to == Role::Moderator;
        if concerns_moderators {
            // Admins and owners are moderators for as long as they are that.
            return self.affiliation >= Affiliation::Admin
                && (other.affiliation < Affiliation::Admin
                    || to == Role::None && self.affiliation > other.affiliation);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_change_affiliations() {
        use Affiliation::{Admin, Member, None, Outcast, Owner};
        for (who, from, to, may) in [
            (Owner, Member, Owner, true),
            (Owner, Owner, None, true),
            (Admin, None, Member, true),
            (Admin, None, Outcast, true),
            (Admin, Member, Admin, false),
            (Admin, Owner, Outcast, false),
            (Admin, Admin, None, false),
            (Member, None, Member, false),
            (None, None, Outcast, false),
        ] {
            assert_eq!(who.may_change(from, to), may, "{who:?} {from:?} {to:?}");
        }
    }

    #[test]
    fn who_may_change_roles() {
        use Affiliation::{Admin, Member, None, Owner};
        let at = |affiliation, role| Standing { affiliation, role };
        let visitor = at(None, Role::Visitor);
        let moderator = at(Member, Role::Moderator);
        let admin = at(Admin, Role::Moderator);
        let owner = at(Owner, Role::Moderator);
        for (who, other, to, may) in [
            (moderator, visitor, Role::Participant, true),
            (moderator, visitor, Role::None, true),
            (moderator, visitor, Role::Moderator, false),
            (moderator, admin, Role::None, false),
            (admin, visitor, Role::Moderator, true),
            (admin, moderator, Role::Participant, true),
            (admin, owner, Role::None, false),
            (owner, admin, Role::None, true),
            (owner, admin, Role::Participant, false),
            (visitor, visitor, Role::Participant, false),
        ] {
            assert_eq!(who.may_set_role(other, to), may, "{who:?} {other:?} {to:?}");
        }
    }
}
