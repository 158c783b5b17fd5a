//! The configuration of a room and its form (XEP-0045, section 10.2).

use serde::{Deserialize, Serialize};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::Role;
use crate::form::{Filled, Form};

/// Longest name, description or password of a room, in characters.
pub(super) const MAX_TEXT: usize = 1_000;
/// Most occupants that a room may be set to.
pub(crate) const MAX_OCCUPANTS: u32 = 2_000;

/// The fields that name people (section 10.2): the whole lists, not changes.
pub(crate) const ROOM_OWNERS: &str = "muc#roomconfig_roomowners";
pub(crate) const ROOM_ADMINS: &str = "muc#roomconfig_roomadmins";

/// Who may send private messages in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PrivateMessages {
    #[default]
    Anyone,
    Participants,
    Moderators,
    None,
}

/// How a room is set up. Fields that an older version did not know have their
/// default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoomConfig {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) language: String,
    /// Stays when the last one leaves.
    pub(crate) persistent: bool,
    /// In the list of rooms.
    pub(crate) public: bool,
    pub(crate) members_only: bool,
    pub(crate) moderated: bool,
    pub(crate) password: Option<String>,
    /// Everybody sees the addresses of everybody.
    pub(crate) non_anonymous: bool,
    /// Participants may change the subject.
    pub(crate) change_subject: bool,
    /// Members may invite to a members-only room.
    pub(crate) allow_invites: bool,
    pub(crate) private_messages: PrivateMessages,
    /// Messages go into the archive of the room.
    pub(crate) archived: bool,
    /// Last messages for somebody who enters without saying how many.
    pub(crate) history: u32,
    pub(crate) max_occupants: u32,
    /// Only moderators may name everybody (XEP-0513).
    pub(crate) limit_everyone: bool,
    /// Roles whose presence everybody sees; others see themselves and those who
    /// keep order.
    pub(crate) shown_roles: Vec<Role>,
    /// Roles that may read the lists of members.
    pub(crate) list_roles: Vec<Role>,
    /// Not set up yet: nobody but its owner may enter (section 10.1).
    pub(crate) locked: bool,
}

impl Default for RoomConfig {
    /// What a team expects of a room that somebody opens and never configures:
    /// it stays, it remembers, and it is not anonymous among colleagues.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            language: String::new(),
            persistent: true,
            public: true,
            members_only: false,
            moderated: false,
            password: None,
            non_anonymous: true,
            change_subject: true,
            allow_invites: true,
            private_messages: PrivateMessages::default(),
            archived: true,
            history: 20,
            max_occupants: 500,
            limit_everyone: false,
            shown_roles: ROLES.to_vec(),
            list_roles: ROLES.to_vec(),
            locked: false,
        }
    }
}

const ROLES: [Role; 3] = [Role::Moderator, Role::Participant, Role::Visitor];
const ROLE_LABELS: &[(&str, &str)] = &[
    ("moderator", "Moderators"),
    ("participant", "Participants"),
    ("visitor", "Visitors"),
];
/// Who may name everybody (XEP-0513, section 3.5).
pub(super) const NAMES_EVERYBODY: &str = "mentions#channel";
const NAMERS: &[(&str, &str)] = &[
    ("participants", "Anyone with voice"),
    ("moderators", "Moderators only"),
];
const WHOIS: &[(&str, &str)] = &[("moderators", "Moderators only"), ("anyone", "Anyone")];
const PRIVATE: &[(&str, &str)] = &[
    ("anyone", "Anyone"),
    ("participants", "Anyone with voice"),
    ("moderators", "Moderators only"),
    ("none", "Nobody"),
];

impl PrivateMessages {
    fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Participants => "participants",
            Self::Moderators => "moderators",
            Self::None => "none",
        }
    }
}

impl RoomConfig {
    /// The form for its owner, which says who else decides.
    pub(crate) fn form(&self, owners: &[&str], admins: &[&str]) -> Element {
        let list = "jid-multi";
        self.fields()
            .field(ROOM_ADMINS, list, Some("Administrators"), admins)
            .field(ROOM_OWNERS, list, Some("Owners"), owners)
            .done()
    }

