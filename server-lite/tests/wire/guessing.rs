//! Passwords that are guessed: so often, and not at others' cost.

use xmpp_core::ns;
use xmpp_core::sasl::{ClientBinding, Mechanism, TokenMechanism};

use crate::client::{Client, agent, failure2};
use crate::fast::try_token;
use crate::server::{PASSWORD, Server};

/// What a password leads to, by one of the ways.
async fn tried(server: &Server, user: &str, password: &str, mechanism: Mechanism) -> String {
    let mut client = Client::direct(server).await;
    client.open().await;
    let unbound = ClientBinding::Unsupported;
    let answer = client
        .authenticate_with(mechanism, user, password, unbound, "")
        .await;
    match answer.is("success", ns::SASL2) {
        true => "success".to_owned(),
        false => failure2(&answer),
    }
}

#[tokio::test]
async fn an_account_is_guessed_at_only_so_often_from_wherever_but_its_owner_gets_in() {
    let server = Server::with(|config| {
        config.limits.failures_per_minute = 1_000;
        config.limits.account_failures_per_hour = 3;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let both = [Mechanism::Plain, Mechanism::ScramSha256];
    let token = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
    // Bob was here before: what others try is nothing to him.
    assert_eq!(tried(&server, "bob", PASSWORD, both[0]).await, "success");
    for number in 0..5 {
        let mechanism = both[number % 2];
        let wanted = if number < 3 {
            "not-authorized"
        } else {
            "temporary-auth-failure"
        };
        // Who is not there is not told apart.
        for user in ["rosa", "nobody"] {
            assert_eq!(tried(&server, user, "wrong", mechanism).await, wanted);
        }
        assert_eq!(
            tried(&server, "bob", "wrong", mechanism).await,
            "not-authorized"
        );
    }
    for mechanism in both {
        let refused = tried(&server, "rosa", PASSWORD, mechanism).await;
        assert_eq!(refused, "temporary-auth-failure");
        assert_eq!(tried(&server, "bob", PASSWORD, mechanism).await, "success");
    }
    // A token cannot be guessed.
    let mut bob = Client::direct(&server).await;
    let done = bob.authenticate("bob", &(agent("one") + token)).await;
    assert!(done.has_child("token", ns::FAST));
}

#[tokio::test]
async fn what_others_guess_at_the_same_address_locks_out_nobody_who_was_there() {
    // All of a team, as behind a proxy.
    let server = Server::with(|config| config.limits.failures_per_minute = 3).await;
    server.accounts(&["rosa", "bob", "carl"]).await;
    let both = [Mechanism::Plain, Mechanism::ScramSha256];
    let wish =
        agent("one") + "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
    let mut bob = Client::direct(&server).await;
    let done = bob.authenticate("bob", &wish).await;
    let token = done.get_child("token", ns::FAST).unwrap();
    let token = token.attr("token").unwrap().to_owned();
    assert_eq!(tried(&server, "rosa", PASSWORD, both[0]).await, "success");
    for _ in 0..3 {
        assert_eq!(
            tried(&server, "nobody", "wrong", both[0]).await,
            "not-authorized"
        );
    }
    for mechanism in both {
        let refused = tried(&server, "carl", PASSWORD, mechanism).await;
        assert_eq!(refused, "temporary-auth-failure");
        assert_eq!(tried(&server, "rosa", PASSWORD, mechanism).await, "success");
    }
    let fast = agent("one") + "<fast xmlns='urn:xmpp:fast:0'/>";
    let answer = try_token(&server, "bob", &token, TokenMechanism::Unbound, &fast).await;
    assert!(answer.is("success", ns::SASL2), "{answer:?}");
    // Those have a limit of their own.
    for expected in [
        "not-authorized",
        "not-authorized",
        "not-authorized",
        "temporary-auth-failure",
    ] {
        assert_eq!(tried(&server, "rosa", "wrong", both[0]).await, expected);
    }
    let refused = tried(&server, "rosa", PASSWORD, both[1]).await;
    assert_eq!(refused, "temporary-auth-failure");
    assert_eq!(tried(&server, "bob", PASSWORD, both[1]).await, "success");
}
