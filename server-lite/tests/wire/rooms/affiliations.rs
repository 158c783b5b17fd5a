//! Rooms: what people are to them (XEP-0045, sections 7.8, 9 and 10).

use xmpp_core::{Element, ns};

use super::entering_and_speaking::{codes, enter, item, open, presence_of};
use super::keeping_order::{admin, configure};
use crate::client::Client;
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";

fn told(element: &Element) -> bool {
    element.name() == "message" && codes(element).contains(&"101")
}

#[tokio::test]
async fn who_may_not_change_what() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let make =
        |who: &str, what: &str| format!("<item jid='{who}@team.internal' affiliation='{what}'/>");
    admin(&mut alice, &make("bob", "admin")).await.unwrap();
    enter(&mut bob, "Bob").await;
    for (items, condition) in [
        (make("alice", "outcast"), "not-allowed"),
        (make("alice", "none"), "not-allowed"),
        (make("bob", "outcast"), "conflict"),
        (make("bob", "owner"), "forbidden"),
        (make("carol", "admin"), "forbidden"),
        (
            "<item jid='a b@' affiliation='member'/>".to_owned(),
            "jid-malformed",
        ),
        (
            "<item jid='x@y' affiliation='chief'/>".to_owned(),
            "bad-request",
        ),
        ("<item affiliation='member'/>".to_owned(), "bad-request"),
        (
            "<item nick='Nobody' role='none'/>".to_owned(),
            "item-not-found",
        ),
        (
            "<item nick='Alice' role='none' affiliation='none'/>".to_owned(),
            "bad-request",
        ),
        (String::new(), "bad-request"),
        // All or nothing.
        (
            make("carol", "member") + &make("alice", "outcast"),
            "not-allowed",
        ),
    ] {
        assert_eq!(
            admin(&mut bob, &items).await.unwrap_err(),
            condition,
            "{items}"
        );
    }
    let members =
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query>";
    assert_eq!(bob.get(ROOM, members).await.unwrap().children().count(), 0);
    assert_eq!(
        admin(&mut alice, &make("alice", "outcast"))
            .await
            .unwrap_err(),
        "conflict"
    );
    assert_eq!(
        admin(&mut alice, &make("alice", "admin"))
            .await
            .unwrap_err(),
        "conflict"
    );
}

#[tokio::test]
async fn who_is_away_hears_what_they_are_now_and_new_members_are_invited() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("membersonly", "1")])
        .await
        .unwrap();
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='member'><reason>please</reason></item>",
    )
    .await
    .unwrap();
    assert_eq!(item(&bob.until(told).await).0, "member");
    let invited = bob
        .until(|element| element.has_child("x", ns::DIRECT_INVITE))
        .await;
    let direct = invited.get_child("x", ns::DIRECT_INVITE).unwrap();
    assert_eq!(
        (direct.attr("jid"), direct.attr("reason")),
        (Some(ROOM), Some("please"))
    );
    enter(&mut bob, "Bob").await;
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='none'/>",
    )
    .await
    .unwrap();
    let gone = presence_of(&mut bob, "Bob").await;
    assert_eq!(codes(&gone), ["110", "321"]);
    // An open room invites nobody by itself.
    configure(&mut alice, &[("membersonly", "0")])
        .await
        .unwrap();
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='member'/>",
    )
    .await
    .unwrap();
    let heard = bob.all_until(told).await;
    assert!(
        !heard
            .iter()
            .any(|element| element.has_child("x", ns::DIRECT_INVITE))
    );
}

