//! Signing in with a token (FAST, XEP-0484).

use std::time::Duration;

use startalk_server_lite::{Config, start};
use xmpp_core::sasl::TokenMechanism;
use xmpp_core::{Element, ns};

use crate::client::{Client, Place, address, agent, bind2, failure2, success};
use crate::server::{PASSWORD, Server, config};

const FAST: &str = "<fast xmlns='urn:xmpp:fast:0'/>";
const UNBOUND: TokenMechanism = TokenMechanism::Unbound;

fn request(mechanism: TokenMechanism) -> String {
    format!(
        "<request-token xmlns='urn:xmpp:fast:0' mechanism='{}'/>",
        mechanism.as_str()
    )
}

fn token_of(success: &Element) -> Option<String> {
    let token = success.get_child("token", ns::FAST)?;
    assert!(token.attr("expiry").unwrap().ends_with('Z'));
    Some(token.attr("token").unwrap().to_owned())
}

/// A token for a client, got with the password.
async fn token(server: &impl Place, user: &str, id: &str, mechanism: TokenMechanism) -> String {
    let mut client = Client::direct(server).await;
    let wish = agent(id) + &request(mechanism);
    token_of(&client.authenticate(user, &wish).await).expect("a token")
}

/// What becomes of a token on a new connection.
pub(crate) async fn try_token(
    server: &impl Place,
    user: &str,
    token: &str,
    mechanism: TokenMechanism,
    inside: &str,
) -> Element {
    let mut client = Client::direct(server).await;
    client.open().await;
    client
        .authenticate_by_token(mechanism, user, token, inside)
        .await
}

