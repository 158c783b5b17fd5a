//! Rosters (RFC 6121, section 2): one's own, and the one of the team (XEP-0083
//! for its departments).

use startalk_server_lite::admin::Admin;
use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::server::Server;

/// A server where nobody sees anybody until they have asked.
async fn classic(people: &[&str]) -> Server {
    let server = Server::with(|config| config.shared_roster = false).await;
    server.accounts(people).await;
    server
}

fn request(kind: &str, id: &str, content: &str) -> String {
    format!("<iq type='{kind}' id='{id}'><query xmlns='jabber:iq:roster'>{content}</query></iq>")
}

/// An item as a line: `bob@team.internal "Bob" both [Team]`.
fn line(item: &Element) -> String {
    let groups: Vec<_> = item.children().map(Element::text).collect();
    let mut line = format!(
        "{} {:?} {} {groups:?}",
        item.attr("jid").unwrap(),
        item.attr("name").unwrap_or_default(),
        item.attr("subscription").unwrap_or_default(),
    );
    for name in ["ask", "approved"] {
        if let Some(value) = item.attr(name) {
            line.push_str(&format!(" {name}={value}"));
        }
    }
    line
}

/// The lines and the version of a query.
fn read(query: &Element) -> (Vec<String>, i64) {
    let version = query.attr("ver").unwrap().parse().unwrap();
    (query.children().map(line).collect(), version)
}

/// The whole roster.
async fn get(client: &mut Client) -> (Vec<String>, i64) {
    let (_, answer) = client.ask(&request("get", "r", "")).await;
    read(answer.get_child("query", ns::ROSTER).unwrap())
}

/// The pushes among stanzas.
fn pushes(stanzas: &[Element]) -> (Vec<String>, i64) {
    let mut lines = Vec::new();
    let mut last = 0;
    for stanza in stanzas {
        if let Some(query) = stanza.get_child("query", ns::ROSTER)
            && stanza.attr("type") == Some("set")
        {
            assert!(stanza.attr("id").is_some());
            let (of_push, version) = read(query);
            assert_eq!(of_push.len(), 1, "a push has one item");
            assert!(version > last, "versions rise");
            last = version;
            lines.extend(of_push);
        }
    }
    (lines, last)
}

/// Sends a set; `ok` or the condition, with the pushes that came with it.
async fn set(client: &mut Client, item: &str) -> (String, Vec<String>) {
    let (mut before, answer) = client.ask(&request("set", "s", item)).await;
    before.extend(client.sync().await);
    let said = match answer.attr("type") {
        Some("result") => "ok".to_owned(),
        _ => condition(&answer),
    };
    (said, pushes(&before).0)
}

