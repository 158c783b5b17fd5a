//! What nobody says aloud is in no log, however much is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use startalk_server_lite::log_filter;
use tracing_subscriber::fmt::MakeWriter;
use xmpp_core::ns;
use xmpp_core::sasl::{ClientBinding, Mechanism};

use crate::client::Client;
use crate::server::{PASSWORD, Server};
use crate::web::{Hook, get, request};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_texts_nor_secrets_are_logged() {
    let log = Log::default();
    // Of the whole process and of all libraries, those of this test included.
    tracing_subscriber::fmt()
        .with_env_filter(log_filter("trace,tungstenite=trace"))
        .with_writer(log.clone())
        .with_ansi(false)
        .init();

    let hook = Hook::start().await;
    let server = Server::with(|config| {
        config.push.webhooks = vec![hook.url().replace("/hook", "/hook-zq1")];
        config.push.secret = Some(startalk_server_lite::Secret::new("zq2-signing"));
        config.push.allow_private = true;
        config.push.with_body = true;
    })
    .await;
    server.accounts(&["rosa", "bob", "app"]).await;
    // Each way to sign in, and a wrong one.
    for mechanism in [
        Mechanism::Plain,
        Mechanism::ScramSha1,
        Mechanism::ScramSha256,
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        let done = client
            .exchange(mechanism, "rosa", PASSWORD, ClientBinding::Unsupported)
            .await;
        assert!(done.is_success());
    }
    let mut client = Client::direct(&server).await;
    client.open().await;
    let wrong = "zq3-wrong-password";
    client
        .exchange(Mechanism::Plain, "rosa", wrong, ClientBinding::Unsupported)
        .await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let enable = format!(
        "<enable xmlns='{}' jid='app@team.internal' node='zq4-node'><x xmlns='jabber:x:data' type='submit'>\
         <field var='secret'><value>zq5-secret</value></field></x></enable>",
        ns::PUSH
    );
    bob.set("", &enable).await.unwrap();
    let change = "<query xmlns='jabber:iq:register'><username>bob</username><password>zq6-new-password</password></query>";
    bob.set("", change).await.unwrap();
    let mut web = Client::websocket(&server).await;
    web.sign_in("rosa").await;
    web.bind("web").await;
    web.send("<message xmlns='jabber:client' to='bob@team.internal' type='chat'><body>zq14-text</body></message>").await;
    web.sync().await;
    // To one, to a room, to nobody, and what is broken.
    rosa.send("<message to='bob@team.internal' type='chat'><body>zq7-text</body></message>")
        .await;
    rosa.send("<presence to='zq@conference.team.internal/rosa'><x xmlns='http://jabber.org/protocol/muc'/></presence>").await;
    rosa.send("<message to='zq@conference.team.internal' type='groupchat'><body>zq8-text</body></message>").await;
    rosa.send("<message to='nobody@team.internal' type='chat'><body>zq9-text</body></message>")
        .await;
    rosa.sync().await;
    let search = "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field></x></query>";
    rosa.set("", search).await.unwrap();
    let slot = format!(
        "<request xmlns='{}' filename='zq10-name' size='5'/>",
        ns::HTTP_UPLOAD
    );
    let slot = rosa.get("upload.team.internal", &slot).await.unwrap();
    let url = slot.children().next().unwrap().attr("url").unwrap();
    let path = &url[url.find("/files").unwrap()..];
    let token = path.split('/').nth(2).unwrap();
    assert_eq!(
        request(&server, "PUT", path, &[], b"zq11x").await.status(),
        201
    );
    get(&server, path).await;
    let (invite, _) = server
        .handle()
        .create_invite(None, std::time::Duration::from_secs(60))
        .await
        .unwrap();
    get(&server, &format!("/invite?zq12={}", invite.token)).await;
    let mut broken = Client::online(&server, "rosa", "broken").await;
    broken
        .try_send(b"<message><body>zq13-text</body></massage>")
        .await;
    broken.end().await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("signed in") && text.contains("request"),
        "it does log: {text}"
    );
    let secrets = [PASSWORD, token, &invite.token];
    let marks: Vec<String> = (1..=14).map(|n| format!("zq{n}")).collect();
    for secret in secrets.into_iter().chain(marks.iter().map(String::as_str)) {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
