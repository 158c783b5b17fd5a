//! What the user decides about a conversation, by the contract.

use startalk_engine::Retention;
use startalk_engine::api::{
    ConversationFilter, ConversationRequest, ConversationView, ErrorCode, Event, ExportFormat,
    ExportLabels, NotifyLevel, Request, Response, StorageView,
};

use crate::client::{BOB, Client, config};
use crate::peer::{DOMAIN, Peer, Server, from_bob, within};

pub(crate) async fn about(client: &Client, request: ConversationRequest) -> Response {
    client.ask(Request::Conversation(request)).await
}

pub(crate) async fn set_notify(client: &Client, notify: NotifyLevel, until_ms: Option<i64>) {
    let request = ConversationRequest::SetNotify {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        notify,
        until_ms,
    };
    assert_eq!(about(client, request).await, Response::Done);
}

pub(crate) async fn page(client: &Client, which: ConversationFilter) -> Vec<ConversationView> {
    let request = ConversationRequest::Page {
        account: client.account.clone(),
        which,
        skip: 0,
        limit: 50,
    };
    match about(client, request).await {
        Response::ConversationPage(page) => page.rows,
        other => panic!("{other:?}"),
    }
}

async fn storage(client: &Client) -> StorageView {
    let account = client.account.clone();
    match about(client, ConversationRequest::Storage { account }).await {
        Response::Storage(storage) => storage,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn hear(client: &Client, peer: &mut Peer, text: &str) {
    peer.send(&from_bob(text)).await;
    client
        .until(text, async || {
            client.texts().await.last().is_some_and(|last| last == text)
        })
        .await;
}

#[tokio::test]
async fn u89_a_muted_conversation_says_nothing_and_counts_all_the_same() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    hear(&client, &mut peer, "one").await;
    assert_eq!(client.notified().await.1, "one");
    set_notify(&client, NotifyLevel::None, None).await;
    hear(&client, &mut peer, "two").await;
    set_notify(&client, NotifyLevel::Mentions, None).await;
    hear(&client, &mut peer, "three").await;
    let row = client.conversation().await.unwrap();
    assert_eq!((row.notify, row.unread), (NotifyLevel::Mentions, 3));
    assert_eq!(row.preview_author, "Bob");
    // A silence that is over is none.
    set_notify(&client, NotifyLevel::None, Some(1)).await;
    assert_eq!(
        client.conversation().await.unwrap().notify,
        NotifyLevel::All
    );
    hear(&client, &mut peer, "four").await;
    assert_eq!(client.notified().await.1, "four");
    assert_eq!(client.overview().await.accounts[0].unread, 4);
}

#[tokio::test]
async fn put_away_comes_back_with_a_message_and_removed_forgets_the_old_ones() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    hear(&client, &mut peer, "one").await;
    let (account, conversation) = (client.account.clone(), BOB.to_owned());
    let archive = ConversationRequest::Archive {
        account: account.clone(),
        conversation: conversation.clone(),
        archived: true,
    };
    about(&client, archive).await;
    assert!(page(&client, ConversationFilter::Active).await.is_empty());
    assert_eq!(page(&client, ConversationFilter::Archived).await.len(), 1);
    hear(&client, &mut peer, "two").await;
    assert!(!client.conversation().await.unwrap().archived);
    assert_eq!(page(&client, ConversationFilter::Unread).await.len(), 1);
    assert_eq!(storage(&client).await.messages, 2);

    let remove = ConversationRequest::Remove {
        account: account.clone(),
        conversation: conversation.clone(),
    };
    about(&client, remove).await;
    assert_eq!(client.conversation().await, None);
    assert_eq!(client.overview().await.accounts[0].unread, 0);
    assert_eq!(storage(&client).await.messages, 0);
    hear(&client, &mut peer, "three").await;
    assert_eq!(client.conversation().await.unwrap().unread, 1);
    let unknown = ConversationRequest::MarkUnread {
        account,
        conversation: format!("nobody@{DOMAIN}"),
        from: None,
    };
    let refused = client.engine.handle(Request::Conversation(unknown)).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn an_export_holds_what_was_said() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("&lt;b&gt;one&lt;/b&gt;")).await;
    client.wait_texts(&["<b>one</b>"]).await;
    client.send("two").await;
    let export = |format, name: &str| ConversationRequest::Export {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        format,
        path: client.folder.path().join(name).display().to_string(),
        labels: ExportLabels {
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            exported: "Exported on".to_owned(),
            edited: "edited".to_owned(),
            retracted: "taken back".to_owned(),
            not_sent: "not sent".to_owned(),
            file: "file".to_owned(),
        },
    };
    let Response::Exported(view) = about(&client, export(ExportFormat::Json, "a.json")).await
    else {
        panic!()
    };
    assert_eq!((view.messages, view.files), (2, 0));
    let text = std::fs::read_to_string(&view.path).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["messages"][0]["text"], "<b>one</b>");
    assert_eq!(value["messages"][1]["direction"], "outgoing");
    about(&client, export(ExportFormat::Html, "a.html")).await;
    let page = std::fs::read_to_string(client.folder.path().join("a.html")).unwrap();
    assert!(page.contains("&lt;b&gt;one&lt;/b&gt;") && page.contains("two"));
    let nowhere = export(ExportFormat::Json, "none/a.json");
    let refused = client.engine.handle(Request::Conversation(nowhere)).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn what_is_too_old_goes_at_the_next_start_and_can_be_fetched() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(
        "<message from='bob@team.internal/x' to='rosa@team.internal/desk' type='chat' id='w-old'>\
         <body>old</body><stanza-id xmlns='urn:xmpp:sid:0' by='rosa@team.internal' id='s-old'/>\
         <delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/></message>",
    )
    .await;
    hear(&client, &mut peer, "new").await;
    client.wait_texts(&["old", "new"]).await;
    let last = client.messages().await[1].id;
    client.mark_displayed(last).await;
    client.engine.close().await;
    drop(peer);
    let mut config = config(
        client.folder.path(),
        std::sync::Arc::clone(&client.secrets),
        client.timeouts,
    );
    config.retention = Retention {
        days: Some(30),
        bytes: None,
    };
    client.engine = startalk_engine::Engine::open(config).await.unwrap();
    client.wait_texts(&["new"]).await;
    let window = Request::Messages {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        anchor: startalk_engine::api::WindowAnchor::Latest,
        limit: 10,
    };
    let Response::Messages(window) = client.ask(window).await else {
        panic!()
    };
    assert!(window.has_older && window.gaps.len() == 1);
    assert_eq!(client.conversation().await.unwrap().unread, 0);
}

