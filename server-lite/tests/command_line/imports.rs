//! `import`: what other servers write, twice, and beside a running server.

use serde_json::json;

use crate::client::{Client, body};
use crate::exports::team;
use crate::program::Desk;
use crate::server::PASSWORD;

fn result(id: &str, stamp: &str, from: &str, to: &str, text: &str) -> String {
    format!(
        "<result xmlns='urn:xmpp:mam:2' id='{id}'><forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>\
         <message xmlns='jabber:client' from='{from}@team.internal/x' to='{to}@team.internal' \
         type='chat'><body>{text}</body></message></forwarded></result>"
    )
}

fn file(content: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- as others write it -->\n\
         <pie:server-data xmlns:pie='urn:xmpp:pie:0'><pie:host jid='Team.Internal'>\n\
         {content}\n</pie:host></pie:server-data>\n"
    )
}

/// The texts of somebody's archive, in its order.
async fn archive(desk: &Desk, user: &str) -> Vec<String> {
    let server = desk.serve("data");
    let mut client = Client::session(&server, user, "desk").await;
    let (messages, _) = client
        .ask("<iq type='set' id='all'><query xmlns='urn:xmpp:mam:2'/></iq>")
        .await;
    server.stop();
    let texts = messages.iter().map(|message| {
        let result = message.get_child("result", xmpp_core::ns::MAM).unwrap();
        let forwarded = result
            .get_child("forwarded", xmpp_core::ns::FORWARD)
            .unwrap();
        body(
            forwarded
                .get_child("message", xmpp_core::ns::CLIENT)
                .unwrap(),
        )
        .unwrap()
    });
    texts.collect()
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    team(&desk).await.stop();
    let [export, before, after] = ["e.xml", "b.xml", "a.xml"].map(|name| desk.text(name));
    desk.ok(&["export", &export], "data");
    for data in ["data", "again"] {
        desk.ok(&["import", &export], data);
        desk.ok(&["export", &before, "--force"], data);
        let done = desk.ok(&["import", &export], data);
        assert_eq!(done["users_added"], 0);
        assert_eq!(done["users_known"], 3);
        assert_eq!(done["messages_added"], 0);
        assert_eq!(done["rooms_added"], 0);
        desk.ok(&["export", &after, "--force"], data);
        let texts = [&before, &after].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(texts[0], texts[1]);
        assert_eq!(texts[0], std::fs::read_to_string(&export).unwrap());
    }
}

#[tokio::test]
async fn what_is_there_stays() {
    let desk = Desk::with(&["rosa"]);
    let text = file("<pie:user name='rosa' password='another password'/>");
    let path = desk.file("other.xml", &text);
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(
        (&done["users_added"], &done["users_known"]),
        (&json!(0), &json!(1))
    );
    let server = desk.serve("data");
    Client::prove_alive(&server, "rosa").await;
    server.stop();
}

#[tokio::test]
async fn older_messages_come_before_what_is_there() {
    let desk = Desk::with(&["rosa", "bob"]);
    let text = |ids: &[(&str, &str)]| {
        let results: String = ids
            .iter()
            .map(|(id, stamp)| result(id, stamp, "bob", "rosa", id))
            .collect();
        file(&format!(
            "<pie:user name='rosa'><archive xmlns='urn:xmpp:pie:0#mam'>{results}</archive></pie:user>"
        ))
    };
    let late = text(&[("d", "2024-01-04T00:00:00Z"), ("f", "2024-01-06T00:00:00Z")]);
    let early = text(&[
        ("a", "2024-01-01T00:00:00Z"),
        ("e", "2024-01-05T00:00:00Z"),
        ("b", "2024-01-02T00:00:00+00:00"),
        ("g", "2024-01-07T00:00:00.5Z"),
    ]);
    for text in [late, early] {
        let path = desk.file("part.xml", &text);
        desk.ok(&["import", &path], "data");
        assert_eq!(desk.ok(&["check"], "data")["ok"], true);
    }
    assert_eq!(archive(&desk, "rosa").await, ["a", "b", "d", "e", "f", "g"]);
}

