//! How far was read, in step over all devices (XEP-0490).

use std::time::Duration;

use jid::{BareJid, Jid};
use xmpp_core::element::build;
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::pep::{self, Item, Published, Readers};
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::connection::ConnectError;
use crate::store::StoreError;
use crate::store::displayed;

/// Somebody who reads through a list of conversations says so once.
const TOGETHER: Duration = Duration::from_secs(1);

/// Fetches how far the other devices have read.
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    match pep::fetch(handle, None, ns::DISPLAYED_SYNC, None).await {
        Ok(answer) => Ok(apply(shared, &pep::items_of(&answer, ns::DISPLAYED_SYNC)).await?),
        // Nobody has read anything yet.
        Err(AskError::Refused(error)) if error.condition == Condition::ItemNotFound => Ok(()),
        Err(error) => super::or_go_on(error, "devices are not kept in step there"),
    }
}

/// Another device has read further.
pub(super) async fn event(shared: &Shared, published: &Published<'_>) -> Result<(), StoreError> {
    apply(shared, &published.items).await
}

async fn apply(shared: &Shared, items: &[Item<'_>]) -> Result<(), StoreError> {
    let read: Vec<_> = items
        .iter()
        .filter_map(|item| place(&shared.address, item))
        .collect();
    if read.is_empty() {
        return Ok(());
    }
    let (read_further, set_back) = shared
        .store
        .write(move |tx| {
            let (mut read_further, mut set_back) = (Vec::new(), Vec::new());
            for (conversation, stanza_id) in read {
                let heard = displayed::read_elsewhere(tx, &conversation, &stanza_id)?;
                if heard.moved {
                    read_further.push(conversation.clone());
                }
                set_back.extend(heard.set_back.map(|further| (conversation, further)));
            }
            Ok((read_further, set_back))
        })
        .await?;
    match &read_further[..] {
        [] => {}
        [conversation] => shared.conversation_changed(conversation),
        _ => shared.conversations_changed(),
    }
    let again: Vec<_> = set_back
        .into_iter()
        .filter(|place| shared.people.may_say_again(place))
        .collect();
    if !again.is_empty() {
        shared
            .store
            .write(move |tx| {
                for (conversation, stanza_id) in &again {
                    displayed::publish_again(tx, conversation, stanza_id)?;
                }
                Ok(())
            })
            .await?;
        shared.people.displayed_bell.notify_one();
    }
    Ok(())
}

/// Conversation and stanza id of an item. The id counts only from whoever gives
/// the ids of that conversation: our own server, or the room.
fn place(own: &BareJid, item: &Item<'_>) -> Option<(String, String)> {
    // With somebody in a room it is the address with the nickname.
    let conversation = Jid::new(item.id).ok()?.to_string();
    let payload = item.payload?;
    if !payload.is("displayed", ns::DISPLAYED_SYNC) {
        return None;
    }
    let stanza_id = payload.get_child("stanza-id", ns::STANZA_ID)?;
    let by = BareJid::new(stanza_id.attr("by")?).ok()?;
    let id = stanza_id.attr("id").filter(|id| !id.is_empty())?;
    (by == *own || by.as_str() == conversation).then(|| (conversation, id.to_owned()))
}

/// All that was missed is here, of a room or of all others: then what this device has
/// to say is no less than what the others have said.
pub(in crate::account) async fn has_all(
    shared: &Shared,
    room: Option<&str>,
) -> Result<(), StoreError> {
    let room = room.map(str::to_owned);
    shared
        .store
        .write(move |tx| displayed::has_all(tx, room.as_deref()))
        .await?;
    shared.people.displayed_bell.notify_one();
    Ok(())
}

/// Publishes how far was read here, from the end of the catch-up on, as long as
/// the session runs.
pub(super) async fn follow(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    loop {
        shared.people.displayed_bell.notified().await;
        tokio::time::sleep(TOGETHER).await;
        let all = shared.store.read(displayed::unpublished).await?;
        for one in all {
            let by = if one.by_room {
                &one.conversation
            } else {
                shared.address.as_str()
            };
            let stanza_id = build("stanza-id", ns::STANZA_ID)
                .attr("by", by)
                .attr("id", &one.stanza_id);
            let payload: Element = build("displayed", ns::DISPLAYED_SYNC)
                .child(stanza_id)
                .done();
            let node = ns::DISPLAYED_SYNC;
            let id = &one.conversation;
            match pep::publish(handle, node, id, payload, Readers::Ourselves).await {
                Ok(()) => {
                    shared
                        .store
                        .write(move |tx| {
                            displayed::published(tx, &one.conversation, &one.stanza_id)
                        })
                        .await?;
                }
                Err(error) => {
                    // The next reading tries again; what is newer says it as well.
                    super::or_go_on(error, "place not published")?;
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn ids_count_from_who_gives_them() {
        let own = BareJid::new("rosa@team.internal").unwrap();
        let place_of = |id: &str, by: &str| {
            let payload = parse(
                format!(
                    "<displayed xmlns='urn:xmpp:mds:displayed:0'>\
                     <stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='s'/></displayed>"
                )
                .as_bytes(),
            )
            .unwrap();
            place(
                &own,
                &Item {
                    id,
                    payload: Some(&payload),
                },
            )
        };
        let bob = "bob@team.internal";
        assert_eq!(
            place_of(bob, "rosa@team.internal"),
            Some((bob.into(), "s".into()))
        );
        assert_eq!(
            place_of("room@c.team", "room@c.team"),
            Some(("room@c.team".into(), "s".into()))
        );
        assert_eq!(place_of(bob, "mallory@team.internal"), None);
        assert_eq!(place_of("@", "rosa@team.internal"), None);
    }
}
