//! Edits, retractions, reactions and markers, in whatever order they come.

use super::*;

const ROOM: &str = "team@rooms.internal";

pub(super) fn edit(text: &str, id: &str) -> Said {
    Said::Edit(Box::new(Edit {
        text: text.into(),
        wire_id: Some(id.into()),
        ..Edit::default()
    }))
}

pub(super) fn react(emojis: &[&str]) -> Said {
    Said::React(emojis.iter().map(|emoji| (*emoji).to_owned()).collect())
}

pub(super) fn shown(cache: &Cache) -> Vec<(String, u32, bool)> {
    let message = cache.messages().pop().unwrap();
    let reactions = message.reactions.into_iter();
    reactions
        .map(|one| (one.emoji, u32::try_from(one.names.len()).unwrap(), one.mine))
        .collect()
}

fn pending(cache: &Cache) -> i64 {
    let count = "SELECT count(*) FROM annotations";
    cache.0.query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn the_last_edit_by_time_is_shown_and_the_others_are_kept() {
    let mut cache = Cache::new();
    let id = cache.hear("one").unwrap();
    assert!(cache.bob("b-one", edit("three", "e3"), 30));
    assert!(!cache.bob("b-one", edit("two", "e2"), 20), "an older one");
    assert!(!cache.bob("b-one", edit("three", "e3"), 31), "a copy");
    // One that names the last edit, as some programs do.
    assert!(cache.bob("e3", edit("four", "e4"), 40));
    let message = cache.message(id);
    assert_eq!(
        (message.text.as_str(), message.edited_ms),
        ("four", Some(40))
    );
    let versions: Vec<_> = versions(&cache.0, id)
        .unwrap()
        .into_iter()
        .map(|version| (version.text, version.time_ms))
        .collect();
    let wanted = [("one", 2), ("two", 20), ("three", 30)];
    assert_eq!(versions, wanted.map(|(text, time)| (text.to_owned(), time)));
    assert_eq!((cache.texts().len(), cache.unread()), (1, 1));
}

#[test]
fn nobody_changes_what_another_wrote() {
    let mut cache = Cache::new();
    let mine = cache.compose("mine");
    let theirs = cache.hear("theirs").unwrap();
    assert!(!cache.bob("o-mine", edit("forged", "e1"), 9));
    assert!(!cache.bob("o-mine", Said::Retract, 9));
    assert!(!cache.rosa("b-theirs", edit("forged", "e2"), 9));
    assert!(!cache.bob("o-mine", Said::Moderate { by: None }, 9));
    assert_eq!(cache.message(mine).text, "mine");
    assert_eq!(cache.message(theirs).text, "theirs");
    // Bob writes a message with the id of ours, and edits it: his changes, not ours.
    let copied = Received {
        wire_id: Some("o-mine".into()),
        ..from_bob("bait")
    };
    let mut cache = Cache::new();
    let mine = cache.compose("mine");
    let bait = cache
        .step(|tx| receive(tx, &copied, Place::Newest))
        .unwrap();
    assert!(cache.bob("o-mine", edit("changed", "e3"), 9));
    assert_eq!(cache.message(mine).text, "mine");
    assert_eq!(cache.message(bait).text, "changed");
}

#[test]
fn what_is_taken_back_is_gone_with_all_that_was_kept_of_it() {
    let mut cache = Cache::new();
    let id = cache.hear("one").unwrap();
    cache.bob("b-one", edit("two", "e2"), 20);
    cache.bob("b-one", react(&["👍"]), 21);
    assert!(cache.bob("e2", Said::Retract, 30), "named by its edit");
    assert!(!cache.bob("b-one", Said::Retract, 31));
    assert!(!cache.bob("b-one", edit("again", "e5"), 40));
    assert!(!cache.rosa("b-one", react(&["👎"]), 41));
    let message = cache.message(id);
    assert_eq!((message.text.as_str(), message.edited_ms), ("", None));
    assert_eq!(
        message.retracted.unwrap(),
        Retracted {
            time_ms: 30,
            by: None
        }
    );
    assert_eq!((message.reactions, cache.unread()), (vec![], 0));
    for table in ["message_versions", "reactions"] {
        let count = format!("SELECT count(*) FROM {table}");
        let left: i64 = cache.0.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    // A copy of it brings nothing back.
    let copy = Received {
        stanza_id: None,
        origin_id: None,
        ..from_bob("one")
    };
    assert_eq!(cache.step(|tx| receive(tx, &copy, Place::Newest)), None);
    assert_eq!(cache.texts(), [""]);
}

#[test]
fn a_mark_in_the_archive_takes_back_what_is_here() {
    let mut cache = Cache::new();
    let id = cache.hear("one").unwrap();
    let mark = Received {
        text: String::new(),
        origin_id: None,
        retracted: Some(Retracted {
            time_ms: 50,
            by: None,
        }),
        ..from_bob("one")
    };
    assert_eq!(cache.step(|tx| receive(tx, &mark, Place::Newest)), None);
    assert_eq!(cache.message(id).text, "");
    // And one of which nothing was here.
    let mark = Received {
        wire_id: Some("w-other".into()),
        stanza_id: Some("s-other".into()),
        ..mark
    };
    assert!(cache.step(|tx| receive(tx, &mark, Place::Newest)).is_some());
    assert_eq!((cache.messages().len(), cache.unread()), (2, 0));
}

#[test]
fn of_each_person_the_newest_reactions_count() {
    let mut cache = Cache::new();
    cache.hear("one");
    assert!(cache.bob("b-one", react(&["👍", "🎉"]), 10));
    assert!(!cache.bob("b-one", react(&["👎"]), 9), "an older one");
    assert!(cache.rosa("b-one", react(&["👍"]), 11));
    assert_eq!(
        shown(&cache),
        [("👍".to_owned(), 1, true), ("🎉".to_owned(), 1, false)]
    );
    assert!(cache.bob("b-one", react(&[]), 12));
    assert_eq!(shown(&cache), [("👍".to_owned(), 0, true)]);
}

#[test]
fn what_comes_before_its_message_waits_for_it() {
    let everything = [
        about(BOB, "b-one", edit("two", "e2"), 20),
        about(BOB, "e2", edit("three", "e3"), 30),
        about(ROSA, "b-one", react(&["👍"]), 22),
        about(BOB, "e3", react(&["🎉"]), 33),
    ];
    // In every order, with the message at every place among them.
    let mut orders = vec![vec![]];
    for item in 0..=everything.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, item);
                    order
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 120);
    for order in orders {
        let mut cache = Cache::new();
        for item in &order {
            match everything.get(*item) {
                Some(about) => {
                    cache.step(|tx| say(tx, about, Place::Newest));
                    // Twice: live and out of the archive.
                    cache.step(|tx| say(tx, about, Place::Newest));
                }
                None => drop(cache.hear("one")),
            }
        }
        assert_eq!(cache.texts(), ["three"], "{order:?}");
        assert_eq!(
            shown(&cache),
            [("👍".to_owned(), 0, true), ("🎉".to_owned(), 1, false)],
            "{order:?}"
        );
        assert_eq!(pending(&cache), 0, "{order:?}");
        let id = cache.messages()[0].id;
        assert_eq!(versions(&cache.0, id).unwrap().len(), 2, "{order:?}");
    }
}