#[tokio::test]
async fn ids_of_other_servers_may_be_the_same_for_two() {
    let desk = Desk::new();
    let one = result("17", "2024-01-01T00:00:00Z", "bob", "rosa", "hi");
    let none = one.replace(" id='17'", "");
    let user = |name: &str, results: &str| {
        format!(
            "<pie:user name='{name}' password='{PASSWORD}'>\
             <archive xmlns='urn:xmpp:pie:0#mam'>{results}</archive></pie:user>"
        )
    };
    let both = format!("{one}{none}");
    let path = desk.file("e.xml", &file(&(user("rosa", &both) + &user("bob", &both))));
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["messages_added"], 4);
    assert_eq!(desk.ok(&["import", &path], "data")["messages_added"], 0);
    assert_eq!(archive(&desk, "bob").await, ["hi", "hi"]);
}

#[tokio::test]
async fn an_origin_id_that_was_used_twice_loses_nothing() {
    let desk = Desk::with(&["rosa", "bob"]);
    let origin = "<origin-id xmlns='urn:xmpp:sid:0' id='same'/></message>";
    let results: String = ["one", "two"]
        .map(|text| {
            result(text, "2024-01-01T00:00:00Z", "rosa", "bob", text).replace("</message>", origin)
        })
        .concat();
    let text = format!(
        "<pie:user name='rosa'><archive xmlns='urn:xmpp:pie:0#mam'>{results}</archive></pie:user>"
    );
    let path = desk.file("e.xml", &file(&text));
    assert_eq!(desk.ok(&["import", &path], "data")["messages_added"], 2);
    assert_eq!(desk.ok(&["import", &path], "data")["messages_added"], 0);
    assert_eq!(archive(&desk, "rosa").await, ["one", "two"]);
}

#[tokio::test]
async fn passwords_and_waiting_messages_come_from_others() {
    let desk = Desk::new();
    let text = file(&format!(
        "<pie:user name='Rosa' password='{PASSWORD}'>\
         <pie:offline-messages><message xmlns='jabber:client' from='bob@team.internal/a' \
         to='rosa@team.internal' type='chat'><body>old</body><delay xmlns='urn:xmpp:delay' \
         from='team.internal' stamp='2023-05-06T07:08:09Z'>Offline</delay></message>\
         <message xmlns='jabber:client' from='bob@team.internal/a'><body>no time</body></message>\
         </pie:offline-messages></pie:user>\
         <pie:user name='bob'/><pie:user name='a b'/><x xmlns='urn:other'><y/></x>"
    ));
    let path = desk.file("e.xml", &text);
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["users_added"], 2);
    assert_eq!(done["users_refused"], json!(["a b"]));
    assert_eq!(done["without_password"], json!(["bob"]));
    assert_eq!(done["messages_added"], 2);
    assert!(done["not_taken"].to_string().contains("urn:other"));
    let again = desk.ok(&["import", &path], "data");
    assert_eq!(again["messages_added"], 0, "{again}");
    let server = desk.serve("data");
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    rosa.send("<presence/>").await;
    let waited = rosa.messages().await;
    let texts: Vec<_> = waited.iter().filter_map(body).collect();
    assert_eq!(texts, ["old", "no time"]);
    let delay = waited[0].get_child("delay", xmpp_core::ns::DELAY).unwrap();
    assert_eq!(delay.attr("stamp"), Some("2023-05-06T07:08:09.000Z"));
    // Delivered is delivered, also if the file is read once more.
    rosa.sync().await;
    server.stop();
    desk.ok(&["import", &path], "data");
    assert_eq!(desk.ok(&["status"], "data")["messages_waiting"], 0);
}

#[tokio::test]
async fn a_running_server_shows_what_is_brought() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    team(&desk).await.stop();
    let export = desk.text("team.xml");
    desk.ok(&["export", &export], "data");
    let server = desk.serve("live");
    desk.ok(&["import", &export], "live");
    let mut li = Client::online(&server, "li", "desk").await;
    // The server looks every two seconds; a question now and then finds it out.
    let mut rooms = Vec::new();
    while rooms.is_empty() {
        let query = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
        let items = li.get("conference.team.internal", query).await.unwrap();
        rooms = items
            .children()
            .map(|item| item.attr("jid").unwrap().to_owned())
            .collect();
    }
    assert_eq!(rooms, ["room@conference.team.internal"]);
    server.stop();
}

