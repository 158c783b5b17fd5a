use std::sync::Arc;

use startalk_engine::MemorySecrets;
use startalk_engine::api::{
    ApiError, ErrorCode, MessagePlace, MessageRequest, NameHit, Request, Response, SearchFilters,
    SearchHit, SearchPage, SearchRequest,
};
use xmpp_core::{Element, datetime, ns};

use crate::client::{BOB, Client, TIMEOUTS};
use crate::peer::{Server, archived, from_bob, from_rosa};

async fn find(client: &Client, text: &str, before: Option<String>) -> SearchPage {
    let request = Request::Search(SearchRequest::Find {
        account: None,
        text: text.to_owned(),
        filters: SearchFilters::default(),
        before,
        limit: 2,
    });
    match client.ask(request).await {
        Response::SearchPage(page) => page,
        other => panic!("{other:?}"),
    }
}

fn on_server(client: &Client, text: &str) -> Request {
    Request::Search(SearchRequest::FindOnServer {
        account: client.account.clone(),
        text: text.to_owned(),
        filters: SearchFilters {
            conversation: Some(BOB.to_owned()),
            ..SearchFilters::default()
        },
        before: None,
        limit: 20,
    })
}

/// What is marked in the excerpt.
fn marked(hit: &SearchHit) -> Vec<String> {
    let units: Vec<u16> = hit.excerpt.encode_utf16().collect();
    let piece = |start: u32, end: u32| &units[start as usize..end as usize];
    hit.highlights
        .iter()
        .map(|range| String::from_utf16(piece(range.start, range.end)).unwrap())
        .collect()
}

const FORM: &str = "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'>\
    <field var='with'/><field var='{urn:xmpp:fulltext:0}fulltext'/></x></query>";

#[tokio::test]
async fn what_came_and_what_was_sent_is_found_at_once() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("服务器重启了")).await;
    client.wait_texts(&["服务器重启了"]).await;
    let sent = client.send("哪个服务器？ web-01 😀").await;
    let page = find(&client, "服务", None).await;
    assert_eq!(page.hits.len(), 2);
    assert_eq!(page.hits[0].message, Some(sent));
    assert_eq!(page.hits[1].author_name, "Bob");
    assert_eq!(page.hits[1].conversation_name, "Bob");
    assert!(page.hits.iter().all(|hit| marked(hit) == ["服务"]));
    assert_eq!(page.next, None);
    client.send("服").await;
    let first = find(&client, "服", None).await;
    let rest = find(&client, "服", first.next.clone()).await;
    assert_eq!((first.hits.len(), rest.hits.len(), rest.next), (2, 1, None));
    let hit = find(&client, "web 😀", None).await.hits.remove(0);
    assert_eq!(marked(&hit), ["web", "😀"]);
    // No place, no words: nothing is an error.
    assert_eq!(
        find(&client, "NEAR(\"", Some("nowhere".into())).await.hits,
        []
    );

    let request = Request::Search(SearchRequest::Names {
        account: None,
        text: "bo".to_owned(),
        limit: 5,
    });
    let Response::Names(names) = client.ask(request).await else {
        panic!("no names")
    };
    let [
        NameHit {
            id, in_list: true, ..
        },
    ] = names.as_slice()
    else {
        panic!("{names:?}")
    };
    assert_eq!(id, BOB);
}

#[tokio::test]
async fn the_archive_of_the_server_finds_what_is_not_here() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("here")).await;
    client.wait_texts(&["here"]).await;
    let asked = client.engine.handle(on_server(&client, "here 会议"));
    let answered = async {
        let form = peer.with("query", ns::MAM).await;
        assert_eq!(form.attr("type"), Some("get"));
        peer.result(&form, FORM).await;
        let query = peer.with("query", ns::MAM).await;
        let submitted = query.get_child("query", ns::MAM).unwrap();
        let fields = submitted.get_child("x", ns::DATA_FORMS).unwrap();
        let values: Vec<String> = fields
            .children()
            .filter_map(|field| field.get_child("value", ns::DATA_FORMS))
            .map(Element::text)
            .collect();
        assert_eq!(values, [ns::MAM, "here 会议", BOB]);
        let old = from_rosa("o-9", "here 的会议").replace("<body>", "<thread/><body>");
        let page = [archived("a-1", &old), archived("s-here", &from_bob("here"))];
        peer.answer_archive(&query, &page, false).await;
    };
    let (page, ()) = tokio::join!(asked, answered);
    let Ok(Response::SearchPage(page)) = page else {
        panic!("{page:?}")
    };
    let known = client.messages().await[0].id;
    let seen: Vec<_> = page
        .hits
        .iter()
        .map(|hit| (hit.message, hit.excerpt.as_str()))
        .collect();
    assert_eq!(seen, [(Some(known), "here"), (None, "here 的会议")]);
    assert_eq!(page.hits[1].archive_id.as_deref(), Some("a-1"));
    assert_eq!(marked(&page.hits[1]), ["here", "会议"]);
    assert_eq!(page.next.as_deref(), Some("a-1"));
    // What was only found is not in the conversation.
    assert_eq!(client.texts().await, ["here"]);
}

