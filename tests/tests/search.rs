//! Search over a real server: what is on the device at once, and what only the
//! server has.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

use engine::api::{Request, Response, SearchFilters, SearchPage, SearchRequest};
use system_tests::world::{Person, World};

async fn page(person: &Person, request: SearchRequest) -> SearchPage {
    match person.ask(Request::Search(request)).await {
        Response::SearchPage(page) => page,
        other => panic!("{other:?}"),
    }
}

async fn on_server(person: &Person, text: &str, with: Option<&Person>) -> SearchPage {
    let request = SearchRequest::FindOnServer {
        account: person.account(),
        text: text.to_owned(),
        filters: SearchFilters {
            conversation: with.map(|with| with.address().to_owned()),
            ..SearchFilters::default()
        },
        before: None,
        limit: 2,
    };
    page(person, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_find_and_the_server_finds_what_a_device_never_saw() {
    let world = World::start().await;
    let (rosa, bob) = (world.join("Rosa").await, world.join("Bob").await);
    rosa.wait_online().await;
    bob.wait_online().await;
    for text in [
        "会议2024纪要在服务器上",
        "see you at the meeting",
        "服务器重启了 😀",
    ] {
        rosa.send(&bob, text).await;
    }
    let all = [
        "会议2024纪要在服务器上",
        "see you at the meeting",
        "服务器重启了 😀",
    ];
    bob.wait_texts(&rosa, &all).await;
    let find = SearchRequest::Find {
        account: None,
        text: "服务器".to_owned(),
        filters: SearchFilters::default(),
        before: None,
        limit: 50,
    };
    let found = page(&bob, find).await;
    let texts: Vec<_> = found.hits.iter().map(|hit| hit.excerpt.as_str()).collect();
    assert_eq!(texts, [all[2], all[0]]);
    assert_eq!(found.hits[0].conversation, rosa.address());

    let found = on_server(&bob, "meeting", Some(&rosa)).await;
    assert_eq!(found.hits.len(), 1);
    assert_eq!(found.hits[0].excerpt, all[1]);
    assert_eq!(found.hits[0].author, rosa.address());
    assert!(found.hits[0].message.is_some(), "Bob's device has it");
    assert_eq!(found.hits[0].highlights.len(), 1);
    assert_eq!(on_server(&bob, "服务器", None).await.hits.len(), 2);
    assert_eq!(on_server(&bob, "nowhere", None).await.hits, []);
    assert_eq!(on_server(&bob, "NEAR(\" OR", None).await.hits, []);
}
