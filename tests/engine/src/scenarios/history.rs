//! What happened while a device was away.

use anyhow::{Context, Result, ensure};
use engine::api::DeliveryState;
use server_tests::startalk::PASSWORD;

use super::numbered;
use crate::link::{CutAfter, Way};
use crate::patience::HASTY;
use crate::server::Kind;
use crate::world::{Person, World};

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

/// Somebody with more in the archive than a first look fetches, and no device.
async fn long_archive(world: &World) -> Result<(Person, Person, Vec<String>)> {
    // Three pages, the first of which is small; those of others are smaller.
    let number = match world.server.kind {
        Kind::ServerLite => 400,
        Kind::Prosody | Kind::Ejabberd => 230,
    };
    let (rosa, bob) = tokio::join!(world.person("rosa"), world.person("bob"));
    let (rosa, bob) = (rosa?, bob?);
    let texts = numbered("history", number);
    let mut peer = world.server.peer(&bob.user).await?;
    for (number, text) in texts.iter().enumerate() {
        let to = rosa.address();
        let message = format!(
            "<message to='{to}' type='chat' id='h{number}'><body>{text}</body>\
             <origin-id xmlns='urn:xmpp:sid:0' id='h{number}'/></message>"
        );
        peer.send(&message).await?;
        if number % 40 == 39 || number + 1 == texts.len() {
            // Answered in order: all of it has been handled.
            peer.ask("get", "", "<query xmlns='jabber:iq:roster'/>")
                .await?;
        }
    }
    Ok((rosa, bob, texts))
}

/// More than a first look fetches: the newest are there at once, and scrolling
/// up brings the rest, each once and in its place.
pub(super) async fn scrolling_up(world: World) -> Result<()> {
    let (rosa, bob, texts) = long_archive(&world).await?;
    let device = world.device(&rosa, "new").await?;
    device
        .until("the newest", async || {
            let here = device.texts(&bob).await?;
            Ok(here.last() == texts.last())
        })
        .await?;
    device.has(&bob, &texts).await
}

/// A page of the archive breaks off anywhere; what was fetched before and what
/// is fetched after fit together.
pub(super) async fn cut_while_catching_up(world: World) -> Result<()> {
    let (rosa, bob, texts) = long_archive(&world).await?;
    let mut device = world.device_with(&rosa, "new", HASTY).await?;
    device.has(&bob, &texts).await?;
    let whole = device.link.carried(Way::Down);
    let again = world.unknown_device(&rosa, "cut", HASTY).await?;
    device.turn_off().await;
    let mut device = again;
    let signed_in = world.sign_in(&mut device, PASSWORD).await?;
    signed_in.context("signs in")?;
    // From the end to the beginning: what is fetched is not fetched again.
    for number in (1..=10).rev() {
        let bytes = 1 + whole * number / 12;
        let way = Way::Down;
        device.link.cut_next([CutAfter { way, bytes }]);
    }
    device.link.cut();
    device
        .until("all cuts met", async || {
            let left = device.link.cuts_left();
            if left > 0 && device.texts(&bob).await?.len() == texts.len() {
                device.link.cut();
            }
            Ok(left == 0)
        })
        .await?;
    device.has(&bob, &texts).await?;
    let mut peer = world.server.peer(&bob.user).await?;
    let to = rosa.address();
    peer.send(&format!(
        "<message to='{to}' type='chat' id='last'><body>the last</body></message>"
    ))
    .await?;
    device
        .has(&bob, &[texts, vec!["the last".to_owned()]].concat())
        .await
}

async fn unread(device: &crate::device::Device, with: &Person) -> Result<u32> {
    let row = device.conversation(with).await?;
    Ok(row.map_or(0, |row| row.unread))
}
