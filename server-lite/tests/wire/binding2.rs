//! What a session has at once after SASL 2 (XEP-0386, XEP-0198).

use xmpp_core::ns;

use crate::client::{Client, address, agent, bind2};
use crate::server::{PASSWORD, Server};
use crate::signing_in2::way;

#[tokio::test]
async fn a_session_is_bound_and_furnished_at_once() {
    let server = Server::of(&["rosa", "bob"]).await;
    for n in 0..3 {
        let mut rosa = way(&server, n).await;
        let wish = bind2(
            "<tag>Awe 喵</tag><enable xmlns='urn:xmpp:carbons:2'/>\
             <enable xmlns='urn:xmpp:sm:3' resume='true' max='60'/>",
        );
        let done = rosa.authenticate("rosa", &(agent("a-b-c") + &wish)).await;
        rosa.address = address(&done);
        let resource = rosa.address.split_once('/').unwrap().1;
        assert!(
            resource.starts_with("Awe 喵/") && !resource.contains("a-b-c"),
            "{resource}"
        );
        let bound = done.get_child("bound", ns::BIND2).unwrap();
        let enabled = bound.get_child("enabled", ns::SM).unwrap();
        assert_eq!(enabled.attr("max"), Some("60"));
        assert!(enabled.attr("id").is_some());
        let features = rosa.features().await;
        assert!(!features.has_child("bind", ns::BIND), "{features:?}");
        // It counts from here on.
        rosa.send("<presence/>").await;
        rosa.send("<r xmlns='urn:xmpp:sm:3'/>").await;
        let counted = rosa.until(|element| element.is("a", ns::SM)).await;
        assert_eq!(counted.attr("h"), Some("1"));
        // Carbons are on: what another session sends comes, too.
        let mut desk = Client::session(&server, "rosa", "desk").await;
        desk.send("<message to='bob@team.internal' type='chat'><body>hi</body></message>")
            .await;
        desk.sync().await;
        let copy = rosa
            .until(|element| element.has_child("sent", ns::CARBONS))
            .await;
        assert_eq!(copy.attr("from"), Some("rosa@team.internal"));
    }
}

#[tokio::test]
async fn a_client_keeps_its_resource_and_has_one_session() {
    let server = Server::of(&["rosa"]).await;
    let sign_in = async |wish: &str| {
        let mut client = Client::direct(&server).await;
        let done = client.authenticate("rosa", wish).await;
        client.address = address(&done);
        client.features().await;
        client
    };
    let tagged = bind2("<tag>T</tag>");
    let mut first = sign_in(&(agent("one") + &tagged)).await;
    let second = sign_in(&(agent("two") + &tagged)).await;
    let again = sign_in(&(agent("one") + &tagged)).await;
    assert_eq!(first.address, again.address);
    assert_ne!(first.address, second.address);
    assert_eq!(first.end().await.as_deref(), Some("conflict"));
    // The same client under another tag has still one session.
    let mut again = again;
    let other = sign_in(&(agent("one") + &bind2("<tag>U</tag>"))).await;
    assert_ne!(other.address, again.address);
    assert_eq!(again.end().await.as_deref(), Some("conflict"));
    // Without an id every session is its own; a tag that is no resource is left out.
    let long = format!("<tag>{}</tag>", "x".repeat(2000));
    let one = sign_in(&bind2(&long)).await;
    let two = sign_in(&bind2(&long)).await;
    assert_ne!(one.address, two.address);
    assert!(!one.address.contains("xxx"), "{}", one.address);
    let mut odd = sign_in(&bind2("<tag>a\u{200e}\u{fffc}b</tag>")).await;
    odd.sync().await;
}

#[tokio::test]
async fn the_archive_is_said_as_it_is_and_nothing_waits() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let ends = async || {
        let mut rosa = Client::direct(&server).await;
        let done = rosa.authenticate("rosa", &bind2("")).await;
        rosa.address = address(&done);
        rosa.features().await;
        let bound = done.get_child("bound", ns::BIND2).unwrap().clone();
        let metadata = bound.get_child("metadata", ns::MAM).unwrap();
        let end = |name| {
            let end = metadata.get_child(name, ns::MAM)?;
            assert!(end.attr("timestamp").unwrap().ends_with('Z'));
            Some(end.attr("id").unwrap().to_owned())
        };
        (rosa, end("start"), end("end"))
    };
    let (_, first, last) = ends().await;
    assert_eq!((first, last), (None, None));
    for text in ["one", "two"] {
        bob.send(format!(
            "<message to='rosa@team.internal' type='chat'><body>{text}</body></message>"
        ))
        .await;
    }
    bob.sync().await;
    let (mut rosa, first, last) = ends().await;
    // They are for her to read in the archive, and nobody sends them to her.
    rosa.send("<presence/>").await;
    assert!(rosa.messages().await.is_empty());
    let query = "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>";
    let (results, _) = rosa.ask(query).await;
    let ids: Vec<_> = results
        .iter()
        .filter_map(|result| result.get_child("result", ns::MAM)?.attr("id"))
        .map(str::to_owned)
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!((first.as_ref(), last.as_ref()), (ids.first(), ids.last()));
    // Nor does another client get them as something that waited.
    let mut older = Client::session(&server, "rosa", "older").await;
    older.send("<presence/>").await;
    assert!(older.messages().await.is_empty());
}