    fn fields(&self) -> Form {
        let line = "text-single";
        let whois = match self.non_anonymous {
            true => "anyone",
            false => "moderators",
        };
        Form::new("form", ns::MUC_ROOM_CONFIG)
            .title("Room configuration")
            .field("muc#roomconfig_roomname", line, Some("Name"), [&self.title])
            .field(
                "muc#roomconfig_roomdesc",
                line,
                Some("Description"),
                [&self.description],
            )
            .field(
                "muc#roomconfig_lang",
                line,
                Some("Language"),
                [&self.language],
            )
            .boolean(
                "muc#roomconfig_persistentroom",
                "The room stays when the last one leaves",
                self.persistent,
            )
            .boolean(
                "muc#roomconfig_publicroom",
                "The room is in the list of rooms",
                self.public,
            )
            .boolean(
                "muc#roomconfig_membersonly",
                "Only members may enter",
                self.members_only,
            )
            .boolean(
                "muc#roomconfig_allowinvites",
                "Members may invite others",
                self.allow_invites,
            )
            .boolean(
                "muc#roomconfig_moderatedroom",
                "Newcomers may only listen",
                self.moderated,
            )
            .boolean(
                "muc#roomconfig_passwordprotectedroom",
                "A password is needed to enter",
                self.password.is_some(),
            )
            .field(
                "muc#roomconfig_roomsecret",
                "text-private",
                Some("Password"),
                [self.password.as_deref().unwrap_or_default()],
            )
            .choice(
                "muc#roomconfig_whois",
                "list-single",
                Some("Who may see the addresses of occupants"),
                [whois],
                WHOIS,
            )
            .choice(
                "muc#roomconfig_allowpm",
                "list-single",
                Some("Who may send private messages"),
                [self.private_messages.as_str()],
                PRIVATE,
            )
            .boolean(
                "muc#roomconfig_changesubject",
                "Everybody with voice may change the subject",
                self.change_subject,
            )
            .boolean(
                "muc#roomconfig_enablearchiving",
                "Messages are kept",
                self.archived,
            )
            .field(
                "muc#maxhistoryfetch",
                line,
                Some("Last messages for those who enter"),
                [self.history.to_string()],
            )
            .field(
                "muc#roomconfig_maxusers",
                line,
                Some("Most occupants"),
                [self.max_occupants.to_string()],
            )
            .choice(
                NAMES_EVERYBODY,
                "list-single",
                Some("Who may name everybody in the room at once"),
                [self.who_names_everybody()],
                NAMERS,
            )
            .choice(
                "muc#roomconfig_presencebroadcast",
                "list-multi",
                Some("Whose coming and going everybody sees"),
                self.shown_roles.iter().map(|role| role.as_str()),
                ROLE_LABELS,
            )
            .choice(
                "muc#roomconfig_getmemberlist",
                "list-multi",
                Some("Who may read the lists of members"),
                self.list_roles.iter().map(|role| role.as_str()),
                ROLE_LABELS,
            )
    }

    /// The configuration with the changes of a form; fields that are not there
    /// stay as they are.
    pub(crate) fn changed(&self, form: &Filled) -> Result<Self, StanzaError> {
        if !form.is_of_type(ns::MUC_ROOM_CONFIG) {
            return Err(Condition::BadRequest.into());
        }
        let refused = |name: &str| {
            StanzaError::from(Condition::NotAcceptable).with_text(&format!("{name} is not valid"))
        };
        let mut config = self.clone();
        let mut wants_password = None;
        for name in form.names() {
            let text = form.first(name).unwrap_or_default();
            let boolean = || form.boolean(name).ok_or_else(|| refused(name));
            let line = || match text.chars().count() <= MAX_TEXT {
                true => Ok(text.trim().to_owned()),
                false => Err(refused(name)),
            };
            let number = |max: u32| match text.trim() {
                "" | "none" => Ok(max),
                text => text
                    .parse()
                    .map(|number: u32| number.min(max))
                    .map_err(|_| refused(name)),
            };
            match name {
                "muc#roomconfig_roomname" => config.title = line()?,
                "muc#roomconfig_roomdesc" => config.description = line()?,
                "muc#roomconfig_lang" => config.language = line()?,
                "muc#roomconfig_persistentroom" => config.persistent = boolean()?,
                "muc#roomconfig_publicroom" => config.public = boolean()?,
                "muc#roomconfig_membersonly" => config.members_only = boolean()?,
                "muc#roomconfig_allowinvites" => config.allow_invites = boolean()?,
                "muc#roomconfig_moderatedroom" => config.moderated = boolean()?,
                "muc#roomconfig_passwordprotectedroom" => wants_password = Some(boolean()?),
                "muc#roomconfig_roomsecret" => {
                    config.password = Some(line()?).filter(|password| !password.is_empty());
                }
                "muc#roomconfig_whois" => {
                    config.non_anonymous = match text {
                        "anyone" => true,
                        "moderators" => false,
                        _ => return Err(refused(name)),
                    }
                }
                "muc#roomconfig_allowpm" => {
                    config.private_messages = match text {
                        "anyone" => PrivateMessages::Anyone,
                        "participants" => PrivateMessages::Participants,
                        "moderators" => PrivateMessages::Moderators,
                        "none" => PrivateMessages::None,
                        _ => return Err(refused(name)),
                    }
                }
                NAMES_EVERYBODY => {
                    config.limit_everyone = match text {
                        "moderators" => true,
                        "participants" => false,
                        _ => return Err(refused(name)),
                    }
                }
                "muc#roomconfig_changesubject" => config.change_subject = boolean()?,
                // The second is the name that the registrar knows.
                "muc#roomconfig_enablearchiving" | "muc#roomconfig_enablelogging" => {
                    config.archived = boolean()?;
                }
                "muc#roomconfig_presencebroadcast" => {
                    config.shown_roles = roles(form, name).ok_or_else(|| refused(name))?;
                }
                "muc#roomconfig_getmemberlist" => {
                    config.list_roles = roles(form, name).ok_or_else(|| refused(name))?;
                }
                "muc#maxhistoryfetch" => config.history = number(100)?,
                "muc#roomconfig_maxusers" => config.max_occupants = number(MAX_OCCUPANTS)?.max(1),
                // Of other servers; what we do not have cannot be switched on.
                _ => {}
            }
        }
        match wants_password {
            Some(false) => config.password = None,
            Some(true) if config.password.is_none() => {
                return Err(refused("muc#roomconfig_roomsecret"));
            }
            _ => {}
        }
        Ok(config)
    }

