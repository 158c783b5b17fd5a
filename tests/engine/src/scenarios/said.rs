//! What is said about messages: edits, reactions, replies, mentions, and that one
//! is taken back. Each device shows the same, also one that reads it later.

use anyhow::{Context, Result, ensure};
use engine::api::{MentionInput, MessageView, Request, RoomRequest, RoomState};
use xmpp_core::written::escaped;

use super::rooms::{is, join, make, open_room, view};
use crate::device::Device;
use crate::world::World;

/// What two devices of one person have to agree on. Not on which emoji was first:
/// some archives tell the time in seconds.
fn essence(message: &MessageView) -> String {
    let mut reactions = message.reactions.clone();
    reactions.sort_by(|one, other| one.emoji.cmp(&other.emoji));
    let reply = message.reply.as_ref().map(|reply| &reply.excerpt);
    format!(
        "{:?} edited {} gone {} reactions {reactions:?} reply {reply:?} mentions {:?} {}",
        message.text,
        message.edited_ms.is_some(),
        message.retracted.is_some(),
        message.mentions,
        message.mentions_me,
    )
}

async fn all(device: &Device, conversation: &str) -> Result<Vec<String>> {
    let messages = device.messages_of(conversation).await?;
    Ok(messages.iter().map(essence).collect())
}

async fn show_the_same(one: &Device, other: &Device, conversation: &str) -> Result<()> {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let same = other
        .until(&format!("what {} shows", one.name), async || {
            (here, there) = (
                all(other, conversation).await?,
                all(one, conversation).await?,
            );
            Ok(here == there)
        })
        .await;
    let lines = here.iter().zip(&there).filter(|(one, other)| one != other);
    let differ: String = lines
        .map(|(one, other)| format!("\n  {one}\n  {other}"))
        .collect();
    same.with_context(|| format!("they differ:{differ}"))
}

/// Waits until these react: emoji, how many, and whether we are among them.
async fn reactions(
    device: &Device,
    conversation: &str,
    text: &str,
    expected: &[(&str, u32, bool)],
) -> Result<()> {
    device
        .shown(
            conversation,
            &format!("{expected:?} at {text}"),
            |message| {
                let here = message.reactions.iter();
                message.text == text
                    && here
                        .map(|one| (one.emoji.as_str(), one.count, one.mine))
                        .eq(expected.iter().copied())
            },
        )
        .await
        .map(drop)
}

/// A text that begins with a name.
fn naming(name: &str, address: &str) -> (String, Vec<MentionInput>) {
    let mention = MentionInput {
        start: 0,
        end: u32::try_from(name.encode_utf16().count()).unwrap_or(0),
        address: address.to_owned(),
    };
    (format!("{name} 请看一下"), vec![mention])
}

async fn is_gone(device: &Device, conversation: &str) -> Result<MessageView> {
    device
        .shown(conversation, "a message that was taken back", |message| {
            message.retracted.is_some() && message.text.is_empty()
        })
        .await
}

