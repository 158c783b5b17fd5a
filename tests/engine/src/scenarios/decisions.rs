//! What somebody decides about people and conversations.

use anyhow::{Context, Result, ensure};
use engine::api::{ConversationRequest, ConversationView, DeliveryState, NotifyLevel};

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

/// Muted, pinned, put away, marked: over a restart, and nobody else knows.
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
    // Each device has its own mind.
    let phone = world.device(&rosa.person, "phone").await?;
    phone.has(&bob.person, &["from Bob", "quietly"]).await?;
    let elsewhere = row(&phone, &bob.person).await?;
    ensure!(
        !elsewhere.pinned && !elsewhere.archived && elsewhere.notify == NotifyLevel::All,
        "{elsewhere:?}"
    );
    Ok(())
}
