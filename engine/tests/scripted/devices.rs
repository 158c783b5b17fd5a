//! What has access to the account, and what becomes of this device when it is
//! signed out.

use startalk_engine::api::{
    ConnectionView, DeviceRequest, DevicesView, ErrorCode, Request, Response,
};
use startalk_engine::{Engine, SecretKind};
use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::peer::{PASSWORD, Peer, SASL, Server, from_bob};

const CLIENTS: &str = "<clients xmlns='xmpp:prosody.im/protocol/manage-clients'>\
    <client connected='false' id='client/away' type='session'>\
    <first-seen>2026-01-02T03:04:05Z</first-seen><last-seen>2026-02-03T04:05:06Z</last-seen>\
    <user-agent><software>Gajim</software><device>Old laptop</device></user-agent></client>\
    <client connected='true' id='client/phone' type='session'>\
    <last-seen>2026-03-03T04:05:06Z</last-seen><user-agent/>\
    <session xmlns='urn:startalk:session:0' resource='phone' address='192.0.2.7'/></client>\
    <client connected='true' id='client/own' type='session'>\
    <user-agent><software>Startalk</software><device>Desk\n(Linux)</device></user-agent>\
    <session xmlns='urn:startalk:session:0' resource='desk' this='true'/></client>\
    <other xmlns='urn:x'/></clients>";

/// Answers requests until there is nothing more to answer: by what `answer` says.
async fn serve(
    peer: &mut Peer,
    mut answer: impl FnMut(&Element) -> Option<Result<String, String>>,
) {
    loop {
        let iq = peer.next().await.expect("a request");
        let id = iq.attr("id").unwrap_or_default().to_owned();
        // Only an answer of who was asked counts.
        let from = iq
            .attr("to")
            .map_or(String::new(), |to| format!("from='{to}'"));
        match answer(&iq) {
            Some(Ok(content)) => {
                peer.send(&format!(
                    "<iq type='result' id='{id}' {from}>{content}</iq>"
                ))
                .await;
            }
            Some(Err(error)) => {
                peer.send(&format!("<iq type='error' id='{id}' {from}>{error}</iq>"))
                    .await;
            }
            None => {}
        }
    }
}

const UNKNOWN: &str = "<error type='cancel'>\
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

async fn list(client: &Client) -> DevicesView {
    let request = DeviceRequest::List {
        account: client.account.clone(),
    };
    match client.ask(Request::Devices(request)).await {
        Response::Devices(view) => view,
        other => panic!("{other:?}"),
    }
}

async fn end(engine: &Engine, account: &str, device: &str) -> Result<bool, ErrorCode> {
    let request = DeviceRequest::End {
        account: account.to_owned(),
        device: device.to_owned(),
    };
    match engine.handle(Request::Devices(request)).await {
        Ok(Response::DeviceEnded(ended)) => Ok(ended.may_come_back),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code),
    }
}

fn names(view: &DevicesView) -> Vec<(&str, &str, bool, bool)> {
    view.devices
        .iter()
        .map(|device| {
            let (software, name) = (device.software.as_str(), device.name.as_str());
            (software, name, device.online, device.this)
        })
        .collect()
}

#[tokio::test]
async fn u108_the_server_lists_all_and_ends_one() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let answers = serve(&mut peer, |iq| {
        if iq.has_child("list", ns::CLIENTS) {
            return Some(Ok(CLIENTS.to_owned()));
        }
        if let Some(revoke) = iq.get_child("revoke", ns::CLIENTS) {
            return Some(match revoke.attr("id") {
                Some("client/away") => Ok(String::new()),
                Some("client/phone") => Err("<error type='cancel'>\
                    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                    <password-reset-required xmlns='xmpp:prosody.im/protocol/manage-clients'/>\
                    </error>"
                    .to_owned()),
                _ => Err("<error type='cancel'>\
                    <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
                    .to_owned()),
            });
        }
        // What says nothing to the server is asked itself.
        iq.has_child("query", ns::VERSION).then(|| {
            assert_eq!(iq.attr("to"), Some("rosa@team.internal/phone"));
            Err(UNKNOWN.to_owned())
        })
    });
    let asks = async {
        let view = list(&client).await;
        assert!(view.complete);
        assert_eq!(
            names(&view),
            [
                ("Startalk", "", true, true),
                ("", "phone", true, false),
                ("Gajim", "Old laptop", false, false),
            ]
        );
        assert_eq!(view.devices[1].address, "192.0.2.7");
        assert_eq!(view.devices[1].last_seen_ms, Some(1_772_510_706_000));
        let ended = |device| end(&client.engine, &client.account, device);
        assert_eq!(ended("client/away").await, Ok(false));
        assert_eq!(ended("client/phone").await, Ok(true));
        assert_eq!(ended("client/none").await, Err(ErrorCode::NotFound));
    };
    tokio::select! {
        () = asks => {}
        () = answers => unreachable!("it never ends"),
    }
    client.engine.close().await;
}

