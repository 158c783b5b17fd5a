//! Retractions between two people (XEP-0424).

use xmpp_core::{Element, ns};

use crate::archive::{chat, everything};
use crate::client::{Client, bodies, body};
use crate::search::find;
use crate::server::Server;

fn retract(id: &str) -> String {
    format!(
        "<retract xmlns='{}' id='{id}'/><body>gone</body>",
        ns::RETRACT
    )
}

#[tokio::test]
async fn both_archives_keep_the_place_and_not_the_words() {
    for web in [false, true] {
        let server = Server::of(&["rosa", "bob"]).await;
        let mut rosa = match web {
            true => Client::websocket(&server).await,
            false => Client::direct(&server).await,
        };
        rosa.sign_in("rosa").await;
        rosa.bind("desk").await;
        let mut bob = Client::online(&server, "bob", "desk").await;
        let to = "bob@team.internal";
        let origin = "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>";
        chat(&mut rosa, to, "m1", &format!("<body>secret</body>{origin}")).await;
        chat(&mut rosa, to, "m2", "<body>stays</body>").await;
        // From another session of hers.
        let mut phone = Client::session(&server, "rosa", "phone").await;
        chat(&mut phone, to, "r1", &retract("m1")).await;
        assert_eq!(bodies(&bob.messages().await), ["secret", "stays", "gone"]);
        for client in [&mut rosa, &mut bob] {
            let kept = everything(client).await;
            assert_eq!(kept.bodies(), ["", "stays", "gone"]);
            let (_, grave) = &kept.messages[0];
            let mark = grave.get_child("retracted", ns::RETRACT).unwrap();
            assert_eq!(mark.attr("id"), Some("r1"));
            assert!(mark.attr("stamp").is_some());
            let left: Vec<_> = grave.children().map(Element::name).collect();
            assert_eq!(left, ["origin-id", "retracted"]);
            assert_eq!(
                (grave.attr("id"), grave.attr("from"), grave.attr("to")),
                (Some("m1"), Some("rosa@team.internal/desk"), Some(to))
            );
            assert!(kept.messages[2].1.has_child("retract", ns::RETRACT));
        }
        // A copy that comes late is no new message; a second retraction changes nothing.
        chat(&mut rosa, to, "m1", &format!("<body>secret</body>{origin}")).await;
        chat(&mut rosa, to, "r2", &retract("m1")).await;
        let kept = everything(&mut rosa).await;
        assert_eq!(kept.bodies(), ["", "stays", "gone", "gone"]);
        let mark = kept.messages[0]
            .1
            .get_child("retracted", ns::RETRACT)
            .unwrap();
        assert_eq!(mark.attr("id"), Some("r1"));
    }
}

#[tokio::test]
async fn nobody_retracts_for_another() {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let mut carl = Client::session(&server, "carl", "desk").await;
    chat(&mut rosa, "bob@team.internal", "m1", "<body>to bob</body>").await;
    // The recipient, a third one at either end, and herself in another conversation.
    chat(&mut bob, "rosa@team.internal", "x1", &retract("m1")).await;
    chat(&mut carl, "bob@team.internal", "x2", &retract("m1")).await;
    chat(&mut carl, "rosa@team.internal", "x3", &retract("m1")).await;
    chat(&mut rosa, "carl@team.internal", "x4", &retract("m1")).await;
    // What was never said, or is named by nothing.
    for id in ["nope", "", "m%", "'"] {
        chat(
            &mut rosa,
            "bob@team.internal",
            "x5",
            &retract(&id.replace('\'', "&apos;")),
        )
        .await;
    }
    for client in [&mut rosa, &mut bob] {
        let kept = everything(client).await;
        let first = &kept.messages[0].1;
        assert_eq!(body(first).as_deref(), Some("to bob"));
        assert!(
            kept.messages
                .iter()
                .all(|(_, it)| !it.has_child("retracted", ns::RETRACT))
        );
    }
}

#[tokio::test]
async fn what_is_retracted_while_somebody_is_away_never_reaches_them() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let to = "bob@team.internal";
    chat(&mut rosa, to, "m1", "<body>secret</body>").await;
    chat(&mut rosa, to, "m2", "<body>stays</body>").await;
    chat(&mut rosa, to, "r1", &retract("m1")).await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    assert_eq!(bodies(&bob.messages().await), ["stays", "gone"]);
}

#[tokio::test]
async fn the_last_message_under_an_id_is_meant() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let to = "bob@team.internal";
    for text in ["one", "two"] {
        chat(&mut rosa, to, "same", &format!("<body>{text}</body>")).await;
    }
    chat(&mut rosa, to, "r", &retract("same")).await;
    assert_eq!(everything(&mut rosa).await.bodies(), ["one", "", "gone"]);
}

#[tokio::test]
async fn the_corrections_of_a_message_go_with_it() {
    // A search looks up what was said before it by its words.
    for indexed_before in [false, true] {
        let server = Server::of(&["rosa", "bob"]).await;
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        let to = "bob@team.internal";
        chat(&mut rosa, to, "m1", "<body>one</body>").await;
        chat(&mut rosa, to, "m2", "<body>stays</body>").await;
        for (id, text) in [("m3", "two"), ("m4", "three")] {
            let replace = format!("<replace xmlns='{}' id='m1'/>", ns::CORRECTION);
            let correction = format!("<body>{text}</body>{replace}");
            chat(&mut rosa, to, id, &correction).await;
            if indexed_before {
                assert_eq!(find(&mut rosa, "", text).await, [text]);
            }
        }
        chat(&mut rosa, to, "r", &retract("m1")).await;
        let mut bob = Client::session(&server, "bob", "desk").await;
        for client in [&mut rosa, &mut bob] {
            let kept = everything(client).await;
            assert_eq!(kept.bodies(), ["", "stays", "", "", "gone"]);
            assert!(find(client, "", "three").await.is_empty());
        }
    }
}