#[tokio::test]
async fn a_server_that_cannot_search_is_told_apart() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let asked = client.engine.handle(on_server(&client, "x"));
    let answered = async {
        let form = peer.with("query", ns::MAM).await;
        let without = FORM.replace("{urn:xmpp:fulltext:0}fulltext", "start");
        peer.result(&form, &without).await;
    };
    let (page, ()) = tokio::join!(asked, answered);
    let code = |answer: Result<Response, ApiError>| answer.map_err(|error| error.code);
    assert_eq!(code(page), Err(ErrorCode::NotSupported));
    // Nothing to look for asks nobody.
    let nothing = client.engine.handle(on_server(&client, " ")).await;
    assert_eq!(
        code(nothing),
        Ok(Response::SearchPage(SearchPage::default()))
    );
}

/// What was found on the server is gone to: what lies between comes page by page.
#[tokio::test]
async fn what_only_the_archive_has_is_fetched_up_to_it() {
    let server = Server::start();
    let client = Client::join(&server, Arc::new(MemorySecrets::default()), TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    let newest = peer.begin_until_archive().await;
    let text = |text: &str| archived(&format!("a{text}"), &from_bob(text));
    peer.answer_archive(&newest, &[text("9")], false).await;
    // What a new device fetches by itself does not come.
    let history = peer.with("query", ns::MAM).await;
    let id = history.attr("id").unwrap();
    peer.send(&format!(
        "<iq type='error' id='{id}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ))
    .await;
    client.wait_texts(&["9"]).await;
    client.wait_online().await;

    let time_ms = datetime::parse_ms(&text("3").stamp).unwrap();
    let locate = |place: MessagePlace| {
        client
            .engine
            .handle(Request::Message(MessageRequest::Locate {
                account: client.account.clone(),
                conversation: BOB.to_owned(),
                place,
            }))
    };
    let archived_as = |id: &str| MessagePlace::Archived {
        id: id.to_owned(),
        time_ms,
    };
    let answered = async {
        for (before, page) in [("a9", ["5", "6"]), ("a5", ["3", "4"])] {
            let query = peer.with("query", ns::MAM).await;
            let set = query.get_child("query", ns::MAM).unwrap();
            let set = set.get_child("set", ns::RSM).unwrap();
            assert_eq!(set.get_child("before", ns::RSM).unwrap().text(), before);
            peer.answer_archive(&query, &page.map(text), false).await;
        }
    };
    let (found, ()) = tokio::join!(locate(archived_as("a3")), answered);
    let third = client.messages().await.remove(0);
    assert_eq!(third.text, "3");
    assert_eq!(found, Ok(Response::Message(third.id)));

    // Once there is no more, what is not there is said, and a time has its nearest.
    let answered = async {
        let query = peer.with("query", ns::MAM).await;
        peer.answer_archive(&query, &[text("1")], true).await;
    };
    let (found, ()) = tokio::join!(locate(archived_as("never")), answered);
    assert_eq!(found.map_err(|error| error.code), Err(ErrorCode::NotFound));
    let first = client.messages().await.remove(0);
    let found = locate(MessagePlace::From { time_ms: 0 }).await;
    assert_eq!(found, Ok(Response::Message(first.id)));
    let days = Request::Search(SearchRequest::Days {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        starts_ms: vec![0, time_ms, time_ms + 1, time_ms + 2],
    });
    assert_eq!(
        client.ask(days).await,
        Response::Days(vec![false, true, false])
    );
}
