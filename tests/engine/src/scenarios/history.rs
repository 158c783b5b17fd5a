//! What happened while a device was away.

use anyhow::{Result, ensure};
use engine::api::DeliveryState;

use super::numbered;
use crate::world::World;

/// A device that is new has what was said before, in the same order.
pub(super) async fn new_device(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let texts = ["one", "two", "three", "four"];
    for (number, text) in texts.iter().enumerate() {
        let (from, to) = match number % 2 {
            0 => (&rosa, &bob),
            _ => (&bob, &rosa),
        };
        from.send(&to.person, text).await?;
        to.has(&from.person, &texts[..=number]).await?;
    }
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    let tablet = world.device(&rosa.person, "tablet").await?;
    tablet.has(&bob.person, &texts).await?;
    tablet
        .all_reach(&bob.person, &DeliveryState::Delivered)
        .await
}

/// The cache needs no network; what was missed comes once, behind it.
pub(super) async fn restart(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    bob.send(&rosa.person, "before").await?;
    rosa.has(&bob.person, &["before"]).await?;
    rosa.mark_displayed(&bob.person).await?;
    rosa.turn_off().await;
    for text in ["missed 1", "missed 2"] {
        bob.send(&rosa.person, text).await?;
    }
    bob.until("all taken by the server", async || {
        let messages = bob.messages(&rosa.person).await?;
        Ok(!messages
            .iter()
            .any(|message| message.delivery == Some(DeliveryState::Waiting)))
    })
    .await?;
    rosa.link.down();
    rosa.turn_on().await?;
    let cached = rosa.texts(&bob.person).await?;
    ensure!(cached == ["before"], "{cached:?}");
    rosa.link.up();
    rosa.has(&bob.person, &["before", "missed 1", "missed 2"])
        .await?;
    rosa.unread(&bob.person, 2).await
}

/// More than one page of the archive was missed, of both sides.
pub(super) async fn long_absence(world: World) -> Result<()> {
    let (mut desk, bob) = world.rosa_and_bob().await?;
    let phone = world.device(&desk.person, "phone").await?;
    bob.send(&desk.person, "before").await?;
    desk.has(&bob.person, &["before"]).await?;
    desk.turn_off().await;
    let mut texts = vec!["before".to_owned()];
    let missed = numbered("missed", 240);
    for (number, text) in missed.iter().enumerate() {
        if number % 10 == 9 {
            // One after the other, so that there is one order.
            phone.has(&bob.person, &texts).await?;
            phone.send(&bob.person, text).await?;
            texts.push(text.clone());
            bob.has(&desk.person, &texts).await?;
        } else {
            bob.send(&desk.person, text).await?;
            texts.push(text.clone());
        }
    }
    phone.has(&bob.person, &texts).await?;
    desk.turn_on().await?;
    desk.has(&bob.person, &texts).await?;
    // As on the device that saw it all: what Bob wrote behind our last.
    desk.unread(&bob.person, unread(&phone, &bob.person).await?)
        .await?;
    desk.all_reach(&bob.person, &DeliveryState::Delivered).await
}

async fn unread(device: &crate::device::Device, with: &crate::world::Person) -> Result<u32> {
    let row = device.conversation(with).await?;
    Ok(row.map_or(0, |row| row.unread))
}
