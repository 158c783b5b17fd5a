//! Rooms: whoever enters many of them at once is told of each, and is not ended
//! by what its own wish brings.

use xmpp_core::ns;

use super::open_room;
use crate::client::Client;
use crate::server::Server;

const QUEUE: usize = 100;
const ROOMS: usize = 10;
const OCCUPANTS: usize = 30;

fn room(n: usize) -> String {
    format!("room{n}@conference.team.internal")
}

fn entering(n: usize, nick: &str) -> String {
    let room = room(n);
    format!("<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
}

/// Reads up to the subject that ends an entrance; of which room it is.
async fn entered(client: &mut Client) -> String {
    let subject = client
        .until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    subject.attr("from").unwrap().to_owned()
}

/// Sessions of one person under a name of their own each, in every room.
async fn fill(server: &Server) -> Vec<Client> {
    let mut inside = Vec::new();
    for one in 0..OCCUPANTS {
        let mut client = Client::session(server, "alice", &format!("r{one}")).await;
        for n in 0..ROOMS {
            if one == 0 {
                open_room(&mut client, &room(n), "a0").await;
            } else {
                client.send(entering(n, &format!("a{one}"))).await;
                entered(&mut client).await;
            }
        }
        inside.push(client);
    }
    inside
}

#[tokio::test]
async fn whoever_enters_many_rooms_at_once_stays_and_sees_them_all() {
    let server = Server::with(|config| {
        config.limits.session_queue = QUEUE;
        config.limits.sessions_per_account = OCCUPANTS;
    })
    .await;
    server.accounts(&["alice", "bob"]).await;
    let _inside = fill(&server).await;
    for enable in ["", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"] {
        let mut bob = Client::online(&server, "bob", "desk").await;
        let wishes: String = (0..ROOMS).map(|n| entering(n, "Bob")).collect();
        bob.send(format!("{enable}{wishes}")).await;
        for n in 0..ROOMS {
            assert_eq!(entered(&mut bob).await, room(n));
        }
        bob.sync().await;
        bob.send("</stream:stream>").await;
        assert_eq!(bob.end().await, None);
    }
}