#[tokio::test]
async fn u108_where_the_server_lists_nothing_those_are_there_that_show_themselves() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for (resource, kind) in [("phone", ""), ("desk", ""), ("tablet", ""), ("gone", "")] {
        peer.send(&format!(
            "<presence from='rosa@team.internal/{resource}' {kind}/>"
        ))
        .await;
    }
    peer.send("<presence from='rosa@team.internal/gone' type='unavailable'/>")
        .await;
    // What came before it has been seen when this has.
    peer.send(&from_bob("now")).await;
    client.wait_texts(&["now"]).await;
    let answers = serve(&mut peer, |iq| {
        if iq.has_child("query", ns::VERSION) {
            return Some(match iq.attr("to") {
                Some("rosa@team.internal/phone") => Ok("<query xmlns='jabber:iq:version'>\
                    <name>Dino</name><version>0.5</version><os>Debian\n</os></query>"
                    .to_owned()),
                _ => Err(UNKNOWN.to_owned()),
            });
        }
        (iq.has_child("list", ns::CLIENTS) || iq.has_child("revoke", ns::CLIENTS))
            .then(|| Err(UNKNOWN.to_owned()))
    });
    let asks = async {
        let view = list(&client).await;
        assert!(!view.complete);
        assert_eq!(
            names(&view),
            [
                ("Startalk", "", true, true),
                ("Dino", "", true, false),
                ("", "tablet", true, false),
            ]
        );
        assert_eq!(view.devices[1].system, "Debian");
        assert!(view.devices.iter().all(|device| device.id.is_none()));
        let ended = end(&client.engine, &client.account, "phone").await;
        assert_eq!(ended, Err(ErrorCode::NotSupported));
    };
    tokio::select! {
        () = asks => {}
        () = answers => unreachable!("it never ends"),
    }
    client.engine.close().await;
}

fn refused(client: &Client) -> impl Future<Output = Option<ErrorCode>> {
    async {
        match client.connection().await {
            ConnectionView::Offline { error } => error.map(|error| error.code),
            _ => None,
        }
    }
}

#[tokio::test]
async fn u66_a_device_that_was_signed_out_forgets_the_password_and_keeps_the_history() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("kept")).await;
    client.wait_texts(&["kept"]).await;
    peer.send(
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    )
    .await;
    drop(peer);
    // It comes back with what it has kept, and is refused.
    let mut peer = server.accept().await;
    peer.open(SASL).await;
    peer.next_raw().await.unwrap();
    peer.send("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><credentials-expired/></failure>")
        .await;
    client
        .until("signed out", async || {
            refused(&client).await == Some(ErrorCode::SignInExpired)
        })
        .await;
    drop(peer);
    let kept = client.secrets.get(&client.account, SecretKind::Password);
    assert!(kept.unwrap().is_none());
    assert_eq!(client.texts().await, ["kept"]);
    // To try again at once, or after a restart, is of no use, and nobody tries.
    client
        .ask(Request::ReconnectNow {
            account: client.account.clone(),
        })
        .await;
    client.restart().await;
    client
        .until("still signed out", async || {
            refused(&client).await == Some(ErrorCode::SignInExpired)
        })
        .await;
    let overview = client.overview().await;
    assert!(overview.accounts[0].unlocked && overview.notices.is_empty());
    assert_eq!(client.texts().await, ["kept"]);
    // The next connection is the one that tries what is typed.
    let unlock = client.engine.handle(Request::Unlock {
        account: client.account.clone(),
        password: PASSWORD.to_owned(),
    });
    let (unlocked, proof) = tokio::join!(unlock, server.signed_in());
    unlocked.unwrap();
    assert!(proof.closes_in_order().await);
    let _peer = server.session().await;
    client.wait_online().await;
    let kept = client.secrets.get(&client.account, SecretKind::Password);
    assert!(kept.unwrap().is_some());
    client.engine.close().await;
}

#[tokio::test]
async fn u66_an_account_that_was_removed_is_said_so_and_not_tried_again() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("kept")).await;
    client.wait_texts(&["kept"]).await;
    peer.send(
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <account-removed xmlns='urn:startalk:session:0'/></stream:error></stream:stream>",
    )
    .await;
    client
        .until("removed", async || {
            refused(&client).await == Some(ErrorCode::AccountRemoved)
        })
        .await;
    assert_eq!(client.texts().await, ["kept"]);
    client.engine.close().await;
}
