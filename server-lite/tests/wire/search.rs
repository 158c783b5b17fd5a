//! Full-text search (XEP-0431).

use xmpp_core::ns;

use crate::archive::{Query, chat, query};
use crate::client::{Client, error_of};
use crate::server::Server;

const FIELD: &str = "{urn:xmpp:fulltext:0}fulltext";
const ROOM: &str = "plan@conference.team.internal";

/// The texts that are found.
pub(crate) async fn find(client: &mut Client, to: &str, text: &str) -> Vec<String> {
    let question = Query {
        to,
        fields: &[(FIELD, text)],
        ..Query::default()
    };
    query(client, question).await.unwrap().bodies()
}

#[tokio::test]
async fn words_of_every_language_are_found() {
    for web in [false, true] {
        let server = Server::of(&["rosa", "bob", "carl"]).await;
        let mut rosa = match web {
            true => Client::websocket(&server).await,
            false => Client::direct(&server).await,
        };
        rosa.sign_in("rosa").await;
        rosa.bind("desk").await;
        let to = "bob@team.internal";
        let said = [
            "服务器2号今天重启",
            "新的服务很好",
            "Deployment of Server-42 at 10:30",
            "the deploy key is naïve",
            "東京タワー and 서울타워",
            "OR NOT AND near &quot;quoted&quot; *",
        ];
        for (number, text) in said.iter().enumerate() {
            let content = format!("<body>{text}</body>");
            chat(&mut rosa, to, &format!("m{number}"), &content).await;
        }
        chat(
            &mut rosa,
            "carl@team.internal",
            "c",
            "<body>服务 for carl</body>",
        )
        .await;
        let mut bob = Client::session(&server, "bob", "desk").await;
        for (text, expected) in [
            ("服务器", &[0][..]),
            ("服务", &[0, 1]),
            ("器", &[0]),
            ("务器2号", &[0]),
            ("2号", &[0]),
            ("务服", &[]),
            ("服 器", &[0]),
            ("今天 服务器", &[0]),
            ("今天 deploy", &[]),
            ("deploy", &[2, 3]),
            ("DEPLOYMENT", &[2]),
            ("ployment", &[]),
            ("server-42", &[2]),
            ("4", &[]),
            ("42", &[2]),
            ("10:30", &[2]),
            ("naive", &[3]),
            ("タワ", &[4]),
            ("서울", &[4]),
            ("京", &[4]),
            // Typed by a person, so no operators.
            ("OR", &[5]),
            ("deploy OR", &[]),
            ("\"quoted", &[5]),
            ("quoted\" OR words:the", &[]),
            ("NEAR(deploy key)", &[]),
            ("mine : o", &[]),
            ("-deploy", &[2, 3]),
            ("^deploy", &[2, 3]),
            ("dep*", &[]),
            ("*", &[]),
            ("\"\" ()", &[]),
        ] {
            let text = text.replace('"', "&quot;");
            let expected: Vec<String> = expected
                .iter()
                .map(|n| said[*n].replace("&quot;", "\""))
                .collect();
            assert_eq!(find(&mut bob, "", &text).await, expected, "{text}");
        }
        // Without a text it is no search.
        assert_eq!(find(&mut bob, "", "").await.len(), said.len());
        // Each in their own archive.
        assert_eq!(find(&mut rosa, "", "服务").await.len(), 3);
        let mut carl = Client::session(&server, "carl", "desk").await;
        assert_eq!(find(&mut carl, "", "服务").await, ["服务 for carl"]);
        assert_eq!(find(&mut carl, "", "重启").await.len(), 0);
    }
}

