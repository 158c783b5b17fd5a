//! Sign-in (RFC 6120, section 6; RFC 5802, 7677, 9266; XEP-0440).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, ScramHash};
use xmpp_core::{Element, ns};

use crate::client::{Client, TlsVersion};
use crate::http::numbers;
use crate::server::{PASSWORD, Server};

fn mechanisms(features: &Element) -> Vec<String> {
    features
        .get_child("mechanisms", ns::SASL)
        .into_iter()
        .flat_map(Element::children)
        .map(Element::text)
        .collect()
}

#[tokio::test]
async fn every_mechanism_works_on_every_way_in() {
    let server = Server::of(&["rosa"]).await;
    for way in 0..3 {
        for mechanism in Mechanism::ALL {
            let mut client = match way {
                0 => Client::direct(&server).await,
                1 => Client::starttls(&server).await,
                _ => Client::websocket(&server).await,
            };
            let shown = client.certificate.as_ref().unwrap().pin();
            assert_eq!(shown, server.handle().spki_pin());
            let features = client.open().await;
            // Whoever is behind a WebSocket cannot see the channel.
            let fits = |one: &Mechanism| way < 2 || !one.is_plus();
            let expected = Mechanism::ALL.into_iter().filter(fits);
            let expected: Vec<_> = expected.map(Mechanism::as_str).collect();
            assert_eq!(mechanisms(&features), expected);
            if !fits(&mechanism) {
                client.auth(mechanism.as_str(), "biwsbj1yb3Nh").await;
                let refused = client.element().await;
                assert!(refused.has_child("invalid-mechanism", ns::SASL));
                continue;
            }
            let binding = match mechanism.is_plus() {
                true => client.binding(),
                false => ClientBinding::Unsupported,
            };
            let done = client.exchange(mechanism, "rosa", PASSWORD, binding).await;
            assert!(done.is_success(), "{way} {mechanism:?} {}", done.raw);
            client.restart();
            let features = client.open().await;
            assert!(mechanisms(&features).is_empty());
            client.bind("desk").await;
            assert_eq!(client.address, "rosa@team.internal/desk");
        }
    }
}

#[tokio::test]
async fn channel_bindings_are_announced_as_the_connection_has_them() {
    let server = Server::of(&["rosa"]).await;
    for (version, expected) in [
        (
            TlsVersion::V13,
            &["tls-exporter", "tls-server-end-point"][..],
        ),
        // RFC 9266, section 4.2: the exporter of TLS 1.2 is not unique by itself.
        (TlsVersion::V12, &["tls-server-end-point"]),
    ] {
        let mut client = Client::direct_with(&server, version).await;
        let features = client.open().await;
        let bindings = features
            .get_child("sasl-channel-binding", ns::SASL_CB)
            .unwrap();
        let types: Vec<_> = bindings
            .children()
            .map(|binding| binding.attr("type").unwrap())
            .collect();
        assert_eq!(types, expected, "{version:?}");
    }
}

