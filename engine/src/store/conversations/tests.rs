//! The rows of the list against their messages, after any order of events.

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::store::messages::{self, Place, Received};

use crate::store::{archive, schema};

const PEOPLE: [&str; 3] = ["bob@a", "eve@a", "team@rooms"];

fn cache() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn received(who: usize, number: u32, outgoing: bool) -> Received {
    Received {
        conversation: PEOPLE[who].into(),
        outgoing,
        author: if outgoing { "me@a" } else { PEOPLE[who] }.into(),
        text: number.to_string(),
        time_ms: i64::from(number),
        wire_id: Some(format!("w{number}")),
        origin_id: Some(format!("o{number}")),
        stanza_id: Some(format!("s{number}")),
        ..Received::default()
    }
}

#[derive(Debug, Clone)]
enum Event {
    Hear(usize, bool),
    History(usize, bool),
    Compose(usize),
    Sent(usize),
    Refused(usize),
    DeleteFailed(usize),
    See(usize),
    SeenElsewhere(usize),
    Retract(usize),
    Mention(usize),
    Kind(usize),
    Move(usize, i64),
    Delete(usize),
    Turn(usize),
    Back(usize, i64),
    Hide(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let who = 0..PEOPLE.len();
    let one = 0..40_usize;
    prop_oneof![
        4 => (who.clone(), any::<bool>()).prop_map(|(who, out)| Event::Hear(who, out)),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, out)| Event::History(who, out)),
        2 => who.clone().prop_map(Event::Compose),
        1 => one.clone().prop_map(Event::Sent),
        1 => one.clone().prop_map(Event::Refused),
        1 => one.clone().prop_map(Event::DeleteFailed),
        2 => one.clone().prop_map(Event::See),
        1 => one.clone().prop_map(Event::SeenElsewhere),
        1 => one.clone().prop_map(Event::Retract),
        1 => one.clone().prop_map(Event::Mention),
        1 => one.clone().prop_map(Event::Kind),
        1 => (one.clone(), -5..60_i64).prop_map(|(at, to)| Event::Move(at, to)),
        1 => one.clone().prop_map(Event::Delete),
        1 => one.clone().prop_map(Event::Turn),
        1 => (who.clone(), -5..60_i64).prop_map(|(who, to)| Event::Back(who, to)),
        1 => who.prop_map(Event::Hide),
    ]
}

