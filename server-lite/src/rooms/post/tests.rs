use futures_util::FutureExt;
use tokio::sync::watch;

use super::*;
use crate::mailbox::mailbox;
use crate::rooms::Sender;
use crate::rooms::affiliation::Role;
use crate::rooms::room::Occupant;
use crate::rooms::showing::Change;
use crate::router::{Entry, QueueOut, queue};
use crate::store::rooms::RoomRow;

#[test]
fn odd_resources_stay_attributes() {
    let odd = "a@b/it's <x> & \"y\"";
    let xml = format!("<m to='{}' xmlns='urn:x'/>", escaped(odd));
    let element = element::parse(xml.as_bytes()).unwrap();
    assert_eq!(element.attr("to"), Some(odd));
}

/// A room where so many are, and the queues of their sessions.
fn full_room(router: &Router, count: u64) -> (Room, Vec<QueueOut>) {
    let row = RoomRow {
        name: "plan".to_owned(),
        config: "{}".to_owned(),
        subject: None,
        vcard: None,
        secret: "s".to_owned(),
    };
    let mut room = crate::rooms::read("conference.x", row, Vec::new());
    let mut queues = Vec::new();
    for number in 0..count {
        let user = format!("p{number}");
        let (queue, receiver) = queue(8, 1 << 20);
        let entry = Entry {
            resource: "r".to_owned(),
            client: None,
            origin: crate::router::Origin {
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
                since_ms: 0,
            },
            queue,
            resume: mailbox(1).0,
            end: watch::channel(None).0,
            resumption_id: None,
            presence: None,
            written: None,
            carbons: false,
            lost: None,
            wants_roster: false,
            personal: crate::pep::Personal::default(),
            wants_blocklist: false,
            reads_archive: false,
            generation: 1,
            number,
        };
        assert!(router.add(&user, entry, 1));
        queues.push(receiver);
        let sender = Sender {
            address: FullJid::new(&format!("{user}@x/r")).unwrap(),
            number,
        };
        room.occupants.push(Occupant {
            nick: user.clone(),
            user: format!("{user}@x"),
            role: Role::Participant,
            seats: vec![Seat::new(&sender, build("presence", ns::CLIENT).done())],
        });
    }
    (room, queues)
}

#[test]
fn what_two_hundred_hear_is_written_once() {
    let router = Router::default();
    let (room, mut queues) = full_room(&router, 200);
    let post = Post(&router);
    let said = build("message", ns::CLIENT).child(build("body", ns::CLIENT).text("hello"));
    post.all(said.done(), room.sessions());
    let heard: Vec<StanzaText> = queues
        .iter_mut()
        .map(|queue| queue.recv().now_or_never().unwrap().xml)
        .collect();
    for (number, text) in heard.iter().enumerate() {
        assert!(text.shares_with(&heard[0]));
        assert!(text.contains(&format!("to='p{number}@x/r'")));
    }
    // A presence is written for the one it is about, and for all others.
    room.announce(post, 0, &Change::default());
    let seen: Vec<StanzaText> = queues
        .iter_mut()
        .map(|queue| queue.recv().now_or_never().unwrap().xml)
        .collect();
    assert!(!seen[0].shares_with(&seen[1]));
    assert!(seen[1..].iter().all(|text| text.shares_with(&seen[1])));
}
