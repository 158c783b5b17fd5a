//! Who belongs to a room and who may do what in it (XEP-0045, sections 8 to 10),
//! invitations (XEP-0249; XEP-0045, section 7.8), and messages that moderators
//! take back (XEP-0425).

use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::api::{Affiliation, Role};
use crate::store::StoreError;
use crate::store::rooms::Room;
use crate::store::rooms::invitations::Invitation;
use crate::store::rooms::members::{self, Member};

/// Entries of a list that are read.
const MAX_LIST: usize = 10_000;

const LISTS: [Affiliation; 4] = [
    Affiliation::Owner,
    Affiliation::Admin,
    Affiliation::Member,
    Affiliation::Outcast,
];

fn reason(item: Build, reason: &str) -> Build {
    if reason.is_empty() {
        return item;
    }
    item.child(build("reason", ns::MUC_ADMIN).text(reason))
}

async fn administrate(handle: &Handle, room: &str, item: Build) -> Result<(), AskError> {
    let query = build("query", ns::MUC_ADMIN).child(item).done();
    handle.ask("set", Some(room), query).await.map(drop)
}

pub(super) async fn set_affiliation(
    handle: &Handle,
    room: &str,
    person: &str,
    affiliation: Affiliation,
    why: &str,
) -> Result<(), AskError> {
    let item = build("item", ns::MUC_ADMIN)
        .attr("jid", person)
        .attr("affiliation", affiliation.as_str());
    administrate(handle, room, reason(item, why)).await
}

pub(super) async fn set_role(
    handle: &Handle,
    room: &str,
    nick: &str,
    role: Role,
    why: &str,
) -> Result<(), AskError> {
    let item = build("item", ns::MUC_ADMIN)
        .attr("nick", nick)
        .attr("role", role.as_str());
    administrate(handle, room, reason(item, why)).await
}

/// Reads the lists that the room lets us read into the cache. An ordinary member
/// of most rooms may read none.
pub(super) async fn refresh(
    shared: &Shared,
    handle: &Handle,
    room: &str,
) -> Result<(), StoreError> {
    for affiliation in LISTS {
        let item = build("item", ns::MUC_ADMIN).attr("affiliation", affiliation.as_str());
        let query = build("query", ns::MUC_ADMIN).child(item).done();
        let list = match handle.ask("get", Some(room), query).await {
            Ok(iq) => read_list(&iq, affiliation),
            Err(error) => {
                tracing::debug!(%error, list = affiliation.as_str(), "list of a room");
                continue;
            }
        };
        let room = room.to_owned();
        shared
            .store
            .write(move |tx| members::put_list(tx, &room, affiliation, &list))
            .await?;
    }
    Ok(())
}

fn read_list(iq: &Element, affiliation: Affiliation) -> Vec<Member> {
    iq.get_child("query", ns::MUC_ADMIN)
        .into_iter()
        .flat_map(Element::children)
        .filter(|item| item.is("item", ns::MUC_ADMIN))
        .filter_map(|item| {
            let address = jid::Jid::new(item.attr("jid")?).ok()?.to_bare();
            Some(Member {
                address: Some(address.to_string()),
                occupant_id: None,
                nick: item.attr("nick").map(str::to_owned),
                affiliation,
            })
        })
        .take(MAX_LIST)
        .collect()
}

/// Invites somebody: directly, and through the room where only members get in,
/// because that makes them one. Where we may not, the room says so.
pub(super) async fn invite(
    handle: &Handle,
    room: &Room,
    person: &str,
    id: &str,
    why: &str,
) -> Result<(), AskError> {
    if room.has("muc_membersonly") {
        let mut invite = build("invite", ns::MUC_USER).attr("to", person);
        if !why.is_empty() {
            invite = invite.child(build("reason", ns::MUC_USER).text(why));
        }
        let message = build("message", ns::CLIENT)
            .attr("id", id)
            .attr("to", &room.address)
            .child(build("x", ns::MUC_USER).child(invite));
        return handle.send(message.done()).await;
    }
    let direct = build("x", ns::DIRECT_INVITE)
        .attr("jid", &room.address)
        .attr_opt("password", room.password.as_deref())
        .attr_opt("reason", (!why.is_empty()).then_some(why));
    let message = build("message", ns::CLIENT)
        .attr("id", id)
        .attr("to", person)
        .child(direct)
        .child(build("store", ns::HINTS));
    handle.send(message.done()).await
}

/// XEP-0045, section 7.8.2. A direct invitation is declined by not coming.
pub(super) async fn decline(handle: &Handle, invitation: &Invitation) -> Result<(), AskError> {
    if !invitation.mediated {
        return Ok(());
    }
    let decline = build("decline", ns::MUC_USER).attr("to", &invitation.inviter);
    let message = build("message", ns::CLIENT)
        .attr("to", &invitation.room)
        .child(build("x", ns::MUC_USER).child(decline));
    handle.send(message.done()).await
}

/// XEP-0425, as it is, or, COMPAT, as rooms knew it when it was wrapped (XEP-0422).
pub(super) async fn moderate(
    handle: &Handle,
    room: &Room,
    stanza_id: &str,
    why: &str,
) -> Result<(), AskError> {
    let words =
        |namespace: &'static str| (!why.is_empty()).then(|| build("reason", namespace).text(why));
    let now = build("moderate", ns::MODERATION)
        .attr("id", stanza_id)
        .child(build("retract", ns::RETRACT))
        .children(words(ns::MODERATION));
    let before = build("apply-to", ns::FASTEN).attr("id", stanza_id).child(
        build("moderate", ns::MODERATION_0)
            .child(build("retract", ns::RETRACT_0))
            .children(words(ns::MODERATION_0)),
    );
    let only_before = room.has(ns::MODERATION_0) && !room.has(ns::MODERATION);
    let payload = if only_before {
        before.done()
    } else {
        now.done()
    };
    handle
        .ask("set", Some(&room.address), payload)
        .await
        .map(drop)
}

/// XEP-0045, section 8.1.
pub(super) async fn set_subject(
    handle: &Handle,
    room: &str,
    id: &str,
    subject: &str,
) -> Result<(), AskError> {
    let message = build("message", ns::CLIENT)
        .attr("id", id)
        .attr("to", room)
        .attr("type", "groupchat")
        .child(build("subject", ns::CLIENT).text(subject));
    handle.send(message.done()).await
}
