//! How a room is set up (XEP-0045, section 10; XEP-0004).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::account::handle::{AskError, Handle};
use crate::api::RoomSettings;

const NAME: &[&str] = &["muc#roomconfig_roomname"];
const DESCRIPTION: &[&str] = &["muc#roomconfig_roomdesc"];
const MEMBERS_ONLY: &[&str] = &["muc#roomconfig_membersonly"];
const PUBLIC: &[&str] = &["muc#roomconfig_publicroom"];
const PERSISTENT: &[&str] = &["muc#roomconfig_persistentroom"];
const MODERATED: &[&str] = &["muc#roomconfig_moderatedroom"];
/// COMPAT: Prosody has a name of its own.
const MEMBERS_INVITE: &[&str] = &[
    "muc#roomconfig_allowinvites",
    "muc#roomconfig_allowmemberinvites",
    "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites",
];
const CHANGE_SUBJECT: &[&str] = &["muc#roomconfig_changesubject"];
/// Who may name everybody (XEP-0513, section 3.5).
pub(super) const NAMES_EVERYBODY: &str = "mentions#channel";
const EVERYONE: &[&str] = &[NAMES_EVERYBODY];
const WHOIS: &[&str] = &["muc#roomconfig_whois"];
/// COMPAT: XEP-0045 has no field for the archive: Prosody's, ejabberd's.
const ARCHIVE: &[&str] = &[
    "muc#roomconfig_enablearchiving",
    "muc#roomconfig_mam",
    "mam",
];
const HAS_PASSWORD: &[&str] = &["muc#roomconfig_passwordprotectedroom"];
const PASSWORD: &[&str] = &["muc#roomconfig_roomsecret"];

/// The form of a type in what discovery says.
pub(in crate::account) fn form_of<'a>(info: &'a Element, form_type: &str) -> Option<&'a Element> {
    info.children().find(|child| {
        child.is("x", ns::DATA_FORMS) && value(child, "FORM_TYPE").as_deref() == Some(form_type)
    })
}

fn fields(form: &Element) -> impl Iterator<Item = &Element> {
    form.children()
        .filter(|child| child.is("field", ns::DATA_FORMS))
}

fn field<'a>(form: &'a Element, names: &[&str]) -> Option<&'a Element> {
    fields(form).find(|field| field.attr("var").is_some_and(|var| names.contains(&var)))
}

/// The first value of a field.
pub(in crate::account) fn value(form: &Element, name: &str) -> Option<String> {
    first(field(form, &[name])?)
}

fn first(field: &Element) -> Option<String> {
    field.get_child("value", ns::DATA_FORMS).map(Element::text)
}

fn text(form: &Element, names: &[&str]) -> Option<String> {
    let field = field(form, names)?;
    Some(first(field).unwrap_or_default())
}

fn truth(form: &Element, names: &[&str]) -> Option<bool> {
    let text = text(form, names)?;
    Some(matches!(text.trim(), "1" | "true"))
}

/// What a form says.
fn read(form: &Element) -> RoomSettings {
    RoomSettings {
        name: text(form, NAME),
        description: text(form, DESCRIPTION),
        members_only: truth(form, MEMBERS_ONLY),
        public: truth(form, PUBLIC),
        persistent: truth(form, PERSISTENT),
        moderated: truth(form, MODERATED),
        members_invite: truth(form, MEMBERS_INVITE),
        change_subject: truth(form, CHANGE_SUBJECT),
        non_anonymous: text(form, WHOIS).map(|whois| whois == "anyone"),
        archive: truth(form, ARCHIVE),
        limit_everyone: text(form, EVERYONE).map(|who| who != "participants"),
        password: text(form, PASSWORD).map(|secret| match truth(form, HAS_PASSWORD) {
            Some(false) => String::new(),
            _ => secret,
        }),
    }
}

/// The new values of the fields that are to change.
fn changes(settings: &RoomSettings) -> Vec<(&'static [&'static str], String)> {
    let truth = |value: bool| u8::from(value).to_string();
    let mut changes: Vec<(&'static [&'static str], String)> = Vec::new();
    let texts = [(NAME, &settings.name), (DESCRIPTION, &settings.description)];
    for (names, value) in texts {
        changes.extend(value.clone().map(|value| (names, value)));
    }
    for (names, value) in [
        (MEMBERS_ONLY, settings.members_only),
        (PUBLIC, settings.public),
        (PERSISTENT, settings.persistent),
        (MODERATED, settings.moderated),
        (MEMBERS_INVITE, settings.members_invite),
        (CHANGE_SUBJECT, settings.change_subject),
        (ARCHIVE, settings.archive),
    ] {
        changes.extend(value.map(|value| (names, truth(value))));
    }
    if let Some(open) = settings.non_anonymous {
        let whois = if open { "anyone" } else { "moderators" };
        changes.push((WHOIS, whois.to_owned()));
    }
    if let Some(limited) = settings.limit_everyone {
        let who = if limited {
            "moderators"
        } else {
            "participants"
        };
        changes.push((EVERYONE, who.to_owned()));
    }
    if let Some(password) = &settings.password {
        changes.push((HAS_PASSWORD, truth(!password.is_empty())));
        changes.push((PASSWORD, password.clone()));
    }
    changes
}

