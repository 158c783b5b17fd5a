//! Rooms.

use anyhow::{Result, bail, ensure};
use engine::api::{
    Affiliation, DeliveryState, ErrorCode, LeftWhy, Request, Response, Role, RoomEventKind,
    RoomRequest, RoomSettings, RoomState, RoomView,
};

use super::numbered;
use crate::device::Device;
use crate::world::World;

async fn ask(device: &Device, request: RoomRequest) -> Result<Response> {
    device.ask(Request::Rooms(request)).await
}

pub(super) async fn make(
    device: &Device,
    address: &str,
    settings: RoomSettings,
) -> Result<RoomView> {
    let request = RoomRequest::Create {
        account: device.account.clone(),
        address: Some(address.to_owned()),
        nick: None,
        settings,
    };
    match ask(device, request).await? {
        Response::Room(room) => Ok(*room),
        other => bail!("{other:?}"),
    }
}

pub(super) fn open_room(name: &str) -> RoomSettings {
    RoomSettings {
        name: Some(name.to_owned()),
        public: Some(true),
        persistent: Some(true),
        members_only: Some(false),
        archive: Some(true),
        non_anonymous: Some(true),
        ..RoomSettings::default()
    }
}

pub(super) fn join(device: &Device, room: &str) -> Request {
    Request::Rooms(RoomRequest::Join {
        account: device.account.clone(),
        room: room.to_owned(),
        nick: None,
        password: None,
    })
}

