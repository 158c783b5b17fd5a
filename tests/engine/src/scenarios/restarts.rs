//! The server goes and comes back, while people on every way into it write.

use std::sync::Arc;

use anyhow::{Result, ensure};
use engine::api::DeliveryState;
use navigation::Transport;
use server_tests::archive;

use super::numbered;
use crate::device::Device;
use crate::link::{Flow, Way};
use crate::world::{Person, World};

/// Two people on each way.
async fn pairs(world: &World) -> Result<Vec<(Device, Device)>> {
    let mut pairs = Vec::new();
    for transport in [
        Transport::StartTls,
        Transport::DirectTls,
        Transport::WebSocket,
    ] {
        let way = world.over(transport);
        pairs.push(way.rosa_and_bob().await?);
    }
    Ok(pairs)
}

/// Behind it nothing is on its way any more.
const LAST: &str = "the last";

/// Nothing is lost and nothing is doubled, but what the server itself lost.
async fn all_have(world: &World, pairs: &[(Device, Device)], texts: &[String]) -> Result<()> {
    let mut lost = 0;
    for (rosa, bob) in pairs {
        rosa.all_reach(&bob.person, &DeliveryState::Sent).await?;
        // Servers acknowledge before they have handled; but they handle in order.
        rosa.send(&bob.person, LAST).await?;
        bob.until("the last text", async || {
            let here = bob.texts(&rosa.person).await?;
            Ok(here.last().map(String::as_str) == Some(LAST))
        })
        .await?;
        let texts = [texts, &[LAST.to_owned()]].concat();
        rosa.has(&bob.person, &texts).await?;
        let arrived = archived(world, &bob.person, &rosa.person).await?;
        let accepted = archived(world, &rosa.person, &rosa.person).await?;
        for text in texts.iter().filter(|text| !arrived.contains(text)) {
            ensure!(
                accepted.contains(text),
                "{text:?} is lost, and was never sent"
            );
            lost += 1;
        }
        bob.has(&rosa.person, &arrived).await?;
        bob.unread(&rosa.person, u32::try_from(arrived.len())?)
            .await?;
        // A receipt may be among what was lost; this says all that it did.
        bob.mark_displayed(&rosa.person).await?;
        rosa.all_reach(&bob.person, &DeliveryState::Read).await?;
    }
    ensure!(lost == 0, "the server lost {lost} that it had taken");
    Ok(())
}

/// The texts that somebody's archive has from an author, each once.
async fn archived(world: &World, of: &Person, author: &Person) -> Result<Vec<String>> {
    let mut peer = world.server.peer(&of.user).await?;
    let mut texts: Vec<String> = Vec::new();
    for message in archive::read(&mut peer, "", None, 100).await? {
        let is_theirs = message.from.split('/').next() == Some(&author.address());
        if is_theirs && !message.text.is_empty() && !texts.contains(&message.text) {
            texts.push(message.text);
        }
    }
    Ok(texts)
}

/// What was written meanwhile is sent when it is back.
pub(super) async fn stopped(world: World) -> Result<()> {
    let pairs = pairs(&world).await?;
    for (rosa, bob) in &pairs {
        rosa.send(&bob.person, "before").await?;
        bob.has(&rosa.person, &["before"]).await?;
    }
    world.server.stop().await;
    for (rosa, bob) in &pairs {
        rosa.offline().await?;
        rosa.send(&bob.person, "meanwhile").await?;
    }
    world.server.start_again().await;
    for (rosa, bob) in &pairs {
        rosa.send(&bob.person, "after").await?;
    }
    let texts = ["before", "meanwhile", "after"].map(str::to_owned);
    all_have(&world, &pairs, &texts).await
}

/// In the middle of forty messages from each.
pub(super) async fn killed(world: World) -> Result<()> {
    let pairs = pairs(&world).await?;
    let texts = numbered("killed", 40);
    let server = Arc::clone(&world.server);
    for (number, text) in texts.iter().enumerate() {
        for (rosa, bob) in &pairs {
            rosa.send(&bob.person, text).await?;
        }
        if number == 20 {
            let (rosa, bob) = &pairs[0];
            // Some have arrived, and more are on their way.
            bob.until("the first arrived", async || {
                Ok(!bob.texts(&rosa.person).await?.is_empty())
            })
            .await?;
            server.kill();
        }
    }
    server.start_again().await;
    all_have(&world, &pairs, &texts).await
}

/// The message is in the archive, and nobody could say so: the server has gone,
/// and with it the session.
pub(super) async fn killed_before_acknowledging(world: World) -> Result<()> {
    let pairs = pairs(&world).await?;
    for (rosa, bob) in &pairs {
        rosa.link.set(Way::Down, Flow::Swallow);
        rosa.send(&bob.person, "once").await?;
        bob.has(&rosa.person, &["once"]).await?;
    }
    world.server.kill();
    for (rosa, _) in &pairs {
        rosa.link.cut();
        rosa.link.up();
    }
    world.server.start_again().await;
    all_have(&world, &pairs, &["once".to_owned()]).await
}
