//! One person, several devices.

use anyhow::{Context, Result, ensure};
use engine::SecretKind;
use engine::Secrets;
use engine::api::{
    ConnectionView, DeliveryState, DeviceRequest, DevicesView, ErrorCode, Request, Response,
};
use server_tests::archive;
use server_tests::startalk::PASSWORD;
use tokio::time::{Duration, Instant};
use xmpp_core::ns;

use crate::device::Device;
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
    let seen = Instant::now();
    desk.mark_displayed(&bob.person).await?;
    phone.unread(&bob.person, 0).await?;
    // In time for nobody to be called to what they have just read (U30).
    let took = seen.elapsed();
    ensure!(took < Duration::from_secs(2), "after {took:?}");
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

async fn listed(device: &Device) -> Result<DevicesView> {
    let account = device.account.clone();
    let request = Request::Devices(DeviceRequest::List { account });
    match device.ask(request).await? {
        Response::Devices(view) => Ok(view),
        other => anyhow::bail!("{other:?}"),
    }
}

/// Waits until both devices are in the list; gives it.
async fn both(desk: &Device) -> Result<DevicesView> {
    let mut found = None;
    desk.until("both devices", async || {
        let view = listed(desk).await?;
        let online = view.devices.iter().filter(|device| device.online);
        let both = online.count() == 2;
        found = Some(view);
        Ok(both)
    })
    .await?;
    found.context("a list")
}

/// Each device sees both, and which one it is (U108).
pub(super) async fn sessions(world: World) -> Result<()> {
    let (desk, _bob) = world.rosa_and_bob().await?;
    let phone = world.device(&desk.person, "phone").await?;
    for device in [&desk, &phone] {
        let view = both(device).await?;
        let own: Vec<bool> = view.devices.iter().map(|device| device.this).collect();
        ensure!(own == [true, false], "{view:?}");
        let named = view.devices.iter().all(|one| one.software == "Startalk");
        ensure!(named, "{view:?}");
    }
    Ok(())
}

/// A device that is signed out from another one comes back only with the password
/// from a person, and shows its history until then (U108, U66).
pub(super) async fn signed_out(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let mut phone = world.device(&desk.person, "phone").await?;
    bob.send(&desk.person, "kept").await?;
    phone.has(&bob.person, &["kept"]).await?;
    let view = both(&desk).await?;
    ensure!(view.complete, "cannot sign a device out");
    let other = view.devices.iter().find(|device| !device.this);
    let id = other.and_then(|device| device.id.clone());
    let end = DeviceRequest::End {
        account: desk.account.clone(),
        device: id.context("an id")?,
    };
    match desk.ask(Request::Devices(end)).await? {
        Response::DeviceEnded(ended) => ensure!(!ended.may_come_back, "{ended:?}"),
        other => anyhow::bail!("{other:?}"),
    }
    is_signed_out(&phone).await?;
    for kind in [SecretKind::Password, SecretKind::Token] {
        let kept = phone.secrets().get(&phone.account, kind)?;
        ensure!(kept.is_none(), "{kind:?} is kept");
    }
    ensure!(listed(&desk).await?.devices.len() == 1);
    phone.restart().await?;
    is_signed_out(&phone).await?;
    phone.has(&bob.person, &["kept"]).await?;
    bob.send(&desk.person, "meanwhile").await?;
    desk.has(&bob.person, &["kept", "meanwhile"]).await?;
    let unlock = Request::Unlock {
        account: phone.account.clone(),
        password: PASSWORD.to_owned(),
    };
    phone.ask(unlock).await?;
    phone.has(&bob.person, &["kept", "meanwhile"]).await?;
    desk.online().await
}

async fn is_signed_out(device: &Device) -> Result<()> {
    device
        .until("signed out", async || {
            Ok(match device.connection().await? {
                ConnectionView::Offline { error } => {
                    error.is_some_and(|error| error.code == ErrorCode::SignInExpired)
                }
                _ => false,
            })
        })
        .await
}
