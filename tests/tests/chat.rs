//! Engines and the server together, over real TLS on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use std::time::Duration;

use engine::api::{DeliveryState, ErrorCode, PresenceShow, Request, Response};
use navigation::Transport;
use system_tests::search::files_with;
use system_tests::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_delivered_and_read() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let wang = world.join("王芳").await;
    rosa.until("sees 王芳", async || {
        match rosa
            .ask(Request::Contacts {
                account: rosa.account(),
            })
            .await
        {
            Response::Contacts(all) => all
                .iter()
                .any(|contact| contact.name == "王芳" && contact.presence == PresenceShow::Online),
            _ => false,
        }
    })
    .await;
    let text = "你好 🎉 <b>&amp;</b>\nsecond line";
    rosa.send(&wang, text).await;
    wang.wait_texts(&rosa, &[text]).await;
    rosa.wait_state(&wang, text, &DeliveryState::Delivered)
        .await;
    assert_eq!(wang.conversation(&rosa).await.unwrap().unread, 1);
    let seen = wang.message(&rosa, text).await.unwrap();
    wang.ask(Request::MarkDisplayed {
        account: wang.account(),
        conversation: rosa.address().to_owned(),
        message: seen.id,
    })
    .await;
    rosa.wait_state(&wang, text, &DeliveryState::Read).await;
    assert_eq!(wang.conversation(&rosa).await.unwrap().unread, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_shows_and_ends_with_the_message() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let bob = world.join("Bob").await;
    rosa.send(&bob, "one").await;
    bob.wait_texts(&rosa, &["one"]).await;
    let typing = |typing| Request::SetTyping {
        account: rosa.account(),
        conversation: bob.address().to_owned(),
        typing,
    };
    rosa.ask(typing(true)).await;
    bob.until("typing", async || {
        bob.conversation(&rosa).await.unwrap().typing
    })
    .await;
    rosa.ask(typing(false)).await;
    bob.until("not typing", async || {
        !bob.conversation(&rosa).await.unwrap().typing
    })
    .await;
    rosa.ask(typing(true)).await;
    bob.until("typing again", async || {
        bob.conversation(&rosa).await.unwrap().typing
    })
    .await;
    rosa.send(&bob, "two").await;
    bob.wait_texts(&rosa, &["one", "two"]).await;
    assert!(!bob.conversation(&rosa).await.unwrap().typing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_without_a_server_arrives_once_and_in_order() {
    let mut world = World::start().await;
    let mut rosa = world.join("Rosa").await;
    let bob = world.join("Bob").await;
    rosa.send(&bob, "before").await;
    rosa.wait_state(&bob, "before", &DeliveryState::Delivered)
        .await;
    for round in 0..3 {
        world.stop_server().await;
        rosa.until("offline", async || {
            rosa.connection().await != engine::api::ConnectionView::Online
        })
        .await;
        for n in 0..3 {
            rosa.send(&bob, &format!("{round}-{n}")).await;
        }
        if round == 1 {
            rosa.restart().await;
        }
        world.start_server().await;
        rosa.wait_state(&bob, &format!("{round}-2"), &DeliveryState::Delivered)
            .await;
    }
    let expected = [
        "before", "0-0", "0-1", "0-2", "1-0", "1-1", "1-2", "2-0", "2-1", "2-2",
    ];
    bob.wait_texts(&rosa, &expected).await;
    assert_eq!(rosa.texts(&bob).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_gets_everything_once_and_the_sender_learns_of_it() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let mut bob = world.join("Bob").await;
    bob.engine().close().await;
    for n in 0..5 {
        rosa.send(&bob, &format!("message {n}")).await;
    }
    rosa.wait_state(&bob, "message 4", &DeliveryState::Sent)
        .await;
    bob.restart().await;
    let expected: Vec<String> = (0..5).map(|n| format!("message {n}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    bob.wait_texts(&rosa, &expected).await;
    rosa.wait_state(&bob, "message 4", &DeliveryState::Delivered)
        .await;
    bob.restart().await;
    bob.wait_online().await;
    assert_eq!(bob.texts(&rosa).await, expected);
}

/// Over a WebSocket no mechanism binds to the channel, also not for a client that
/// could.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_only_a_websocket_signs_in() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let bob = world.join("Bob").await;
    let mut target = world.server().target();
    let is_web = |transport| transport == Transport::WebSocket;
    target.endpoints.retain(|one| is_web(one.transport));
    assert!(!target.endpoints.is_empty());
    let phone = world.second_device_at(&bob, &target).await;
    rosa.send(&bob, "one").await;
    phone.wait_texts(&rosa, &["one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_shows_the_same() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let bob = world.join("Bob").await;
    rosa.send(&bob, "one").await;
    bob.wait_texts(&rosa, &["one"]).await;
    bob.send(&rosa, "two").await;
    rosa.wait_texts(&bob, &["one", "two"]).await;
    // History of before, then live copies of both directions.
    let phone = world.second_device(&bob).await;
    phone.wait_texts(&rosa, &["one", "two"]).await;
    rosa.send(&bob, "three").await;
    phone.wait_texts(&rosa, &["one", "two", "three"]).await;
    bob.send(&rosa, "four").await;
    phone
        .wait_texts(&rosa, &["one", "two", "three", "four"])
        .await;
    bob.wait_texts(&rosa, &["one", "two", "three", "four"])
        .await;
    // Read on one, read on the other.
    let last = bob.message(&rosa, "three").await.unwrap();
    bob.ask(Request::MarkDisplayed {
        account: bob.account(),
        conversation: rosa.address().to_owned(),
        message: last.id,
    })
    .await;
    phone
        .until("read elsewhere", async || {
            phone.conversation(&rosa).await.unwrap().unread == 0
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_code() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let server = world.server();
    let (invite, _) = server
        .create_invite(None, Duration::from_secs(3600))
        .await
        .unwrap();
    let (expired, _) = server.create_invite(None, Duration::ZERO).await.unwrap();
    let mut forged = invite.clone();
    forged.target.trust.spki_sha256 = vec![navigation::SpkiPin::from_der_spki(b"another key")];
    let navigation = system_tests::navigation_link(&server.target());
    let address = server.https_addr().to_string();
    let closed = system_tests::processes::ClosedPort::take();
    for (input, name, password, code) in [
        (invite.to_link(), "rosa", PASSWORD, ErrorCode::AlreadyJoined),
        (
            expired.to_link(),
            "Bob",
            PASSWORD,
            ErrorCode::InviteNotValid,
        ),
        (
            forged.to_link(),
            "Bob",
            PASSWORD,
            ErrorCode::CertificateKeyChanged,
        ),
        (invite.to_link(), "😀", PASSWORD, ErrorCode::NameInvalid),
        (invite.to_link(), "Bob", "short", ErrorCode::PasswordTooWeak),
        (invite.to_link(), "Bob", "", ErrorCode::PasswordTooWeak),
        (
            navigation.clone(),
            "nobody",
            PASSWORD,
            ErrorCode::WrongPassword,
        ),
        (address, "rosa", PASSWORD, ErrorCode::CertificateNotTrusted),
        (
            closed.address(),
            "rosa",
            PASSWORD,
            ErrorCode::ServerUnreachable,
        ),
        (String::new(), "rosa", PASSWORD, ErrorCode::InputEmpty),
    ] {
        let request = Request::Join {
            input: input.clone(),
            name: name.to_owned(),
            password: password.to_owned(),
        };
        let refused = rosa.engine().handle(request).await.unwrap_err();
        assert_eq!(refused.code, code, "{input} {name}: {refused}");
    }
    // The name is taken for somebody else too, and that costs no use of the invite.
    let folder = tempfile::tempdir().unwrap();
    let other = system_tests::engine_in(folder.path()).await;
    let join = |name: &str| Request::Join {
        input: invite.to_link(),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
    };
    assert_eq!(
        other.handle(join("ROSA")).await.unwrap_err().code,
        ErrorCode::NameTaken
    );
    assert!(other.handle(join("Bob")).await.is_ok());
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_readable_is_left_in_the_profile() {
    let world = World::start().await;
    let rosa = world.join("Rosa").await;
    let bob = world.join("Bob").await;
    rosa.send(&bob, "a very private sentence 很私密").await;
    bob.wait_texts(&rosa, &["a very private sentence 很私密"])
        .await;
    let draft = Request::SetDraft {
        account: bob.account(),
        conversation: rosa.address().to_owned(),
        text: "an unfinished thought".to_owned(),
    };
    bob.ask(draft).await;
    // While it runs, with its log beside it, and after it was closed.
    for closed in [false, true] {
        if closed {
            rosa.engine().close().await;
            bob.engine().close().await;
        }
        for profile in [rosa.profile(), bob.profile()] {
            for secret in ["private sentence", "很私密", "unfinished thought", PASSWORD] {
                assert!(files_with(profile, secret).is_empty(), "{secret}");
            }
        }
    }
}