#[tokio::test]
async fn invitations_and_their_answers() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("membersonly", "1"), ("allowinvites", "0")])
        .await
        .unwrap();
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='member'/>",
    )
    .await
    .unwrap();
    let invite = |to: &str| {
        format!(
            "<message id='i' to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <invite to='{to}'><reason>come</reason><continue thread='t1'/></invite></x></message>"
        )
    };
    // From outside, and by who may not.
    carol.send(invite("bob@team.internal")).await;
    assert_eq!(carol.error("i").await, "not-acceptable");
    enter(&mut bob, "Bob").await;
    bob.send(invite("carol@team.internal")).await;
    assert_eq!(bob.error("i").await, "forbidden");
    alice.send(invite("nobody@team.internal")).await;
    assert_eq!(alice.error("i").await, "item-not-found");
    alice.send(invite("somebody@example.org")).await;
    assert_eq!(alice.error("i").await, "item-not-found");

    alice.send(invite("carol@team.internal")).await;
    let invited = carol
        .until(|element| element.has_child("x", ns::DIRECT_INVITE))
        .await;
    let user = invited.get_child("x", ns::MUC_USER).unwrap();
    let invite = user.get_child("invite", ns::MUC_USER).unwrap();
    assert_eq!(invite.attr("from"), Some(alice.address.as_str()));
    let goes_on = invite.get_child("continue", ns::MUC_USER).unwrap();
    assert_eq!(goes_on.attr("thread"), Some("t1"));
    carol.send(decline(ALICE)).await;
    let declined = alice
        .until(|element| String::from(element).contains("decline"))
        .await;
    assert_eq!(declined.attr("from"), Some(ROOM));
    let text = String::from(&declined);
    assert!(text.contains("carol@team.internal") && text.contains("no time"));
}

const ALICE: &str = "alice@team.internal";
const BOB: &str = "bob@team.internal";

fn decline(host: &str) -> String {
    format!(
        "<message id='d' to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <decline to='{host}'><reason>no time</reason></decline></x></message>"
    )
}

#[tokio::test]
async fn only_who_was_invited_declines_and_once() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let declined = |heard: Vec<Element>| {
        let is_one = |element: &&Element| String::from(*element).contains("<decline");
        heard.iter().filter(is_one).count()
    };
    // Nobody has invited her.
    carol.send(decline(ALICE)).await;
    assert_eq!(carol.error("d").await, "forbidden");
    let invite = format!(
        "<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <invite to='carol@team.internal'/></x></message>"
    );
    alice.send(&invite).await;
    alice.sync().await;
    // Not to who never was in the room.
    carol.send(decline("carol@team.internal")).await;
    assert_eq!(carol.error("d").await, "forbidden");
    carol.send(decline(ALICE)).await;
    carol.sync().await;
    assert_eq!(declined(alice.sync().await), 1);
    carol.send(decline(ALICE)).await;
    assert_eq!(carol.error("d").await, "forbidden");
    // To somebody who is there and has not invited her himself.
    alice.send(&invite).await;
    alice.sync().await;
    carol.send(decline(BOB)).await;
    carol.sync().await;
    assert_eq!(declined(bob.sync().await), 1);
    // Who is banned has nothing to answer.
    alice.send(&invite).await;
    alice.sync().await;
    admin(
        &mut alice,
        "<item jid='carol@team.internal' affiliation='outcast'/>",
    )
    .await
    .unwrap();
    carol.send(decline(ALICE)).await;
    assert_eq!(carol.error("d").await, "forbidden");
}

#[tokio::test]
async fn voice_is_asked_for_and_given() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("moderatedroom", "1")])
        .await
        .unwrap();
    enter(&mut bob, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    let form = |fields: &str| {
        format!(
            "<message id='v' to='{ROOM}'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>{fields}</x></message>"
        )
    };
    let allow = "<field var='muc#roomnick'><value>Bob</value></field><field var='muc#request_allow'><value>1</value></field>";
    bob.send(form(
        "<field var='muc#role'><value>participant</value></field>",
    ))
    .await;
    let asked = alice
        .until(|element| element.has_child("x", ns::DATA_FORMS))
        .await;
    assert!(String::from(&asked).contains("bob@team.internal"));
    alice.send(form(allow)).await;
    assert_eq!(item(&presence_of(&mut bob, "Bob").await).1, "participant");
    // Who has a voice cannot give one.
    bob.send(form(allow)).await;
    assert_eq!(bob.error("v").await, "forbidden");
}

