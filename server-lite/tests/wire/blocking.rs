//! Blocking (XEP-0191).

use xmpp_core::{Element, ns};

use crate::archive::{chat, everything};
use crate::client::{Client, bodies, error_of};
use crate::server::Server;
use crate::subscriptions::classic;

const ROOM: &str = "plan@conference.team.internal";

fn items(addresses: &[&str]) -> String {
    let item = |address: &&str| format!("<item jid='{address}'/>");
    addresses.iter().map(item).collect()
}

async fn block(client: &mut Client, addresses: &[&str]) {
    let block = format!(
        "<block xmlns='{}'>{}</block>",
        ns::BLOCKING,
        items(addresses)
    );
    client.set("", &block).await.unwrap();
}

async fn unblock(client: &mut Client, addresses: &[&str]) {
    let unblock = format!(
        "<unblock xmlns='{}'>{}</unblock>",
        ns::BLOCKING,
        items(addresses)
    );
    client.set("", &unblock).await.unwrap();
}

fn named(list: &Element) -> Vec<&str> {
    list.children()
        .filter_map(|item| item.attr("jid"))
        .collect()
}

async fn list(client: &mut Client) -> Vec<String> {
    let list = client
        .get("", "<blocklist xmlns='urn:xmpp:blocking'/>")
        .await
        .unwrap();
    named(&list).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_list_is_kept_and_told_to_those_who_asked() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut web = Client::websocket(&server).await;
    web.sign_in("rosa").await;
    web.bind("web").await;
    let mut silent = Client::session(&server, "rosa", "silent").await;
    assert!(list(&mut rosa).await.is_empty());
    assert!(list(&mut web).await.is_empty());
    let (_, info) = rosa
        .ask(&format!(
            "<iq type='get' id='i' to='team.internal'><query xmlns='{}'/></iq>",
            ns::DISCO_INFO
        ))
        .await;
    assert!(String::from(&info).contains("'urn:xmpp:blocking'"));

    block(&mut web, &["BOB@team.internal", "spam.example"]).await;
    for client in [&mut rosa, &mut web] {
        let push = client.next().await;
        assert_eq!(push.attr("type"), Some("set"));
        assert_eq!(push.attr("to"), Some(client.address.as_str()));
        let push = push.get_child("block", ns::BLOCKING).unwrap();
        assert_eq!(named(push), ["bob@team.internal", "spam.example"]);
    }
    block(&mut rosa, &["bob@team.internal"]).await;
    unblock(&mut rosa, &["spam.example", "never@blocked"]).await;
    let pushes = web.sync().await;
    let last = pushes
        .last()
        .unwrap()
        .get_child("unblock", ns::BLOCKING)
        .unwrap();
    assert_eq!(named(last), ["never@blocked", "spam.example"]);
    assert!(silent.sync().await.is_empty());
    server.restart().await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    assert_eq!(list(&mut rosa).await, ["bob@team.internal"]);
    unblock(&mut rosa, &[]).await;
    let push = rosa.next().await;
    let push = push.get_child("unblock", ns::BLOCKING).unwrap();
    assert_eq!(push.children().count(), 0);
    assert!(list(&mut rosa).await.is_empty());

    let many: Vec<String> = (0..1001).map(|n| format!("a{n}@spam.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let too_many = format!("<block xmlns='urn:xmpp:blocking'>{}</block>", items(&many));
    for (kind, payload, expected) in [
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'/>",
            "modify bad-request",
        ),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><item/></block>",
            "modify bad-request",
        ),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><item jid='@@@'/></block>",
            "modify jid-malformed",
        ),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><other jid='a@b'/></block>",
            "modify bad-request",
        ),
        (
            "set",
            "<unblock xmlns='urn:xmpp:blocking'><item jid='@@@'/></unblock>",
            "modify jid-malformed",
        ),
        (
            "get",
            "<block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block>",
            "modify bad-request",
        ),
        (
            "set",
            "<blocklist xmlns='urn:xmpp:blocking'/>",
            "modify bad-request",
        ),
        ("set", &too_many, "modify not-acceptable"),
    ] {
        let (_, answer) = rosa
            .ask(&format!("<iq type='{kind}' id='b'>{payload}</iq>"))
            .await;
        assert_eq!(error_of(&answer), expected, "{payload}");
    }
    block(&mut rosa, &many[..1000]).await;
    let one_more = format!(
        "<block xmlns='urn:xmpp:blocking'>{}</block>",
        items(&["b@c"])
    );
    assert_eq!(rosa.set("", &one_more).await.unwrap_err(), "not-acceptable");
    assert_eq!(list(&mut rosa).await.len(), 1000);
    // Only one's own.
    let foreign = rosa
        .get(
            "bob@team.internal",
            "<blocklist xmlns='urn:xmpp:blocking'/>",
        )
        .await;
    assert_eq!(foreign.unwrap_err(), "service-unavailable");
}