/// Whoever runs the server says so in the navigation that one joins with.
#[tokio::test]
async fn what_a_device_keeps_can_be_said_by_who_runs_the_server() {
    use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey};

    let server = Server::start();
    let mut document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
    document.policy.cache_days = std::num::NonZeroU32::new(30);
    let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[7; 32])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let mut config = config(folder.path(), secrets, crate::client::TIMEOUTS);
    // The user wants more to stay, and less room to be used.
    config.retention = Retention {
        days: Some(60),
        bytes: Some(5_000_000),
    };
    let ask = |account: String| Request::Conversation(ConversationRequest::Storage { account });
    let engine = startalk_engine::Engine::open(config.clone()).await.unwrap();
    let join = Request::Join {
        input: NavigationLink::Embedded(signed).to_link(),
        name: "rosa".to_owned(),
        password: crate::peer::PASSWORD.to_owned(),
    };
    let prove = async { assert!(server.signed_in().await.closes_in_order().await) };
    let (joined, ()) = tokio::join!(engine.handle(join), prove);
    let Response::Account(account) = joined.unwrap() else {
        panic!()
    };
    engine.close().await;
    let engine = startalk_engine::Engine::open(config).await.unwrap();
    let Response::Storage(view) = engine.handle(ask(account)).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (view.limit_days, view.limit_bytes),
        (Some(30), Some(5_000_000))
    );
    engine.close().await;
}

