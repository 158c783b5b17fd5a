//! Rows 2, 4 and 25 of what users of the peers complain of: each way to fail is
//! told from the others, in time, and no server is refused for what it is.

use std::sync::Arc;
use std::time::Duration;

use startalk_engine::api::ErrorCode;
use startalk_engine::{Engine, MemorySecrets, NewAccount, Timeouts};
use tokio::time::Instant;

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{DOMAIN, HEADER, PASSWORD, SASL, Server, within};

async fn engine(timeouts: Timeouts) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, timeouts))
        .await
        .unwrap();
    (folder, engine)
}

/// What the server says to the client's header.
enum Says {
    /// This, instead of a stream.
    Instead(&'static str),
    /// A stream error, after its own header.
    Error(&'static str),
    /// These features.
    Features(&'static str),
    /// The features of always, and this to the client's password.
    Refusal(&'static str),
}

const FAULTS: [(Says, ErrorCode); 22] = [
    (
        Says::Instead("HTTP/1.1 400 Bad Request\r\n\r\n"),
        ErrorCode::NotAChatServer,
    ),
    (
        Says::Instead("220 mail.example ESMTP\r\n"),
        ErrorCode::NotAChatServer,
    ),
    (
        Says::Instead(
            "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
        ),
        ErrorCode::NotAChatServer,
    ),
    (
        Says::Instead(
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
        ),
        ErrorCode::VersionNotSupported,
    ),
    (
        Says::Instead(
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='2.0'>",
        ),
        ErrorCode::VersionNotSupported,
    ),
    (Says::Error("<host-unknown/>"), ErrorCode::DomainNotServed),
    (Says::Error("<host-gone/>"), ErrorCode::DomainNotServed),
    (
        Says::Error("<policy-violation/>"),
        ErrorCode::PolicyViolation,
    ),
    (Says::Error("<resource-constraint/>"), ErrorCode::ServerBusy),
    (
        Says::Error("<system-shutdown/>"),
        ErrorCode::ServerShuttingDown,
    ),
    (
        Says::Error("<unsupported-version/>"),
        ErrorCode::VersionNotSupported,
    ),
    (Says::Error("<conflict/>"), ErrorCode::SignedInElsewhere),
    (
        Says::Error("<internal-server-error/>"),
        ErrorCode::ServerRefused,
    ),
    (Says::Error("<see-other-host/>"), ErrorCode::RedirectRefused),
    (
        Says::Error("<see-other-host>a b</see-other-host>"),
        ErrorCode::RedirectRefused,
    ),
    (Says::Features(""), ErrorCode::SignInNotSupported),
    (
        Says::Features(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>ANONYMOUS</mechanism><mechanism>DIGEST-MD5</mechanism></mechanisms>",
        ),
        ErrorCode::SignInNotSupported,
    ),
    (Says::Refusal("not-authorized"), ErrorCode::WrongPassword),
    (
        Says::Refusal("account-disabled"),
        ErrorCode::AccountDisabled,
    ),
    (
        Says::Refusal("credentials-expired"),
        ErrorCode::SignInExpired,
    ),
    (
        Says::Refusal("temporary-auth-failure"),
        ErrorCode::ServerBusy,
    ),
    (
        Says::Refusal("mechanism-too-weak"),
        ErrorCode::SignInNotSupported,
    ),
];

#[tokio::test]
async fn row_2_each_fault_of_a_server_has_its_code() {
    let server = Server::start();
    let (_folder, engine) = engine(TIMEOUTS).await;
    for (says, code) in FAULTS {
        let talk = async {
            let mut peer = server.accept().await;
            peer.header().await;
            match says {
                Says::Instead(text) => peer.send(text).await,
                Says::Error(condition) => {
                    let (name, rest) = condition.split_at(condition.find(['>', '/']).unwrap());
                    peer.send(&format!(
                        "{HEADER}<stream:error>{name} \
                         xmlns='urn:ietf:params:xml:ns:xmpp-streams'{rest}</stream:error>"
                    ))
                    .await;
                }
                Says::Features(features) => {
                    peer.send(&format!(
                        "{HEADER}<stream:features>{features}</stream:features>"
                    ))
                    .await;
                }
                Says::Refusal(condition) => {
                    peer.send(&format!(
                        "{HEADER}<stream:features>{SASL}</stream:features>"
                    ))
                    .await;
                    peer.next_raw().await.unwrap();
                    peer.send(&format!(
                        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/></failure>"
                    ))
                    .await;
                }
            }
            peer
        };
        let (refused, _peer) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), talk);
        let error = refused.unwrap_err();
        assert_eq!(error.code, code, "{}", error.detail);
        // For the sentence, and for support.
        assert_eq!(error.values["server"], "Team");
        assert!(!error.detail.is_empty() && !error.detail.contains(PASSWORD));
    }
    engine.close().await;
}

#[tokio::test]
async fn row_2_each_step_on_the_way_to_a_server_has_its_code() {
    let server = Server::start();
    let (_folder, engine) = engine(TIMEOUTS).await;
    let at = |host: &str, port: u16| -> NewAccount {
        let mut new = rosa(&server, PASSWORD);
        new.target.endpoints[0].host = host.to_owned();
        new.target.endpoints[0].port = port;
        new
    };
    // Nobody listens on the first port of all.
    for (host, port, code) in [
        ("chat.invalid", 5223, ErrorCode::ServerUnknown),
        ("127.0.0.1", 1, ErrorCode::ServerUnreachable),
    ] {
        let refused = engine.add_account(at(host, port)).await;
        assert_eq!(refused.unwrap_err().code, code, "{host}");
    }
    // A domain without anything to find.
    let mut nothing = at("", 1);
    nothing.target.endpoints.clear();
    nothing.target.domain = "team.invalid".to_owned();
    let refused = engine.add_account(nothing).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ServerUnknown);
    // The step that came furthest is the one that is told.
    let mut both = at("chat.invalid", 5223);
    both.target.endpoints.extend(server.target().endpoints);
    let talk = async {
        let mut peer = server.accept().await;
        peer.header().await;
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer
    };
    let (refused, _peer) = tokio::join!(engine.add_account(both), talk);
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotAChatServer);
    engine.close().await;
}