#[tokio::test]
async fn long_archives_beside_a_running_server_let_it_write() {
    let desk = Desk::with(&["rosa", "bob"]);
    let server = desk.serve("data");
    let results: String = (0..3000)
        .map(|n| {
            result(
                &format!("old-{n}"),
                "2024-01-01T00:00:00Z",
                "bob",
                "rosa",
                "x",
            )
        })
        .collect();
    let text = file(&format!(
        "<pie:user name='rosa'><archive xmlns='urn:xmpp:pie:0#mam'>{results}</archive></pie:user>"
    ));
    let path = desk.file("e.xml", &text);
    let mut bob = Client::online(&server, "bob", "desk").await;
    let data = desk.text("data");
    let import = std::thread::spawn(move || {
        crate::program::run(&["import", &path, "--data", &data, "--json"], "").json()
    });
    let mut sent = 0;
    while !import.is_finished() {
        bob.send("<message to='rosa@team.internal' type='chat'><body>new</body></message>")
            .await;
        bob.sync().await;
        sent += 1;
    }
    assert_eq!(import.join().unwrap()["messages_added"], 3000);
    server.stop();
    assert_eq!(desk.ok(&["status"], "data")["messages"], 3000 + 2 * sent);
    assert_eq!(desk.ok(&["check"], "data")["ok"], true);
}

#[tokio::test]
async fn an_import_that_stops_in_the_middle_can_be_finished_later() {
    let desk = Desk::with(&["bob"]);
    let server = desk.serve("data");
    let (count, wrong) = (600, 550);
    let text = |broken_after: Option<usize>| {
        let results: String = (0..count)
            .map(|n| {
                let stamp = "2024-01-01T00:00:00Z";
                let one = result(&format!("old-{n}"), stamp, "bob", "rosa", "x");
                match broken_after {
                    Some(at) if at == n => one + "</wrong>",
                    _ => one,
                }
            })
            .collect();
        file(&format!(
            "<pie:user name='rosa' password='{PASSWORD}'>\
             <archive xmlns='urn:xmpp:pie:0#mam'>{results}</archive></pie:user>"
        ))
    };
    let path = desk.file("broken.xml", &text(Some(wrong)));
    desk.run(&["import", &path], "data").refused(6);
    let path = desk.file("mended.xml", &text(None));
    let done = desk.ok(&["import", &path], "data");
    // What was written before the end stayed: she was there, and a part of it.
    assert_eq!(
        (&done["users_added"], &done["users_known"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(done["messages_added"], 100);
    Client::prove_alive(&server, "rosa").await;
    server.stop();
}

#[tokio::test]
async fn whoever_was_left_without_a_password_gets_the_one_of_the_file() {
    let desk = Desk::new();
    let path = desk.file("bare.xml", &file("<pie:user name='rosa'/>"));
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["without_password"], json!(["rosa"]));
    let text = file(&format!("<pie:user name='rosa' password='{PASSWORD}'/>"));
    let path = desk.file("whole.xml", &text);
    desk.ok(&["import", &path], "data");
    let server = desk.serve("data");
    Client::prove_alive(&server, "rosa").await;
    server.stop();
}

#[test]
fn a_file_names_no_administrator_of_a_server_that_has_people() {
    let own = "<account xmlns='urn:startalk:export:0' administrator='true'/>";
    let text = file(&format!(
        "<pie:user name='eve' password='{PASSWORD}'>{own}</pie:user>"
    ));
    let desk = Desk::with(&["rosa"]);
    let path = desk.file("e.xml", &text);
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["users_added"], 1);
    assert_eq!(done["not_taken"], json!(["administrator eve"]));
    // Nobody is there yet who could be asked.
    let done = desk.ok(&["import", &path], "new");
    assert_eq!(done["not_taken"], json!([]));
    let is_admin = |data: &str| {
        let all = desk.ok(&["user", "list"], data);
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["user"] == "eve").unwrap()["administrator"].clone()
    };
    assert_eq!(
        (is_admin("data"), is_admin("new")),
        (json!(false), json!(true))
    );
}

