//! Two people write to each other.

use anyhow::{Context, Result, ensure};
use engine::api::{DeliveryState, Direction, PresenceShow};

use super::numbered;
use crate::world::World;

/// Nobody is in anybody's list, and the message arrives all the same.
pub(super) async fn first_message(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    rosa.send(&bob.person, "hello").await?;
    bob.has(&rosa.person, &["hello"]).await?;
    bob.unread(&rosa.person, 1).await?;
    bob.notified("hello").await?;
    let messages = bob.messages(&rosa.person).await?;
    let message = messages.first().context("none")?;
    ensure!(message.direction == Direction::Incoming, "{message:?}");
    ensure!(message.author == rosa.person.address(), "{message:?}");
    let row = bob.conversation(&rosa.person).await?.context("no row")?;
    ensure!(row.preview == "hello" && !row.preview_is_mine, "{row:?}");
    rosa.all_reach(&bob.person, &DeliveryState::Delivered)
        .await?;
    bob.send(&rosa.person, "and you?").await?;
    let both = ["hello", "and you?"];
    rosa.has(&bob.person, &both).await?;
    bob.has(&rosa.person, &both).await
}

/// What was typed is what is shown, to the last code point.
pub(super) async fn texts_of_all_kinds(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let long = "长文 long ".repeat(2_000);
    let texts = [
        "你好，世界！今天下午三点开会。",
        "👩‍👩‍👧‍👦 🇨🇳 ✍🏽 e\u{301}",
        "مرحبا שלום",
        "<b>&amp; \"quotes\" 'and' ]]> <!-- --> &#0;",
        "line one\n\n  line two\ttab\nline three",
        "http://example.org/?a=1&b=2#c",
        long.trim(),
    ];
    for text in texts {
        rosa.send(&bob.person, text).await?;
    }
    rosa.has(&bob.person, &texts).await?;
    bob.has(&rosa.person, &texts).await?;
    // And as the archive gives them.
    let phone = world.device(&bob.person, "phone").await?;
    phone.has(&rosa.person, &texts).await
}

/// The outbox waits for the network, and keeps the order.
pub(super) async fn written_offline(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    rosa.link.down();
    rosa.offline().await?;
    let texts = numbered("offline", 5);
    for text in &texts[..3] {
        rosa.send(&bob.person, text).await?;
    }
    rosa.restart().await?;
    for text in &texts[3..] {
        rosa.send(&bob.person, text).await?;
    }
    rosa.has(&bob.person, &texts).await?;
    let states = rosa.messages(&bob.person).await?;
    let waits =
        |message: &engine::api::MessageView| message.delivery == Some(DeliveryState::Waiting);
    ensure!(states.iter().all(waits), "{states:?}");
    rosa.link.up();
    bob.has(&rosa.person, &texts).await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered).await
}

/// The archive has it for the day they come.
pub(super) async fn to_an_absent_person(world: World) -> Result<()> {
    let rosa = world.join("rosa").await?;
    let bob = world.person("bob").await?;
    let texts = ["welcome", "欢迎"];
    for text in texts {
        rosa.send(&bob, text).await?;
    }
    rosa.all_reach(&bob, &DeliveryState::Sent).await?;
    let bob = world.device(&bob, "desk").await?;
    bob.has(&rosa.person, &texts).await?;
    bob.send(&rosa.person, "thank you").await?;
    rosa.has(&bob.person, &["welcome", "欢迎", "thank you"])
        .await
}

/// A message moves from sent to delivered to read, and never back.
pub(super) async fn receipts_and_markers(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    bob.turn_off().await;
    rosa.send(&bob.person, "one").await?;
    rosa.all_reach(&bob.person, &DeliveryState::Sent).await?;
    bob.turn_on().await?;
    rosa.send(&bob.person, "two").await?;
    bob.has(&rosa.person, &["one", "two"]).await?;
    bob.unread(&rosa.person, 2).await?;
    rosa.until("the newest delivered", async || {
        let messages = rosa.messages(&bob.person).await?;
        Ok(
            messages.last().and_then(|last| last.delivery.clone())
                == Some(DeliveryState::Delivered),
        )
    })
    .await?;
    bob.mark_displayed(&rosa.person).await?;
    bob.unread(&rosa.person, 0).await?;
    rosa.all_reach(&bob.person, &DeliveryState::Read).await
}

