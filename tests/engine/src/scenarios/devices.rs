//! One person, several devices.

use anyhow::Result;
use engine::api::DeliveryState;

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