pub(super) async fn view(device: &Device, room: &str) -> Result<Option<RoomView>> {
    let request = RoomRequest::Get {
        account: device.account.clone(),
        room: room.to_owned(),
    };
    match device.try_ask(Request::Rooms(request)).await? {
        Ok(Response::Room(room)) => Ok(Some(*room)),
        Ok(other) => bail!("{other:?}"),
        Err(error) if error.code == ErrorCode::RoomUnknown => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn is(device: &Device, room: &str, state: RoomState) -> Result<()> {
    device
        .until(&format!("{room} {state:?}"), async || {
            Ok(view(device, room).await?.map(|room| room.state) == Some(state))
        })
        .await
}

async fn has(device: &Device, room: &str, texts: &[impl AsRef<str>]) -> Result<()> {
    let what = format!("{} texts in {room}", texts.len());
    device
        .until(&what, async || {
            let here = device.messages_of(room).await?;
            let here = here.iter().map(|message| message.text.as_str());
            Ok(here.eq(texts.iter().map(AsRef::as_ref)))
        })
        .await
}

async fn say(device: &Device, room: &str, text: &str) -> Result<()> {
    device
        .ask(Request::SendMessage {
            account: device.account.clone(),
            conversation: room.to_owned(),
            text: text.to_owned(),
        })
        .await?;
    Ok(())
}

/// The whole life of a room.
pub(super) async fn life(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let account = || rosa.account.clone();
    let made = make(&rosa, &rosa.person.user, open_room("Lounge 休息室")).await?;
    let room = made.address.clone();
    ensure!(made.name == "Lounge 休息室", "{made:?}");
    ensure!(
        made.features.archive && made.features.persistent,
        "{made:?}"
    );
    ensure!(made.affiliation == Affiliation::Owner, "{made:?}");
    is(&rosa, &room, RoomState::Joined).await?;
    let again = make(&rosa, &rosa.person.user, open_room("Twice")).await;
    ensure!(again.is_err(), "the same address twice");

    let bob_address = bob.person.address();
    ask(
        &rosa,
        RoomRequest::Invite {
            account: account(),
            room: room.clone(),
            people: vec![bob_address.clone()],
            reason: "tea".to_owned(),
        },
    )
    .await?;
    bob.until("an invitation", async || {
        let account = bob.account.clone();
        let open = ask(&bob, RoomRequest::Invitations { account }).await?;
        Ok(matches!(open, Response::Invitations(open) if open.len() == 1 && open[0].room == room))
    })
    .await?;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    let mut texts = Vec::new();
    for (device, text) in [(&rosa, "from Rosa"), (&bob, "from Bob"), (&rosa, "again")] {
        say(device, &room, text).await?;
        texts.push(text);
        has(&rosa, &room, &texts).await?;
        has(&bob, &room, &texts).await?;
    }
    let heard = bob.messages_of(&room).await?;
    ensure!(heard[0].author == rosa.person.address(), "{:?}", heard[0]);
    ensure!(
        heard[1].delivery == Some(DeliveryState::Sent),
        "{:?}",
        heard[1]
    );

    ask(
        &rosa,
        RoomRequest::SetSubject {
            account: account(),
            room: room.clone(),
            subject: "Lunch 午饭".to_owned(),
        },
    )
    .await?;
    bob.until("the subject", async || {
        Ok(view(&bob, &room)
            .await?
            .is_some_and(|room| room.subject == "Lunch 午饭"))
    })
    .await?;
    ask(
        &bob,
        RoomRequest::SetNick {
            account: bob.account.clone(),
            room: room.clone(),
            nick: "Robert".to_owned(),
        },
    )
    .await?;
    rosa.until("the new nickname", async || {
        let account = account();
        let room = room.clone();
        match ask(&rosa, RoomRequest::Occupants { account, room }).await? {
            Response::Occupants(all) => Ok(all.len() == 2
                && all
                    .iter()
                    .any(|one| one.nick == "Robert" && one.address.as_ref() == Some(&bob_address))),
            other => bail!("{other:?}"),
        }
    })
    .await?;
    found_and_renamed(&rosa, &bob, &room).await?;
    put_out(&rosa, &bob, &room, &texts).await
}

/// Everybody finds it, under the name that it has by now.
async fn found_and_renamed(rosa: &Device, bob: &Device, room: &str) -> Result<()> {
    let found = ask(
        bob,
        RoomRequest::Discover {
            account: bob.account.clone(),
            service: None,
            after: None,
            limit: 200,
        },
    )
    .await?;
    let Response::FoundRooms(found) = found else {
        bail!("{found:?}")
    };
    ensure!(
        found
            .rooms
            .iter()
            .any(|one| one.address == room && one.joined),
        "{found:?}"
    );
    ask(
        rosa,
        RoomRequest::Configure {
            account: rosa.account.clone(),
            room: room.to_owned(),
            settings: RoomSettings {
                name: Some("Kitchen".to_owned()),
                ..RoomSettings::default()
            },
        },
    )
    .await?;
    bob.until("the new name", async || {
        Ok(view(bob, room)
            .await?
            .is_some_and(|room| room.name == "Kitchen"))
    })
    .await
}

/// Bob becomes a member, is put out, comes back, and then the room is no more.
async fn put_out(rosa: &Device, bob: &Device, room: &str, texts: &[&str]) -> Result<()> {
    let (account, bob_address) = (|| rosa.account.clone(), bob.person.address());
    ask(
        rosa,
        RoomRequest::SetAffiliation {
            account: account(),
            room: room.to_owned(),
            person: bob_address.clone(),
            affiliation: Affiliation::Member,
            reason: String::new(),
        },
    )
    .await?;
    let members = ask(
        rosa,
        RoomRequest::Members {
            account: account(),
            room: room.to_owned(),
        },
    )
    .await?;
    let Response::Members(members) = members else {
        bail!("{members:?}")
    };
    ensure!(
        members.iter().any(|one| one.address == bob_address
            && one.affiliation == Affiliation::Member
            && one.is_there),
        "{members:?}"
    );
    ask(
        rosa,
        RoomRequest::SetRole {
            account: account(),
            room: room.to_owned(),
            nick: "Robert".to_owned(),
            role: Role::None,
            reason: "noise".to_owned(),
        },
    )
    .await?;
    is_out(bob, room, LeftWhy::Kicked).await?;
    bob.ask(join(bob, room)).await?;
    is(bob, room, RoomState::Joined).await?;
    has(bob, room, texts).await?;
    // All of that is told among the messages, once (U99).
    use RoomEventKind::{Joined, Kicked, MadeMember};
    let wanted = [MadeMember, Kicked, Joined];
    rosa.until("what happened to Bob", async || {
        let events = rosa.timeline_of(room).await?.into_iter();
        let of_bob = events
            .filter_map(|one| one.event)
            .filter(|event| event.who == "Robert" || event.who == "Bob");
        let kinds: Vec<_> = of_bob.map(|event| event.what).collect();
        Ok(kinds.ends_with(&wanted))
    })
    .await?;
    ask(
        rosa,
        RoomRequest::Destroy {
            account: account(),
            room: room.to_owned(),
            reason: "done".to_owned(),
        },
    )
    .await?;
    is_out(bob, room, LeftWhy::Destroyed).await
}

async fn is_out(device: &Device, room: &str, why: LeftWhy) -> Result<()> {
    is(device, room, RoomState::Left).await?;
    let left = view(device, room).await?.and_then(|room| room.left);
    ensure!(
        left.as_ref().is_some_and(|left| left.why == why),
        "{left:?}"
    );
    Ok(())
}

/// Who was away has all that was said, once and in order.
pub(super) async fn absence(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    let room = make(&rosa, &rosa.person.user, open_room("Away"))
        .await?
        .address;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    say(&bob, &room, "first").await?;
    has(&rosa, &room, &["first"]).await?;
    has(&bob, &room, &["first"]).await?;
    bob.turn_off().await;
    let mut texts = vec!["first".to_owned()];
    for text in numbered("missed", 130) {
        say(&rosa, &room, &text).await?;
        texts.push(text);
    }
    has(&rosa, &room, &texts).await?;
    bob.turn_on().await?;
    is(&bob, &room, RoomState::Joined).await?;
    has(&bob, &room, &texts).await?;
    say(&bob, &room, "back").await?;
    texts.push("back".to_owned());
    has(&rosa, &room, &texts).await?;
    has(&bob, &room, &texts).await
}

/// What one device joins and leaves, the other does, too.
pub(super) async fn two_devices(world: World) -> Result<()> {
    let desk = world.join("rosa").await?;
    let phone = world.device(&desk.person, "phone").await?;
    let room = make(&desk, &desk.person.user, open_room("Both"))
        .await?
        .address;
    is(&phone, &room, RoomState::Joined).await?;
    say(&desk, &room, "from the desk").await?;
    has(&phone, &room, &["from the desk"]).await?;
    say(&phone, &room, "from the phone").await?;
    for device in [&desk, &phone] {
        has(device, &room, &["from the desk", "from the phone"]).await?;
        let all = device.messages_of(&room).await?;
        ensure!(
            all.iter().all(|one| one.delivery.is_some()),
            "ours: {all:?}"
        );
    }
    ask(
        &desk,
        RoomRequest::Leave {
            account: desk.account.clone(),
            room: room.clone(),
            forget: false,
        },
    )
    .await?;
    is(&phone, &room, RoomState::NotJoined).await?;
    is(&desk, &room, RoomState::NotJoined).await
}