#[tokio::test]
async fn row_25_signing_in_ends_with_a_reason_in_time_wherever_the_server_falls_silent() {
    assert!(Timeouts::default().connect <= Duration::from_secs(15));
    let server = Server::start();
    let connect = Duration::from_millis(400);
    let (_folder, engine) = engine(Timeouts {
        connect,
        ..TIMEOUTS
    })
    .await;
    for step in 0..5 {
        let began = Instant::now();
        let talk = async {
            let socket = server.accept_tcp().await;
            if step == 0 {
                return (Some(socket), None);
            }
            let mut peer = server.secure(socket).await;
            if step >= 2 {
                peer.open(SASL).await;
            }
            if step >= 3 {
                peer.next_raw().await;
            }
            if step >= 4 {
                // A challenge that can be answered, and no word after that.
                let challenge = "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>!</challenge>";
                peer.send(challenge).await;
            }
            (None, Some(peer))
        };
        let (refused, _silent) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), talk);
        let code = refused.unwrap_err().code;
        let expected = match step {
            0 => ErrorCode::ServerUnreachable,
            4 => ErrorCode::NotAChatServer,
            _ => ErrorCode::TimedOut,
        };
        assert_eq!(code, expected, "step {step}");
        // One limit for all steps together, and some room for a busy machine.
        assert!(began.elapsed() < connect + Duration::from_secs(5), "{step}");
    }
    engine.close().await;
}

#[tokio::test]
async fn row_4_a_server_is_taken_for_what_it_offers() {
    let server = Server::start();
    let client = Client::join(&server, Arc::new(MemorySecrets::default()), TIMEOUTS).await;
    let mut peer = server.accept().await;
    // Features from the future, none from the present but the needed ones.
    let odd = "<future xmlns='urn:example:9'><required/></future>";
    peer.open(&format!("{odd}{SASL}")).await;
    assert!(peer.sasl(PASSWORD).await);
    peer.restart();
    peer.open(&format!(
        "{odd}<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
    ))
    .await;
    let online = async {
        let refuse = |id: &str| {
            format!(
                "<iq type='error' id='{id}' from='{DOMAIN}'><error type='cancel'>\
                 <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            )
        };
        loop {
            let element = peer.next().await.expect("a client that stays");
            if element.has_child("bind", xmpp_core::ns::BIND) {
                let jid = format!("<jid>rosa@{DOMAIN}/x</jid>");
                let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>";
                peer.result(&element, &format!("{bind}{jid}</bind>")).await;
            } else if element.name() == "iq" {
                peer.send(&refuse(element.attr("id").unwrap())).await;
            }
        }
    };
    tokio::select! {
        () = within("online", client.wait_online()) => {}
        () = online => {}
    }
    client.engine.close().await;
}