#[tokio::test]
async fn a_session_is_resumed_while_signing_in_over_another_transport() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let start = bind2("<tag>T</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    let mut rosa = Client::direct(&server).await;
    let done = rosa.authenticate("rosa", &start).await;
    let full = address(&done);
    let bound = done.get_child("bound", ns::BIND2).unwrap();
    let id = bound
        .get_child("enabled", ns::SM)
        .unwrap()
        .attr("id")
        .unwrap();
    rosa.features().await;
    rosa.send("<presence/>").await;
    rosa.until(|element| element.is("presence", ns::CLIENT))
        .await;
    let mut before = rosa;
    for (n, text) in ["one", "two", "three"].into_iter().enumerate() {
        bob.send(format!(
            "<message to='rosa@team.internal' type='chat'><body>{text}</body></message>"
        ))
        .await;
        bob.sync().await;
        before.text(text).await;
        // Bob's presence and the messages up to the one before are acknowledged.
        let h = n + 1;
        let resume = format!("<resume xmlns='urn:xmpp:sm:3' h='{h}' previd='{id}'/>");
        let mut next = way(&server, 2 - n).await;
        // The binding that is asked for, too, is not needed.
        let done = next.authenticate("rosa", &(resume + &start)).await;
        assert_eq!(address(&done), full);
        assert!(done.has_child("resumed", ns::SM), "{done:?}");
        assert!(!done.has_child("bound", ns::BIND2), "{done:?}");
        next.features().await;
        next.text(text).await;
        assert_eq!(before.end().await.as_deref(), Some("conflict"));
        before = next;
    }
    // What cannot be resumed is said, and the binding is done.
    let resume = "<resume xmlns='urn:xmpp:sm:3' h='0' previd='never-was'/>";
    let mut rosa = Client::direct(&server).await;
    let done = rosa.authenticate("rosa", &format!("{resume}{start}")).await;
    let failed = done.get_child("failed", ns::SM).unwrap();
    assert!(failed.has_child("item-not-found", ns::STANZA_ERRORS));
    assert!(done.has_child("bound", ns::BIND2));
    rosa.features().await;
    // Without one, the older way is open.
    let mut rosa = Client::direct(&server).await;
    let done = rosa.authenticate("rosa", resume).await;
    assert!(done.has_child("failed", ns::SM));
    assert_eq!(address(&done), "rosa@team.internal");
    rosa.features().await;
    rosa.bind("desk").await;
    // Somebody else's is nobody's.
    let mut bob = Client::direct(&server).await;
    let resume = format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>");
    let done = bob.authenticate("bob", &resume).await;
    assert!(done.has_child("failed", ns::SM));
}

#[tokio::test]
async fn sessions_of_an_account_are_limited_here_too() {
    let server = Server::with(|config| config.limits.sessions_per_account = 1).await;
    server.accounts(&["rosa"]).await;
    let mut first = Client::session(&server, "rosa", "desk").await;
    let mut second = Client::direct(&server).await;
    second.open().await;
    let initial = format!("\0rosa\0{PASSWORD}");
    second.send_authenticate("PLAIN", initial, &bind2("")).await;
    assert_eq!(second.end().await.as_deref(), Some("resource-constraint"));
    first.sync().await;
}

#[tokio::test]
async fn nothing_new_waits_for_who_reads_the_archive() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::direct(&server).await;
    let wish = bind2("<enable xmlns='urn:xmpp:sm:3'/>");
    let done = rosa.authenticate("rosa", &wish).await;
    rosa.address = address(&done);
    rosa.features().await;
    rosa.send("<presence/>").await;
    rosa.sync().await;
    bob.send("<message to='rosa@team.internal' type='chat'><body>hi</body></message>")
        .await;
    // She has it, and does not say so.
    rosa.text("hi").await;
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    let count = "SELECT count(*) FROM archive WHERE undelivered = 1";
    let waiting: i64 = disk.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(waiting, 0);
}