#[test]
fn a_retraction_that_waited_is_not_undone() {
    let mut cache = Cache::new();
    cache.bob("b-one", Said::Retract, 30);
    cache.bob("b-one", edit("two", "e2"), 20);
    cache.rosa("b-one", Said::Retract, 31);
    assert!(cache.hear("one").is_some());
    assert_eq!((cache.texts(), cache.unread()), (vec![String::new()], 0));
    assert_eq!(pending(&cache), 1, "ours was about nothing of ours");
}

#[test]
fn markers_that_came_first_hold_for_older_pages_too() {
    let mut cache = Cache::new();
    cache.bob("o-b", Said::Displayed, 9);
    cache.bob("o-c", Said::Delivered, 8);
    let gap = cache.gap();
    for text in ["d", "c", "b", "a"] {
        cache.step(|tx| receive(tx, &from_rosa(text), gap));
    }
    let states: Vec<_> = cache.messages().into_iter().map(|one| one.state).collect();
    assert_eq!(
        states,
        [State::Read, State::Read, State::Delivered, State::Sent]
    );
    // And where we have read ourselves.
    cache.rosa("w-new", Said::Displayed, 10);
    cache.hear("new");
    assert_eq!(cache.unread(), 0);
}

#[test]
fn what_waits_is_bounded() {
    let mut cache = Cache::new();
    cache.step(|tx| {
        for number in 0..10_700 {
            say(
                tx,
                &about(BOB, &format!("t-{number}"), react(&["👍"]), 1),
                Place::Newest,
            )?;
        }
        Ok(())
    });
    let left = pending(&cache);
    assert!((10_000..10_300).contains(&left), "{left}");
    let oldest = "SELECT min(target) FROM annotations WHERE target = 't-0'";
    let oldest: Option<String> = cache.0.query_row(oldest, [], |row| row.get(0)).unwrap();
    assert_eq!(oldest, None);
}