    pub(super) fn who_names_everybody(&self) -> &'static str {
        match self.limit_everyone {
            true => "moderators",
            false => "participants",
        }
    }

    /// What discovery says of it (section 6.4).
    pub(crate) fn features(&self) -> Vec<&'static str> {
        let pick = |is: bool, yes, no| if is { yes } else { no };
        vec![
            ns::MUC,
            ns::MUC_STABLE_ID,
            ns::MUC_SELF_PING,
            ns::OCCUPANT_ID,
            ns::MODERATION,
            ns::MODERATION_0,
            ns::REGISTER,
            ns::RETRACT,
            ns::STANZA_ID,
            ns::VCARD_TEMP,
            ns::MAM,
            ns::MAM_EXTENDED,
            ns::FULLTEXT,
            ns::RETRACT_TOMBSTONE,
            pick(self.persistent, "muc_persistent", "muc_temporary"),
            pick(self.public, "muc_public", "muc_hidden"),
            pick(self.members_only, "muc_membersonly", "muc_open"),
            pick(self.moderated, "muc_moderated", "muc_unmoderated"),
            pick(
                self.password.is_some(),
                "muc_passwordprotected",
                "muc_unsecured",
            ),
            pick(self.non_anonymous, "muc_nonanonymous", "muc_semianonymous"),
        ]
    }
}

/// The roles that a field names; `None` if one of them is none.
fn roles(form: &Filled, name: &str) -> Option<Vec<Role>> {
    let named = form.all(name)?.iter().filter(|text| !text.is_empty());
    named
        .map(|text| ROLES.into_iter().find(|role| role.as_str() == text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(fields: &[(&str, &str)]) -> Filled {
        let form = fields
            .iter()
            .fold(Form::new("submit", ns::MUC_ROOM_CONFIG), |form, field| {
                form.field(field.0, "text-single", None, [field.1])
            });
        Filled::read(&form.done())
    }

    #[test]
    fn its_own_form_changes_nothing() {
        for config in [
            RoomConfig::default(),
            RoomConfig {
                title: "销售".to_owned(),
                password: Some("secret".to_owned()),
                non_anonymous: false,
                private_messages: PrivateMessages::Moderators,
                max_occupants: 3,
                limit_everyone: true,
                ..RoomConfig::default()
            },
        ] {
            let form = config.form(&["a@b"], &[]);
            let again = config.changed(&Filled::read(&form)).unwrap();
            assert_eq!(again, config);
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<RoomConfig>(&json).unwrap(), config);
        }
    }

    #[test]
    fn what_a_form_may_not_say() {
        let config = RoomConfig::default();
        for fields in [
            [("muc#roomconfig_whois", "nobody")],
            [(NAMES_EVERYBODY, "owners")],
            [("muc#roomconfig_moderatedroom", "perhaps")],
            [("muc#roomconfig_maxusers", "many")],
            [("muc#roomconfig_passwordprotectedroom", "1")],
            [("FORM_TYPE", "urn:other")],
        ] {
            assert!(config.changed(&submit(&fields)).is_err(), "{fields:?}");
        }
        let long = "x".repeat(MAX_TEXT + 1);
        assert!(
            config
                .changed(&submit(&[("muc#roomconfig_roomname", &long)]))
                .is_err()
        );
        let many = config.changed(&submit(&[("muc#roomconfig_maxusers", "999999")]));
        assert_eq!(many.unwrap().max_occupants, MAX_OCCUPANTS);
    }
}