/// Does it to the message with this number among those that are there.
fn act(tx: &Transaction<'_>, number: u32, event: &Event) -> rusqlite::Result<()> {
    let ids: Vec<i64> = tx
        .prepare("SELECT id FROM messages ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let id = |at: &usize| ids.get(at % ids.len().max(1)).copied().unwrap_or(0);
    let of = |id: i64| -> rusqlite::Result<(String, String)> {
        Ok(tx
            .query_row(
                "SELECT conversation, coalesce(wire_id, '') FROM messages WHERE id = ?1",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .unwrap_or_default())
    };
    match event {
        Event::Hear(who, outgoing) => {
            messages::receive(tx, &received(*who, number, *outgoing), Place::Newest)?;
        }
        Event::History(who, outgoing) => {
            archive::open_gap(tx, archive::OWN, None, "z")?;
            let gap = archive::gaps(tx, archive::OWN)?.remove(0).id;
            messages::receive(tx, &received(*who, number, *outgoing), Place::Gap(gap))?;
        }
        Event::Compose(who) => {
            let origin = format!("c{number}");
            messages::compose(tx, PEOPLE[*who], "me@a", "text", &origin, i64::from(number))?;
        }
        Event::Sent(at) => {
            messages::sent(tx, id(at))?;
        }
        Event::Refused(at) => {
            let (conversation, wire_id) = of(id(at))?;
            messages::failed(tx, &conversation, &wire_id, "message-rejected")?;
        }
        Event::DeleteFailed(at) => {
            messages::delete_failed(tx, id(at))?;
        }
        Event::See(at) => {
            let (conversation, _) = of(id(at))?;
            messages::mark_displayed(tx, &conversation, id(at))?;
        }
        Event::SeenElsewhere(at) => {
            let (conversation, _) = of(id(at))?;
            read_up_to(tx, &conversation, i64::from(number))?;
        }
        // What other parts of the store write, whoever they are.
        Event::Retract(at) => {
            tx.execute(
                "UPDATE messages SET retracted_ms = 1, text = '' WHERE id = ?1",
                [id(at)],
            )?;
        }
        Event::Mention(at) => {
            tx.execute(
                "UPDATE messages SET mentions_me = 1 - mentions_me WHERE id = ?1",
                [id(at)],
            )?;
        }
        Event::Kind(at) => {
            tx.execute(
                "UPDATE messages SET kind = CASE kind WHEN 'event' THEN 'text' ELSE 'event' END
                 WHERE id = ?1",
                [id(at)],
            )?;
        }
        Event::Move(at, to) => {
            // Several at once too.
            tx.execute(
                "UPDATE messages SET position = ?2 + id % 3 WHERE id >= ?1 AND id < ?1 + 3",
                params![id(at), to],
            )?;
        }
        Event::Delete(at) => {
            tx.execute(
                "DELETE FROM messages WHERE id >= ?1 AND id < ?1 + 2",
                [id(at)],
            )?;
        }
        Event::Turn(at) => {
            tx.execute(
                "UPDATE messages SET outgoing = 1 - outgoing WHERE id = ?1",
                [id(at)],
            )?;
        }
        Event::Back(who, to) => {
            tx.execute(
                "UPDATE conversations SET read_position = ?2 WHERE id = ?1",
                params![PEOPLE[*who], to],
            )?;
        }
        Event::Hide(who) => {
            // As `trim::remove` does: nothing unread is left behind.
            read_up_to(tx, PEOPLE[*who], archive::end_position(tx)?)?;
            hide(tx, PEOPLE[*who])?;
        }
    }
    Ok(())
}

type Summary = (Option<i64>, i64, Option<i64>, u32, u32, u32);

fn kept(db: &Connection, id: &str) -> Option<Summary> {
    db.query_row(
        "SELECT last_message, last_position, last_time_ms, unread, unread_mentions, messages
         FROM conversations WHERE id = ?1",
        [id],
        |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        },
    )
    .optional()
    .unwrap()
}

fn counted(db: &Connection, id: &str) -> Summary {
    let last: Option<(i64, i64, i64)> = db
        .query_row(
            "SELECT id, position, time_ms FROM messages WHERE conversation = ?1 AND kind <> 'event'
             ORDER BY position DESC, id DESC LIMIT 1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .unwrap();
    let (unread, mentions, messages) = db
        .query_row(
            "SELECT count(CASE WHEN unread THEN 1 END),
                    count(CASE WHEN unread AND mentions_me THEN 1 END), count(*)
             FROM (SELECT m.mentions_me,
                          m.position > c.read_position AND m.outgoing = 0
                          AND m.retracted_ms IS NULL AND m.kind <> 'event' AS unread
                   FROM messages m JOIN conversations c ON c.id = m.conversation
                   WHERE c.id = ?1)",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    (
        last.map(|last| last.0),
        last.map_or(0, |last| last.1),
        last.map(|last| last.2),
        unread,
        mentions,
        messages,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn rows_agree_with_their_messages_after_any_order_of_events(
        events in prop::collection::vec(event(), 1..60)
    ) {
        let mut connection = cache();
        for (number, event) in (1..).zip(&events) {
            let tx = connection.transaction().unwrap();
            act(&tx, number, event).unwrap();
            tx.commit().unwrap();
            for id in PEOPLE {
                if let Some(row) = kept(&connection, id) {
                    prop_assert_eq!(row, counted(&connection, id), "{} after {:?}", id, event);
                    let first = first_unread(&connection, id).unwrap().unwrap();
                    prop_assert_eq!(first.count > 0, first.message.is_some());
                }
            }
            {
                let hidden: u32 = connection
                    .query_row("SELECT count(*) FROM conversations WHERE hidden", [], |row| row.get(0))
                    .unwrap();
                let rows = all(&connection).unwrap();
                let numbers = rows.iter().filter(|row| !row.archived && !is_silent(row.quiet, 0));
                let sum: u32 = numbers.map(|row| row.unread).sum();
                prop_assert_eq!(sum, unread(&connection, 0).unwrap());
                prop_assert_eq!(rows.len(), usize::try_from(count(&connection, Which::All).unwrap()).unwrap());
                prop_assert!(rows.len() + usize::try_from(hidden).unwrap() <= PEOPLE.len());
            }
        }
    }
}

fn row(db: &Connection, id: &str) -> Option<Conversation> {
    all(db).unwrap().into_iter().find(|row| row.id == id)
}

fn hear(connection: &mut Connection, number: u32) {
    let tx = connection.transaction().unwrap();
    messages::receive(&tx, &received(0, number, false), Place::Newest).unwrap();
    tx.commit().unwrap();
}

fn is_silent(quiet: Quiet, now_ms: i64) -> bool {
    quiet.notify == Notify::None && quiet.until_ms.is_none_or(|until| until > now_ms)
}

#[test]
fn u15_the_number_of_an_account_leaves_out_what_is_silent_or_put_away() {
    let mut connection = cache();
    hear(&mut connection, 1);
    let set = |connection: &mut Connection, until_ms, archived| {
        let notify = Notify::None;
        let tx = connection.transaction().unwrap();
        set_notify(&tx, "bob@a", Quiet { notify, until_ms }).unwrap();
        set_archived(&tx, "bob@a", archived).unwrap();
        tx.commit().unwrap();
    };
    assert_eq!(unread(&connection, 0).unwrap(), 1);
    set(&mut connection, None, false);
    assert_eq!(unread(&connection, 0).unwrap(), 0);
    // A silence that has an end is over then.
    set(&mut connection, Some(1_000), false);
    assert_eq!(unread(&connection, 999).unwrap(), 0);
    assert_eq!(unread(&connection, 1_000).unwrap(), 1);
    set(&mut connection, Some(1_000), true);
    assert_eq!(unread(&connection, 1_000).unwrap(), 0);
}

#[test]
fn a_new_message_brings_back_what_was_put_away_unless_it_is_silenced() {
    let mut connection = cache();
    hear(&mut connection, 1);
    let set = |connection: &mut Connection, notify, until_ms| {
        let tx = connection.transaction().unwrap();
        assert!(set_archived(&tx, "bob@a", true).unwrap());
        assert!(set_notify(&tx, "bob@a", Quiet { notify, until_ms }).unwrap());
        tx.commit().unwrap();
    };
    let archived = |connection: &Connection| row(connection, "bob@a").unwrap().archived;
    set(&mut connection, Notify::All, None);
    hear(&mut connection, 2);
    assert!(!archived(&connection));
    for notify in [Notify::None, Notify::Mentions] {
        set(&mut connection, notify, None);
        hear(&mut connection, 3 + notify as u32);
        assert!(archived(&connection), "{notify:?}");
    }
    // The silence is over: times here are the numbers of the messages.
    set(&mut connection, Notify::None, Some(10));
    hear(&mut connection, 9);
    assert!(archived(&connection));
    hear(&mut connection, 10);
    assert!(!archived(&connection));
    // Whoever writes there themselves wants to see it.
    set(&mut connection, Notify::None, None);
    let tx = connection.transaction().unwrap();
    messages::compose(&tx, "bob@a", "me@a", "text", "c", 20).unwrap();
    tx.commit().unwrap();
    assert!(!archived(&connection));
}

#[test]
fn pinned_ones_keep_the_order_that_the_user_gave_them() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    for id in ["a@a", "b@a", "c@a", "d@a"] {
        ensure(&tx, id).unwrap();
    }
    let order = || -> Vec<String> { all(&tx).unwrap().into_iter().map(|row| row.id).collect() };
    assert_eq!(order(), ["a@a", "b@a", "c@a", "d@a"]);
    assert!(pin(&tx, "c@a", None).unwrap());
    assert!(pin(&tx, "d@a", None).unwrap());
    assert!(pin(&tx, "b@a", Some(1)).unwrap());
    assert_eq!(order(), ["c@a", "b@a", "d@a", "a@a"]);
    assert!(pin(&tx, "d@a", Some(0)).unwrap());
    assert!(unpin(&tx, "b@a").unwrap());
    assert_eq!(order(), ["d@a", "c@a", "a@a", "b@a"]);
    assert!(!pin(&tx, "nobody@a", Some(0)).unwrap());
    assert_eq!(order(), ["d@a", "c@a", "a@a", "b@a"]);
    let archived = |which| -> u32 { count(&tx, which).unwrap() };
    assert!(set_archived(&tx, "a@a", true).unwrap());
    assert_eq!((archived(Which::Archived), archived(Which::Active)), (1, 3));
    let second = page(&tx, Which::Active, 1, 1).unwrap();
    assert_eq!(second[0].id, "c@a");
}

#[test]
fn what_is_decided_before_there_is_anything_waits_unseen() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    expect(&tx, "bob@a").unwrap();
    expect(&tx, "eve@a").unwrap();
    let silent = Quiet {
        notify: Notify::None,
        until_ms: None,
    };
    assert!(set_notify(&tx, "bob@a", silent).unwrap());
    assert!(all(&tx).unwrap().is_empty());
    // Out of the history, as long read as it may be.
    let old = Received {
        stanza_id: Some("s".into()),
        ..received(0, 1, false)
    };
    read_up_to(&tx, "bob@a", 9).unwrap();
    messages::receive(&tx, &old, Place::At(5)).unwrap();
    let rows = all(&tx).unwrap();
    assert_eq!((rows.len(), rows[0].id.as_str()), (1, "bob@a"));
    assert_eq!(rows[0].quiet, silent);
    // What was removed stays so.
    hide(&tx, "bob@a").unwrap();
    expect(&tx, "bob@a").unwrap();
    ensure(&tx, "bob@a").unwrap();
    assert!(all(&tx).unwrap().is_empty());
}

#[test]
fn a_mark_goes_when_the_conversation_is_looked_at() {
    let mut connection = cache();
    hear(&mut connection, 1);
    let tx = connection.transaction().unwrap();
    let position = read_position(&tx, "bob@a").unwrap() + 1;
    assert!(read_up_to(&tx, "bob@a", position).unwrap());
    assert!(mark_unread(&tx, "bob@a").unwrap());
    assert!(all(&tx).unwrap()[0].marked_unread);
    assert_eq!(count(&tx, Which::Unread).unwrap(), 1);
    // Said again by our own marker, as the archive gives it with each session.
    assert!(!read_up_to(&tx, "bob@a", position).unwrap());
    assert!(all(&tx).unwrap()[0].marked_unread);
    // Looked at again, although nothing new is there.
    assert!(looked_at(&tx, "bob@a", position).unwrap());
    assert!(!all(&tx).unwrap()[0].marked_unread);
    assert!(!looked_at(&tx, "bob@a", position).unwrap());
}

#[test]
fn silence_ends_and_lets_mentions_pass() {
    let quiet = |notify, until_ms| Quiet { notify, until_ms };
    assert!(quiet(Notify::All, None).tells(5, false, false));
    assert!(!quiet(Notify::None, None).tells(5, false, true));
    assert!(quiet(Notify::Mentions, None).tells(5, false, true));
    assert!(!quiet(Notify::Mentions, None).tells(5, false, false));
    assert!(quiet(Notify::Usual, None).tells(5, false, false));
    assert!(!quiet(Notify::Usual, None).tells(5, true, false));
    assert!(quiet(Notify::Usual, None).tells(5, true, true));
    assert!(quiet(Notify::All, None).tells(5, true, false));
    assert!(!quiet(Notify::None, Some(5)).tells(5, true, false));
    assert!(!quiet(Notify::None, Some(6)).tells(5, false, true));
    assert!(quiet(Notify::None, Some(5)).tells(5, false, false));
}