#[tokio::test]
async fn a_search_has_pages_other_filters_and_limits() {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    for number in 0..6 {
        let to = ["bob", "carl"][number % 2];
        let content = format!("<body>会议 {number}</body>");
        chat(&mut rosa, &format!("{to}@team.internal"), "m", &content).await;
    }
    let question = |fields, set| Query {
        fields,
        set,
        ..Query::default()
    };
    let last = query(
        &mut rosa,
        question(&[(FIELD, "会议")], "<max>2</max><before/>"),
    );
    let last = last.await.unwrap();
    assert_eq!(last.bodies(), ["会议 4", "会议 5"]);
    let set = format!("<max>9</max><before>{}</before>", last.ids()[0]);
    let before = query(&mut rosa, question(&[(FIELD, "会议")], &set))
        .await
        .unwrap();
    assert_eq!(before.bodies().len(), 4);
    assert_eq!(before.fin.attr("complete"), Some("true"));
    let fields = [(FIELD, "会议"), ("with", "carl@team.internal")];
    let with_carl = query(&mut rosa, question(&fields, "")).await.unwrap();
    assert_eq!(with_carl.bodies(), ["会议 1", "会议 3", "会议 5"]);
    let long = "长".repeat(257);
    let too_long = query(&mut rosa, question(&[(FIELD, &long)], "")).await;
    assert_eq!(too_long.unwrap_err(), "modify not-acceptable");
    let info = format!(
        "<iq type='get' id='i' to='rosa@team.internal'><query xmlns='{}'/></iq>",
        ns::DISCO_INFO
    );
    let (_, info) = rosa.ask(&info).await;
    let info = String::from(&info);
    for feature in [
        ns::FULLTEXT,
        ns::RETRACT,
        ns::RETRACT_TOMBSTONE,
        ns::MAM_EXTENDED,
    ] {
        assert!(info.contains(&format!("'{feature}'")), "{feature}");
    }
}

#[tokio::test]
async fn what_was_corrected_or_retracted_is_not_found_by_its_old_words() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    for indexed_before in [false, true] {
        let mut rosa = Client::session(&server, "rosa", "").await;
        let mut bob = Client::session(&server, "bob", "").await;
        let to = "bob@team.internal";
        let id = |name: &str| format!("{name}-{indexed_before}");
        let word = |word: &str| format!("{word}{}", if indexed_before { "甲" } else { "乙" });
        for (name, text) in [
            ("corrected", "旧文"),
            ("retracted", "秘密"),
            ("stays", "留下"),
        ] {
            chat(
                &mut rosa,
                to,
                &id(name),
                &format!("<body>{}</body>", word(text)),
            )
            .await;
        }
        if indexed_before {
            assert_eq!(find(&mut bob, "", &word("秘密")).await.len(), 1);
        }
        let correction = format!(
            "<body>{}</body><replace xmlns='{}' id='{}'/>",
            word("新文"),
            ns::CORRECTION,
            id("corrected")
        );
        chat(&mut rosa, to, &id("c"), &correction).await;
        let again = correction.replace("新文", "又新");
        chat(&mut rosa, to, &id("c2"), &again).await;
        let retraction = format!(
            "<retract xmlns='{}' id='{}'/>",
            ns::RETRACT,
            id("retracted")
        );
        chat(&mut rosa, to, &id("r"), &retraction).await;
        for client in [&mut rosa, &mut bob] {
            for (text, found) in [
                ("旧文", 0),
                ("新文", 0),
                ("又新", 1),
                ("秘密", 0),
                ("留下", 1),
            ] {
                assert_eq!(find(client, "", &word(text)).await.len(), found, "{text}");
            }
        }
        server.restart().await;
    }
    // Nobody else makes it vanish.
    let mut rosa = Client::session(&server, "rosa", "").await;
    let mut bob = Client::session(&server, "bob", "").await;
    let foreign = format!(
        "<body>x</body><replace xmlns='{}' id='stays-true'/>",
        ns::CORRECTION
    );
    chat(&mut bob, "rosa@team.internal", "f", &foreign).await;
    assert_eq!(find(&mut rosa, "", "留下甲").await.len(), 1);
}

#[tokio::test]
async fn a_room_is_searched_by_those_who_may_read_it() {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
    rosa.send(format!("<presence to='{ROOM}/Rosa'>{enter}</presence>"))
        .await;
    let form = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
        <x xmlns='jabber:x:data' type='submit'>\
        <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
        <field var='muc#roomconfig_membersonly'><value>1</value></field></x></query>";
    rosa.set(ROOM, form).await.unwrap();
    for text in ["季度计划", "计划 B", "午饭"] {
        rosa.send(format!(
            "<message to='{ROOM}' type='groupchat' id='{text}'><body>{text}</body></message>"
        ))
        .await;
        rosa.text(text).await;
    }
    assert_eq!(find(&mut rosa, ROOM, "计划").await, ["季度计划", "计划 B"]);
    assert_eq!(find(&mut rosa, ROOM, "划b").await, ["计划 B"]);
    assert!(find(&mut rosa, "", "计划").await.is_empty());
    let mut carl = Client::session(&server, "carl", "desk").await;
    let question = format!(
        "<iq type='set' id='q' to='{ROOM}'><query xmlns='{}'/></iq>",
        ns::MAM
    );
    let (_, refused) = carl.ask(&question).await;
    assert_eq!(error_of(&refused), "auth forbidden");
}