#[tokio::test]
async fn no_message_passes_in_either_direction() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    block(&mut rosa, &["bob@team.internal"]).await;
    bob.sync().await;
    rosa.sync().await;
    for to in ["rosa@team.internal", "rosa@team.internal/desk"] {
        bob.send(format!(
            "<message to='{to}' type='chat' id='m'><body>x</body></message>"
        ))
        .await;
        let answers = bob.sync().await;
        assert_eq!(answers.len(), 1);
        assert_eq!(error_of(&answers[0]), "cancel service-unavailable");
        assert_eq!(answers[0].attr("from"), Some(to));
        // Errors are not answered.
        bob.send(format!(
            "<message to='{to}' type='error' id='m'><body>x</body></message>"
        ))
        .await;
        assert!(bob.sync().await.is_empty());
    }
    for to in ["bob@team.internal", "bob@team.internal/desk"] {
        rosa.send(format!(
            "<message to='{to}' type='chat' id='m'><body>x</body></message>"
        ))
        .await;
        let answers = rosa.sync().await;
        assert_eq!(error_of(&answers[0]), "cancel not-acceptable");
        let error = answers[0].get_child("error", ns::CLIENT).unwrap();
        assert!(error.has_child("blocked", ns::BLOCKING_ERRORS));
    }
    assert!(bob.messages().await.is_empty() && rosa.messages().await.is_empty());
    // Nowhere is anything kept of it.
    assert!(everything(&mut rosa).await.messages.is_empty());
    assert!(everything(&mut bob).await.messages.is_empty());
    unblock(&mut rosa, &["bob@team.internal"]).await;
    chat(&mut bob, "rosa@team.internal", "m", "<body>back</body>").await;
    assert_eq!(bodies(&rosa.messages().await), ["back"]);
}

#[tokio::test]
async fn requests_are_refused_as_if_nobody_were_there() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    block(&mut rosa, &["bob@team.internal"]).await;
    rosa.sync().await;
    bob.sync().await;
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    for (to, payload) in [
        ("rosa@team.internal/desk", ping),
        ("rosa@team.internal", ping),
        ("rosa@team.internal", info),
    ] {
        assert_eq!(
            bob.get(to, payload).await.unwrap_err(),
            "service-unavailable"
        );
    }
    bob.send("<iq type='result' id='x' to='rosa@team.internal/desk'/>")
        .await;
    assert!(bob.sync().await.is_empty());
    assert!(rosa.sync().await.is_empty());
    for to in ["bob@team.internal/desk", "bob@team.internal"] {
        let iq = format!("<iq type='get' id='p' to='{to}'>{ping}</iq>");
        let (_, answer) = rosa.ask(&iq).await;
        assert_eq!(error_of(&answer), "cancel not-acceptable");
        let error = answer.get_child("error", ns::CLIENT).unwrap();
        assert!(error.has_child("blocked", ns::BLOCKING_ERRORS));
    }
    assert!(bob.sync().await.is_empty());
}

/// Presences as `address type`.
async fn presences(client: &mut Client) -> Vec<String> {
    let all = client.sync().await;
    all.iter()
        .filter(|stanza| stanza.name() == "presence")
        .map(|it| {
            format!(
                "{} {}",
                it.attr("from").unwrap(),
                it.attr("type").unwrap_or("available")
            )
        })
        .collect()
}

#[tokio::test]
async fn whoever_is_blocked_sees_somebody_who_is_not_there() {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carl = Client::online(&server, "carl", "desk").await;
    for client in [&mut rosa, &mut bob, &mut carl] {
        client.sync().await;
    }
    let at = "rosa@team.internal/desk";
    block(&mut rosa, &["bob@team.internal"]).await;
    assert_eq!(presences(&mut bob).await, [format!("{at} unavailable")]);
    assert!(presences(&mut carl).await.is_empty());
    rosa.send("<presence><show>away</show></presence>").await;
    rosa.sync().await;
    assert_eq!(presences(&mut carl).await, [format!("{at} available")]);
    assert!(presences(&mut bob).await.is_empty());
    // In the other direction too, whatever the way.
    bob.send("<presence><show>dnd</show></presence><presence to='rosa@team.internal'/>")
        .await;
    bob.sync().await;
    assert!(presences(&mut rosa).await.is_empty());
    let mut phone = Client::session(&server, "bob", "phone").await;
    phone.send("<presence/>").await;
    let seen = presences(&mut phone).await;
    assert!(
        !seen.iter().any(|presence| presence.starts_with("rosa@")),
        "{seen:?}"
    );
    let directed = "<presence id='d' to='bob@team.internal'/>";
    rosa.send(directed).await;
    assert_eq!(rosa.error("d").await, "not-acceptable");
    unblock(&mut rosa, &[]).await;
    for client in [&mut bob, &mut phone] {
        let seen = presences(client).await;
        assert!(seen.contains(&format!("{at} available")), "{seen:?}");
    }
    // She sees them too, as they are now: here, and gone.
    let mut seen = presences(&mut rosa).await;
    seen.sort();
    let both = ["desk", "phone"].map(|name| format!("bob@team.internal/{name} available"));
    assert_eq!(seen, both);
    block(&mut rosa, &["bob@team.internal"]).await;
    for client in [&mut bob, &mut phone] {
        client.send("<presence type='unavailable'/>").await;
        client.sync().await;
    }
    assert!(presences(&mut rosa).await.is_empty());
    unblock(&mut rosa, &["bob@team.internal"]).await;
    let gone = ["bob@team.internal unavailable"];
    assert_eq!(presences(&mut rosa).await, gone);
    assert!(
        presences(&mut carl)
            .await
            .iter()
            .all(|it| !it.starts_with("rosa@"))
    );
}

