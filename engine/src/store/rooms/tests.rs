use super::invitations::{self, Invitation};
use super::members::{self, Member};
use super::*;
use crate::store::{conversations, displayed, messages, schema};

fn cache() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn lounge() -> Room {
    Room {
        address: "lounge@rooms".to_owned(),
        nick: "Rosa".to_owned(),
        autojoin: true,
        name: Some("Lounge".to_owned()),
        features: vec![ns::MAM.to_owned()],
        ..Room::default()
    }
}

fn from_bob(text: &str) -> Received {
    Received {
        conversation: "lounge@rooms".to_owned(),
        author: "lounge@rooms/Bob".to_owned(),
        text: text.to_owned(),
        stanza_id: Some("s1".to_owned()),
        ..Received::default()
    }
}

#[test]
fn a_room_is_a_row_of_the_list_under_its_name() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    assert_eq!(get(&tx, "lounge@rooms").unwrap().unwrap(), lounge());
    assert!(is_room(&tx, "lounge@rooms").unwrap() && !is_room(&tx, "bob@a").unwrap());
    let changed = update(&tx, "lounge@rooms", |room| {
        room.left = Some((LeftWhy::Kicked, "noise".to_owned()));
        room.name = Some("Quiet".to_owned());
    });
    assert!(!changed.unwrap().unwrap().is_wanted());
    let row = conversations::all(&tx).unwrap().remove(0);
    assert_eq!((row.name.as_str(), row.is_room), ("Quiet", true));
    assert_eq!(update(&tx, "else@rooms", |_| {}).unwrap(), None);
}

#[test]
fn how_far_was_read_is_published_also_where_the_room_is_not_told() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    assert!(!wants_markers(&tx, "lounge@rooms").unwrap());
    let received = from_bob("hi");
    let id = messages::receive(&tx, &received, messages::Place::Newest).unwrap();
    assert!(messages::mark_displayed(&tx, "lounge@rooms", id.unwrap()).unwrap());
    assert_eq!(outbox::all(&tx).unwrap(), []);
    let told = displayed::unpublished(&tx).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].stanza_id.as_str(), told[0].by_room), ("s1", true));
}

#[test]
fn what_is_known_of_people_stays_known() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let bob = Member {
        address: Some("bob@a".to_owned()),
        occupant_id: Some("o1".to_owned()),
        nick: Some("Bob".to_owned()),
        affiliation: Affiliation::Member,
    };
    members::put(&tx, "r@c", std::slice::from_ref(&bob)).unwrap();
    let listed = Member {
        occupant_id: None,
        nick: None,
        ..bob.clone()
    };
    members::put_list(&tx, "r@c", Affiliation::Member, &[listed]).unwrap();
    assert_eq!(members::all(&tx, "r@c").unwrap(), [bob]);
    members::put_list(&tx, "r@c", Affiliation::Member, &[]).unwrap();
    let after = members::all(&tx, "r@c").unwrap();
    assert_eq!(after[0].affiliation, Affiliation::None);
}

#[test]
fn an_answered_invitation_does_not_come_back() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let invitation = |time_ms| Invitation {
        room: "r@c".to_owned(),
        inviter: "bob@a".to_owned(),
        reason: String::new(),
        password: None,
        mediated: false,
        time_ms,
        archived: false,
    };
    assert!(invitations::put(&tx, &invitation(5)).unwrap());
    assert!(!invitations::put(&tx, &invitation(5)).unwrap());
    assert!(invitations::answered(&tx, "r@c").unwrap());
    assert!(!invitations::put(&tx, &invitation(5)).unwrap());
    assert_eq!(invitations::open(&tx).unwrap(), []);
    // The server's clock is ahead of ours.
    let archived = |time_ms, reason: &str| Invitation {
        reason: reason.to_owned(),
        archived: true,
        ..invitation(time_ms)
    };
    assert!(!invitations::put(&tx, &archived(5_000, "")).unwrap());
    assert!(invitations::put(&tx, &archived(5_000, "again")).unwrap());
    assert!(invitations::answered(&tx, "r@c").unwrap());
    assert!(invitations::put(&tx, &archived(700_000, "again")).unwrap());
    assert!(invitations::answered(&tx, "r@c").unwrap());
    assert!(invitations::put(&tx, &invitation(700_001)).unwrap());
    assert_eq!(invitations::open(&tx).unwrap(), [invitation(700_001)]);
    put(
        &tx,
        &Room {
            address: "in@c".to_owned(),
            ..lounge()
        },
    )
    .unwrap();
    let known = Invitation {
        room: "in@c".to_owned(),
        ..invitation(9)
    };
    assert!(!invitations::put(&tx, &known).unwrap(), "we are in it");
}

