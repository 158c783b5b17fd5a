//! What is known of people.

use anyhow::{Context, Result, bail, ensure};
use engine::api::{CardView, PeopleRequest, ProfileView, Request, Response};
use xmpp_core::{Element, ns};

use crate::device::Device;
use crate::world::{Person, World};

/// Pictures of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// What is known of a person, as the server says it now.
async fn profile_of(device: &Device, person: &Person) -> Result<Box<ProfileView>> {
    let request = PeopleRequest::Profile {
        account: device.account.clone(),
        address: person.address(),
        refresh: true,
    };
    match device.ask(Request::People(request)).await? {
        Response::Profile(profile) => Ok(profile),
        other => bail!("{other:?}"),
    }
}

/// Who leads somebody, as their card says.
async fn manager_of(device: &Device, person: &Person) -> Result<Option<String>> {
    let profile = profile_of(device, person).await?;
    Ok(profile.card.and_then(|card| card.manager))
}

/// Somebody comes from another program, which knew only the older kind of card. A server
/// may have made nodes of it that everybody may read; name, card and picture can be
/// changed here all the same, and no part of the card is lost on the way.
pub(super) async fn older_card(world: World) -> Result<()> {
    let person = world.person("rosa").await?;
    let mut before = world.server.peer(&person.user).await?;
    let photo = format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{PNG}</BINVAL></PHOTO>");
    let older = format!("<vCard xmlns='vcard-temp'><FN>Old</FN><DESC>old</DESC>{photo}</vCard>");
    before.ask("set", "", &older).await?;
    let rosa = world.device(&person, "desk").await?;
    let card = CardView {
        full_name: "Rosa".to_owned(),
        department: "Sales".to_owned(),
        phones: vec!["+86 10 1".to_owned()],
        note: "new".to_owned(),
        ..CardView::default()
    };
    let account = rosa.account.clone();
    rosa.ask(Request::People(PeopleRequest::SetProfile {
        account: account.clone(),
        nickname: "Rosie".to_owned(),
        card: card.clone(),
    }))
    .await
    .context("the card")?;
    for data in [GIF, ""] {
        rosa.ask(Request::People(PeopleRequest::SetAvatar {
            account: account.clone(),
            data: data.to_owned(),
        }))
        .await
        .context("the picture")?;
    }
    let profile = profile_of(&rosa, &person).await?;
    ensure!(profile.nickname == "Rosie", "{}", profile.nickname);
    let now = profile.card.unwrap_or_default();
    ensure!(
        now == card,
        "{} of {} in {}, {:?}: {}",
        now.full_name,
        now.organisation,
        now.department,
        now.phones,
        now.note
    );
    // Who knows only the older kind still has that.
    let older = before.ask("get", "", "<vCard xmlns='vcard-temp'/>").await?;
    let name = older
        .get_child("vCard", ns::VCARD_TEMP)
        .and_then(|card| card.get_child("FN", ns::VCARD_TEMP))
        .map(Element::text);
    ensure!(name.as_deref() == Some("Rosa"), "{name:?}");
    Ok(())
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