/// Between two people, one of whom has two devices, and then a third.
pub(super) async fn between_two(world: World) -> Result<()> {
    let (desk, bob) = world.rosa_and_bob().await?;
    let phone = world.device(&desk.person, "phone").await?;
    let (rosa, with) = (desk.person.address(), bob.person.address());
    desk.send(&bob.person, "helo").await?;
    bob.text(&rosa, "helo").await?;
    // Whichever device wrote it.
    let written = phone.text(&with, "helo").await?;
    phone.edit(&written, "hello").await?;
    for (device, with) in [(&desk, &with), (&phone, &with), (&bob, &rosa)] {
        let edited = device.text(with, "hello").await?;
        ensure!(edited.edited_ms.is_some(), "{edited:?}");
    }
    let heard = bob.text(&rosa, "hello").await?;
    bob.react(&heard, &["👍", "❤️"]).await?;
    for device in [&desk, &phone] {
        reactions(
            device,
            &with,
            "hello",
            &[("👍", 1, false), ("❤️", 1, false)],
        )
        .await?;
    }
    desk.react(&desk.text(&with, "hello").await?, &["👍"])
        .await?;
    reactions(&phone, &with, "hello", &[("👍", 2, true), ("❤️", 1, false)]).await?;
    reactions(&bob, &rosa, "hello", &[("👍", 2, true), ("❤️", 1, true)]).await?;
    bob.react(&heard, &["❤️"]).await?;
    for device in [&desk, &phone] {
        reactions(device, &with, "hello", &[("👍", 1, true), ("❤️", 1, false)]).await?;
    }

    bob.say(&rosa, "好的", Some(heard.id), Vec::new()).await?;
    for device in [&desk, &phone] {
        let reply = device.text(&with, "好的").await?.reply;
        let answered = device.text(&with, "hello").await?.id;
        ensure!(
            reply.as_ref().is_some_and(|reply| {
                reply.message == Some(answered) && reply.excerpt == "hello"
            }),
            "{reply:?}"
        );
    }
    bob.send(&desk.person, "oops").await?;
    desk.text(&with, "oops").await?;
    bob.retract(&bob.text(&rosa, "oops").await?).await?;
    for (device, with) in [(&desk, &with), (&phone, &with), (&bob, &rosa)] {
        is_gone(device, with).await?;
    }
    let (text, mentions) = naming("@Bob", &with);
    desk.say(&with, &text, None, mentions).await?;
    let named = bob.text(&rosa, &text).await?;
    ensure!(named.mentions_me && named.mentions.len() == 1, "{named:?}");
    let row = bob.conversation(&desk.person).await?;
    ensure!(
        row.as_ref().is_some_and(|row| row.unread_mentions == 1),
        "{row:?}"
    );
    phone.text(&with, &text).await?;
    show_the_same(&desk, &phone, &with).await?;
    let tablet = world.device(&desk.person, "tablet").await?;
    show_the_same(&desk, &tablet, &with).await
}

/// In a room, and on a device that comes into it later.
pub(super) async fn in_a_room(world: World) -> Result<()> {
    let (rosa, mut bob) = world.rosa_and_bob().await?;
    let made = make(&rosa, &rosa.person.user, open_room("Said")).await?;
    let room = made.address;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    bob.say(&room, "helo", None, Vec::new()).await?;
    rosa.text(&room, "helo").await?;
    bob.edit(&bob.text(&room, "helo").await?, "hello").await?;
    let heard = rosa.text(&room, "hello").await?;
    ensure!(heard.edited_ms.is_some(), "{heard:?}");
    rosa.react(&heard, &["🎉"]).await?;
    reactions(&bob, &room, "hello", &[("🎉", 1, false)]).await?;
    bob.react(&bob.text(&room, "hello").await?, &["🎉"]).await?;
    for device in [&rosa, &bob] {
        reactions(device, &room, "hello", &[("🎉", 2, true)]).await?;
    }
    rosa.say(&room, "with pleasure", Some(heard.id), Vec::new())
        .await?;
    let reply = bob.text(&room, "with pleasure").await?.reply;
    let answered = bob.text(&room, "hello").await?.id;
    ensure!(
        reply
            .as_ref()
            .is_some_and(|reply| reply.message == Some(answered)),
        "{reply:?}"
    );
    rosa.say(&room, "oops", None, Vec::new()).await?;
    bob.text(&room, "oops").await?;
    rosa.retract(&rosa.text(&room, "oops").await?).await?;
    for device in [&rosa, &bob] {
        is_gone(device, &room).await?;
    }
    // Of a room one is told of what names one.
    let (text, mentions) = naming("@Bob", &bob.person.address());
    rosa.say(&room, &text, None, mentions).await?;
    let before = bob.notified_up_to(&text).await?;
    ensure!(before.is_empty(), "notified of {before:?}");
    let named = bob.text(&room, &text).await?;
    ensure!(named.mentions_me, "{named:?}");
    rosa.text(&room, &text).await?;
    let phone = world.device(&bob.person, "phone").await?;
    is(&phone, &room, RoomState::Joined).await?;
    show_the_same(&bob, &phone, &room).await
}

