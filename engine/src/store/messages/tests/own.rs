//! What the user changes, before and after it has gone.

use std::collections::HashSet;

use super::*;

impl Cache {
    fn take(&mut self) -> Vec<OutboxRow> {
        self.step(|tx| outbox::take(tx, &[], 100))
    }

    fn requeue(&mut self, keep: &[i64]) -> Vec<String> {
        let keep: HashSet<i64> = keep.iter().copied().collect();
        self.step(|tx| outbox::requeue(tx, &keep, &[]))
    }

    fn change(&mut self, id: i64, text: &str) -> Change {
        let edit_id = format!("e-{text}");
        self.step(|tx| edit(tx, id, text, &[], &edit_id, 50))
    }

    fn take_back(&mut self, id: i64) -> Change {
        self.step(|tx| retract(tx, id, "r", 60))
    }

    fn answer(&mut self, text: &str, id: &str) -> i64 {
        let composed = Composed {
            conversation: BOB.into(),
            author: ROSA.into(),
            text: text.into(),
            origin_id: format!("o-{text}"),
            extras: Extras {
                reply: Some(Reply {
                    id: id.into(),
                    author: Some(ROSA.into()),
                    excerpt: Some("words".into()),
                }),
                ..Extras::default()
            },
            ..Composed::default()
        };
        self.step(|tx| send(tx, &composed))
    }

    fn kinds(&self) -> Vec<OutboxKind> {
        self.outbox().into_iter().map(|row| row.kind).collect()
    }
}

fn done() -> Change {
    Change::Done(BOB.into())
}

#[test]
fn what_nobody_has_is_changed_before_it_goes() {
    let mut cache = Cache::new();
    let id = cache.compose("one");
    assert_eq!(cache.change(id, "two"), done());
    assert_eq!(
        (cache.waiting(), cache.kinds().len()),
        (vec!["two".to_owned()], 1)
    );
    assert_eq!(cache.message(id).edited_ms, None);
    assert_eq!(cache.take_back(id), done());
    assert_eq!((cache.texts().len(), cache.outbox().len()), (0, 0));
    // Nor does one that was refused need a correction.
    let id = cache.compose("three");
    cache.step(|tx| failed(tx, BOB, "o-three", "not-allowed"));
    assert_eq!(cache.change(id, "four"), done());
    assert_eq!(
        (cache.texts(), cache.outbox().len()),
        (vec!["four".to_owned()], 0)
    );
}

#[test]
fn what_is_on_its_way_is_corrected_behind_it() {
    let mut cache = Cache::new();
    let id = cache.compose("one");
    let rows = cache.take();
    assert_eq!(rows.len(), 1);
    assert!(cache.take().is_empty(), "once");
    cache.change(id, "two");
    cache.change(id, "three");
    // The newest edit says all that the one before did.
    let edits = cache.outbox();
    assert_eq!((edits.len(), edits[0].kind), (1, OutboxKind::Edit));
    assert_eq!(edits[0].message.as_ref().unwrap().text, "three");
    cache.step(|tx| outbox::sent(tx, &[rows[0].id]));
    assert_eq!(cache.state(id), State::Sent);
    assert_eq!(cache.take()[0].wire_id, "e-three");
    // Its copy from the archive is no news, and no second message.
    let copy = Said::Edit(Box::new(Edit {
        text: "three".into(),
        wire_id: Some("e-three".into()),
        stanza_id: Some("s9".into()),
        ..Edit::default()
    }));
    assert!(!cache.rosa("o-one", copy, 70));
    assert_eq!(cache.message(id).edited_ms, Some(51));
}

#[test]
fn what_did_not_arrive_goes_out_as_it_is_now() {
    let mut cache = Cache::new();
    let (one, two) = (cache.compose("one"), cache.compose("two"));
    let three = cache.compose("three");
    let sent: Vec<i64> = cache.take().into_iter().map(|row| row.id).collect();
    cache.change(one, "one!");
    cache.change(three, "three!");
    cache.take_back(two);
    assert_eq!(cache.kinds().len(), 3);
    // Of the three the session still has the last.
    assert_eq!(cache.requeue(&[sent[2]]), [BOB]);
    assert_eq!(cache.waiting(), ["one!"]);
    assert_eq!(cache.texts(), ["one!", "three!"]);
    assert_eq!(cache.message(one).edited_ms, None);
    assert_eq!(cache.kinds(), [OutboxKind::Message, OutboxKind::Edit]);
    assert_eq!(cache.requeue(&[]), [BOB]);
    assert_eq!(cache.waiting(), ["one!", "three!"]);
    assert_eq!(cache.kinds().len(), 2);
}

#[test]
fn a_message_is_taken_back_with_its_edits() {
    let mut cache = Cache::new();
    let id = cache.compose("one");
    cache.take();
    cache.change(id, "two");
    assert_eq!(cache.take_back(id), done());
    assert_eq!(cache.kinds(), [OutboxKind::Retract]);
    assert_eq!(cache.outbox()[0].wire_id, "r");
    assert_eq!(
        (cache.texts(), cache.change(id, "x")),
        (vec![String::new()], Change::NotAllowed)
    );
    assert_eq!(cache.take_back(id), done());
    assert_eq!(cache.kinds().len(), 1);
}

