//! Faults that know what is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use engine::api::DeliveryState;
use navigation::{Endpoint, Transport};
use server_tests::startalk::PASSWORD;

use super::numbered;
use crate::device::Device;
use crate::link::{Link, Way};
use crate::patience::TIMEOUTS;
use crate::relay::{Relay, Rule};
use crate::world::{Person, World, pinned};

/// A device whose stream goes through a relay with this rule.
async fn behind(world: &World, person: &Person, rule: Rule) -> Result<(Device, Relay)> {
    let server = Arc::clone(&world.server);
    let relay = Relay::start(server, rule).await?;
    let mut device = world.unknown_device(person, "relayed", TIMEOUTS).await?;
    let address = relay.address();
    device.link = Link::to(move || address).await?;
    let endpoint = Endpoint {
        transport: Transport::DirectTls,
        host: "localhost".to_owned(),
        port: device.link.port(),
        path: None,
    };
    let target = pinned(endpoint, relay.pin());
    let signed_in = world.sign_in_at(&mut device, target, PASSWORD).await?;
    signed_in.context("signs in through the relay")?;
    device.online().await?;
    Ok((device, relay))
}

/// A connection that is lost goes on where it was: no new session, no catching up.
pub(super) async fn resumed(world: World) -> Result<()> {
    let began = Arc::new(AtomicU32::new(0));
    let resumed = Arc::new(AtomicU32::new(0));
    let counters = (Arc::clone(&began), Arc::clone(&resumed));
    let rule: Rule = Box::new(move |way, text| {
        if way == Way::Down && text.starts_with("<enabled ") {
            counters.0.fetch_add(1, Ordering::SeqCst);
        }
        if way == Way::Down && text.starts_with("<resumed ") {
            counters.1.fetch_add(1, Ordering::SeqCst);
        }
        vec![text]
    });
    let person = world.person("rosa").await?;
    let (rosa, _relay) = behind(&world, &person, rule).await?;
    let bob = world.join("bob").await?;
    let texts = numbered("resumed", 3);
    for (number, text) in texts.iter().enumerate() {
        rosa.link.down();
        rosa.offline().await?;
        rosa.send(&bob.person, text).await?;
        rosa.link.up();
        bob.has(&rosa.person, &texts[..=number]).await?;
        rosa.all_reach(&bob.person, &DeliveryState::Delivered)
            .await?;
    }
    let seen = [began, resumed].map(|counter| counter.load(Ordering::SeqCst));
    ensure!(seen == [1, 3], "sessions begun and resumed: {seen:?}");
    Ok(())
}

/// Only the archive can tell that the message has arrived.
pub(super) async fn forgotten_session(world: World) -> Result<()> {
    let silent = Arc::new(AtomicBool::new(false));
    let is_silent = Arc::clone(&silent);
    let rule: Rule = Box::new(move |way, text| {
        let acknowledges = way == Way::Down && text.starts_with("<a ");
        if acknowledges && is_silent.load(Ordering::SeqCst) {
            return Vec::new();
        }
        if way == Way::Up && text.starts_with("<resume ") {
            return vec!["<resume xmlns='urn:xmpp:sm:3' previd='nobody-has-it' h='0'/>".to_owned()];
        }
        vec![text]
    });
    let person = world.person("rosa").await?;
    let (rosa, _relay) = behind(&world, &person, rule).await?;
    let bob = world.join("bob").await?;
    let texts = numbered("forgotten", 2);
    rosa.send(&bob.person, &texts[0]).await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    silent.store(true, Ordering::SeqCst);
    rosa.send(&bob.person, &texts[1]).await?;
    bob.has(&rosa.person, &texts).await?;
    rosa.link.cut();
    silent.store(false, Ordering::SeqCst);
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    rosa.has(&bob.person, &texts).await?;
    bob.has(&rosa.person, &texts).await
}

/// Each message comes twice on the wire, as it does after a resumption whose
/// count was lost; and is shown, counted and told of once.
pub(super) async fn delivered_twice(world: World) -> Result<()> {
    let mut stanzas = 0u32;
    let mut counts = false;
    let rule: Rule = Box::new(move |way, text| match way {
        // What the device counts is not what the server has sent.
        Way::Up if text.starts_with("<a ") => {
            vec![format!("<a xmlns='urn:xmpp:sm:3' h='{stanzas}'/>")]
        }
        Way::Up => vec![text],
        Way::Down => {
            if text.starts_with("<enabled ") {
                (stanzas, counts) = (0, true);
            }
            let is_stanza = ["<message", "<iq", "<presence"]
                .iter()
                .any(|start| text.starts_with(start));
            stanzas += u32::from(counts && is_stanza);
            if text.starts_with("<message") {
                vec![text.clone(), text]
            } else {
                vec![text]
            }
        }
    });
    let person = world.person("rosa").await?;
    let (mut rosa, _relay) = behind(&world, &person, rule).await?;
    let bob = world.join("bob").await?;
    let phone = world.device(&person, "phone").await?;
    let texts = numbered("twice", 4);
    for (number, text) in texts.iter().enumerate() {
        match number {
            // A carbon comes twice as well.
            2 => phone.send(&bob.person, text).await?,
            3 => rosa.send(&bob.person, text).await?,
            _ => bob.send(&rosa.person, text).await?,
        };
        rosa.has(&bob.person, &texts[..=number]).await?;
        bob.has(&rosa.person, &texts[..=number]).await?;
        if number == 1 {
            rosa.unread(&bob.person, 2).await?;
        }
    }
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    bob.all_reach(&rosa.person, &DeliveryState::Delivered)
        .await?;
    // And again from the archive.
    rosa.restart().await?;
    rosa.online().await?;
    rosa.has(&bob.person, &texts).await?;
    ensure!(rosa.link.connections() > 1, "no second session");
    Ok(())
}