#[tokio::test]
async fn who_becomes_a_moderator_sees_whose_the_nicknames_are() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("whois", "moderators")])
        .await
        .unwrap();
    enter(&mut carol, "Carol").await;
    enter(&mut bob, "Bob").await;
    admin(&mut alice, "<item nick='Bob' role='moderator'/>")
        .await
        .unwrap();
    assert_eq!(item(&presence_of(&mut bob, "Bob").await).1, "moderator");
    assert_eq!(
        item(&presence_of(&mut bob, "Carol").await).2,
        Some("carol@team.internal/desk")
    );
    // A moderator is not an admin.
    assert_eq!(
        admin(&mut bob, "<item nick='Carol' role='moderator'/>")
            .await
            .unwrap_err(),
        "not-allowed"
    );
    assert_eq!(
        admin(
            &mut bob,
            "<item jid='carol@team.internal' affiliation='outcast'/>"
        )
        .await
        .unwrap_err(),
        "forbidden"
    );
    admin(&mut bob, "<item nick='Carol' role='none'/>")
        .await
        .unwrap();
    let gone = presence_of(&mut carol, "Carol").await;
    assert_eq!(codes(&gone), ["110", "307"]);
    assert!(String::from(&gone).contains("Bob"));
}

#[tokio::test]
async fn who_may_whisper_is_configured() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let psst = |to: &str| {
        format!("<message id='p' to='{ROOM}/{to}' type='chat'><body>psst</body></message>")
    };
    carol.send(psst("Bob")).await;
    assert_eq!(carol.error("p").await, "not-acceptable");
    for (setting, of_bob, of_alice) in [
        ("none", false, false),
        ("moderators", false, true),
        ("participants", true, true),
        ("anyone", true, true),
    ] {
        configure(&mut alice, &[("allowpm", setting)])
            .await
            .unwrap();
        for (may, from, to) in [(of_bob, 0, "Alice"), (of_alice, 1, "Bob")] {
            let (speaker, listener) = match from {
                0 => (&mut bob, &mut alice),
                _ => (&mut alice, &mut bob),
            };
            speaker.send(psst(to)).await;
            if may {
                listener.text("psst").await;
            } else {
                assert_eq!(speaker.error("p").await, "forbidden", "{setting} {to}");
            }
        }
    }
    alice
        .send(format!(
            "<message id='g' to='{ROOM}/Bob' type='groupchat'><body>x</body></message>"
        ))
        .await;
    assert_eq!(alice.error("g").await, "bad-request");
}

#[tokio::test]
async fn ones_other_sessions_see_what_one_whispers() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut desk = Client::online(&server, "bob", "desk").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    phone
        .set("", "<enable xmlns='urn:xmpp:carbons:2'/>")
        .await
        .unwrap();
    open(&mut alice, "Alice").await;
    enter(&mut desk, "Bob").await;
    desk.send(format!(
        "<message to='{ROOM}/Alice' type='chat'><body>psst</body><x xmlns='{}'/></message>",
        ns::MUC_USER
    ))
    .await;
    alice.text("psst").await;
    let copy = phone
        .until(|element| element.has_child("sent", ns::CARBONS))
        .await;
    assert_eq!(copy.attr("from"), Some("bob@team.internal"));
    assert!(String::from(&copy).contains(&format!("{ROOM}/Alice")));
    // What asks not to be copied is not.
    desk.send(format!(
        "<message to='{ROOM}/Alice' type='chat'><body>secret</body><private xmlns='urn:xmpp:carbons:2'/></message>"
    ))
    .await;
    alice.text("secret").await;
    desk.sync().await;
    let heard = phone.sync().await;
    assert!(
        !heard
            .iter()
            .any(|element| String::from(element).contains("secret"))
    );
}

#[tokio::test]
async fn a_room_outlives_the_account_of_its_owner() {
    let mut server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    crate::rooms::open_room(&mut bob, ROOM, "Bob").await;
    admin(
        &mut bob,
        "<item jid='carol@team.internal' affiliation='member'/>",
    )
    .await
    .unwrap();
    let delete = "http://jabber.org/protocol/admin#delete-user";
    crate::commands::run(&mut alice, delete, &[("accountjids", "bob@team.internal")])
        .await
        .unwrap();
    for _ in 0..2 {
        let mut carol = Client::online(&server, "carol", "desk").await;
        assert_eq!(item(&enter(&mut carol, "Carol").await[0]).0, "owner");
        server.restart().await;
    }
}