/// A moderator takes back what somebody else said.
pub(super) async fn moderated(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let made = make(&rosa, &rosa.person.user, open_room("Moderated")).await?;
    let room = made.address;
    bob.ask(join(&bob, &room)).await?;
    is(&bob, &room, RoomState::Joined).await?;
    let can = view(&rosa, &room).await?;
    ensure!(
        can.is_some_and(|room| room.features.moderation),
        "moderators cannot take messages back"
    );
    for text in ["fine", "not fine"] {
        bob.say(&room, text, None, Vec::new()).await?;
    }
    let message = rosa.text(&room, "not fine").await?.id;
    let moderate = |device: &Device, message| {
        Request::Rooms(RoomRequest::Moderate {
            account: device.account.clone(),
            room: room.clone(),
            message,
            reason: "not here".to_owned(),
        })
    };
    bob.text(&room, "not fine").await?;
    // Who is no moderator cannot.
    rosa.say(&room, "mine", None, Vec::new()).await?;
    let hers = bob.text(&room, "mine").await?.id;
    let refused = bob.try_ask(moderate(&bob, hers)).await?;
    ensure!(refused.is_err(), "{refused:?}");
    rosa.ask(moderate(&rosa, message)).await?;
    for device in [&rosa, &bob] {
        let gone = is_gone(device, &room).await?;
        let by = gone.retracted.and_then(|retracted| retracted.by);
        ensure!(by.is_some(), "{}: by nobody", device.name);
        device.text(&room, "mine").await?;
        device.text(&room, "fine").await?;
    }
    let phone = world.device(&bob.person, "phone").await?;
    is(&phone, &room, RoomState::Joined).await?;
    show_the_same(&bob, &phone, &room).await
}

/// What this program does not know is shown in the words that its sender chose
/// for that (XEP-0428), and what has none is not shown.
pub(super) async fn not_known(world: World) -> Result<()> {
    let rosa = world.join("rosa").await?;
    let bob = world.person("bob").await?;
    let mut peer = world.server.peer(&bob.user).await?;
    let kinds = [
        // XEP-0380, section 4.
        (
            "I sent you an encrypted message",
            "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>\
             <encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
        ),
        (
            "投票：午饭吃什么？ <1> 饺子",
            "<poll xmlns='urn:example:poll:0'><option>饺子</option></poll>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:example:poll:0'/>",
        ),
        (
            "a place on a map",
            "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>1</lat></geoloc>\
             <fallback xmlns='urn:xmpp:fallback:0' for='http://jabber.org/protocol/geoloc'>\
             <body start='0' end='7'/></fallback>",
        ),
        (
            "",
            "<buzz xmlns='urn:xmpp:attention:0'/><store xmlns='urn:xmpp:hints'/>",
        ),
    ];
    for (number, (body, inside)) in kinds.iter().enumerate() {
        let body = match body.is_empty() {
            true => String::new(),
            false => format!("<body>{}</body>", escaped(body)),
        };
        peer.send(&format!(
            "<message to='{}' type='chat' id='k{number}'>{body}{inside}</message>",
            rosa.person.address()
        ))
        .await?;
    }
    peer.send(&format!(
        "<message to='{}' type='chat' id='last'><body>the last</body></message>",
        rosa.person.address()
    ))
    .await?;
    let texts = [kinds[0].0, kinds[1].0, kinds[2].0, "the last"];
    rosa.has(&bob, &texts).await?;
    let messages = rosa.messages(&bob).await?;
    ensure!(
        messages
            .iter()
            .map(|one| one.encrypted)
            .eq([true, false, false, false]),
        "{messages:?}"
    );
    // And as the archive gives it.
    let phone = world.device(&rosa.person, "phone").await?;
    phone.has(&bob, &texts).await?;
    show_the_same(&rosa, &phone, &bob.address()).await
}
