//! Messages to the room itself: invitations, their answers, and the wish to
//! speak (XEP-0045, sections 7.8, 7.13 and 8.6).

use std::sync::Arc;

use jid::BareJid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::admin::affiliation_changed;
use super::affiliation::{Affiliation, Role};
use super::post::Post;
use super::room::{Person, Room};
use super::showing::Change;
use super::{Sender, set_people};
use crate::clock;
use crate::form::{Filled, Form};
use crate::server::Server;
use crate::session::notify;

/// Most invitations in one message.
const MAX_INVITES: usize = 50;

/// Takes a message to the room itself.
pub(super) async fn message(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    message: &Element,
) -> Result<(), StanzaError> {
    if let Some(form) = message.get_child("x", ns::DATA_FORMS) {
        return voice(server, sender, name, &Filled::read(form));
    }
    let user = message
        .get_child("x", ns::MUC_USER)
        .ok_or(Condition::BadRequest)?;
    for child in user.children().take(MAX_INVITES) {
        if child.is("invite", ns::MUC_USER) {
            invite(server, sender, name, child).await?;
        } else if child.is("decline", ns::MUC_USER) {
            decline(server, sender, name, child).await?;
        }
    }
    Ok(())
}

/// An account of this server; nobody else can be invited.
fn account(server: &Server, address: Option<&str>) -> Result<BareJid, StanzaError> {
    let address = address.ok_or(Condition::BadRequest)?;
    let address = jid::Jid::new(address)
        .map_err(|_| StanzaError::from(Condition::JidMalformed))?
        .to_bare();
    match server.localpart(&address) {
        Some(_) => Ok(address),
        None => Err(Condition::ItemNotFound.into()),
    }
}

/// Nothing comes from who is blocked, in whosever name (XEP-0191).
fn not_blocked(
    server: &Server,
    reader: &BareJid,
    sender: &Sender,
    name: &str,
) -> Result<(), StanzaError> {
    let blocks = |address: &str| {
        let account = server.localpart(reader);
        account.is_some_and(|account| server.blocks(&account, address))
    };
    if blocks(sender.address.as_str()) || blocks(&format!("{name}@{}", server.rooms.domain)) {
        return Err(Condition::ServiceUnavailable.into());
    }
    Ok(())
}

fn reason_of(element: &Element) -> Option<String> {
    element.get_child("reason", ns::MUC_USER).map(Element::text)
}

/// Section 7.8.2.
async fn invite(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    invite: &Element,
) -> Result<(), StanzaError> {
    let guest = account(server, invite.attr("to"))?;
    let key = guest.to_string();
    not_blocked(server, &guest, sender, name)?;
    let (address, password, becomes_member) = server.rooms.ask(name, |room| {
        let host = room.occupant(sender).ok_or(Condition::NotAcceptable)?;
        let may_add = room.config.allow_invites || host.role == Role::Moderator;
        if room.config.members_only && !may_add || host.role == Role::Visitor {
            return Err(Condition::Forbidden.into());
        }
        let affiliation = room.affiliation(&key);
        if affiliation == Affiliation::Outcast && host.role != Role::Moderator {
            return Err(Condition::Forbidden.into());
        }
        // Who was banned is let in again only by being told so.
        let adds = room.config.members_only && affiliation == Affiliation::None;
        room.invited.add(&key, &sender.user(), clock::now_ms());
        Ok((room.address.clone(), room.config.password.clone(), adds))
    })?;
    if becomes_member {
        let member = Person::new(Affiliation::Member);
        let (user, person, by) = (key.clone(), member.clone(), sender.address.clone());
        let then = move |room: &mut Room, post: Post<'_>| {
            affiliation_changed(room, post, &user, &person, (&by, None));
        };
        let seen = vec![(key.clone(), Affiliation::None)];
        set_people(server, name, seen, vec![(key, member)], None, then).await?;
    }
    // A conversation of two that goes on in the room (section 7.9).
    let thread = invite
        .get_child("continue", ns::MUC_USER)
        .map(|goes_on| goes_on.attr("thread").unwrap_or_default().to_owned());
    let card = Card {
        host: sender.address.to_string(),
        reason: reason_of(invite),
        password,
        thread,
    };
    deliver(server, &guest, &address, card).await
}

/// What an invitation says.
struct Card {
    host: String,
    reason: Option<String>,
    password: Option<String>,
    thread: Option<String>,
}