#[tokio::test]
async fn a_domain_is_everybody_but_oneself() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut phone = Client::online(&server, "rosa", "phone").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    block(&mut rosa, &["team.internal"]).await;
    for client in [&mut rosa, &mut phone, &mut bob] {
        client.sync().await;
    }
    bob.send("<message to='rosa@team.internal' type='chat'><body>x</body></message>")
        .await;
    assert_eq!(error_of(&bob.sync().await[0]), "cancel service-unavailable");
    chat(&mut phone, "rosa@team.internal", "n", "<body>note</body>").await;
    assert_eq!(bodies(&rosa.messages().await), ["note"]);
    // One session of somebody.
    unblock(&mut rosa, &[]).await;
    block(&mut rosa, &["bob@team.internal/desk"]).await;
    let mut other = Client::online(&server, "bob", "other").await;
    chat(&mut other, "rosa@team.internal", "o", "<body>other</body>").await;
    bob.send("<message to='rosa@team.internal' type='chat'><body>x</body></message>")
        .await;
    bob.sync().await;
    assert_eq!(bodies(&rosa.messages().await), ["other"]);
}

#[tokio::test]
async fn nobody_is_invited_by_who_is_blocked_nor_hears_them_in_rooms() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
    bob.send(format!("<presence to='{ROOM}/Bob'>{enter}</presence>"))
        .await;
    let open = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
    bob.set(ROOM, open).await.unwrap();
    block(&mut rosa, &["bob@team.internal"]).await;
    rosa.sync().await;
    let mediated = format!(
        "<message to='{ROOM}' id='i1'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <invite to='rosa@team.internal'/></x></message>"
    );
    let direct = format!(
        "<message to='rosa@team.internal' id='i2'><x xmlns='jabber:x:conference' jid='{ROOM}'/></message>"
    );
    for (invite, id) in [(&mediated, "i1"), (&direct, "i2")] {
        bob.send(invite).await;
        assert_eq!(bob.error(id).await, "service-unavailable");
    }
    assert!(rosa.messages().await.is_empty());
    // Nor is she told by being made a member, with words of his.
    let members = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
                   <field var='muc#roomconfig_membersonly'><value>1</value></field></x></query>";
    bob.set(ROOM, members).await.unwrap();
    let member = "<query xmlns='http://jabber.org/protocol/muc#admin'>\
                  <item affiliation='member' jid='rosa@team.internal'><reason>words</reason></item></query>";
    bob.set(ROOM, member).await.unwrap();
    assert!(rosa.messages().await.is_empty());
    assert!(everything(&mut rosa).await.messages.is_empty());
    // A room, or somebody in it, can be blocked by its own address.
    unblock(&mut rosa, &[]).await;
    rosa.send(format!("<presence to='{ROOM}/Rosa'>{enter}</presence>"))
        .await;
    rosa.until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    block(&mut rosa, &[&format!("{ROOM}/Bob")]).await;
    rosa.sync().await;
    let say =
        |text: &str| format!("<message to='{ROOM}' type='groupchat'><body>{text}</body></message>");
    bob.send(say("unheard")).await;
    bob.text("unheard").await;
    rosa.send(say("heard")).await;
    bob.text("heard").await;
    assert_eq!(bodies(&rosa.messages().await), ["heard"]);
    // What is said to her alone is not kept for later either.
    bob.send(format!(
        "<message to='{ROOM}/Rosa' type='chat' id='w'><body>psst</body></message>"
    ))
    .await;
    assert_eq!(bob.error("w").await, "service-unavailable");
    assert!(rosa.messages().await.is_empty());
    assert!(everything(&mut rosa).await.messages.is_empty());
}

#[tokio::test]
async fn a_request_of_who_is_blocked_comes_when_they_are_blocked_no_longer() {
    let server = classic(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send("<presence type='subscribe' to='rosa@team.internal'/>")
        .await;
    bob.sync().await;
    for (resource, is_blocked) in [("one", false), ("two", true), ("three", false)] {
        let mut rosa = Client::session(&server, "rosa", resource).await;
        match is_blocked {
            true => block(&mut rosa, &["bob@team.internal"]).await,
            false => unblock(&mut rosa, &[]).await,
        }
        rosa.send("<presence/>").await;
        let told = rosa.sync().await;
        let is_asked = told
            .iter()
            .any(|stanza| stanza.attr("type") == Some("subscribe"));
        assert_eq!(is_asked, !is_blocked, "{resource}");
    }
}