/// The form as it goes back: what is not to change stays as it was. A field that
/// the room does not have is left out.
fn filled(form: &Element, settings: &RoomSettings) -> Element {
    let changes = changes(settings);
    let mut answer = build("x", ns::DATA_FORMS).attr("type", "submit");
    for field in fields(form) {
        let Some(var) = field.attr("var") else {
            continue;
        };
        if field.attr("type") == Some("fixed") {
            continue;
        }
        let change = changes.iter().find(|(names, _)| names.contains(&var));
        let mut filled = build("field", ns::DATA_FORMS).attr("var", var);
        filled = match change {
            Some((_, value)) => filled.child(build("value", ns::DATA_FORMS).text(value)),
            None => filled.children(
                field
                    .children()
                    .filter(|child| child.is("value", ns::DATA_FORMS))
                    .cloned(),
            ),
        };
        let mut filled = filled.done();
        if var == "FORM_TYPE" {
            element::set_attr(&mut filled, "type", Some("hidden"));
        }
        answer = answer.child(filled);
    }
    answer.done()
}

async fn form(handle: &Handle, room: &str) -> Result<Element, AskError> {
    let query = build("query", ns::MUC_OWNER).done();
    let iq = handle.ask("get", Some(room), query).await?;
    iq.get_child("query", ns::MUC_OWNER)
        .and_then(|query| query.get_child("x", ns::DATA_FORMS))
        .cloned()
        .ok_or_else(|| StanzaError::from(Condition::FeatureNotImplemented).into())
}

async fn submit(handle: &Handle, room: &str, form: Element) -> Result<(), AskError> {
    let query = build("query", ns::MUC_OWNER).child(form).done();
    handle.ask("set", Some(room), query).await.map(drop)
}

/// How a room is set up.
pub(super) async fn get(handle: &Handle, room: &str) -> Result<RoomSettings, AskError> {
    Ok(read(&form(handle, room).await?))
}

/// Sets a room up. A new one is locked until then (section 10.1.3).
pub(super) async fn set(
    handle: &Handle,
    room: &str,
    settings: &RoomSettings,
) -> Result<(), AskError> {
    let form = form(handle, room).await?;
    submit(handle, room, filled(&form, settings)).await
}

/// An instant room (section 10.1.2).
pub(super) async fn accept_defaults(handle: &Handle, room: &str) -> Result<(), AskError> {
    let form = build("x", ns::DATA_FORMS).attr("type", "submit").done();
    submit(handle, room, form).await
}

/// XEP-0045, section 10.9.
pub(super) async fn destroy(handle: &Handle, room: &str, reason: &str) -> Result<(), AskError> {
    let mut destroy = build("destroy", ns::MUC_OWNER);
    if !reason.is_empty() {
        destroy = destroy.child(build("reason", ns::MUC_OWNER).text(reason));
    }
    let query = build("query", ns::MUC_OWNER).child(destroy).done();
    handle.ask("set", Some(room), query).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    fn sample() -> Element {
        parse(
            b"<x xmlns='jabber:x:data' type='form'>\
              <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
              <field var='muc#roomconfig_roomname' type='text-single'><value>Lounge</value></field>\
              <field var='muc#roomconfig_roomdesc' type='text-single'/>\
              <field var='muc#roomconfig_publicroom' type='boolean'><value>1</value></field>\
              <field var='muc#roomconfig_whois' type='list-single'><value>moderators</value>\
              <option><value>anyone</value></option></field>\
              <field type='fixed'><value>words</value></field>\
              <field var='x-own' type='list-multi'><value>a</value><value>b</value></field></x>",
        )
        .unwrap()
    }

    #[test]
    fn what_a_form_says_and_does_not_say() {
        let settings = read(&sample());
        assert_eq!(settings.name.as_deref(), Some("Lounge"));
        assert_eq!(settings.description.as_deref(), Some(""));
        assert_eq!(
            (settings.public, settings.non_anonymous),
            (Some(true), Some(false))
        );
        assert_eq!((settings.moderated, settings.password), (None, None));
    }

    #[test]
    fn only_what_is_to_change_changes() {
        let wanted = RoomSettings {
            public: Some(false),
            non_anonymous: Some(true),
            moderated: Some(true),
            ..RoomSettings::default()
        };
        let answer = filled(&sample(), &wanted);
        assert_eq!(answer.attr("type"), Some("submit"));
        let settings = read(&answer);
        assert_eq!(settings.name.as_deref(), Some("Lounge"));
        assert_eq!(
            (settings.public, settings.non_anonymous),
            (Some(false), Some(true))
        );
        assert_eq!(settings.moderated, None, "the room has no such field");
        let own = field(&answer, &["x-own"]).unwrap();
        assert_eq!(own.children().count(), 2);
        assert_eq!(
            value(&answer, "FORM_TYPE").as_deref(),
            Some(ns::MUC_ROOM_CONFIG)
        );
    }
}
