//! One person, several devices.

use anyhow::{Context, Result, ensure};
use engine::api::DeliveryState;
use server_tests::archive;
use tokio::time::Instant;
use xmpp_core::ns;

use crate::patience::PATIENCE;
use crate::world::World;

/// Both devices show the same, whoever of the two wrote.
pub(super) async fn carbons(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let phone = world.device(&desk.person, "phone").await?;
    let rosa = desk.person.clone();
    let mut texts = Vec::new();
    let steps = [
        (&bob, &rosa, "from Bob"),
        (&desk, &bob.person, "from the desk"),
        (&phone, &bob.person, "from the phone"),
        (&bob, &rosa, "from Bob again"),
    ];
    for (device, to, text) in steps {
        device.send(to, text).await?;
        texts.push(text);
        desk.has(&bob.person, &texts).await?;
        phone.has(&bob.person, &texts).await?;
        bob.has(&rosa, &texts).await?;
    }
    for device in [&desk, &phone] {
        device
            .all_reach(&bob.person, &DeliveryState::Delivered)
            .await?;
    }
    Ok(())
}

/// What was seen on one device is not new on the other, also if that was off.
pub(super) async fn read_elsewhere(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let mut phone = world.device(&desk.person, "phone").await?;
    bob.send(&desk.person, "one").await?;
    for device in [&desk, &phone] {
        device.unread(&bob.person, 1).await?;
    }
    desk.mark_displayed(&bob.person).await?;
    phone.unread(&bob.person, 0).await?;
    bob.all_reach(&desk.person, &DeliveryState::Read).await?;
    phone.turn_off().await;
    bob.send(&desk.person, "two").await?;
    desk.unread(&bob.person, 1).await?;
    desk.mark_displayed(&bob.person).await?;
    bob.all_reach(&desk.person, &DeliveryState::Read).await?;
    phone.turn_on().await?;
    phone.has(&bob.person, &["one", "two"]).await?;
    phone.unread(&bob.person, 0).await
}

/// How far was read is told to, and learnt from, any program of ours (XEP-0490).
pub(super) async fn positions(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let (rosa, with) = (desk.person.address(), bob.person.address());
    for text in ["one", "two", "three"] {
        bob.send(&desk.person, text).await?;
    }
    desk.unread(&bob.person, 3).await?;
    let mut other = world.server.peer(&desk.person.user).await?;
    let archived = archive::read(&mut other, "", None, 100).await?;
    let id_of = |text: &str| {
        let found = archived.iter().find(|message| message.text == text);
        found.map(|message| message.id.clone()).context("archived")
    };
    // The other program has seen the first two.
    let node = ns::DISPLAYED_SYNC;
    let publish = format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'>\
         <item id='{with}'><displayed xmlns='{node}'>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{rosa}' id='{}'/></displayed></item></publish>\
         </pubsub>",
        id_of("two")?
    );
    other.ask("set", "", &publish).await?;
    desk.unread(&bob.person, 1).await?;
    // And learns what was seen here.
    desk.mark_displayed(&bob.person).await?;
    desk.unread(&bob.person, 0).await?;
    let newest = id_of("three")?;
    let items = format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"
    );
    let begin = Instant::now();
    loop {
        let answer = other.ask("get", "", &items).await?;
        let here = answer
            .get_child("pubsub", ns::PUBSUB)
            .and_then(|pubsub| pubsub.get_child("items", ns::PUBSUB))
            .into_iter()
            .flat_map(|items| items.children())
            .filter(|item| item.attr("id") == Some(&with))
            .filter_map(|item| item.get_child("displayed", ns::DISPLAYED_SYNC))
            .filter_map(|displayed| displayed.get_child("stanza-id", ns::STANZA_ID))
            .any(|stanza_id| stanza_id.attr("id") == Some(&newest));
        if here {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "not published: {answer:?}");
    }
}