/// A newer document of the same issuer holds for an account that is open, and after the
/// next start.
#[tokio::test]
async fn a_newer_navigation_says_what_a_device_keeps_and_shows() {
    use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey};
    use startalk_engine::api::PreviewLimit;

    let (server, issuer) = (Server::start(), SigningKey::from_seed(&[7; 32]));
    let document = |serial, days, domain: Option<&str>| {
        let mut target = server.target();
        if let Some(domain) = domain {
            target.domain = domain.to_owned();
        }
        let mut document = NavigationDocument::new(target, jiff::Timestamp::now());
        document.serial = serial;
        document.policy.cache_days = std::num::NonZeroU32::new(days);
        document.policy.preview = Some(navigation::Preview::Name).filter(|_| days > 0);
        document
    };
    let sign = |document, key: &SigningKey| SignedDocument::sign(&document, key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let config = config(folder.path(), secrets, crate::client::TIMEOUTS);
    let engine = startalk_engine::Engine::open(config.clone()).await.unwrap();
    let join = Request::Join {
        input: NavigationLink::Embedded(sign(document(3, 0, None), &issuer)).to_link(),
        name: "rosa".to_owned(),
        password: crate::peer::PASSWORD.to_owned(),
    };
    let prove = async { assert!(server.signed_in().await.closes_in_order().await) };
    let (joined, ()) = tokio::join!(engine.handle(join), prove);
    let Response::Account(account) = joined.unwrap() else {
        panic!()
    };
    let holds = async |engine: &startalk_engine::Engine| {
        let account = account.clone();
        let ask = Request::Conversation(ConversationRequest::Storage { account });
        let Response::Storage(view) = engine.handle(ask).await.unwrap() else {
            panic!()
        };
        let Response::Overview(overview) = engine.handle(Request::Overview).await.unwrap() else {
            panic!()
        };
        (view.limit_days, overview.accounts[0].preview_limit)
    };
    let take = async |signed: SignedDocument| {
        let json = signed.to_json();
        engine.take_navigation(&account, json.as_bytes()).await
    };
    assert_eq!(holds(&engine).await, (None, PreviewLimit::Anything));
    let other = SigningKey::from_seed(&[8; 32]);
    for refused in [
        sign(document(9, 1, None), &other),
        sign(document(9, 1, Some("elsewhere.internal")), &issuer),
    ] {
        let error = take(refused).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NavigationNotTrusted);
    }
    // Nobody goes back.
    assert!(!take(sign(document(3, 1, None), &issuer)).await.unwrap());
    assert_eq!(holds(&engine).await, (None, PreviewLimit::Anything));
    let newer = sign(document(4, 7, None), &issuer);
    assert!(take(newer.clone()).await.unwrap());
    assert!(!take(newer).await.unwrap(), "once");
    assert_eq!(holds(&engine).await, (Some(7), PreviewLimit::Name));
    engine.close().await;
    let engine = startalk_engine::Engine::open(config).await.unwrap();
    assert_eq!(holds(&engine).await, (Some(7), PreviewLimit::Name));
    engine.close().await;
}

/// Two hundred at once are few transactions and few events, and nobody is told of
/// one conversation two hundred times.
#[tokio::test]
async fn what_comes_at_once_is_written_together() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    hear(&client, &mut peer, "first").await;
    let before = peer.ask_handled().await;
    let mut events = client.engine.subscribe();
    let all: String = (0..200)
        .map(|number| from_bob(&number.to_string()))
        .collect();
    peer.send(&all).await;
    client
        .until("all", async || {
            client.conversation().await.unwrap().unread == 201
        })
        .await;
    peer.send(&from_bob("last")).await;
    let mut told = 0;
    within("the last", async {
        loop {
            match events.next().await {
                Some(Event::Notify { notification }) if notification.body == "last" => break,
                Some(Event::Notify { .. }) => told += 1,
                Some(_) => {}
                None => panic!("closed"),
            }
        }
    })
    .await;
    assert!((1..150).contains(&told), "{told}");
    let texts = client.texts().await;
    let wanted: Vec<String> = (1..200).map(|number| number.to_string()).collect();
    assert_eq!(texts[..199], wanted[..]);
    assert_eq!(peer.ask_handled().await - before, 201);
}