#[tokio::test]
async fn nothing_is_offered_before_tls_but_tls() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::in_clear(&server).await;
    let features = client.open().await;
    let names: Vec<_> = features.children().map(Element::name).collect();
    assert_eq!(names, ["starttls"]);
    let starttls = features.children().next().unwrap();
    assert!(starttls.has_child("required", ns::TLS));
    // A client that tries anyway gets no answer that could be a sign-in.
    let response = STANDARD.encode(format!("\0rosa\0{PASSWORD}"));
    client.auth("PLAIN", &response).await;
    let (before, condition) = client.end_with_all().await;
    assert!(before.is_empty(), "{before:?}");
    assert_eq!(condition.as_deref(), Some("policy-violation"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let server = Server::of(&["rosa"]).await;
    let mut refusals = Vec::new();
    for user in ["rosa", "nobody"] {
        for mechanism in Mechanism::ALL {
            let mut client = Client::direct(&server).await;
            client.open().await;
            let binding = match mechanism.is_plus() {
                true => client.binding(),
                false => ClientBinding::Unsupported,
            };
            let done = client
                .exchange(mechanism, user, "not the password", binding)
                .await;
            assert_eq!(done.failure(), "not-authorized", "{user} {mechanism:?}");
            // The challenge tells nothing either: same form, same cost.
            if mechanism != Mechanism::Plain {
                let (salt, iterations) = done.salt.rsplit_once(",i=").unwrap();
                let length = STANDARD.decode(salt.strip_prefix(",s=").unwrap());
                refusals.push((
                    mechanism,
                    length.unwrap().len(),
                    iterations.to_owned(),
                    done.raw,
                ));
            } else {
                refusals.push((mechanism, 0, String::new(), done.raw));
            }
        }
    }
    let (known, unknown) = refusals.split_at(Mechanism::ALL.len());
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn the_salt_of_an_unknown_name_stays_and_is_its_own() {
    let mut server = Server::of(&["rosa"]).await;
    let salt = async |server: &Server, user: &str, mechanism| {
        let mut client = Client::direct(server).await;
        client.open().await;
        client
            .exchange(mechanism, user, "x", ClientBinding::Unsupported)
            .await
            .salt
    };
    let sha256 = Mechanism::ScramSha256;
    let first = salt(&server, "nobody", sha256).await;
    assert_eq!(salt(&server, "nobody", sha256).await, first);
    // As the server normalises it for somebody who is there.
    assert_eq!(salt(&server, "NOBODY", sha256).await, first);
    assert_eq!(
        salt(&server, "ROSA", sha256).await,
        salt(&server, "rosa", sha256).await
    );
    assert_ne!(salt(&server, "nobody2", sha256).await, first);
    assert_ne!(salt(&server, "nobody", Mechanism::ScramSha1).await, first);
    server.stop().await;
    server.start_again().await;
    assert_eq!(salt(&server, "nobody", sha256).await, first);
}

#[tokio::test]
async fn bindings_that_do_not_fit_are_refused() {
    let server = Server::of(&["rosa"]).await;
    let other_channel = vec![7; 32];
    for (what, mechanism, binding) in [
        (
            "a client that saw no -PLUS although it was offered",
            Mechanism::ScramSha256,
            ClientBinding::NotOffered,
        ),
        (
            "another channel",
            Mechanism::ScramSha256Plus,
            ClientBinding::TlsExporter(other_channel.clone()),
        ),
        (
            "another channel",
            Mechanism::ScramSha1Plus,
            ClientBinding::TlsExporter(other_channel),
        ),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        let done = client.exchange(mechanism, "rosa", PASSWORD, binding).await;
        assert_eq!(done.failure(), "not-authorized", "{what}");
    }
    // Headers that do not belong to the mechanism.
    for (mechanism, header) in [
        ("SCRAM-SHA-256-PLUS", "n,,"),
        ("SCRAM-SHA-256-PLUS", "y,,"),
        ("SCRAM-SHA-256-PLUS", "p=tls-unique,,"),
        ("SCRAM-SHA-256", "p=tls-exporter,,"),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        let initial = STANDARD.encode(format!("{header}n=rosa,r=fyko"));
        client.auth(mechanism, &initial).await;
        let answer = client.element().await;
        assert!(answer.is("failure", ns::SASL), "{mechanism} {header}");
    }
}

#[tokio::test]
async fn a_proof_counts_for_its_own_exchange_only() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    let scram = || {
        let unbound = ClientBinding::Unsupported;
        ScramClient::new(ScramHash::Sha256, "rosa", PASSWORD, "fyko", unbound).unwrap()
    };
    let mut recorded = Vec::new();
    for _ in 0..2 {
        let mut scram = scram();
        client
            .auth("SCRAM-SHA-256", &STANDARD.encode(scram.initial()))
            .await;
        let challenge = STANDARD.decode(client.element().await.text()).unwrap();
        let answer = match recorded.pop() {
            None => {
                recorded.push(scram.respond(&challenge).unwrap());
                client.send(format!("<abort xmlns='{}'/>", ns::SASL)).await;
                let aborted = client.element().await;
                assert!(aborted.has_child("aborted", ns::SASL));
                continue;
            }
            Some(recorded) => recorded,
        };
        client.respond(&STANDARD.encode(answer)).await;
        assert!(client.element().await.has_child("not-authorized", ns::SASL));
    }
}

#[tokio::test]
async fn nobody_signs_in_as_somebody_else() {
    let server = Server::of(&["rosa", "bob"]).await;
    for (authzid, expected) in [
        ("bob", Some("invalid-authzid")),
        ("bob@team.internal", Some("invalid-authzid")),
        ("rosa@elsewhere", Some("invalid-authzid")),
        ("rosa@team.internal", None),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        let response = STANDARD.encode(format!("{authzid}\0rosa\0{PASSWORD}"));
        client.auth("PLAIN", &response).await;
        let answer = client.element().await;
        match expected {
            // RFC 6120, section 6.5.6.
            Some(condition) => assert!(answer.has_child(condition, ns::SASL), "{answer:?}"),
            None => assert!(answer.is("success", ns::SASL)),
        }
        // With a wrong password the authzid makes no difference.
        let mut client = Client::direct(&server).await;
        client.open().await;
        let response = STANDARD.encode(format!("{authzid}\0rosa\0wrong password"));
        client.auth("PLAIN", &response).await;
        let answer = client.element().await;
        assert!(answer.has_child("not-authorized", ns::SASL));
    }
}

#[tokio::test]
async fn malformed_exchanges_have_their_conditions() {
    let server = Server::of(&["rosa"]).await;
    for (mechanism, initial, condition) in [
        ("X-OAUTH2", "AAAA", "invalid-mechanism"),
        ("", "AAAA", "invalid-mechanism"),
        ("plain", "AAAA", "invalid-mechanism"),
        ("PLAIN", "not base64!", "incorrect-encoding"),
        ("PLAIN", "AAAA", "malformed-request"),
        ("SCRAM-SHA-256", "AAAA", "malformed-request"),
        ("SCRAM-SHA-256", "biwsbj1yb3Nh", "malformed-request"),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        client.auth(mechanism, initial).await;
        let answer = client.element().await;
        assert!(
            answer.has_child(condition, ns::SASL),
            "{mechanism} {initial} {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_has_five_tries_and_an_address_its_limit() {
    let server = Server::with(|config| config.limits.failures_per_minute = 7).await;
    server.accounts(&["rosa"]).await;
    let wrong = STANDARD.encode("\0rosa\0wrong password");
    let right = STANDARD.encode(format!("\0rosa\0{PASSWORD}"));
    let mut client = Client::direct(&server).await;
    client.open().await;
    for _ in 0..5 {
        client.auth("PLAIN", &wrong).await;
        assert!(client.element().await.has_child("not-authorized", ns::SASL));
    }
    assert_eq!(client.end().await.as_deref(), Some("policy-violation"));
    let mut client = Client::direct(&server).await;
    client.open().await;
    for _ in 0..2 {
        client.auth("PLAIN", &wrong).await;
        assert!(client.element().await.has_child("not-authorized", ns::SASL));
    }
    // From here on not even the right password helps, on any connection.
    for _ in 0..2 {
        let mut client = Client::direct(&server).await;
        client.open().await;
        client.auth("PLAIN", &right).await;
        let answer = client.element().await;
        assert!(answer.has_child("temporary-auth-failure", ns::SASL));
    }
}

#[tokio::test]
async fn connections_of_one_address_are_limited_on_every_way_in() {
    for web in [false, true] {
        let server = Server::with(|config| config.limits.connections_per_address = 3).await;
        server.accounts(&["rosa"]).await;
        let mut open = Vec::new();
        for n in 0..3 {
            let mut client = match web {
                true => Client::websocket(&server).await,
                false => Client::direct(&server).await,
            };
            client.sign_in("rosa").await;
            client.bind(&format!("desk-{n}")).await;
            open.push(client);
        }
        let refused = Client::websocket_with(&server, "xmpp").await;
        assert!(refused.is_err(), "web {web}: a fourth connection");
    }
}

#[tokio::test]
async fn many_guesses_at_the_same_time_are_no_more_guesses() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let server = Server::with(|config| config.limits.failures_per_minute = 3).await;
        server.accounts(&["rosa"]).await;
        // All have begun before the first of them has failed.
        let mut clients = Vec::new();
        for _ in 0..8 {
            let mut client = Client::direct(&server).await;
            client.open().await;
            client.auth(mechanism, "").await;
            assert!(client.element().await.is("challenge", ns::SASL));
            let nonce = if mechanism == "PLAIN" {
                String::new()
            } else {
                client.respond(&STANDARD.encode("n,,n=rosa,r=abc")).await;
                let first = STANDARD.decode(client.element().await.text()).unwrap();
                let first = String::from_utf8(first).unwrap();
                let nonce = first.split(',').next().unwrap();
                nonce.to_owned()
            };
            clients.push((client, nonce));
        }
        let mut conditions = Vec::new();
        for (client, nonce) in &mut clients {
            let response = match mechanism {
                "PLAIN" => "\0rosa\0not the password".to_owned(),
                _ => {
                    let proof = STANDARD.encode([7; 32]);
                    format!("c={},{nonce},p={proof}", STANDARD.encode("n,,"))
                }
            };
            client.respond(&STANDARD.encode(response)).await;
            let failure = client.element().await;
            conditions.push(failure.children().next().unwrap().name().to_owned());
        }
        let guesses = conditions.iter().filter(|it| *it == "not-authorized");
        assert_eq!(guesses.count(), 3, "{mechanism}: {conditions:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_cut_off_while_it_binds_leaves_no_session() {
    // Shorter than the patience of a read, which is what makes this a test.
    let server = Server::with(|config| config.limits.negotiation = Duration::from_secs(3)).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::direct(&server).await;
    rosa.sign_in("rosa").await;
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    rosa.send(format!(
        "<iq type='set' id='bind'><bind xmlns='{}'/></iq>",
        ns::BIND
    ))
    .await;
    rosa.end().await;
    disk.execute_batch("COMMIT").unwrap();
    // Behind everything that has waited for the disk.
    server.accounts(&["bob"]).await;
    assert_eq!(numbers(&server).await["sessions"], 0);
}