#[test]
fn messages_to_a_room_wait_until_we_are_in_it_and_hold_nobody_up() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    messages::compose(&tx, "lounge@rooms", "rosa@a", "one", "w1", 1).unwrap();
    messages::compose(&tx, "bob@a", "rosa@a", "two", "w2", 2).unwrap();
    let take = |joined: &[String]| {
        outbox::take(&tx, joined, 10)
            .unwrap()
            .into_iter()
            .map(|row| (row.id, row.message.unwrap().text, row.room))
            .collect::<Vec<_>>()
    };
    let first = take(&[]);
    assert_eq!((first.len(), first[0].1.as_str()), (1, "two"));
    let joined = ["lounge@rooms".to_owned()];
    let second = take(&joined);
    assert_eq!((second[0].1.as_str(), second[0].2), ("one", true));
    assert_eq!(second.len(), 1);
    assert!(has_waiting(&tx, "lounge@rooms").unwrap());
    // With the next session: not before the room's archive was read.
    let none = std::collections::HashSet::new();
    outbox::requeue(&tx, &none, &[]).unwrap();
    assert_eq!(take(&joined).len(), 1, "Bob's only");
    outbox::requeue(&tx, &none, &joined).unwrap();
    assert_eq!(take(&joined).len(), 2);
    // The room says that we are not in it.
    assert!(requeue(&tx, "lounge@rooms", "w1").unwrap());
    let again = take(&joined);
    assert!(again.len() == 1 && again[0].0 != second[0].0, "another row");
    assert!(!requeue(&tx, "lounge@rooms", "w9").unwrap());
}

#[test]
fn what_a_room_refused_goes_again_before_what_was_written_meanwhile() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    let received = from_bob("hi");
    let theirs = messages::receive(&tx, &received, messages::Place::Newest).unwrap();
    let joined = ["lounge@rooms".to_owned()];
    let write = |id: &str| messages::compose(&tx, "lounge@rooms", "rosa@a", id, id, 1).unwrap();
    let order = || {
        let rows = outbox::take(&tx, &joined, 10).unwrap();
        for row in &rows {
            tx.execute("UPDATE outbox SET attempted = 0 WHERE id = ?1", [row.id])
                .unwrap();
        }
        rows.into_iter().map(|row| row.wire_id).collect::<Vec<_>>()
    };
    write("w1");
    messages::react(&tx, theirs.unwrap(), "rosa@a", &["👍".to_owned()], "r2", 5).unwrap();
    write("w3");
    let sent = outbox::take(&tx, &joined, 10).unwrap();
    assert_eq!(sent.len(), 3);
    // The server has the first: its row is gone.
    outbox::sent(&tx, &[sent[0].id]).unwrap();
    write("w4");
    assert!(requeue(&tx, "lounge@rooms", "w1").unwrap());
    write("w5");
    assert!(requeue(&tx, "lounge@rooms", "r2").unwrap());
    assert!(requeue(&tx, "lounge@rooms", "w3").unwrap());
    assert_eq!(order(), ["w1", "r2", "w3", "w4", "w5"]);
    // And before what is on its way, should the program end before that is refused.
    let sent = outbox::take(&tx, &joined, 10).unwrap();
    assert!(requeue(&tx, "lounge@rooms", "w4").unwrap());
    let none = std::collections::HashSet::new();
    outbox::requeue(&tx, &none, &joined).unwrap();
    assert_eq!(order(), ["w1", "r2", "w3", "w4", "w5"]);
    // What stands for a row that is gone never stands for another one.
    let ids: Vec<i64> = sent.into_iter().map(|row| row.id).collect();
    outbox::sent(&tx, &ids).unwrap();
    assert_eq!(order(), ["w4"]);
}

#[test]
fn what_was_said_about_a_message_goes_again_when_the_room_had_lost_us() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    let received = from_bob("hi");
    let id = messages::receive(&tx, &received, messages::Place::Newest).unwrap();
    let emojis = ["👍".to_owned()];
    messages::react(&tx, id.unwrap(), "me@a", &emojis, "r1", 5).unwrap();
    let rooms = ["lounge@rooms".to_owned()];
    let rows = outbox::take(&tx, &rooms, 9).unwrap();
    outbox::sent(&tx, &[rows[0].id]).unwrap();
    assert!(requeue(&tx, "lounge@rooms", "r1").unwrap());
    let rows = outbox::take(&tx, &rooms, 9).unwrap();
    assert_eq!(
        (rows[0].wire_id.as_str(), &rows[0].emojis[..]),
        ("r1", &emojis[..])
    );
    assert!(!requeue(&tx, "lounge@rooms", "other").unwrap());
}

#[test]
fn what_the_room_gives_back_late_stands_behind_what_came_meanwhile() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    put(&tx, &lounge()).unwrap();
    messages::compose(&tx, "lounge@rooms", "me@a", "mine", "o1", 5).unwrap();
    let rows = outbox::take(&tx, &["lounge@rooms".to_owned()], 9).unwrap();
    outbox::sent(&tx, &[rows[0].id]).unwrap();
    let theirs = from_bob("theirs");
    let mine = Received {
        outgoing: true,
        author: "me@a".to_owned(),
        text: "mine".to_owned(),
        origin_id: Some("o1".to_owned()),
        stanza_id: Some("s2".to_owned()),
        ..theirs.clone()
    };
    for received in [theirs, mine] {
        messages::receive(&tx, &received, messages::Place::Newest).unwrap();
    }
    let texts: Vec<String> = tx
        .prepare("SELECT text FROM messages ORDER BY position, id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(texts, ["theirs", "mine"]);
}
