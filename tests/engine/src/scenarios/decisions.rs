//! What somebody decides about people and conversations.

use anyhow::{Context, Result, ensure};
use engine::api::{ConversationRequest, ConversationView, DeliveryState, NotifyLevel, RoomState};

use super::rooms::{is as joined, make, open_room};
use crate::device::Device;
use crate::world::{Person, World};

/// Whoever is blocked reaches nobody, on no device; and then again.
pub(super) async fn blocking(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let phone = world.device(&desk.person, "phone").await?;
    let (rosa, bob_address) = (desk.person.clone(), bob.person.address());
    bob.send(&rosa, "before").await?;
    for device in [&desk, &phone] {
        device.has(&bob.person, &["before"]).await?;
    }
    desk.block(&bob_address, true).await?;
    for device in [&desk, &phone] {
        device
            .until("Bob is blocked", async || {
                Ok(device.blocked().await? == [bob_address.clone()])
            })
            .await?;
    }
    bob.send(&rosa, "while blocked").await?;
    // XEP-0191, section 3.
    bob.shown(&rosa.address(), "a message that failed", |message| {
        matches!(message.delivery, Some(DeliveryState::Failed { .. }))
    })
    .await?;
    phone.block(&bob_address, false).await?;
    for device in [&desk, &phone] {
        device
            .until("nobody is blocked", async || {
                Ok(device.blocked().await?.is_empty())
            })
            .await?;
    }
    bob.send(&rosa, "after").await?;
    for device in [&desk, &phone] {
        device.has(&bob.person, &["before", "after"]).await?;
    }
    // Nor did it wait anywhere.
    let tablet = world.device(&rosa, "tablet").await?;
    tablet.has(&bob.person, &["before", "after"]).await
}

async fn row(device: &Device, with: &Person) -> Result<ConversationView> {
    let row = device.conversation(with).await?;
    row.with_context(|| format!("no row for {}", with.user))
}

/// Muted, pinned, put away, marked: over a restart.
pub(super) async fn about_conversations(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    let carol = world.join("carol").await?;
    for (device, text) in [(&bob, "from Bob"), (&carol, "from Carol")] {
        device.send(&rosa.person, text).await?;
        rosa.has(&device.person, &[text]).await?;
        rosa.mark_displayed(&device.person).await?;
        rosa.unread(&device.person, 0).await?;
    }
    let account = rosa.account.clone();
    let (to_bob, to_carol) = (bob.person.address(), carol.person.address());
    rosa.decide(ConversationRequest::SetNotify {
        account: account.clone(),
        conversation: to_bob.clone(),
        notify: NotifyLevel::None,
        until_ms: None,
    })
    .await?;
    rosa.decide(ConversationRequest::Pin {
        account: account.clone(),
        conversation: to_bob.clone(),
        place: None,
    })
    .await?;
    for conversation in [&to_bob, &to_carol] {
        rosa.decide(ConversationRequest::Archive {
            account: account.clone(),
            conversation: conversation.clone(),
            archived: true,
        })
        .await?;
    }
    rosa.decide(ConversationRequest::MarkUnread {
        account: account.clone(),
        conversation: to_bob.clone(),
        from: None,
    })
    .await?;
    rosa.restart().await?;
    rosa.online().await?;
    let (with_bob, with_carol) = (
        row(&rosa, &bob.person).await?,
        row(&rosa, &carol.person).await?,
    );
    ensure!(
        with_bob.notify == NotifyLevel::None
            && with_bob.pinned
            && with_bob.archived
            && with_bob.marked_unread,
        "{with_bob:?}"
    );
    ensure!(
        with_carol.notify == NotifyLevel::All && !with_carol.pinned && with_carol.archived,
        "{with_carol:?}"
    );
    // A message brings back what was put away, unless it is muted.
    bob.send(&rosa.person, "quietly").await?;
    rosa.unread(&bob.person, 1).await?;
    carol.send(&rosa.person, "aloud").await?;
    let before = rosa.notified_up_to("aloud").await?;
    ensure!(before.is_empty(), "notified of {before:?}");
    ensure!(row(&rosa, &bob.person).await?.archived, "Bob came back");
    ensure!(!row(&rosa, &carol.person).await?.archived, "Carol is away");
    // What was put away and marked is so on this device; the rest holds on all of them.
    let phone = world.device(&rosa.person, "phone").await?;
    phone.has(&bob.person, &["from Bob", "quietly"]).await?;
    let elsewhere = row(&phone, &bob.person).await?;
    ensure!(
        !elsewhere.archived && !elsewhere.marked_unread,
        "{elsewhere:?}"
    );
    is(&phone, &to_bob, NotifyLevel::None, true).await
}

/// Waits until a conversation is so silent, and pinned or not.
async fn is(device: &Device, with: &str, notify: NotifyLevel, pinned: bool) -> Result<()> {
    let what = format!("{with} {notify:?}, pinned: {pinned}");
    device
        .until(&what, async || {
            let rows = device.conversations().await?;
            let row = rows.into_iter().find(|row| row.id == with);
            Ok(row.is_some_and(|row| row.notify == notify && row.pinned == pinned))
        })
        .await
}

async fn decide(device: &Device, with: &str, notify: NotifyLevel, pinned: bool) -> Result<()> {
    let (account, conversation) = (device.account.clone(), with.to_owned());
    device
        .decide(ConversationRequest::SetNotify {
            account: account.clone(),
            conversation: conversation.clone(),
            notify,
            until_ms: None,
        })
        .await?;
    let request = match pinned {
        true => ConversationRequest::Pin {
            account,
            conversation,
            place: None,
        },
        false => ConversationRequest::Unpin {
            account,
            conversation,
        },
    };
    device.decide(request).await
}

/// What is silent and what is pinned is so on all devices, also on one that comes
/// later or was off; of two people and of a room.
pub(super) async fn on_all_devices(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let mut phone = world.device(&desk.person, "phone").await?;
    let with = bob.person.address();
    let room = make(&desk, &desk.person.user, open_room("Decided"))
        .await?
        .address;
    bob.send(&desk.person, "hello").await?;
    for device in [&desk, &phone] {
        device.has(&bob.person, &["hello"]).await?;
        joined(device, &room, RoomState::Joined).await?;
    }
    for conversation in [&with, &room] {
        decide(&desk, conversation, NotifyLevel::None, true).await?;
        is(&phone, conversation, NotifyLevel::None, true).await?;
    }
    // Silence on the phone, too.
    bob.send(&desk.person, "quietly").await?;
    phone.has(&bob.person, &["hello", "quietly"]).await?;
    decide(&desk, &with, NotifyLevel::All, true).await?;
    is(&phone, &with, NotifyLevel::All, true).await?;
    bob.send(&desk.person, "aloud").await?;
    let before = phone.notified_up_to("aloud").await?;
    ensure!(before == ["hello"], "notified of {before:?}");

    // Whoever has heard of it knows that the server has it.
    let tablet = world.device(&desk.person, "tablet").await?;
    is(&tablet, &with, NotifyLevel::All, true).await?;
    is(&tablet, &room, NotifyLevel::None, true).await?;
    phone.turn_off().await;
    for conversation in [&with, &room] {
        decide(&desk, conversation, NotifyLevel::Mentions, false).await?;
        is(&tablet, conversation, NotifyLevel::Mentions, false).await?;
    }
    let laptop = world.device(&desk.person, "laptop").await?;
    phone.turn_on().await?;
    for device in [&phone, &laptop] {
        for conversation in [&with, &room] {
            is(device, conversation, NotifyLevel::Mentions, false).await?;
        }
    }
    Ok(())
}