#[test]
fn files_in_files_are_read() {
    let desk = Desk::new();
    let xi = "xmlns:xi='http://www.w3.org/2001/XInclude'";
    let main = desk.file(
        "all.xml",
        &format!(
            "<server-data xmlns='urn:xmpp:pie:0' {xi}><xi:include href='team.xml'/></server-data>"
        ),
    );
    desk.file(
        "team.xml",
        &format!(
            "<host xmlns='urn:xmpp:pie:0' {xi} jid='team.internal'>\
             <xi:include href='team.internal/rosa.xml'/><user name='bob'/></host>"
        ),
    );
    let rosa = "<user xmlns='urn:xmpp:pie:0' name='rosa'/>";
    desk.file("team.internal/rosa.xml", rosa);
    assert_eq!(desk.ok(&["import", &main], "data")["users_added"], 2);
    for href in [
        "../secret.xml",
        "/etc/passwd",
        "a/../../b",
        "file:///etc/passwd",
    ] {
        let text = format!(
            "<server-data xmlns='urn:xmpp:pie:0' {xi}><host jid='team.internal'>\
             <xi:include href='{href}'/></host></server-data>"
        );
        let path = desk.file("bad.xml", &text);
        desk.run(&["import", &path], "data")
            .refused(if href.contains(':') { 3 } else { 6 });
    }
    let endless = format!(
        "<server-data xmlns='urn:xmpp:pie:0' {xi}><xi:include href='me.xml'/></server-data>"
    );
    let path = desk.file("me.xml", &endless);
    desk.run(&["import", &path], "data").refused(6);
}

#[test]
fn other_domains_are_not_mixed_in() {
    let desk = Desk::with(&["rosa"]);
    let host = |name: &str, user: &str| format!("<host jid='{name}'><user name='{user}'/></host>");
    let wrap = |text: &str| format!("<server-data xmlns='urn:xmpp:pie:0'>{text}</server-data>");
    let path = desk.file("other.xml", &wrap(&host("other.example", "eve")));
    let said = desk.run(&["import", &path], "data");
    assert!(said.refused(1).contains("other.example"), "{said:?}");
    let both = host("other.example", "eve") + &host("team.internal", "bob");
    let path = desk.file("both.xml", &wrap(&both));
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["users_added"], 1);
    assert_eq!(done["other_domains"], json!(["other.example"]));
    // A new folder takes the first, or the one that is named.
    assert_eq!(
        desk.ok(&["import", &path], "first")["domain"],
        "other.example"
    );
    let args = ["import", &path, "--domain", "team.internal"];
    assert_eq!(desk.ok(&args, "second")["domain"], "team.internal");
    desk.run(&args, "first").refused(1);
}

#[tokio::test]
async fn who_came_with_sha_1_alone_is_completed() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.text("e.xml");
    desk.ok(&["export", &file, "--dialect", "ejabberd"], "data");
    desk.ok(&["import", &file], "again");
    let server = desk.serve("again");
    let offered = async || {
        let features = Client::direct(&server).await.open().await;
        let list = features
            .get_child("mechanisms", xmpp_core::ns::SASL)
            .unwrap();
        list.children()
            .map(xmpp_core::Element::text)
            .collect::<Vec<_>>()
    };
    let sign_in = async |mechanism| {
        let mut rosa = Client::direct(&server).await;
        rosa.open().await;
        let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
        rosa.exchange(mechanism, "rosa", PASSWORD, unbound)
            .await
            .is_success()
    };
    use xmpp_core::sasl::Mechanism;
    // A client that took SHA-256 could not sign in, and would try nothing else.
    let list = offered().await;
    assert!(list.contains(&"SCRAM-SHA-1-PLUS".to_owned()));
    assert!(list.iter().all(|name| !name.contains("256")), "{list:?}");
    assert!(sign_in(Mechanism::ScramSha1).await);
    assert!(sign_in(Mechanism::Plain).await);
    // From here on the password is known with the better hash too. The server
    // looks every two seconds.
    while !offered().await.contains(&"SCRAM-SHA-256".to_owned()) {}
    assert!(sign_in(Mechanism::ScramSha256).await);
    assert!(sign_in(Mechanism::ScramSha1).await);
    server.stop();
}
