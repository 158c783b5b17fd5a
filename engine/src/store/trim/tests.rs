use super::*;
use crate::api::WindowAnchor;
use crate::store::archive::OWN;
use crate::store::messages::{self, Place, Received};
use crate::store::schema;

const BOB: &str = "bob@a";
const EVE: &str = "eve@a";
const ALL: Keep = Keep {
    from_ms: None,
    unread: true,
};

fn cache() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn received(conversation: &str, number: i64) -> Received {
    Received {
        conversation: conversation.into(),
        outgoing: false,
        author: conversation.into(),
        text: number.to_string(),
        time_ms: number,
        wire_id: Some(format!("w{number}")),
        origin_id: Some(format!("o{number}")),
        stanza_id: Some(format!("s{number}")),
        ..Received::default()
    }
}

fn hear(tx: &Transaction<'_>, conversation: &str, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let id = messages::receive(tx, &received(conversation, number), Place::Newest);
        let id = id.unwrap().unwrap();
        messages::mark_displayed(tx, conversation, id).unwrap();
    }
    tx.execute("DELETE FROM outbox", []).unwrap();
}

fn texts(db: &Connection, conversation: &str) -> Vec<String> {
    messages::window(db, conversation, WindowAnchor::Latest, 2000)
        .unwrap()
        .messages
        .into_iter()
        .map(|message| message.text)
        .collect()
}

fn numbers(range: std::ops::Range<i64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[test]
fn what_goes_leaves_a_gap_from_which_it_comes_back_into_its_place() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    hear(&tx, BOB, 1..5);
    hear(&tx, EVE, 5..8);
    hear(&tx, BOB, 8..11);
    let keep = Keep {
        from_ms: Some(4),
        ..ALL
    };
    assert_eq!(trim(&tx, BOB, keep, 2).unwrap(), 2);
    assert_eq!(trim(&tx, BOB, keep, 20).unwrap(), 1);
    assert_eq!(trim(&tx, BOB, keep, 20).unwrap(), 0);
    assert_eq!(texts(&tx, BOB), ["4", "8", "9", "10"]);
    // Nothing is missing elsewhere, and nothing is fetched by itself.
    assert_eq!(archive::open_gaps(&tx, EVE).unwrap(), Vec::<i64>::new());
    assert!(archive::gaps(&tx, OWN).unwrap().is_empty());
    let gap = archive::gap_below(&tx, BOB, i64::MAX).unwrap().unwrap();
    assert_eq!((gap.after, gap.before.as_deref()), (None, Some("s4")));
    let window = messages::window(&tx, BOB, WindowAnchor::Latest, 10).unwrap();
    assert!(window.has_older && !window.is_whole);
    // A page comes back: the newest of it first, as pages are put in.
    for number in [3, 2, 1] {
        messages::receive(&tx, &received(BOB, number), Place::Gap(gap.id)).unwrap();
    }
    archive::shrink_conversation(&tx, gap.id, BOB, "s1", true).unwrap();
    assert_eq!(texts(&tx, BOB), ["1", "2", "3", "4", "8", "9", "10"]);
    assert_eq!(conversations::unread(&tx, 0).unwrap(), 0);
    let window = messages::window(&tx, BOB, WindowAnchor::Latest, 10).unwrap();
    assert!(!window.has_older && window.is_whole);
    // And goes again.
    assert_eq!(trim(&tx, BOB, keep, 20).unwrap(), 3);
    let again = archive::gap_below(&tx, BOB, i64::MAX).unwrap().unwrap();
    assert_eq!((again.id, again.before.as_deref()), (gap.id, Some("s4")));
}

#[test]
fn unread_waiting_and_failed_ones_stay() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    hear(&tx, BOB, 1..4);
    let failed = messages::compose(&tx, BOB, "me@a", "failed", "f", 4).unwrap();
    messages::failed(&tx, BOB, "f", "message-rejected").unwrap();
    messages::compose(&tx, BOB, "me@a", "waiting", "w", 5).unwrap();
    conversations::set_draft(&tx, BOB, "draft").unwrap();
    messages::receive(&tx, &received(BOB, 6), Place::Newest).unwrap();
    assert_eq!(trim(&tx, BOB, ALL, 20).unwrap(), 3);
    assert_eq!(texts(&tx, BOB), ["failed", "waiting", "6"]);
    let row = conversations::all(&tx).unwrap().remove(0);
    assert_eq!((row.draft.as_str(), row.unread), ("draft", 1));
    assert!(messages::get(&tx, failed).unwrap().is_some());
    assert_eq!(holds(&tx).unwrap().messages, 3);
}

