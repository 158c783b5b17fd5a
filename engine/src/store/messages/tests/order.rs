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
    let old = About {
        is_late: false,
        ..about(ROSA, "b-one", react(&["old"]), 9)
    };
    assert!(!cache.step(|tx| say(tx, &old, Place::Newest)));
    assert_eq!(shown(&cache), [("a".to_owned(), 0, true)]);
    cache.step(|tx| {
        let rows = outbox::take(tx, &[], 9)?;
        outbox::sent(tx, &[rows.last().unwrap().id])
    });
    assert_eq!(shown(&cache), [("a".to_owned(), 0, true)]);
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

/// What another device of ours said, or this one, as the archive has it.
fn archived(target: &str, said: Said, said_id: &str) -> About {
    About {
        said_id: Some(said_id.to_owned()),
        is_late: false,
        is_ordered: true,
        ..about(ROSA, target, said, 700)
    }
}

/// Two devices of ours edit a message, and react to one, at the same time.
struct Crossing {
    cache: Cache,
    mine: i64,
}

impl Crossing {
    /// Here it is on its way when the other's comes.
    fn new() -> Self {
        let mut cache = Cache::new();
        let mine = cache.compose("one");
        cache.step(|tx| outbox::sent(tx, &[1]));
        cache.hear("two");
        cache.step(|tx| super::super::edit(tx, mine, "here", &[], "e-here", 5));
        let theirs = cache.messages().pop().unwrap().id;
        cache.step(|tx| react_to(tx, theirs, &["here"], 5));
        assert_eq!(cache.step(|tx| outbox::take(tx, &[], 9)).len(), 3);
        let mut crossing = Self { cache, mine };
        for about in Crossing::there() {
            let about = About {
                is_ordered: false,
                ..about
            };
            assert!(!crossing.cache.step(|tx| say(tx, &about, Place::Newest)));
        }
        assert_eq!(crossing.shows(), "here");
        crossing
    }

    fn here() -> [About; 2] {
        let edit = archived("o-one", edit("here", "e-here"), "e-here");
        let react = archived("b-two", react(&["here"]), "r1");
        [edit, react]
    }

    fn there() -> [About; 2] {
        let edit = archived("o-one", edit("there", "e-there"), "e-there");
        let react = archived("b-two", react(&["there"]), "r2");
        [edit, react]
    }

    fn acknowledge(&mut self) {
        self.cache.step(|tx| {
            let rows: Vec<i64> = tx
                .prepare("SELECT id FROM outbox WHERE attempted = 1")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            outbox::sent(tx, &rows)
        });
    }

    /// The edit; what we react with is the same.
    fn shows(&self) -> String {
        let text = self.cache.message(self.mine).text;
        assert_eq!(shown(&self.cache), [(text.clone(), 0, true)]);
        text
    }
}

#[test]
fn where_two_devices_cross_the_archive_decides() {
    for is_last in [true, false] {
        for is_acknowledged in [true, false] {
            for is_gap in [true, false] {
                let what = format!("{is_last} {is_acknowledged} {is_gap}");
                let mut crossing = Crossing::new();
                if is_acknowledged {
                    crossing.acknowledge();
                    assert_eq!(crossing.shows(), "here", "{what}");
                }
                // A gap is filled backwards.
                let place = match is_gap {
                    true => crossing.cache.step(|tx| {
                        archive::open_gap(tx, archive::OWN, Some("s-two"), "s-z")?;
                        Ok(Place::Gap(archive::gaps(tx, archive::OWN)?.remove(0).id))
                    }),
                    false => Place::Newest,
                };
                let (here, there) = (Crossing::here(), Crossing::there());
                let order = match is_last == is_gap {
                    true => [here, there],
                    false => [there, here],
                };
                for about in order.into_iter().flatten() {
                    crossing.cache.step(|tx| say(tx, &about, place));
                }
                let last = if is_last { "here" } else { "there" };
                assert_eq!(crossing.shows(), last, "{what}");
                // It is not sent again.
                let left = crossing.cache.outbox().into_iter();
                let left = left.filter(|row| row.kind != OutboxKind::Receipt);
                assert_eq!(left.count(), 0, "{what}");
                let versions = versions(&crossing.cache.0, crossing.mine).unwrap();
                let mut texts: Vec<_> = versions.iter().map(|one| one.text.as_str()).collect();
                texts.sort_unstable();
                let other = if is_last { "there" } else { "here" };
                let mut wanted = vec!["one", other];
                wanted.sort_unstable();
                assert_eq!(texts, wanted, "{what}");
            }
        }
    }
}

/// The other device's came, and ours was not there: it goes again, and is the last.
#[test]
fn what_had_not_arrived_is_the_last() {
    let mut crossing = Crossing::new();
    for about in Crossing::there() {
        crossing.cache.step(|tx| say(tx, &about, Place::Newest));
    }
    assert_eq!(crossing.shows(), "here");
    crossing.acknowledge();
    assert_eq!(crossing.shows(), "here");
}

/// A copy of what another device has sent, from a server that gives copies no ids.
#[test]
fn what_waits_goes_behind_a_copy_without_an_id() {
    let mut cache = Cache::new();
    let (one, two) = (cache.compose("one"), cache.compose("two"));
    let copy = Received {
        outgoing: true,
        author: ROSA.into(),
        stanza_id: None,
        ..from_bob("copy")
    };
    cache.step(|tx| receive(tx, &copy, Place::Newest));
    assert_eq!(cache.texts(), ["copy", "one", "two"]);
    // The news of the second comes first.
    cache.step(|tx| sent(tx, two));
    cache.step(|tx| sent(tx, one));
    assert_eq!(cache.texts(), ["copy", "one", "two"]);
}