#[tokio::test]
async fn an_item_is_set_changed_and_removed_and_interested_sessions_hear_of_it() {
    let mut server = classic(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut phone = Client::session(&server, "rosa", "phone").await;
    let mut quiet = Client::session(&server, "rosa", "quiet").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    assert!(get(&mut rosa).await.0.is_empty());
    get(&mut phone).await;
    get(&mut bob).await;
    for (item, said, pushed) in [
        (
            "<item jid='bob@team.internal' name='Bob'><group>Work</group><group>朋友</group></item>",
            "ok",
            &[r#"bob@team.internal "Bob" none ["Work", "朋友"]"#][..],
        ),
        // What the server decides is not the client's.
        (
            "<item jid='BOB@team.internal' name='B' subscription='both' ask='subscribe' approved='true'/>",
            "ok",
            &[r#"bob@team.internal "B" none []"#],
        ),
        (
            "<item jid='somebody@elsewhere.example'/>",
            "ok",
            &[r#"somebody@elsewhere.example "" none []"#],
        ),
        (
            "<item jid='somebody@elsewhere.example' subscription='remove'/>",
            "ok",
            &[r#"somebody@elsewhere.example "" remove []"#],
        ),
        (
            "<item jid='somebody@elsewhere.example' subscription='remove'/>",
            "item-not-found",
            &[],
        ),
    ] {
        let (answer, heard) = set(&mut rosa, item).await;
        assert_eq!(answer, said, "{item}");
        assert_eq!(heard, pushed, "{item}");
        assert_eq!(pushes(&phone.sync().await).0, pushed, "{item}");
        assert!(quiet.sync().await.is_empty(), "it has not asked");
        assert!(bob.sync().await.is_empty(), "a roster is one's own");
    }
    let expected = [r#"bob@team.internal "B" none []"#];
    assert_eq!(get(&mut phone).await.0, expected);
    server.stop().await;
    server
        .start_with(|config| config.shared_roster = false)
        .await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    assert_eq!(get(&mut rosa).await.0, expected);
}

#[tokio::test]
async fn what_is_no_roster_set_is_refused() {
    let server = Server::with(|config| {
        config.shared_roster = false;
        config.limits.roster_items = 3;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    get(&mut rosa).await;
    let long = "x".repeat(1024);
    let much: String = (0..4)
        .map(|n| format!("<group>{n}{}</group>", "x".repeat(1000)))
        .collect();
    let escaped = "&amp;".repeat(600);
    let many: String = (0..33).map(|n| format!("<group>{n}</group>")).collect();
    for (item, said) in [
        ("", "bad-request"),
        ("<item/>", "bad-request"),
        ("<thing jid='bob@team.internal'/>", "bad-request"),
        (
            "<item jid='bob@team.internal'/><item jid='eve@team.internal'/>",
            "bad-request",
        ),
        ("<item jid='@@@'/>", "jid-malformed"),
        ("<item jid='bob@team.internal/desk'/>", "not-acceptable"),
        ("<item jid='rosa@team.internal'/>", "not-allowed"),
        (
            "<item jid='bob@team.internal'><group>a</group><group>a</group></item>",
            "bad-request",
        ),
        (
            "<item jid='bob@team.internal'><group/></item>",
            "not-acceptable",
        ),
        (
            &format!("<item jid='bob@team.internal'>{much}</item>"),
            "not-acceptable",
        ),
        (
            &format!("<item jid='bob@team.internal' name='{escaped}'/>"),
            "not-acceptable",
        ),
        (
            &format!("<item jid='bob@team.internal' name='{long}'/>"),
            "not-acceptable",
        ),
        (
            &format!("<item jid='bob@team.internal'><group>{long}</group></item>"),
            "not-acceptable",
        ),
        (
            &format!("<item jid='bob@team.internal'>{many}</item>"),
            "not-acceptable",
        ),
    ] {
        assert_eq!(
            set(&mut rosa, item).await,
            (said.to_owned(), vec![]),
            "{item}"
        );
    }
    for n in 0..3 {
        let item = format!("<item jid='n{n}@elsewhere.example'/>");
        assert_eq!(set(&mut rosa, &item).await.0, "ok");
    }
    let one_more = "<item jid='bob@team.internal'/>";
    assert_eq!(set(&mut rosa, one_more).await.0, "resource-constraint");
    // Nor by asking; changes of what is there stay possible.
    rosa.send("<presence type='subscribe' to='bob@team.internal' id='p'/>")
        .await;
    let refused = rosa.sync().await;
    assert_eq!(condition(&refused[0]), "resource-constraint");
    let change = "<item jid='n0@elsewhere.example' name='N'/>";
    assert_eq!(set(&mut rosa, change).await.0, "ok");
    assert_eq!(get(&mut rosa).await.0.len(), 3);
}

#[tokio::test]
async fn somebody_elses_roster_is_not_for_reading() {
    for shared in [true, false] {
        let server = Server::with(|config| config.shared_roster = shared).await;
        server.accounts(&["rosa", "bob"]).await;
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        for kind in ["get", "set"] {
            for to in ["bob@team.internal", "nobody@team.internal", "team.internal"] {
                let iq = format!(
                    "<iq type='{kind}' id='1' to='{to}'><query xmlns='jabber:iq:roster'>\
                     <item jid='rosa@team.internal'/></query></iq>"
                );
                let (_, answer) = rosa.ask(&iq).await;
                assert_eq!(condition(&answer), "service-unavailable", "{iq}");
            }
        }
    }
}

#[tokio::test]
async fn a_roster_that_has_not_changed_is_not_sent_again() {
    for shared in [true, false] {
        let mut server = Server::with(|config| config.shared_roster = shared).await;
        server.accounts(&["rosa", "bob"]).await;
        let mut rosa = Client::direct(&server).await;
        let features = rosa.sign_in("rosa").await;
        assert!(features.has_child("ver", ns::ROSTER_VERSIONING));
        rosa.bind("desk").await;
        // A client that has nothing yet says so (section 2.6.2).
        let nothing = "<iq type='get' id='1'><query xmlns='jabber:iq:roster' ver=''/></iq>";
        let (_, all) = rosa.ask(nothing).await;
        let (_, version) = read(all.get_child("query", ns::ROSTER).unwrap());
        let with = |version: i64| {
            format!("<iq type='get' id='1'><query xmlns='jabber:iq:roster' ver='{version}'/></iq>")
        };
        let (_, same) = rosa.ask(&with(version)).await;
        assert_eq!(same.attr("type"), Some("result"));
        assert!(same.children().next().is_none(), "{same:?}");
        // Each push brings the version after it, the same for everybody.
        let item = "<item jid='bob@team.internal' name='Bobby'/>";
        let (mut heard, _) = rosa.ask(&request("set", "s", item)).await;
        heard.extend(rosa.sync().await);
        let (_, pushed) = pushes(&heard);
        assert!(pushed > version);
        assert!(
            rosa.ask(&with(version))
                .await
                .1
                .has_child("query", ns::ROSTER)
        );
        assert!(
            !rosa
                .ask(&with(pushed))
                .await
                .1
                .has_child("query", ns::ROSTER)
        );
        server.stop().await;
        server
            .start_with(|config| config.shared_roster = shared)
            .await;
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        assert!(
            !rosa
                .ask(&with(pushed))
                .await
                .1
                .has_child("query", ns::ROSTER)
        );
        // Another kind of roster is another roster.
        server.stop().await;
        server
            .start_with(|config| config.shared_roster = !shared)
            .await;
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        assert!(
            rosa.ask(&with(pushed))
                .await
                .1
                .has_child("query", ns::ROSTER)
        );
    }
}

#[tokio::test]
async fn the_team_is_everybodys_roster() {
    let server = Server::of(&["Rosa", "Bob", "李娜"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let team =
        |user: &str, name: &str| format!(r#"{user}@team.internal "{name}" both ["Team 团队"]"#);
    let (items, version) = get(&mut rosa).await;
    assert_eq!(items, [team("bob", "Bob"), team("李娜", "李娜")]);
    // Somebody new is seen by who is there, with a version.
    server.accounts(&["Eve"]).await;
    let (heard, pushed) = pushes(&rosa.sync().await);
    assert_eq!(heard, [team("eve", "Eve")]);
    assert!(pushed > version);
    let known =
        format!("<iq type='get' id='1'><query xmlns='jabber:iq:roster' ver='{pushed}'/></iq>");
    assert!(!rosa.ask(&known).await.1.has_child("query", ns::ROSTER));
    // Whoever goes is seen no more.
    let admin = Admin::open(&server.data()).unwrap();
    admin.remove_user("bob").await.unwrap();
    admin.close().await;
    let gone = rosa
        .until(|stanza| stanza.has_child("query", ns::ROSTER))
        .await;
    let expected = r#"bob@team.internal "" remove []"#;
    assert_eq!(pushes(&[gone]).0, [expected]);
    assert_eq!(
        get(&mut rosa).await.0,
        [team("eve", "Eve"), team("李娜", "李娜")]
    );
}

#[tokio::test]
async fn a_colleague_may_be_called_and_sorted_as_one_likes_but_stays() {
    let server = Server::of(&["Rosa", "Bob", "Eve"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut eve = Client::session(&server, "eve", "desk").await;
    get(&mut rosa).await;
    get(&mut eve).await;
    let mine = r#"bob@team.internal "Bobby" both ["Friends"]"#;
    let item = "<item jid='bob@team.internal' name='Bobby'><group>Friends</group></item>";
    assert_eq!(
        set(&mut rosa, item).await,
        ("ok".to_owned(), vec![mine.to_owned()])
    );
    assert!(eve.sync().await.is_empty());
    let go = "<item jid='bob@team.internal' subscription='remove'/>";
    assert_eq!(set(&mut rosa, go).await, ("not-allowed".to_owned(), vec![]));
    let eves = r#"eve@team.internal "Eve" both ["Team 团队"]"#;
    assert_eq!(get(&mut rosa).await.0, [mine, eves]);
    // Where he works is pushed to who has not sorted him.
    server
        .handle()
        .set_department("bob", "Sales/North")
        .await
        .unwrap();
    let moved = r#"bob@team.internal "Bob" both ["Team 团队::Sales::North"]"#;
    assert_eq!(pushes(&eve.sync().await).0, [moved]);
    assert_eq!(pushes(&rosa.sync().await).0, [mine]);
    // What is set as it would be anyway follows the team again.
    let item = "<item jid='bob@team.internal'><group>Team 团队::Sales::North</group></item>";
    assert_eq!(set(&mut rosa, item).await.1, [moved]);
    server.handle().set_department("bob", "").await.unwrap();
    let back = r#"bob@team.internal "Bob" both ["Team 团队"]"#;
    assert_eq!(pushes(&rosa.sync().await).0, [back]);
    assert_eq!(get(&mut rosa).await.0, [back, eves]);
    // A group of one's own stays when only the name is the team's.
    let item = "<item jid='bob@team.internal' name='Bob'><group>Friends</group></item>";
    let kept = r#"bob@team.internal "Bob" both ["Friends"]"#;
    assert_eq!(set(&mut rosa, item).await.1, [kept]);
    // Who is not in the team is an ordinary item.
    let item = "<item jid='x@elsewhere.example' name='X'/>";
    let other = r#"x@elsewhere.example "X" none []"#;
    assert_eq!(set(&mut rosa, item).await.1, [other]);
    assert_eq!(get(&mut rosa).await.0, [kept, eves, other]);
}

#[tokio::test]
async fn departments_are_set_by_the_command_line_too() {
    let server = Server::of(&["Rosa", "Bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    get(&mut rosa).await;
    let admin = Admin::open(&server.data()).unwrap();
    assert!(admin.set_department("nobody", "Sales").await.is_err());
    assert!(admin.set_department("bob", "Sales::").await.is_err());
    admin.set_department("bob", "研发::后端").await.unwrap();
    let all = admin.departments().await.unwrap();
    assert_eq!(all, [("bob".to_owned(), "研发::后端".to_owned())]);
    admin.close().await;
    let push = rosa
        .until(|stanza| stanza.has_child("query", ns::ROSTER))
        .await;
    let expected = r#"bob@team.internal "Bob" both ["Team 团队::研发::后端"]"#;
    assert_eq!(pushes(&[push]).0, [expected]);
}