/// It is seen while it lasts, and a message ends it.
pub(super) async fn typing(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    rosa.send(&bob.person, "are you there?").await?;
    bob.has(&rosa.person, &["are you there?"]).await?;
    let types = async |expected: bool| {
        rosa.until(&format!("typing {expected}"), async || {
            let row = rosa.conversation(&bob.person).await?;
            Ok(row.is_some_and(|row| row.typing == expected))
        })
        .await
    };
    bob.set_typing(&rosa.person, true).await?;
    types(true).await?;
    bob.set_typing(&rosa.person, false).await?;
    types(false).await?;
    bob.set_typing(&rosa.person, true).await?;
    types(true).await?;
    bob.send(&rosa.person, "yes").await?;
    rosa.has(&bob.person, &["are you there?", "yes"]).await?;
    types(false).await
}

/// As fast as the engine takes them, from both sides at once.
pub(super) async fn order_of_two_hundred(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let (from_rosa, from_bob) = (numbered("rosa", 200), numbered("bob", 20));
    let write =
        async |device: &crate::device::Device, to: &crate::world::Person, texts: &[String]| {
            for text in texts {
                device.send(to, text).await?;
            }
            anyhow::Ok(())
        };
    let (one, other) = tokio::join!(
        write(&rosa, &bob.person, &from_rosa),
        write(&bob, &rosa.person, &from_bob)
    );
    one.and(other)?;
    for (device, with) in [(&rosa, &bob.person), (&bob, &rosa.person)] {
        // What is between two people has no order but each one's own.
        device
            .until("220 texts, in order by author", async || {
                let texts = device.texts(with).await?;
                let of = |name: &str| {
                    let own = texts.iter().filter(|text| text.starts_with(name));
                    own.cloned().collect::<Vec<_>>()
                };
                Ok(texts.len() == 220 && of("rosa") == from_rosa && of("bob") == from_bob)
            })
            .await?;
        device.all_reach(with, &DeliveryState::Delivered).await?;
    }
    Ok(())
}

/// What was not sent goes nowhere, and stays where it was typed.
pub(super) async fn drafts_are_local(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    let phone = world.device(&rosa.person, "phone").await?;
    rosa.set_draft(&bob.person, "half a sen").await?;
    let draft = async |device: &crate::device::Device| {
        let row = device.conversation(&bob.person).await?;
        anyhow::Ok(row.map(|row| row.draft).unwrap_or_default())
    };
    ensure!(draft(&rosa).await? == "half a sen");
    rosa.restart().await?;
    ensure!(draft(&rosa).await? == "half a sen", "gone after a restart");
    rosa.send(&bob.person, "a whole one").await?;
    ensure!(draft(&rosa).await?.is_empty(), "there after sending");
    phone.has(&bob.person, &["a whole one"]).await?;
    ensure!(draft(&phone).await?.is_empty(), "on another device");
    bob.has(&rosa.person, &["a whole one"]).await
}

/// Contacts see each other come and go.
pub(super) async fn presence(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    let friend = bob.person.clone();
    world.befriend(&rosa.person, &friend).await?;
    let sees = async |show: PresenceShow| {
        rosa.until(&format!("the contact {show:?}"), async || {
            let contact = rosa.contact(&friend).await?;
            Ok(contact.is_some_and(|contact| contact.presence == show))
        })
        .await
    };
    sees(PresenceShow::Online).await?;
    bob.turn_off().await;
    sees(PresenceShow::Offline).await?;
    bob.turn_on().await?;
    sees(PresenceShow::Online).await
}
