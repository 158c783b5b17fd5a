//! What the user decided about conversations between two, in step over all devices.
//! XEP-0492 and XEP-0469 speak of bookmarks, which rooms alone have: so there is a node
//! of ours for the others, private as that of bookmarks is (XEP-0223), an item for each
//! conversation. Where a server has no place for it, each device has its own mind.

use std::time::Duration;

use jid::BareJid;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::pep::{self, Item, Published, Readers};
use crate::account::Shared;
use crate::account::decisions;
use crate::account::handle::{AskError, Handle};
use crate::connection::ConnectError;
use crate::store::StoreError;
use crate::store::conversations::noted;

/// Largest extensions that are kept, in bytes.
const MAX_EXTENSIONS: usize = 16 * 1024;
/// Somebody who tidies the list says so once.
const TOGETHER: Duration = Duration::from_secs(1);

/// Fetches what was decided elsewhere.
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    match pep::fetch(handle, None, ns::CONVERSATIONS, None).await {
        Ok(answer) => Ok(apply(shared, &pep::items_of(&answer, ns::CONVERSATIONS)).await?),
        // Nothing was decided yet.
        Err(AskError::Refused(error)) if error.condition == Condition::ItemNotFound => Ok(()),
        Err(error) => super::or_go_on(error, "what is decided stays on its device there"),
    }
}

/// Another device has decided something.
pub(super) async fn event(shared: &Shared, published: &Published<'_>) -> Result<(), StoreError> {
    apply(shared, &published.items).await
}

async fn apply(shared: &Shared, items: &[Item<'_>]) -> Result<(), StoreError> {
    let decided: Vec<_> = items.iter().filter_map(decision).collect();
    if decided.is_empty() {
        return Ok(());
    }
    let has_changed = shared
        .store
        .write(move |tx| {
            let mut has_changed = false;
            for (conversation, extensions) in &decided {
                has_changed |= decisions::take_item(tx, conversation, extensions.as_deref())?;
            }
            Ok(has_changed)
        })
        .await?;
    if has_changed {
        shared.conversations_changed();
    }
    Ok(())
}

/// Conversation and extensions of an item.
fn decision(item: &Item<'_>) -> Option<(String, Option<String>)> {
    let conversation = BareJid::new(item.id).ok()?.to_string();
    let Some(payload) = item.payload else {
        return Some((conversation, None));
    };
    if !payload.is("conversation", ns::CONVERSATIONS) {
        return None;
    }
    let extensions = match payload.get_child("extensions", ns::BOOKMARKS) {
        Some(extensions) => {
            let xml = element::write(extensions).ok()?;
            Some((xml.len() <= MAX_EXTENSIONS).then_some(xml)?)
        }
        None => None,
    };
    Some((conversation, extensions))
}

/// Publishes what was decided here, from the end of the catch-up on, as long as the
/// session runs.
pub(super) async fn follow(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    loop {
        shared.people.decided_bell.notified().await;
        tokio::time::sleep(TOGETHER).await;
        for (conversation, said) in shared.store.read(noted::unnoted).await? {
            let extensions: Option<Element> = said
                .as_ref()
                .and_then(|xml| element::parse(xml.as_bytes()).ok());
            let payload = build("conversation", ns::CONVERSATIONS)
                .children(extensions)
                .done();
            let (node, readers) = (ns::CONVERSATIONS, Readers::Ourselves);
            match pep::publish(handle, node, &conversation, payload, readers).await {
                Ok(()) => {
                    shared
                        .store
                        .write(move |tx| noted::done(tx, &conversation, said.as_deref()))
                        .await?;
                }
                Err(error) => {
                    // The next decision tries again, or the next session.
                    super::or_go_on(error, "decision not published")?;
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_item_says() {
        let read = |id: &str, xml: &str| {
            let payload = element::parse(xml.as_bytes()).unwrap();
            decision(&Item {
                id,
                payload: Some(&payload),
            })
        };
        let bob = "bob@team.internal".to_owned();
        let empty = "<conversation xmlns='urn:startalk:conversations:0'/>";
        assert_eq!(read("Bob@team.internal", empty), Some((bob.clone(), None)));
        assert_eq!(read("@", empty), None);
        assert_eq!(read(&bob, "<conversation xmlns='urn:other'/>"), None);
        let extensions = |inside: &str| {
            format!(
                "<conversation xmlns='urn:startalk:conversations:0'>\
                 <extensions xmlns='urn:xmpp:bookmarks:1'>{inside}</extensions></conversation>"
            )
        };
        let (_, kept) = read(&bob, &extensions("<x xmlns='urn:other'/>")).unwrap();
        assert!(kept.unwrap().contains("urn:other"));
        assert_eq!(read(&bob, &extensions(&"x".repeat(MAX_EXTENSIONS))), None);
        let taken_back = Item {
            id: &bob,
            payload: None,
        };
        assert_eq!(decision(&taken_back), Some((bob.clone(), None)));
    }
}
