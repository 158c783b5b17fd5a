//! The part in clear (RFC 6120, section 5): nothing of it may be taken for
//! something that came encrypted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmpp_core::ns;

use crate::client::{Client, socket, within};
use crate::server::{PASSWORD, Server};

fn plain() -> String {
    let response = STANDARD.encode(format!("\0rosa\0{PASSWORD}"));
    format!(
        "<auth xmlns='{}' mechanism='PLAIN'>{response}</auth>",
        ns::SASL
    )
}

fn starttls() -> String {
    format!("<starttls xmlns='{}'/>", ns::TLS)
}

#[tokio::test]
async fn what_is_sent_behind_starttls_in_clear_is_never_processed() {
    let server = Server::of(&["rosa"]).await;
    let header = Client::in_clear(&server).await.header();
    let inner = header.replace("<?xml version='1.0'?>", "");
    for (what, injected) in [
        ("a sign-in", plain()),
        (
            "a new stream with a sign-in",
            format!("{header}{}", plain()),
        ),
        (
            "a new stream without declaration",
            format!("{inner}{}", plain()),
        ),
        ("the beginning of one", "<stream:str".to_owned()),
        ("a second starttls", starttls()),
        ("line breaks and a sign-in", format!("\r\n\r\n{}", plain())),
    ] {
        let mut client = Client::in_clear(&server).await;
        client.open().await;
        // One segment: the server has all of it before it answers.
        client.send(format!("{}{injected}", starttls())).await;
        let (before, condition) = client.end_with_all().await;
        assert!(before.is_empty(), "{what}: {before:?}");
        assert_eq!(condition.as_deref(), Some("policy-violation"), "{what}");
    }
    // All at once, header and all.
    let mut client = Client::in_clear(&server).await;
    client
        .send(format!("{header}{}{}", starttls(), plain()))
        .await;
    let (before, condition) = client.end_with_all().await;
    assert!(
        before
            .iter()
            .all(|element| element.is("features", ns::STREAM)),
        "{before:?}"
    );
    assert_eq!(condition.as_deref(), Some("policy-violation"));
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn after_proceed_only_tls_is_understood() {
    let server = Server::of(&["rosa"]).await;
    let header = Client::in_clear(&server).await.header();
    let mut socket = socket(server.handle().tcp_addr().unwrap()).await;
    socket.write_all(header.as_bytes()).await.unwrap();
    socket.write_all(starttls().as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains("<proceed") {
        let read = within("proceed", socket.read(&mut buffer)).await.unwrap();
        assert!(read > 0, "{text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    drop(
        socket
            .write_all(format!("{header}{}", plain()).as_bytes())
            .await,
    );
    // At most a TLS alert comes, and the connection ends.
    let mut rest = Vec::new();
    drop(within("the end", socket.read_to_end(&mut rest)).await);
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains('<') && !rest.contains("success"), "{rest}");
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn inside_tls_there_is_no_starttls() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::starttls(&server).await;
    let features = client.open().await;
    assert!(!features.has_child("starttls", ns::TLS));
    client.send(starttls()).await;
    let (before, condition) = client.end_with_all().await;
    assert!(before.is_empty(), "{before:?}");
    assert_eq!(condition.as_deref(), Some("not-authorized"));
}

#[tokio::test]
async fn nothing_but_starttls_is_answered_in_clear() {
    let server = Server::of(&["rosa"]).await;
    for xml in [
        plain(),
        "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>".to_owned(),
        "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>".to_owned(),
        "<message to='rosa@team.internal'><body>x</body></message>".to_owned(),
        "<starttls/>".to_owned(),
        "<starttls xmlns='urn:example'/>".to_owned(),
        "<resume xmlns='urn:xmpp:sm:3' h='0' previd='x'/>".to_owned(),
    ] {
        let mut client = Client::in_clear(&server).await;
        client.open().await;
        client.send(&xml).await;
        let (before, condition) = client.end_with_all().await;
        assert!(before.is_empty(), "{xml}: {before:?}");
        assert_eq!(condition.as_deref(), Some("policy-violation"), "{xml}");
    }
    // What is broken is broken here too.
    for (xml, conditions) in [
        ("<!DOCTYPE x>", &["restricted-xml"][..]),
        ("<a></b><c>", &["not-well-formed", "policy-violation"]),
        ("\0", &["not-well-formed"]),
    ] {
        let mut client = Client::in_clear(&server).await;
        client.open().await;
        client.send(xml).await;
        let condition = client.end().await.unwrap();
        assert!(
            conditions.contains(&condition.as_str()),
            "{xml}: {condition}"
        );
    }
    // The error of a bad header stands in a stream (RFC 6120, 4.9.1.2).
    for (header, condition) in [
        ("<?php 1?>", "restricted-xml"),
        ("<!-- -->", "restricted-xml"),
        (
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'>",
            "invalid-namespace",
        ),
        (
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
             xmlns='jabber:client' to='elsewhere.example' version='1.0'>",
            "host-unknown",
        ),
    ] {
        let mut client = Client::in_clear(&server).await;
        client.send(header).await;
        client.expect_open().await;
        assert_eq!(client.end().await.as_deref(), Some(condition), "{header}");
    }
    Client::prove_alive(&server, "rosa").await;
}