#[test]
fn a_step_takes_the_oldest_of_all_but_the_pinned() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    hear(&tx, BOB, 0..700);
    hear(&tx, EVE, 700..1400);
    hear(&tx, "pin@a", 1400..1500);
    hear(&tx, BOB, 1500..1600);
    conversations::pin(&tx, "pin@a", None).unwrap();
    let limits = Limits {
        from_ms: Some(1550),
        bytes: None,
    };
    let (mut after, mut steps) = (i64::MIN, 0);
    loop {
        let stepped = step(&tx, after, limits).unwrap();
        steps += 1;
        let Some(next) = stepped.next else { break };
        after = next;
    }
    assert_eq!(texts(&tx, BOB), numbers(1550..1600));
    assert_eq!(texts(&tx, EVE), Vec::<String>::new());
    assert_eq!(texts(&tx, "pin@a"), numbers(1400..1500));
    assert!(steps >= 4, "{steps}");
    // Of what is gone altogether the row stays, and what follows is news.
    messages::receive(&tx, &received(EVE, 2000), Place::Newest).unwrap();
    assert_eq!(conversations::unread(&tx, 0).unwrap(), 1);
    let gap = archive::gap_below(&tx, EVE, i64::MAX).unwrap().unwrap();
    messages::receive(&tx, &received(EVE, 1399), Place::Gap(gap.id)).unwrap();
    assert_eq!(texts(&tx, EVE), ["1399", "2000"]);
    assert_eq!(conversations::unread(&tx, 0).unwrap(), 1);
}

#[test]
fn bytes_are_a_limit_too() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    hear(&tx, BOB, 0..3000);
    let before = holds(&tx).unwrap().used_bytes;
    let limits = Limits {
        from_ms: None,
        bytes: Some(before * 2 / 3),
    };
    let mut after = i64::MIN;
    while let Some(next) = step(&tx, after, limits).unwrap().next {
        after = next;
    }
    let now = holds(&tx).unwrap();
    assert!(now.used_bytes <= before * 2 / 3, "{now:?} of {before}");
    assert!(now.messages > 500, "{now:?}");
    assert_eq!(texts(&tx, BOB).last().unwrap(), "2999");
    let nothing = Limits {
        from_ms: None,
        bytes: None,
    };
    assert_eq!(step(&tx, i64::MIN, nothing).unwrap(), Stepped::default());
}

#[test]
fn a_removed_conversation_comes_back_with_what_is_new_alone() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    hear(&tx, BOB, 1..4);
    messages::receive(&tx, &received(BOB, 4), Place::Newest).unwrap();
    messages::compose(&tx, EVE, "me@a", "waiting", "w", 5).unwrap();
    for conversation in [BOB, EVE] {
        see_all(&tx, conversation).unwrap();
        let keep = Keep {
            from_ms: None,
            unread: false,
        };
        trim(&tx, conversation, keep, 100).unwrap();
        assert!(remove(&tx, conversation).unwrap());
    }
    assert!(!remove(&tx, "nobody@a").unwrap());
    assert!(conversations::all(&tx).unwrap().is_empty());
    let waiting: u32 = tx
        .query_row(
            "SELECT count(*) FROM outbox WHERE kind = 'message'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(waiting, 0);
    // History that comes all the same is no news.
    let gap = archive::gap_below(&tx, BOB, i64::MAX).unwrap().unwrap();
    messages::receive(&tx, &received(BOB, 4), Place::Gap(gap.id)).unwrap();
    assert!(conversations::all(&tx).unwrap().is_empty());
    messages::receive(&tx, &received(BOB, 9), Place::Newest).unwrap();
    let row = conversations::all(&tx).unwrap().remove(0);
    assert_eq!((row.id.as_str(), row.unread), (BOB, 1));
    assert_eq!(texts(&tx, BOB), ["4", "9"]);
}