/// Tells somebody that they may enter a members-only room from now on.
pub(super) async fn welcome(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    guest: &str,
    reason: Option<String>,
) -> Result<(), StanzaError> {
    let guest = account(server, Some(guest))?;
    not_blocked(server, &guest, sender, name)?;
    let (address, password) = server.rooms.ask(name, |room| {
        room.invited
            .add(guest.as_str(), &sender.user(), clock::now_ms());
        Ok((room.address.clone(), room.config.password.clone()))
    })?;
    let card = Card {
        host: sender.user(),
        reason,
        password,
        thread: None,
    };
    deliver(server, &guest, &address, card).await
}

/// Sends it in both forms: as the room's (section 7.8.2), and as XEP-0249 has it.
async fn deliver(
    server: &Arc<Server>,
    guest: &BareJid,
    address: &str,
    card: Card,
) -> Result<(), StanzaError> {
    let mut invite = build("invite", ns::MUC_USER).attr("from", &card.host);
    if let Some(reason) = &card.reason {
        invite = invite.child(build("reason", ns::MUC_USER).text(reason));
    }
    if let Some(thread) = &card.thread {
        let thread = Some(thread).filter(|thread| !thread.is_empty());
        invite = invite.child(build("continue", ns::MUC_USER).attr_opt("thread", thread));
    }
    let password = card.password;
    let mut user = build("x", ns::MUC_USER).child(invite);
    if let Some(password) = &password {
        user = user.child(build("password", ns::MUC_USER).text(password));
    }
    let direct = build("x", ns::DIRECT_INVITE)
        .attr("jid", address)
        .attr_opt("password", password.as_deref())
        .attr_opt("reason", card.reason.as_deref());
    let message = build("message", ns::CLIENT)
        .attr("from", address)
        .attr("to", guest.as_str())
        .child(user)
        .child(direct);
    notify(server, guest, address, message.done()).await
}

/// Section 7.8.2, the answer "no".
async fn decline(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    decline: &Element,
) -> Result<(), StanzaError> {
    let host = account(server, decline.attr("to"))?;
    not_blocked(server, &host, sender, name)?;
    let guest = sender.user();
    let address = server.rooms.ask(name, |room| {
        let host = host.as_str();
        let is_here = room.occupants.iter().any(|one| one.user == host);
        let is_banned = room.affiliation(&guest) == Affiliation::Outcast;
        let now = clock::now_ms();
        if is_banned || !room.invited.decline(&guest, host, is_here, now) {
            return Err(Condition::Forbidden.into());
        }
        Ok(room.address.clone())
    })?;
    let mut answer = build("decline", ns::MUC_USER).attr("from", guest);
    if let Some(reason) = reason_of(decline) {
        answer = answer.child(build("reason", ns::MUC_USER).text(reason));
    }
    let message = build("message", ns::CLIENT)
        .attr("from", &address)
        .attr("to", host.as_str())
        .child(build("x", ns::MUC_USER).child(answer));
    notify(server, &host, &address, message.done()).await
}

/// Somebody asks to speak, or a moderator answers.
fn voice(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    form: &Filled,
) -> Result<(), StanzaError> {
    if form.first("FORM_TYPE") != Some(ns::MUC_REQUEST) {
        return Err(Condition::BadRequest.into());
    }
    server.rooms.ask(name, |room| {
        let asker = room.occupant(sender).ok_or(Condition::NotAcceptable)?;
        let post = Post(&server.router);
        if asker.role == Role::Visitor {
            let question = Form::new("form", ns::MUC_REQUEST)
                .title("Somebody asks to speak")
                .field("muc#role", "list-single", None, ["participant"])
                .field("muc#jid", "jid-single", Some("Address"), [&asker.user])
                .field(
                    "muc#roomnick",
                    "text-single",
                    Some("Nickname"),
                    [&asker.nick],
                )
                .boolean("muc#request_allow", "Let them speak?", false);
            let message = build("message", ns::CLIENT)
                .attr("from", &room.address)
                .child(question.done());
            post.all(message.done(), room.moderators());
            return Ok(());
        }
        if asker.role != Role::Moderator {
            return Err(Condition::Forbidden.into());
        }
        if form.boolean("muc#request_allow") != Some(true) {
            return Ok(());
        }
        let nick = form.first("muc#roomnick").unwrap_or_default();
        let place = room.by_nick(nick).ok_or(Condition::ItemNotFound)?;
        let listener = room.occupants.get(place);
        if listener.is_some_and(|listener| listener.role == Role::Visitor) {
            room.set_role(post, place, Role::Participant, &Change::default());
        }
        Ok(())
    })
}
