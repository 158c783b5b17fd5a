//! What a room is told by those who lead it: its notice, and who may name everybody.

use anyhow::{Result, bail, ensure};
use engine::api::{
    DeliveryState, MentionInput, NoticeReaderView, Request, Response, RoomRequest, RoomSettings,
    RoomState,
};

use super::rooms::{is, join, make, open_room, view};
use crate::device::Device;
use crate::world::{Person, World};

/// Who has closed the notice, and who has not.
async fn readers(device: &Device, room: &str) -> Result<(Vec<String>, Vec<String>)> {
    let request = RoomRequest::NoticeReaders {
        account: device.account.clone(),
        room: room.to_owned(),
    };
    let readers = match device.ask(Request::Rooms(request)).await? {
        Response::NoticeReaders(readers) => readers,
        other => bail!("{other:?}"),
    };
    let names = |all: Vec<NoticeReaderView>| {
        let mut names: Vec<_> = all
            .into_iter()
            .map(|one| one.address.unwrap_or(one.name))
            .collect();
        names.sort();
        names
    };
    Ok((names(readers.closed), names(readers.open)))
}

async fn read_by(device: &Device, room: &str, closed: &[&Person], open: &[&Person]) -> Result<()> {
    let addresses = |people: &[&Person]| {
        let mut all: Vec<_> = people.iter().map(|person| person.address()).collect();
        all.sort();
        all
    };
    let wanted = (addresses(closed), addresses(open));
    device
        .until(&format!("closed and open: {wanted:?}"), async || {
            Ok(readers(device, room).await? == wanted)
        })
        .await
}

async fn set(device: &Device, room: &str, notice: &str) -> Result<()> {
    let request = RoomRequest::SetSubject {
        account: device.account.clone(),
        room: room.to_owned(),
        subject: notice.to_owned(),
    };
    device.ask(Request::Rooms(request)).await.map(drop)
}

async fn close(device: &Device, room: &str) -> Result<()> {
    let request = RoomRequest::CloseNotice {
        account: device.account.clone(),
        room: room.to_owned(),
    };
    device.ask(Request::Rooms(request)).await.map(drop)
}

async fn shows(device: &Device, room: &str, notice: &str, closed: bool) -> Result<()> {
    let what = format!("the notice {notice:?}, closed: {closed}");
    device
        .until(&what, async || {
            let view = view(device, room).await?;
            Ok(view.is_some_and(|view| view.subject == notice && view.notice_closed == closed))
        })
        .await
}

/// U100: each reader closes the notice, on all devices at once, and who has set it sees
/// who did not, also on a device that comes later; the next one is read anew.
pub(super) async fn read(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let carol = world.join("carol").await?;
    let phone = world.device(&bob.person, "phone").await?;
    let room = make(&rosa, &rosa.person.user, open_room("Notice"))
        .await?
        .address;
    for device in [&bob, &carol] {
        device.ask(join(device, &room)).await?;
    }
    for device in [&bob, &carol, &phone] {
        is(device, &room, RoomState::Joined).await?;
    }
    set(&rosa, &room, "Freeze 冻结").await?;
    for device in [&rosa, &bob, &carol, &phone] {
        shows(device, &room, "Freeze 冻结", false).await?;
    }
    let told = view(&bob, &room)
        .await?
        .is_some_and(|room| room.notice_told);
    ensure!(told, "the room gives its notice no id");
    read_by(&rosa, &room, &[], &[&bob.person, &carol.person]).await?;
    close(&bob, &room).await?;
    shows(&phone, &room, "Freeze 冻结", true).await?;
    shows(&carol, &room, "Freeze 冻结", false).await?;
    read_by(&rosa, &room, &[&bob.person], &[&carol.person]).await?;
    // Those who come later learn of it, too.
    let tablet = world.device(&bob.person, "tablet").await?;
    is(&tablet, &room, RoomState::Joined).await?;
    tablet
        .until("the notice", async || {
            let view = view(&tablet, &room).await?;
            Ok(view.is_some_and(|view| !view.subject.is_empty()))
        })
        .await?;
    let told = view(&tablet, &room)
        .await?
        .is_some_and(|room| room.notice_told);
    ensure!(told, "who comes later does not learn the id of the notice");
    shows(&tablet, &room, "Freeze 冻结", true).await?;
    let later = world.device(&rosa.person, "later").await?;
    read_by(&later, &room, &[&bob.person], &[&carol.person]).await?;

    set(&rosa, &room, "Thaw 解冻").await?;
    for device in [&bob, &carol, &phone, &tablet] {
        shows(device, &room, "Thaw 解冻", false).await?;
    }
    for device in [&rosa, &later] {
        read_by(device, &room, &[], &[&bob.person, &carol.person]).await?;
    }
    Ok(())
}

/// A text that names everybody.
async fn name_everybody(device: &Device, room: &str, text: &str) -> Result<()> {
    let everybody = MentionInput {
        start: 0,
        end: 9,
        address: room.to_owned(),
    };
    let text = format!("@everyone {text}");
    device
        .say(room, &text, None, vec![everybody])
        .await
        .map(drop)
}

async fn is_named(device: &Device, room: &str, text: &str) -> Result<()> {
    let text = format!("@everyone {text}");
    let heard = device.text(room, &text).await?;
    ensure!(heard.mentions_me, "{}: {heard:?}", device.name);
    Ok(())
}

/// U50: whoever names everybody names each of them.
pub(super) async fn everybody(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    let room = make(&rosa, &rosa.person.user, open_room("Everybody"))
        .await?
        .address;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    name_everybody(&bob, &room, "tea").await?;
    is_named(&rosa, &room, "tea").await?;
    name_everybody(&rosa, &room, "coffee").await?;
    is_named(&bob, &room, "coffee").await?;
    // Of a room one is told of what names one.
    let before = bob.notified_up_to("@everyone coffee").await?;
    ensure!(before.is_empty(), "notified of {before:?}");
    Ok(())
}

/// U50: where that is for moderators, the others are refused (XEP-0513).
pub(super) async fn everybody_by_moderators(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let settings = RoomSettings {
        limit_everyone: Some(true),
        ..open_room("Quiet")
    };
    let room = make(&rosa, &rosa.person.user, settings).await?.address;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    let is_limited = view(&bob, &room)
        .await?
        .is_some_and(|room| room.features.limit_everyone);
    ensure!(is_limited, "everybody may name everybody");
    name_everybody(&bob, &room, "tea").await?;
    bob.shown(&room, "a message that failed", |message| {
        matches!(message.delivery, Some(DeliveryState::Failed { .. }))
    })
    .await?;
    name_everybody(&rosa, &room, "coffee").await?;
    is_named(&bob, &room, "coffee").await?;
    bob.say(&room, "who, me?", None, Vec::new()).await?;
    rosa.text(&room, "who, me?").await?;
    let texts: Vec<_> = rosa.messages_of(&room).await?;
    ensure!(texts.len() == 2, "{texts:?}");
    Ok(())
}
