//! Last activity (XEP-0012).

use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::server::Server;

async fn ask(client: &mut Client, to: &str) -> Element {
    let to = match to {
        "" => String::new(),
        to => format!("to='{to}'"),
    };
    let iq = format!("<iq type='get' id='last' {to}><query xmlns='jabber:iq:last'/></iq>");
    client.ask(&iq).await.1
}

/// Seconds, and the status.
async fn last(client: &mut Client, to: &str) -> (u64, String) {
    let answer = ask(client, to).await;
    let query = answer.get_child("query", ns::LAST_ACTIVITY).unwrap();
    (
        query.attr("seconds").unwrap().parse().unwrap(),
        query.text(),
    )
}

#[tokio::test]
async fn who_went_away_said_so_and_it_is_kept() {
    let mut server = Server::of(&["rosa", "bob", "new"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut phone = Client::online(&server, "rosa", "phone").await;
    let address = "rosa@team.internal";
    let gone = "<presence type='unavailable'><status>到家了 &lt;3</status></presence>";
    rosa.send(gone).await;
    rosa.sync().await;
    // Another session is still there.
    assert_eq!(last(&mut bob, address).await, (0, String::new()));
    phone.send(gone).await;
    phone.sync().await;
    let (seconds, status) = last(&mut bob, address).await;
    assert!(seconds < 60, "{seconds}");
    assert_eq!(status, "到家了 <3");
    // Back again, and gone without a word.
    rosa.send("<presence/>").await;
    rosa.sync().await;
    assert_eq!(last(&mut bob, address).await, (0, String::new()));
    rosa.send(gone).await;
    rosa.sync().await;
    assert_eq!(last(&mut bob, address).await.1, "到家了 <3");
    server.restart().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let (seconds, status) = last(&mut bob, address).await;
    assert!(seconds < 60, "{seconds}");
    assert_eq!(status, "到家了 <3");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.send("</stream:stream>").await;
    rosa.end().await;
    bob.until(|stanza| stanza.attr("type") == Some("unavailable"))
        .await;
    assert_eq!(last(&mut bob, address).await.1, "");
    // Never here: since the account was made.
    assert!(last(&mut bob, "new@team.internal").await.0 < 60);
}

#[tokio::test]
async fn the_server_says_how_long_it_runs_and_oneself_is_here() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    assert!(last(&mut rosa, "team.internal").await.0 < 60);
    assert_eq!(last(&mut rosa, "").await.0, 0);
    assert_eq!(last(&mut rosa, "rosa@team.internal").await.0, 0);
    let set = "<iq type='set' id='s'><query xmlns='jabber:iq:last'/></iq>";
    assert_eq!(condition(&rosa.ask(set).await.1), "not-allowed");
    let nobody = ask(&mut rosa, "nobody@team.internal").await;
    assert_eq!(condition(&nobody), "service-unavailable");
}

#[tokio::test]
async fn only_who_may_see_the_presence_is_told() {
    let server = Server::with(|config| config.shared_roster = false).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let refused = ask(&mut bob, "rosa@team.internal").await;
    assert_eq!(condition(&refused), "forbidden");
    bob.send("<presence type='subscribe' to='rosa@team.internal'/>")
        .await;
    bob.sync().await;
    let refused = ask(&mut bob, "rosa@team.internal").await;
    assert_eq!(condition(&refused), "forbidden");
    rosa.send("<presence type='subscribed' to='bob@team.internal'/>")
        .await;
    rosa.sync().await;
    assert_eq!(last(&mut bob, "rosa@team.internal").await.0, 0);
    // It goes one way.
    let refused = ask(&mut rosa, "bob@team.internal").await;
    assert_eq!(condition(&refused), "forbidden");
}
