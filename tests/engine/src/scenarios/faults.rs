//! The network fails, on any byte; nothing is lost and nothing is doubled.

use anyhow::{Result, ensure};
use engine::api::{ConnectionView, DeliveryState};

use super::numbered;
use super::receipts::all_delivered;
use crate::device::Device;
use crate::link::{CutAfter, Flow, Way};
use crate::patience::{HASTY, IMPATIENT};
use crate::world::World;

/// Cuts of one direction, spread over what is carried.
const CUTS: u64 = 8;

/// Somebody who is connected again at once, and somebody to write to.
async fn hasty_rosa_and_bob(world: &World) -> Result<(Device, Device)> {
    let person = world.person("rosa").await?;
    let (rosa, bob) = tokio::join!(world.device_with(&person, "desk", HASTY), world.join("bob"));
    Ok((rosa?, bob?))
}

/// After it all: both have the same, and what comes next arrives too.
async fn all_is_well(rosa: &Device, bob: &Device, texts: &[String]) -> Result<()> {
    bob.has(&rosa.person, texts).await?;
    rosa.has(&bob.person, texts).await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    let mut texts = texts.to_vec();
    texts.push("and back".to_owned());
    bob.send(&rosa.person, "and back").await?;
    rosa.has(&bob.person, &texts).await?;
    rosa.unread(&bob.person, 1).await?;
    bob.all_reach(&rosa.person, &DeliveryState::Delivered).await
}

/// From the first byte to the end of catching up, in both directions.
pub(super) async fn cut_while_signing_in(world: World) -> Result<()> {
    let (mut rosa, bob) = hasty_rosa_and_bob(&world).await?;
    rosa.restart().await?;
    rosa.online().await?;
    let whole = [Way::Up, Way::Down].map(|way| (way, rosa.link.carried(way)));
    rosa.link.down();
    rosa.restart().await?;
    let texts = numbered("cut", 3);
    for text in &texts {
        rosa.send(&bob.person, text).await?;
    }
    for (way, bytes) in whole {
        let places = (0..CUTS).map(|n| 1 + bytes * n / CUTS);
        rosa.link
            .cut_next(places.map(|bytes| CutAfter { way, bytes }));
    }
    rosa.link.up();
    rosa.until("all cuts met", async || {
        let left = rosa.link.cuts_left();
        // A session that is resumed needs fewer bytes than one that begins.
        if left > 0 && rosa.connection().await? == ConnectionView::Online {
            rosa.link.cut();
        }
        Ok(left == 0)
    })
    .await?;
    in_peace(&world, &rosa, &bob, texts).await
}

/// What is sent when all cuts are over arrives behind all that was.
async fn in_peace(
    world: &World,
    rosa: &Device,
    bob: &Device,
    mut texts: Vec<String>,
) -> Result<()> {
    rosa.online().await?;
    texts.push("in peace".to_owned());
    rosa.send(&bob.person, "in peace").await?;
    bob.has(&rosa.person, &texts).await?;
    all_delivered(world, rosa, bob).await?;
    all_is_well(rosa, bob, &texts).await
}

/// On the bytes of a message, and on those of its acknowledgement and receipt.
pub(super) async fn cut_while_sending(world: World) -> Result<()> {
    let (rosa, bob) = hasty_rosa_and_bob(&world).await?;
    rosa.send(&bob.person, "whole").await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    let mut texts = vec!["whole".to_owned()];
    for (way, most) in [(Way::Up, 600), (Way::Down, 300)] {
        for number in 0..CUTS {
            let bytes = 1 + most * number / CUTS;
            rosa.link.cut_in(CutAfter { way, bytes });
            let text = format!("cut {way:?} after {bytes}");
            rosa.send(&bob.person, &text).await?;
            texts.push(text);
            bob.has(&rosa.person, &texts).await?;
        }
    }
    in_peace(&world, &rosa, &bob, texts).await
}

/// Each byte in a segment of its own, from the first of the handshake on.
pub(super) async fn split(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    rosa.turn_off().await;
    rosa.link.set(Way::Up, Flow::Split);
    rosa.link.set(Way::Down, Flow::Split);
    rosa.turn_on().await?;
    rosa.online().await?;
    let texts = numbered("一 by one", 3);
    for text in &texts {
        rosa.send(&bob.person, text).await?;
    }
    all_is_well(&rosa, &bob, &texts).await
}