#[tokio::test]
async fn a_token_signs_in_and_binds_in_one_round_trip() {
    let server = Server::of(&["rosa"]).await;
    for mechanism in TokenMechanism::ALL {
        for web in [false, true] {
            let token = token(&server, "rosa", "one", mechanism).await;
            for _ in 0..2 {
                let mut client = match web {
                    true => Client::websocket(&server).await,
                    false => Client::direct(&server).await,
                };
                client.open().await;
                let wish = agent("one") + FAST + &bind2("<tag>T</tag>");
                let done = client
                    .authenticate_by_token(mechanism, "rosa", &token, &wish)
                    .await;
                // Whoever is behind a WebSocket cannot see the channel.
                if web && mechanism != UNBOUND {
                    assert_eq!(failure2(&done), "invalid-mechanism");
                    continue;
                }
                let done = success(done);
                // It is not due, and nobody asked.
                assert_eq!(token_of(&done), None);
                client.address = address(&done);
                client.features().await;
                client.sync().await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_for_its_account_its_client_and_its_mechanism() {
    let server = Server::with(|config| config.limits.failures_per_minute = 100).await;
    server.accounts(&["rosa", "bob"]).await;
    let bound = token(&server, "rosa", "one", TokenMechanism::Exporter).await;
    let unbound = token(&server, "rosa", "two", UNBOUND).await;
    let one = agent("one") + FAST;
    let two = agent("two") + FAST;
    for (what, user, token, mechanism, inside) in [
        ("a weaker mechanism", "rosa", &bound, UNBOUND, &one),
        (
            "another binding",
            "rosa",
            &bound,
            TokenMechanism::EndPoint,
            &one,
        ),
        (
            "a stronger mechanism",
            "rosa",
            &unbound,
            TokenMechanism::Exporter,
            &two,
        ),
        ("another account", "bob", &unbound, UNBOUND, &two),
        ("no account", "nobody", &unbound, UNBOUND, &two),
        ("another client", "rosa", &unbound, UNBOUND, &one),
        ("no client", "rosa", &unbound, UNBOUND, &FAST.to_owned()),
        ("the password", "rosa", &PASSWORD.to_owned(), UNBOUND, &two),
    ] {
        let answer = try_token(&server, user, token, mechanism, inside).await;
        assert_eq!(failure2(&answer), "not-authorized", "{what}");
    }
    for (what, inside, condition) in [
        ("not said to be one", agent("two"), "invalid-mechanism"),
        (
            "no count",
            agent("two") + "<fast xmlns='urn:xmpp:fast:0' count='x'/>",
            "malformed-request",
        ),
    ] {
        let answer = try_token(&server, "rosa", &unbound, UNBOUND, &inside).await;
        assert_eq!(failure2(&answer), condition, "{what}");
    }
    // A wrong one does not end the right one, and the password still works.
    success(try_token(&server, "rosa", &unbound, UNBOUND, &two).await);
    let mut client = Client::direct(&server).await;
    client.authenticate("rosa", "").await;
    // What is asked for without saying who one is, or badly, is not given.
    for wish in [
        request(UNBOUND),
        agent("one") + "<request-token xmlns='urn:xmpp:fast:0' mechanism='PLAIN'/>",
        agent("one") + "<request-token xmlns='urn:xmpp:fast:0'/>",
    ] {
        let mut client = Client::direct(&server).await;
        assert_eq!(token_of(&client.authenticate("rosa", &wish).await), None);
    }
}

#[tokio::test]
async fn a_proof_is_for_its_channel() {
    let server = Server::of(&["rosa"]).await;
    let token = token(&server, "rosa", "one", TokenMechanism::Exporter).await;
    let other = Client::direct(&server).await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    // As if somebody had taken it from another connection.
    client.exporter = other.exporter.clone();
    let answer = client
        .authenticate_by_token(
            TokenMechanism::Exporter,
            "rosa",
            &token,
            &(agent("one") + FAST),
        )
        .await;
    assert_eq!(failure2(&answer), "not-authorized");
}

#[tokio::test]
async fn a_count_never_goes_back() {
    let server = Server::of(&["rosa"]).await;
    let token = token(&server, "rosa", "one", UNBOUND).await;
    for (count, fits) in [
        (1, true),
        (1, false),
        (0, false),
        (7, true),
        (6, false),
        (8, true),
    ] {
        let fast = format!("<fast xmlns='urn:xmpp:fast:0' count='{count}'/>");
        let inside = agent("one") + &fast;
        let answer = try_token(&server, "rosa", &token, UNBOUND, &inside).await;
        assert_eq!(answer.is("success", ns::SASL2), fits, "{count} {answer:?}");
    }
}

#[tokio::test]
async fn the_client_can_end_its_token_or_change_it() {
    let server = Server::of(&["rosa"]).await;
    let first = token(&server, "rosa", "one", UNBOUND).await;
    let others = token(&server, "rosa", "two", UNBOUND).await;
    let one = agent("one") + FAST;
    // A new one on request; the old one stays until the new one is used.
    let done = try_token(
        &server,
        "rosa",
        &first,
        UNBOUND,
        &(one.clone() + &request(UNBOUND)),
    )
    .await;
    let second = token_of(&success(done)).unwrap();
    assert_ne!(first, second);
    success(try_token(&server, "rosa", &first, UNBOUND, &one).await);
    success(try_token(&server, "rosa", &second, UNBOUND, &one).await);
    let answer = try_token(&server, "rosa", &first, UNBOUND, &one).await;
    assert_eq!(failure2(&answer), "not-authorized");
    let ending = agent("one") + "<fast xmlns='urn:xmpp:fast:0' invalidate='true'/>";
    let done = success(try_token(&server, "rosa", &second, UNBOUND, &ending).await);
    assert_eq!(token_of(&done), None);
    let answer = try_token(&server, "rosa", &second, UNBOUND, &one).await;
    assert_eq!(failure2(&answer), "not-authorized");
    // That of another client is its own.
    success(try_token(&server, "rosa", &others, UNBOUND, &(agent("two") + FAST)).await);
}

#[tokio::test]
async fn a_new_password_or_no_account_ends_all_tokens() {
    let server = Server::of(&["rosa", "bob"]).await;
    let rosas = token(&server, "rosa", "one", UNBOUND).await;
    let bobs = token(&server, "bob", "one", UNBOUND).await;
    let one = agent("one") + FAST;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let change = "<query xmlns='jabber:iq:register'><username>rosa</username>\
                  <password>another password</password></query>";
    rosa.set("", change).await.unwrap();
    let answer = try_token(&server, "rosa", &rosas, UNBOUND, &one).await;
    assert_eq!(failure2(&answer), "not-authorized");
    success(try_token(&server, "bob", &bobs, UNBOUND, &one).await);
    let admin = startalk_server_lite::admin::Admin::open(&server.data()).unwrap();
    admin.remove_user("bob").await.unwrap();
    admin.add_user("bob", None, PASSWORD).await.unwrap();
    admin.close().await;
    let answer = try_token(&server, "bob", &bobs, UNBOUND, &one).await;
    assert_eq!(failure2(&answer), "not-authorized");
}

#[tokio::test]
async fn tokens_outlive_the_server_and_are_not_in_its_database() {
    let mut server = Server::of(&["rosa"]).await;
    let token = token(&server, "rosa", "an-id-of-a-client", UNBOUND).await;
    server.restart().await;
    let inside = agent("an-id-of-a-client") + FAST;
    success(try_token(&server, "rosa", &token, UNBOUND, &inside).await);
    server.stop().await;
    for file in ["server.db", "server.db-wal"] {
        let bytes = std::fs::read(server.data().join(file)).unwrap_or_default();
        for secret in [token.as_bytes(), b"an-id-of-a-client"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{file}");
        }
    }
    // Without the key beside it the database is worth nothing.
    std::fs::remove_file(server.data().join("keys/tokens.key")).unwrap();
    server.start_again().await;
    let answer = try_token(&server, "rosa", &token, UNBOUND, &inside).await;
    assert_eq!(failure2(&answer), "not-authorized");
}

#[tokio::test]
async fn a_token_ends_and_is_replaced_before_it_does() {
    let mut server = Server::of(&["rosa"]).await;
    let token = token(&server, "rosa", "one", UNBOUND).await;
    server.stop().await;
    let one = agent("one") + FAST;
    let again = async |life: Duration| {
        let mut config: Config = config(server.data());
        config.limits.token_life = life;
        start(config).await.unwrap()
    };
    // Seen from here, less than half of its life is left: another one comes.
    let handle = again(Duration::from_secs(90 * 24 * 3600)).await;
    let done = success(try_token(&handle, "rosa", &token, UNBOUND, &one).await);
    let newer = token_of(&done).expect("a newer one");
    // Not if it was asked to end.
    let done = success(try_token(&handle, "rosa", &newer, UNBOUND, &one).await);
    assert_eq!(token_of(&done), None);
    handle.stop().await;
    // One that ends at once: it is said why it does not work, and another one
    // can be had with the password on the same connection.
    let handle = again(Duration::ZERO).await;
    let mut client = Client::direct(&handle).await;
    let wish = agent("two") + &request(UNBOUND);
    let spent = token_of(&client.authenticate("rosa", &wish).await).unwrap();
    let answer = try_token(&handle, "rosa", &spent, UNBOUND, &(agent("two") + FAST)).await;
    assert_eq!(failure2(&answer), "credentials-expired");
    handle.stop().await;
}

#[tokio::test]
async fn guessing_tokens_is_limited_like_guessing_passwords() {
    let server = Server::with(|config| config.limits.failures_per_minute = 3).await;
    server.accounts(&["rosa"]).await;
    let token = token(&server, "rosa", "one", UNBOUND).await;
    let one = agent("one") + FAST;
    for _ in 0..3 {
        let answer = try_token(&server, "rosa", "guess", UNBOUND, &one).await;
        assert_eq!(failure2(&answer), "not-authorized");
    }
    let answer = try_token(&server, "rosa", &token, UNBOUND, &one).await;
    assert_eq!(failure2(&answer), "temporary-auth-failure");
}
