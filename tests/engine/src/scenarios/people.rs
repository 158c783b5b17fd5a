//! What is known of people.

use anyhow::{Result, bail, ensure};
use engine::api::{PeopleRequest, Request, Response};

use crate::device::Device;
use crate::world::{Person, World};

/// Who leads somebody, as their card says.
async fn manager_of(device: &Device, person: &Person) -> Result<Option<String>> {
    let request = PeopleRequest::Profile {
        account: device.account.clone(),
        address: person.address(),
        refresh: true,
    };
    match device.ask(Request::People(request)).await? {
        Response::Profile(profile) => Ok(profile.card.and_then(|card| card.manager)),
        other => bail!("{other:?}"),
    }
}

/// U95: a card leads to the card of whoever leads that person.
pub(super) async fn manager(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    ensure!(manager_of(&rosa, &bob.person).await?.is_none());
    let (user, manager) = (&bob.person.user, &rosa.person.user);
    let is_set = world.server.set_manager(user, manager, "Sales").await?;
    ensure!(is_set, "the directory knows no managers");
    // One is told where they work, and that came after it.
    rosa.until("where Bob works", async || {
        let contact = rosa.contact(&bob.person).await?;
        let departments = contact.map(|contact| contact.departments);
        let mut levels = departments.into_iter().flatten().flatten();
        Ok(levels.any(|level| level == "Sales"))
    })
    .await?;
    let leads = manager_of(&rosa, &bob.person).await?;
    ensure!(leads == Some(rosa.person.address()), "{leads:?}");
    ensure!(manager_of(&bob, &bob.person).await? == leads, "on his own");
    ensure!(manager_of(&bob, &rosa.person).await?.is_none());
    Ok(())
}
