use super::window::Window;
use super::*;
use crate::api::WindowAnchor;
use crate::store::outbox::{self, OutboxKind, OutboxRow};
use crate::store::{archive, conversations, schema};

mod order;
mod own;
mod properties;
mod said;

const BOB: &str = "bob@team.internal";
const ROSA: &str = "rosa@team.internal";

/// A cache in memory, and a transaction per step as in real life.
struct Cache(Connection);

impl Cache {
    fn new() -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        Self(connection)
    }

    fn step<T>(&mut self, act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> T {
        let tx = self.0.transaction().unwrap();
        let value = act(&tx).unwrap();
        tx.commit().unwrap();
        value
    }

    /// Rosa, who owns this cache, writes to Bob.
    fn compose(&mut self, text: &str) -> i64 {
        self.step(|tx| compose(tx, BOB, ROSA, text, &format!("o-{text}"), 1))
    }

    /// A text of Bob arrives live.
    fn hear(&mut self, text: &str) -> Option<i64> {
        self.step(|tx| receive(tx, &from_bob(text), Place::Newest))
    }

    fn texts(&self) -> Vec<String> {
        self.messages()
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    fn messages(&self) -> Vec<Message> {
        window(&self.0, BOB, WindowAnchor::Latest, 200)
            .unwrap()
            .messages
    }

    fn state(&self, id: i64) -> State {
        get(&self.0, id).unwrap().unwrap().state
    }

    fn outbox(&self) -> Vec<OutboxRow> {
        outbox::all(&self.0).unwrap()
    }

    /// Texts of messages that wait to be sent.
    fn waiting(&self) -> Vec<String> {
        let rows = self.outbox().into_iter();
        rows.filter(|row| row.kind == OutboxKind::Message)
            .map(|row| row.message.unwrap().text)
            .collect()
    }

    /// Bob says something about a message.
    fn bob(&mut self, target: &str, said: Said, time_ms: i64) -> bool {
        self.step(|tx| say(tx, &about(BOB, target, said, time_ms), Place::Newest))
    }

    /// Another device of ours does.
    fn rosa(&mut self, target: &str, said: Said, time_ms: i64) -> bool {
        self.step(|tx| say(tx, &about(ROSA, target, said, time_ms), Place::Newest))
    }

    /// What is older than all that is here.
    fn gap(&mut self) -> Place {
        self.step(|tx| {
            archive::open_gap(tx, archive::OWN, None, "s-a")?;
            Ok(Place::Gap(archive::gaps(tx, archive::OWN)?.remove(0).id))
        })
    }

    fn message(&self, id: i64) -> Message {
        full(&self.0, id).unwrap().unwrap()
    }

    fn unread(&self) -> u32 {
        conversations::all(&self.0).unwrap()[0].unread
    }
}

/// Something about a message of the conversation with Bob.
fn about(author: &str, target: &str, said: Said, time_ms: i64) -> About {
    About {
        conversation: BOB.into(),
        room: false,
        target: target.into(),
        author: Author {
            outgoing: author == ROSA,
            address: author.into(),
            ..Author::default()
        },
        time_ms,
        // By its time, whatever came first.
        said_id: None,
        is_late: true,
        is_ordered: false,
        said,
    }
}

fn from_bob(text: &str) -> Received {
    Received {
        conversation: BOB.into(),
        outgoing: false,
        author: BOB.into(),
        text: text.into(),
        time_ms: 2,
        wire_id: Some(format!("w-{text}")),
        origin_id: Some(format!("b-{text}")),
        stanza_id: Some(format!("s-{text}")),
        wants_receipt: true,
        ..Received::default()
    }
}

/// What Rosa wrote, as the archive or another device of hers gives it back.
fn from_rosa(text: &str) -> Received {
    Received {
        outgoing: true,
        author: ROSA.into(),
        origin_id: Some(format!("o-{text}")),
        wire_id: Some(format!("o-{text}")),
        wants_receipt: false,
        ..from_bob(text)
    }
}

#[test]
fn a_message_is_stored_with_its_outbox_row_and_the_draft_goes() {
    let mut cache = Cache::new();
    cache.step(|tx| conversations::set_draft(tx, BOB, "hel"));
    let id = cache.compose("hello");
    let rows = cache.outbox();
    assert_eq!((rows.len(), cache.waiting()), (1, vec!["hello".into()]));
    assert_eq!(cache.state(id), State::Waiting);
    assert_eq!(conversations::all(&cache.0).unwrap()[0].draft, "");
    assert_eq!(cache.step(|tx| outbox::sent(tx, &[rows[0].id])), [BOB]);
    assert_eq!((cache.state(id), cache.outbox()), (State::Sent, vec![]));
}

#[test]
fn the_same_message_by_every_way_is_one_message() {
    let mut cache = Cache::new();
    assert!(cache.hear("hi").is_some());
    assert_eq!(cache.hear("hi"), None);
    // Without the sender's id, and without the archive's.
    for again in [
        Received {
            origin_id: None,
            ..from_bob("hi")
        },
        Received {
            stanza_id: None,
            ..from_bob("hi")
        },
    ] {
        assert_eq!(cache.step(|tx| receive(tx, &again, Place::Newest)), None);
    }
    assert_eq!(cache.texts(), ["hi"]);
    assert_eq!(cache.outbox().len(), 1, "one receipt");
    // The archive's id is learnt late, and holds from then on.
    let unnamed = Received {
        stanza_id: None,
        ..from_bob("later")
    };
    cache.step(|tx| receive(tx, &unnamed, Place::Newest));
    cache.hear("later");
    let by_archive = Received {
        origin_id: None,
        ..from_bob("later")
    };
    assert_eq!(
        cache.step(|tx| receive(tx, &by_archive, Place::Newest)),
        None
    );
    assert_eq!(cache.texts(), ["hi", "later"]);
}

#[test]
fn an_origin_id_counts_for_its_author_only() {
    let mut cache = Cache::new();
    let mine = cache.compose("mine");
    // Bob repeats the id of our message: that is another message, and no proof.
    let copied = Received {
        origin_id: Some("o-mine".into()),
        ..from_bob("forged")
    };
    assert!(
        cache
            .step(|tx| receive(tx, &copied, Place::Newest))
            .is_some()
    );
    assert_eq!(cache.state(mine), State::Waiting);
    assert_eq!(cache.texts(), ["mine", "forged"]);
}

#[test]
fn what_the_archive_has_is_not_sent_again() {
    let mut cache = Cache::new();
    let (one, two) = (cache.compose("one"), cache.compose("two"));
    assert_eq!(
        cache.step(|tx| receive(tx, &from_rosa("one"), Place::Newest)),
        None
    );
    assert_eq!(
        (cache.state(one), cache.state(two)),
        (State::Sent, State::Waiting)
    );
    assert_eq!(cache.waiting(), ["two"]);
    assert_eq!(cache.texts(), ["one", "two"]);
}

#[test]
fn states_only_move_forward() {
    let mut cache = Cache::new();
    let id = cache.compose("hello");
    let wire = "o-hello";
    // Read before anything else was heard: acknowledgement and receipt come late.
    assert!(cache.bob(wire, Said::Displayed, 3));
    assert_eq!((cache.state(id), cache.outbox()), (State::Read, vec![]));
    assert!(!cache.bob(wire, Said::Delivered, 3));
    cache.step(|tx| sent(tx, id));
    assert!(!cache.step(|tx| failed(tx, BOB, wire, "message-rejected")));
    assert!(!cache.bob(wire, Said::Displayed, 3));
    assert_eq!(cache.state(id), State::Read);
}

#[test]
fn a_marker_covers_what_is_above_it_and_only_what_was_sent() {
    let mut cache = Cache::new();
    let ids: Vec<i64> = ["a", "b", "c", "d"].map(|text| cache.compose(text)).into();
    cache.step(|tx| sent(tx, ids[0]));
    cache.step(|tx| sent(tx, ids[2]));
    cache.step(|tx| failed(tx, BOB, "o-b", "message-rejected"));
    assert!(cache.bob("o-c", Said::Displayed, 3));
    let states: Vec<State> = ids.iter().map(|id| cache.state(*id)).collect();
    let refused = State::Failed("message-rejected".into());
    assert_eq!(states, [State::Read, refused, State::Read, State::Waiting]);
}

#[test]
fn news_about_unknown_or_foreign_messages_change_nothing() {
    let mut cache = Cache::new();
    let id = cache.compose("hello");
    let elsewhere = "mallory@team.internal";
    for said in [Said::Delivered, Said::Displayed, Said::Retract] {
        let elsewhere = About {
            conversation: elsewhere.into(),
            ..about(elsewhere, "o-hello", said, 3)
        };
        assert!(!cache.step(|tx| say(tx, &elsewhere, Place::Newest)));
    }
    assert!(!cache.step(|tx| failed(tx, elsewhere, "o-hello", "x")));
    assert!(!cache.bob("unknown", Said::Displayed, 3));
    assert!(!cache.rosa("o-hello", Said::Displayed, 3));
    assert_eq!((cache.state(id), cache.outbox().len()), (State::Waiting, 1));
}

#[test]
fn a_failed_message_can_be_tried_again_or_deleted() {
    let mut cache = Cache::new();
    let id = cache.compose("hello");
    assert_eq!(cache.step(|tx| retry(tx, id, "new")), None, "it waits");
    assert_eq!(cache.step(|tx| delete_failed(tx, id)), None, "it waits");
    assert!(cache.step(|tx| failed(tx, BOB, "o-hello", "message-rejected")));
    assert_eq!(cache.outbox(), []);
    cache.hear("meanwhile");
    assert_eq!(cache.step(|tx| retry(tx, id, "new")).as_deref(), Some(BOB));
    assert_eq!(cache.texts(), ["meanwhile", "hello"]);
    let row = cache.outbox().pop().unwrap();
    assert_eq!(
        (row.wire_id.as_str(), row.message.unwrap().text.as_str()),
        ("new", "hello")
    );
    assert!(cache.step(|tx| failed(tx, BOB, "new", "message-rejected")));
    assert_eq!(cache.step(|tx| delete_failed(tx, id)).as_deref(), Some(BOB));
    assert_eq!(cache.texts(), ["meanwhile"]);
}

#[test]
fn what_waited_stands_behind_what_came_meanwhile_in_its_own_order() {
    let mut cache = Cache::new();
    let ids: Vec<i64> = ["one", "two", "three"]
        .map(|text| cache.compose(text))
        .into();
    cache.hear("hey");
    cache.hear("where are you?");
    for id in ids {
        cache.step(|tx| sent(tx, id));
    }
    assert_eq!(
        cache.texts(),
        ["hey", "where are you?", "one", "two", "three"]
    );
}

/// Every answer that overtakes an acknowledgement moves a message; positions
/// must not run away with that.
#[test]
fn positions_stay_small_however_often_messages_cross() {
    let mut cache = Cache::new();
    for n in 0..500 {
        let id = cache.compose(&format!("mine {n}"));
        cache.hear(&format!("theirs {n}"));
        cache.step(|tx| sent(tx, id));
    }
    let last = cache.messages().pop().unwrap();
    assert_eq!(last.text, "mine 499");
    assert!(last.position <= 2000, "{}", last.position);
}

#[test]
fn unread_counts_follow_the_read_position_which_never_goes_back() {
    let mut cache = Cache::new();
    let ids: Vec<i64> = ["a", "b", "c"].map(|text| cache.hear(text).unwrap()).into();
    assert_eq!(cache.unread(), 3);
    assert!(cache.step(|tx| mark_displayed(tx, BOB, ids[1])));
    assert_eq!(cache.unread(), 1);
    assert!(!cache.step(|tx| mark_displayed(tx, BOB, ids[0])));
    assert!(!cache.step(|tx| mark_displayed(tx, "other@team.internal", ids[2])));
    assert_eq!(cache.unread(), 1);
    let first_unread = window(&cache.0, BOB, WindowAnchor::Latest, 1)
        .unwrap()
        .first_unread;
    assert_eq!(first_unread, Some(ids[2]));
    // Read on another device.
    assert!(cache.rosa("w-c", Said::Displayed, 3));
    assert_eq!(
        (cache.unread(), conversations::unread(&cache.0, 0).unwrap()),
        (0, 0)
    );
    // History of before is not news.
    let gap = cache.gap();
    cache.step(|tx| receive(tx, &from_bob("old"), gap));
    assert_eq!((cache.unread(), cache.texts()[0].as_str()), (0, "old"));
}

/// The next message gets its place again.
#[test]
fn what_comes_after_a_deleted_message_is_unread() {
    let mut cache = Cache::new();
    let id = cache.compose("hello");
    cache.step(|tx| failed(tx, BOB, "o-hello", "message-rejected"));
    assert!(cache.step(|tx| delete_failed(tx, id)).is_some());
    cache.hear("news");
    assert_eq!(cache.unread(), 1);
}

#[test]
fn one_marker_waits_and_it_is_the_newest() {
    let mut cache = Cache::new();
    let ids: Vec<i64> = ["a", "b"].map(|text| cache.hear(text).unwrap()).into();
    cache.step(|tx| mark_displayed(tx, BOB, ids[0]));
    cache.step(|tx| mark_displayed(tx, BOB, ids[1]));
    let markers: Vec<_> = cache
        .outbox()
        .into_iter()
        .filter(|row| row.kind == OutboxKind::Displayed)
        .map(|row| row.wire_id)
        .collect();
    assert_eq!(markers, ["w-b"]);
}

/// The other side must learn that we saw their words also when the answer was
/// quicker than the window.
#[test]
fn whoever_answers_has_read_and_says_so() {
    let mut cache = Cache::new();
    cache.hear("a");
    cache.hear("b");
    cache.compose("answer");
    assert_eq!(cache.unread(), 0);
    let rows: Vec<_> = cache
        .outbox()
        .into_iter()
        .filter(|row| row.kind != OutboxKind::Receipt)
        .map(|row| (row.kind, row.wire_id))
        .collect();
    assert_eq!(
        rows,
        [
            (OutboxKind::Displayed, "w-b".to_owned()),
            (OutboxKind::Message, "o-answer".to_owned())
        ]
    );
}

#[test]
fn windows_are_neighbours_without_overlap() {
    let mut cache = Cache::new();
    for n in 0..10 {
        cache.hear(&n.to_string());
    }
    let read = |anchor, limit| window(&cache.0, BOB, anchor, limit).unwrap();
    let texts = |window: &Window| -> String {
        window
            .messages
            .iter()
            .map(|message| message.text.as_str())
            .collect()
    };
    let latest = read(WindowAnchor::Latest, 4);
    assert_eq!((texts(&latest).as_str(), latest.has_older), ("6789", true));
    let message = latest.messages[0].id;
    let before = read(WindowAnchor::Before { message }, 4);
    assert_eq!((texts(&before).as_str(), before.has_older), ("2345", true));
    let message = before.messages[0].id;
    let first = read(WindowAnchor::Before { message }, 4);
    assert_eq!((texts(&first).as_str(), first.has_older), ("01", false));
    assert_eq!(
        texts(&read(WindowAnchor::From { message }, 200)),
        "23456789"
    );
    assert_eq!(first.messages[0].author_name, "bob");
    let empty = window(&cache.0, "nobody@team.internal", WindowAnchor::Latest, 5).unwrap();
    assert_eq!((empty.messages.len(), empty.has_older), (0, false));
}
