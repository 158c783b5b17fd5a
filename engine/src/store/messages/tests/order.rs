//! Which of two things that were said about a message was the later one.

use super::said::{edit, react, shown};
use super::*;

/// The clock of a device may be wrong, and a connection may be slow: what comes
/// later was said later, unless it comes out of a gap.
#[test]
fn the_order_of_the_archive_counts_and_not_the_clock() {
    let mut cache = Cache::new();
    let id = cache.hear("one").unwrap();
    let gap = cache.gap();
    let mut tell = |said: Said, time_ms, place| {
        let about = About {
            is_late: false,
            ..about(BOB, "b-one", said, time_ms)
        };
        cache.step(|tx| say(tx, &about, place))
    };
    assert!(tell(edit("two", "e2"), 700, Place::Newest));
    assert!(tell(edit("three", "e3"), 20, Place::Newest));
    assert!(!tell(edit("between", "e1"), 700, gap), "both of one moment");
    assert!(tell(react(&["a"]), 700, Place::Newest));
    assert!(tell(react(&["b"]), 20, Place::Newest));
    assert!(!tell(react(&["c"]), 700, gap));
    assert_eq!(cache.message(id).text, "three");
    assert_eq!(shown(&cache), [("b".to_owned(), 1, false)]);
}

/// The newest page of an archive comes first, and the message after it.
#[test]
fn of_one_moment_the_newest_page_was_later_than_a_gap() {
    let mut cache = Cache::new();
    let gap = cache.gap();
    let tell = |cache: &mut Cache, said: Said, place| {
        let about = About {
            is_late: false,
            ..about(BOB, "b-one", said, 700)
        };
        cache.step(|tx| say(tx, &about, place))
    };
    tell(&mut cache, react(&["b"]), Place::Newest);
    tell(&mut cache, edit("two", "e2"), Place::Newest);
    tell(&mut cache, react(&["a"]), gap);
    tell(&mut cache, edit("between", "e1"), gap);
    let first = from_bob("one");
    let id = cache.step(|tx| receive(tx, &first, gap)).unwrap();
    tell(&mut cache, react(&["first"]), gap);
    tell(&mut cache, edit("before", "e0"), gap);
    assert_eq!(cache.message(id).text, "two");
    assert_eq!(shown(&cache), [("b".to_owned(), 1, false)]);
}

/// A room gives back what we reacted with first while the next is on its way.
#[test]
fn what_we_react_with_next_is_not_undone_by_what_we_did_before() {
    let mut cache = Cache::new();
    let id = cache.hear("one").unwrap();
    cache.step(|tx| react_to(tx, id, &["a"], 5));
    // Before it goes, all that was missed is read.
    assert!(!outbox::is_empty(&cache.0).unwrap());
    assert!(!cache.rosa("b-one", react(&["old"]), 9));
    assert_eq!(shown(&cache), [("a".to_owned(), 0, true)]);
    cache.step(|tx| {
        let rows = outbox::take(tx, &[], 9)?;
        outbox::sent(tx, &[rows.last().unwrap().id])
    });
    assert!(cache.rosa("b-one", react(&["elsewhere"]), 10));
    assert_eq!(shown(&cache), [("elsewhere".to_owned(), 0, true)]);
}

fn react_to(
    tx: &Transaction<'_>,
    id: i64,
    emojis: &[&str],
    now_ms: i64,
) -> rusqlite::Result<Change> {
    let emojis: Vec<String> = emojis.iter().map(|emoji| (*emoji).to_owned()).collect();
    super::super::react(tx, id, ROSA, &emojis, "r1", now_ms)
}