#[test]
fn what_others_wrote_is_not_ours_to_change() {
    let mut cache = Cache::new();
    let id = cache.hear("hi").unwrap();
    assert_eq!(cache.change(id, "x"), Change::NotAllowed);
    assert_eq!(cache.take_back(id), Change::NotAllowed);
    assert_eq!(cache.take_back(99), Change::NotFound);
    let mine = cache.compose("waits");
    let emojis = ["👍".to_owned()];
    let react = |tx: &Transaction<'_>, id| react(tx, id, ROSA, &emojis, "x1", 10);
    assert_eq!(cache.step(|tx| react(tx, mine)), Change::NotAllowed);
    assert_eq!(cache.step(|tx| react(tx, id)), done());
    assert_eq!(cache.step(|tx| react(tx, id)), done());
    let rows: Vec<_> = cache
        .outbox()
        .into_iter()
        .filter(|row| row.kind == OutboxKind::React)
        .collect();
    assert_eq!(
        (rows.len(), rows[0].emojis.as_slice()),
        (1, emojis.as_slice())
    );
}

#[test]
fn what_was_refused_is_undone() {
    let mut cache = Cache::new();
    let mine = cache.compose("one");
    let rows: Vec<i64> = cache.take().into_iter().map(|row| row.id).collect();
    cache.step(|tx| outbox::sent(tx, &rows));
    cache.change(mine, "two");
    assert!(cache.step(|tx| failed(tx, BOB, "e-two", "not-allowed")));
    let message = cache.message(mine);
    assert_eq!((message.text.as_str(), message.edited_ms), ("one", None));
    assert_eq!(message.state, State::Sent);
    let id = cache.hear("hi").unwrap();
    cache.step(|tx| react(tx, id, ROSA, &["👍".to_owned()], "x1", 10));
    assert_eq!(cache.message(id).reactions.len(), 1);
    assert!(cache.step(|tx| failed(tx, BOB, "x1", "not-allowed")));
    assert!(!cache.step(|tx| failed(tx, BOB, "x1", "not-allowed")));
    assert_eq!(cache.message(id).reactions.len(), 0);
}

#[test]
fn copies_without_good_ids_are_known_by_their_words() {
    let mut cache = Cache::new();
    let plain = |id: &str, text: &str| Received {
        wire_id: Some(id.into()),
        origin_id: None,
        stanza_id: None,
        ..from_bob(text)
    };
    let mut arrive = |message: &Received| cache.step(|tx| receive(tx, message, Place::Newest));
    assert!(arrive(&plain("1", "hi")).is_some());
    assert_eq!(arrive(&plain("1", "hi")), None, "offline copy");
    let archived = Received {
        stanza_id: Some("s1".into()),
        ..plain("1", "hi")
    };
    assert_eq!(arrive(&archived), None, "learns its id");
    assert!(
        arrive(&plain("1", "something else")).is_some(),
        "counts from 1 again"
    );
    let later = Received {
        stanza_id: Some("s2".into()),
        ..plain("1", "hi")
    };
    assert!(arrive(&later).is_some(), "the archive has two");
    let other = Received {
        author: "mallory@team.internal".into(),
        ..plain("1", "hi")
    };
    assert!(arrive(&other).is_some(), "of somebody else");
}

/// Its words go nowhere: neither does what answers it name or repeat them.
#[test]
fn what_was_never_sent_is_not_answered() {
    let mut cache = Cache::new();
    let one = cache.compose("one");
    let answer = cache.answer("two", "o-one");
    cache.take_back(one);
    assert_eq!(cache.texts(), ["two"]);
    assert_eq!(cache.message(answer).extras.reply, None);
    // The same where it was perhaps sent, and it turns out that it was not.
    let three = cache.compose("three");
    let sent = cache.take();
    assert_eq!(sent.len(), 2);
    let later = cache.answer("four", "o-three");
    cache.take_back(three);
    assert!(cache.message(later).extras.reply.is_some());
    cache.requeue(&[]);
    assert_eq!(cache.texts(), ["two", "four"]);
    assert_eq!(cache.message(later).extras.reply, None);
}

/// Somebody writes while what was missed is not here yet.
#[test]
fn what_comes_into_a_gap_above_was_not_read() {
    let mut cache = Cache::new();
    cache.hear("old");
    cache.step(|tx| archive::open_gap(tx, archive::OWN, Some("s-old"), "s-z"));
    let mine = cache.compose("mine");
    assert_eq!(cache.unread(), 0);
    cache.step(|tx| {
        let gap = archive::gaps(tx, archive::OWN)?.remove(0).id;
        receive(tx, &from_bob("missed"), Place::Gap(gap))
    });
    assert_eq!(cache.texts(), ["old", "missed", "mine"]);
    assert_eq!(cache.unread(), 1);
    assert!(cache.step(|tx| mark_displayed(tx, BOB, mine)));
    assert_eq!(cache.unread(), 0);
}
