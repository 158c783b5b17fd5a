//! SASL 2 and what can be asked for in the same breath (XEP-0388, 0386, 0198,
//! 0474).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, ScramError, ScramHash};
use xmpp_core::{Element, ns};

use crate::client::{Client, TlsVersion, address, agent, bind2, failure2, success};
use crate::server::{PASSWORD, Server};

async fn way(server: &Server, way: usize) -> Client {
    match way {
        0 => Client::direct(server).await,
        1 => Client::starttls(server).await,
        _ => Client::websocket(server).await,
    }
}

fn texts(list: &Element, name: &str) -> Vec<String> {
    list.children()
        .filter(|child| child.name() == name)
        .map(Element::text)
        .collect()
}

fn bindings(features: &Element) -> Vec<String> {
    let list = features.get_child("sasl-channel-binding", ns::SASL_CB);
    list.into_iter()
        .flat_map(Element::children)
        .map(|binding| binding.attr("type").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn both_profiles_are_offered_side_by_side() {
    let server = Server::of(&["rosa"]).await;
    for n in 0..3 {
        let mut client = way(&server, n).await;
        let features = client.open().await;
        let old = features.get_child("mechanisms", ns::SASL).unwrap();
        let new = features.get_child("authentication", ns::SASL2).unwrap();
        assert_eq!(texts(old, "mechanism"), texts(new, "mechanism"));
        let inline = new.get_child("inline", ns::SASL2).unwrap();
        assert!(inline.has_child("sm", ns::SM));
        let bind = inline.get_child("bind", ns::BIND2).unwrap();
        let furnish: Vec<_> = bind
            .get_child("inline", ns::BIND2)
            .unwrap()
            .children()
            .collect();
        let furnish: Vec<_> = furnish.iter().filter_map(|one| one.attr("var")).collect();
        assert_eq!(furnish, [ns::CARBONS, ns::CSI, ns::SM]);
        let fast = inline.get_child("fast", ns::FAST).unwrap();
        assert_eq!(
            texts(fast, "mechanism"),
            ["HT-SHA-256-EXPR", "HT-SHA-256-ENDP", "HT-SHA-256-NONE"]
        );
        // We take no early data (XEP-0484, section 3.1).
        assert_eq!(fast.attr("tls-0rtt"), None);
        // XEP-0478.
        let limits = features.get_child("limits", ns::STREAM_LIMITS).unwrap();
        assert_eq!(texts(limits, "max-bytes"), ["262144"]);
        assert_eq!(texts(limits, "idle-seconds"), ["180"]);
    }
    // What needs TLS 1.3 is not offered without it.
    let mut client = Client::direct_with(&server, TlsVersion::V12).await;
    let features = client.open().await;
    let new = features.get_child("authentication", ns::SASL2).unwrap();
    let inline = new.get_child("inline", ns::SASL2).unwrap();
    assert_eq!(
        texts(inline.get_child("fast", ns::FAST).unwrap(), "mechanism"),
        ["HT-SHA-256-ENDP", "HT-SHA-256-NONE"]
    );
    // In clear neither.
    let mut client = Client::in_clear(&server).await;
    client.open().await;
    client
        .send_authenticate("PLAIN", format!("\0rosa\0{PASSWORD}"), "")
        .await;
    assert_eq!(client.end().await.as_deref(), Some("policy-violation"));
}

#[tokio::test]
async fn every_mechanism_works_and_the_stream_goes_on() {
    let server = Server::of(&["rosa"]).await;
    for n in 0..3 {
        for mechanism in Mechanism::ALL {
            let mut client = way(&server, n).await;
            client.open().await;
            let binding = match mechanism.is_plus() {
                true => client.binding(),
                false => ClientBinding::Unsupported,
            };
            let done = client
                .authenticate_with(mechanism, "rosa", PASSWORD, binding, &agent("a"))
                .await;
            assert_eq!(address(&success(done)), "rosa@team.internal");
            // No new header; the older way to bind is there.
            let features = client.features().await;
            assert!(features.has_child("bind", ns::BIND));
            assert!(!features.has_child("authentication", ns::SASL2));
            client.bind("desk").await;
            client.sync().await;
        }
    }
}

#[tokio::test]
async fn the_certificate_binds_where_the_client_wants_it() {
    let server = Server::of(&["rosa"]).await;
    for version in [TlsVersion::V12, TlsVersion::V13] {
        for mechanism in [Mechanism::ScramSha256Plus, Mechanism::ScramSha1Plus] {
            let mut client = Client::direct_with(&server, version).await;
            let end_point = client.certificate.as_ref().unwrap().end_point();
            client.open().await;
            let bound = ClientBinding::TlsServerEndPoint(end_point.clone());
            let done = client
                .exchange(mechanism, "rosa", PASSWORD, bound.clone())
                .await;
            assert!(done.is_success(), "{}", done.raw);
            let mut client = Client::direct_with(&server, version).await;
            client.open().await;
            let done = client
                .authenticate_with(mechanism, "rosa", PASSWORD, bound, "")
                .await;
            success(done);
            // Another certificate: somebody stands between.
            let mut other = end_point;
            other[0] ^= 1;
            let mut client = Client::direct_with(&server, version).await;
            client.open().await;
            let other = ClientBinding::TlsServerEndPoint(other);
            let done = client
                .authenticate_with(mechanism, "rosa", PASSWORD, other, "")
                .await;
            assert_eq!(failure2(&done), "not-authorized");
        }
    }
}

#[tokio::test]
async fn the_offer_is_signed_in_both_profiles() {
    let server = Server::of(&["rosa"]).await;
    for (hash, mechanism) in [
        (ScramHash::Sha256, "SCRAM-SHA-256"),
        (ScramHash::Sha1, "SCRAM-SHA-1"),
    ] {
        for sasl2 in [false, true] {
            let mut client = Client::direct(&server).await;
            let features = client.open().await;
            let list = match sasl2 {
                false => features.get_child("mechanisms", ns::SASL).unwrap(),
                true => features.get_child("authentication", ns::SASL2).unwrap(),
            };
            let mechanisms = texts(list, "mechanism");
            let mechanisms: Vec<_> = mechanisms.iter().map(String::as_str).collect();
            let bindings = bindings(&features);
            let bindings: Vec<_> = bindings.iter().map(String::as_str).collect();
            let scram = || {
                let unbound = ClientBinding::Unsupported;
                ScramClient::new(hash, "rosa", PASSWORD, "fyko", unbound).unwrap()
            };
            match sasl2 {
                false => {
                    client
                        .auth(mechanism, &STANDARD.encode(scram().initial()))
                        .await
                }
                true => {
                    client
                        .send_authenticate(mechanism, scram().initial(), "")
                        .await
                }
            }
            let first = STANDARD.decode(client.element().await.text()).unwrap();
            assert!(String::from_utf8_lossy(&first).contains(",h="));
            let mut honest = scram().with_offer(&mechanisms, &bindings);
            assert!(honest.respond(&first).is_ok(), "{mechanism} {sasl2}");
            // As somebody would have it who wants the weaker one taken.
            for (mechanisms, bindings) in [
                (&mechanisms[3..], &bindings[..]),
                (&mechanisms[..], &bindings[1..]),
                (&mechanisms[..], &[]),
            ] {
                let mut cheated = scram().with_offer(mechanisms, bindings);
                assert_eq!(cheated.respond(&first), Err(ScramError::Downgrade));
            }
        }
    }
}

#[tokio::test]
async fn refusals_have_their_conditions_and_change_nothing() {
    let server = Server::with(|config| config.limits.failures_per_minute = 100).await;
    server.accounts(&["rosa", "bob"]).await;
    let wish = bind2("<tag>x</tag>");
    for (mechanism, initial, condition) in [
        ("X-OAUTH2", "x", "invalid-mechanism"),
        ("", "x", "invalid-mechanism"),
        ("HT-SHA-256-NONE", "rosa\0x", "invalid-mechanism"),
        ("PLAIN", "x", "malformed-request"),
        ("PLAIN", "\0rosa\0wrong password", "not-authorized"),
        ("PLAIN", "\0nobody\0wrong password", "not-authorized"),
        ("SCRAM-SHA-256", "x", "malformed-request"),
        ("SCRAM-SHA-256", "y,,n=rosa,r=x", "not-authorized"),
        (
            "SCRAM-SHA-256-PLUS",
            "p=tls-unique,,n=rosa,r=x",
            "not-authorized",
        ),
        ("SCRAM-SHA-256-PLUS", "n,,n=rosa,r=x", "malformed-request"),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        client.send_authenticate(mechanism, initial, &wish).await;
        assert_eq!(
            failure2(&client.element().await),
            condition,
            "{mechanism} {initial}"
        );
        // The stream is as it was, and the other profile is there, too.
        let done = client
            .exchange(
                Mechanism::Plain,
                "rosa",
                PASSWORD,
                ClientBinding::Unsupported,
            )
            .await;
        assert!(done.is_success());
    }
    let mut client = Client::direct(&server).await;
    client.open().await;
    client
        .send(format!(
            "<authenticate xmlns='{}' mechanism='PLAIN'><initial-response>!</initial-response></authenticate>",
            ns::SASL2
        ))
        .await;
    assert_eq!(failure2(&client.element().await), "incorrect-encoding");
    client
        .send_authenticate("SCRAM-SHA-1", "n,,n=rosa,r=x", "")
        .await;
    assert!(client.element().await.is("challenge", ns::SASL2));
    client.send(format!("<abort xmlns='{}'/>", ns::SASL2)).await;
    assert_eq!(failure2(&client.element().await), "aborted");
    // Nobody acts for somebody else, nor under another name than the stream's.
    let authzid = format!("rosa@team.internal\0rosa\0{PASSWORD}");
    for (from, authzid, condition) in [
        ("rosa@team.internal", authzid.clone(), None),
        ("bob@team.internal", authzid, Some("invalid-authzid")),
        (
            "bob@team.internal",
            format!("bob\0rosa\0{PASSWORD}"),
            Some("invalid-authzid"),
        ),
    ] {
        let mut client = Client::direct(&server).await;
        let header = client
            .header()
            .replace(" to=", &format!(" from='{from}' to="));
        client.send(header).await;
        client.expect_open().await;
        client.features().await;
        client.send_authenticate("PLAIN", authzid, "").await;
        let answer = client.element().await;
        match condition {
            Some(condition) => assert_eq!(failure2(&answer), condition),
            None => drop(success(answer)),
        }
    }
    // RFC 6120, section 4.9.3.9.
    let mut client = Client::direct(&server).await;
    let header = client.header();
    client
        .send(header.replace(" to=", " from='rosa@elsewhere.example' to="))
        .await;
    client.expect_open().await;
    assert_eq!(client.end().await.as_deref(), Some("invalid-from"));
}

#[tokio::test]
async fn nothing_else_is_said_during_and_nothing_again_after() {
    let server = Server::of(&["rosa"]).await;
    for between in [
        "<presence/>".to_owned(),
        "<r xmlns='urn:xmpp:sm:3'/>".to_owned(),
        // The other profile's word.
        format!("<response xmlns='{}'>AA==</response>", ns::SASL),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        client
            .send_authenticate("SCRAM-SHA-1", "n,,n=rosa,r=x", "")
            .await;
        assert!(client.element().await.is("challenge", ns::SASL2));
        client.send(&between).await;
        assert_eq!(
            client.end().await.as_deref(),
            Some("not-authorized"),
            "{between}"
        );
    }
    for bound in [false, true] {
        let mut client = Client::direct(&server).await;
        let wish = if bound { bind2("") } else { String::new() };
        client.authenticate("rosa", &wish).await;
        client.features().await;
        client
            .send_authenticate("PLAIN", format!("\0rosa\0{PASSWORD}"), "")
            .await;
        assert!(client.end().await.is_some(), "bound: {bound}");
    }
}

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