#[test]
fn who_has_it_and_since_when() {
    let mut cache = Cache::new();
    let (one, two) = (cache.compose("one"), cache.compose("two"));
    cache.bob("o-one", Said::Delivered, 5);
    cache.bob("o-one", Said::Delivered, 7);
    cache.bob("o-two", Said::Displayed, 9);
    let times = |id| {
        let found = deliveries(&cache.0, id).unwrap();
        let found = found.into_iter();
        found
            .map(|one| (one.name, one.delivered_ms, one.read_ms))
            .collect::<Vec<_>>()
    };
    assert_eq!(times(one), [("bob".to_owned(), Some(5), Some(9))]);
    assert_eq!(times(two), [("bob".to_owned(), Some(9), Some(9))]);
}

/// In a room the room's ids count, and people are known by their occupant ids.
#[test]
fn rooms_name_messages_themselves() {
    let mut cache = Cache::new();
    cache.step(|tx| {
        tx.execute(
            "INSERT INTO conversations (id, kind) VALUES (?1, 'room')",
            [ROOM],
        )
    });
    let person = |nick: &str, occupant: &str| Author {
        address: format!("{ROOM}/{nick}"),
        name: Some(nick.into()),
        occupant_id: Some(occupant.into()),
        ..Author::default()
    };
    let say_as = |cache: &mut Cache, author: Author, target: &str, said| {
        let about = About {
            conversation: ROOM.into(),
            room: true,
            author,
            ..about(BOB, target, said, 20)
        };
        cache.step(|tx| say(tx, &about, Place::Newest))
    };
    let bob = person("bob", "occ-bob");
    let said = Received {
        conversation: ROOM.into(),
        author: bob.address.clone(),
        author_name: bob.name.clone(),
        occupant_id: bob.occupant_id.clone(),
        ..from_bob("hi")
    };
    let id = cache.step(|tx| receive(tx, &said, Place::Newest)).unwrap();
    // Mallory took the nickname that Bob had.
    let mallory = person("bob", "occ-mallory");
    assert!(!say_as(
        &mut cache,
        mallory.clone(),
        "w-hi",
        edit("forged", "e1")
    ));
    assert!(!say_as(&mut cache, mallory.clone(), "s-hi", Said::Retract));
    assert!(!say_as(&mut cache, mallory.clone(), "w-hi", react(&["👎"])));
    assert!(say_as(&mut cache, mallory, "s-hi", react(&["👍"])));
    // Bob goes by another nickname now.
    let robert = person("robert", "occ-bob");
    assert!(say_as(
        &mut cache,
        robert.clone(),
        "w-hi",
        edit("hello", "e2")
    ));
    assert!(say_as(&mut cache, robert, "s-hi", react(&["👍"])));
    let message = cache.message(id);
    assert_eq!(
        (message.text.as_str(), message.author_name.as_str()),
        ("hello", "bob")
    );
    assert_eq!(message.reactions[0].names.len(), 2);
    let room = Author {
        address: ROOM.into(),
        ..Author::default()
    };
    let by = Some("carol".to_owned());
    assert!(say_as(
        &mut cache,
        room,
        "s-hi",
        Said::Moderate { by: by.clone() }
    ));
    assert_eq!(cache.message(id).retracted.unwrap().by, by);
}

#[test]
fn replies_show_what_they_answer_as_it_is_now() {
    let mut cache = Cache::new();
    let answer = Received {
        extras: Extras {
            reply: Some(Reply {
                id: "b-question".into(),
                author: Some(BOB.into()),
                excerpt: Some("quest".into()),
            }),
            ..Extras::default()
        },
        ..from_rosa("answer")
    };
    let id = cache
        .step(|tx| receive(tx, &answer, Place::Newest))
        .unwrap();
    let quoted = cache.message(id).quoted.unwrap();
    assert_eq!((quoted.message, quoted.text.as_str()), (None, "quest"));
    assert_eq!(quoted.author_name, "bob");
    let gap = cache.gap();
    let question = cache.step(|tx| receive(tx, &from_bob("question"), gap));
    cache.bob("b-question", edit("better question", "e"), 9);
    let quoted = cache.message(id).quoted.unwrap();
    assert_eq!(
        (quoted.message, quoted.text.as_str()),
        (question, "better question")
    );
}