/// Whatever was said while a connection was gone arrives when it is back.
pub(super) async fn cut_and_resumed(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    bob.send(&rosa.person, "before").await?;
    rosa.has(&bob.person, &["before"]).await?;
    rosa.link.down();
    rosa.offline().await?;
    bob.send(&rosa.person, "meanwhile").await?;
    bob.until("taken by the server", async || {
        let messages = bob.messages(&rosa.person).await?;
        let last = messages.last().and_then(|last| last.delivery.clone());
        Ok(last == Some(DeliveryState::Sent))
    })
    .await?;
    rosa.link.up();
    rosa.has(&bob.person, &["before", "meanwhile"]).await?;
    rosa.unread(&bob.person, 2).await?;
    rosa.send(&bob.person, "after").await?;
    bob.has(&rosa.person, &["before", "meanwhile", "after"])
        .await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    bob.all_reach(&rosa.person, &DeliveryState::Delivered).await
}

/// Bytes stay on their way until the device gives up; then they arrive, after
/// it has connected again.
pub(super) async fn stalled(world: World) -> Result<()> {
    let person = world.person("rosa").await?;
    let (rosa, bob) = tokio::join!(
        world.device_with(&person, "desk", IMPATIENT),
        world.join("bob")
    );
    let (rosa, bob) = (rosa?, bob?);
    rosa.link.set(Way::Up, Flow::Stall);
    rosa.link.set(Way::Down, Flow::Stall);
    let texts = numbered("stalled", 3);
    for text in &texts {
        rosa.send(&bob.person, text).await?;
    }
    rosa.offline().await?;
    rosa.link.up();
    all_is_well(&rosa, &bob, &texts).await
}

/// Neither side learns that the other hears nothing.
pub(super) async fn half_open(world: World) -> Result<()> {
    let person = world.person("rosa").await?;
    let (rosa, bob) = tokio::join!(
        world.device_with(&person, "desk", IMPATIENT),
        world.join("bob")
    );
    let (rosa, bob) = (rosa?, bob?);
    rosa.link.set(Way::Up, Flow::Swallow);
    rosa.link.set(Way::Down, Flow::Swallow);
    let texts = numbered("half", 3);
    bob.send(&rosa.person, &texts[0]).await?;
    bob.until("taken by the server", async || {
        let messages = bob.messages(&rosa.person).await?;
        let last = messages.last().and_then(|last| last.delivery.clone());
        Ok(last == Some(DeliveryState::Sent))
    })
    .await?;
    rosa.send(&bob.person, &texts[1]).await?;
    rosa.offline().await?;
    rosa.link.cut();
    rosa.link.up();
    // Each wrote without having read the other: two orders are right.
    for (device, with) in [(&rosa, &bob.person), (&bob, &rosa.person)] {
        device
            .until("two texts", async || {
                let mut here = device.texts(with).await?;
                here.sort();
                Ok(here == texts[..2])
            })
            .await?;
    }
    rosa.send(&bob.person, &texts[2]).await?;
    for (device, with) in [(&rosa, &bob.person), (&bob, &rosa.person)] {
        device.all_reach(with, &DeliveryState::Delivered).await?;
    }
    // Who answers has read what was before.
    rosa.unread(&bob.person, 0).await?;
    bob.unread(&rosa.person, 2).await
}

/// The message arrives, but the sender does not learn of it on that connection.
pub(super) async fn lost_acknowledgement(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    let texts = numbered("lost", 2);
    for (number, text) in texts.iter().enumerate() {
        rosa.link.set(Way::Down, Flow::Swallow);
        rosa.send(&bob.person, text).await?;
        bob.has(&rosa.person, &texts[..=number]).await?;
        let messages = rosa.messages(&bob.person).await?;
        let last = messages.last().and_then(|last| last.delivery.clone());
        ensure!(last == Some(DeliveryState::Waiting), "{last:?}");
        rosa.link.cut();
        rosa.link.up();
        if number == 1 {
            // A session that the device has forgotten.
            rosa.restart().await?;
        }
        rosa.all_reach(&bob.person, &DeliveryState::Delivered)
            .await?;
    }
    all_is_well(&rosa, &bob, &texts).await
}
