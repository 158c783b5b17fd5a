//! SASL 2 and what can be asked for in the same breath (XEP-0388, 0386, 0198,
//! 0474).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, ScramError, ScramHash};
use xmpp_core::{Element, ns};

use crate::client::{Client, TlsVersion, address, agent, bind2, failure2, success};
use crate::server::{PASSWORD, Server};

pub(crate) async fn way(server: &Server, way: usize) -> Client {
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
        let (tokens, bound) = match n {
            0 | 1 => (
                &["HT-SHA-256-EXPR", "HT-SHA-256-ENDP", "HT-SHA-256-NONE"][..],
                2,
            ),
            // Web pages cannot see the channel, and a proxy may end it.
            _ => (&["HT-SHA-256-NONE"][..], 0),
        };
        assert_eq!(texts(fast, "mechanism"), tokens);
        let plus = texts(new, "mechanism");
        let plus = plus.iter().filter(|name| name.ends_with("-PLUS"));
        assert_eq!(plus.count(), bound);
        assert_eq!(bindings(&features).len(), bound);
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
            if n == 2 && mechanism.is_plus() {
                client
                    .send_authenticate(mechanism.as_str(), "n,,n=rosa,r=x", "")
                    .await;
                let refused = client.element().await;
                assert_eq!(failure2(&refused), "invalid-mechanism");
                continue;
            }
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
async fn what_is_offered_over_a_websocket_is_what_the_proof_covers() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::websocket(&server).await;
    let features = client.open().await;
    let list = features.get_child("authentication", ns::SASL2).unwrap();
    let mechanisms = texts(list, "mechanism");
    let mechanisms: Vec<_> = mechanisms.iter().map(String::as_str).collect();
    assert_eq!(mechanisms, ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
    assert!(!features.has_child("sasl-channel-binding", ns::SASL_CB));
    let scram = || {
        // It could bind, and was offered nothing that does.
        let unbound = ClientBinding::NotOffered;
        ScramClient::new(ScramHash::Sha256, "rosa", PASSWORD, "fyko", unbound).unwrap()
    };
    client
        .send_authenticate("SCRAM-SHA-256", scram().initial(), "")
        .await;
    let first = STANDARD.decode(client.element().await.text()).unwrap();
    let mut cheated = scram().with_offer(&mechanisms[1..], &[]);
    assert_eq!(cheated.respond(&first), Err(ScramError::Downgrade));
    let mut honest = scram().with_offer(&mechanisms, &[]);
    let answer = STANDARD.encode(honest.respond(&first).unwrap());
    client
        .send(format!(
            "<response xmlns='{}'>{answer}</response>",
            ns::SASL2
        ))
        .await;
    success(client.element().await);
}
