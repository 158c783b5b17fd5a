use zeroize::Zeroizing;

use super::*;
use crate::api::{FileState, WindowAnchor};
use crate::store::files::Whole;
use crate::store::messages::{Composed, Extras, Kind};
use crate::store::{attachments, outbox, schema};
use crate::vault::Sealed;

const BOB: &str = "bob@a";
const EVE: &str = "eve@a";
const URL: &str = "https://files.a/1";

fn cache() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn copy(tx: &Transaction<'_>, name: &str, size: u64, used_ms: i64) -> i64 {
    let sealed = Sealed {
        name: name.to_owned(),
        key: Zeroizing::new(vec![1; 32]),
    };
    let whole = Whole {
        sha256: name.as_bytes().to_vec(),
        size,
        media_type: "image/png".to_owned(),
    };
    files::add(tx, &sealed, &whole, used_ms).unwrap()
}

/// A message with a file of this size, and its copy.
fn send(tx: &Transaction<'_>, conversation: &str, name: &str, size: u64) -> (i64, i64) {
    let composed = Composed {
        conversation: conversation.to_owned(),
        author: "me@a".to_owned(),
        text: name.to_owned(),
        extras: Extras {
            kind: Kind::File,
            attachments: vec![Attachment {
                name: Some(name.to_owned()),
                ..Attachment::default()
            }],
            ..Extras::default()
        },
        origin_id: format!("o-{name}"),
        now_ms: 1,
    };
    let file = copy(tx, name, size, 1);
    let message = messages::send(tx, &composed).unwrap();
    let new = NewUpload {
        name: name.to_owned(),
        media_type: "image/png".to_owned(),
        size,
        source: NewSource::Copy(file),
    };
    add(tx, message, 0, &new).unwrap();
    (message, file)
}

fn say(tx: &Transaction<'_>, conversation: &str, text: &str) -> i64 {
    messages::compose(tx, conversation, "me@a", text, &format!("o-{text}"), 1).unwrap()
}

/// What can go now, and goes.
fn taken(tx: &Transaction<'_>) -> Vec<String> {
    let rows = outbox::take(tx, &[], 50).unwrap();
    let texts = rows.into_iter().filter_map(|row| row.message);
    texts.map(|message| message.text).collect()
}

fn only(tx: &Transaction<'_>) -> Upload {
    let mut all = list(tx).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn shown(db: &Connection) -> Vec<String> {
    let window = messages::window(db, BOB, WindowAnchor::Latest, 50).unwrap();
    let texts = window.messages.into_iter().map(|message| message.text);
    texts.collect()
}

#[test]
fn a_file_holds_what_is_behind_it_in_its_conversation() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    say(&tx, BOB, "before");
    send(&tx, BOB, "file", 10);
    say(&tx, BOB, "behind");
    say(&tx, EVE, "elsewhere");
    assert_eq!(taken(&tx), ["before", "elsewhere"]);
    let upload = only(&tx);
    assert!(done(&tx, &upload, URL, &[1; 32]).unwrap());
    assert_eq!(taken(&tx), ["file", "behind"]);
    assert_eq!(shown(&tx), ["before", "file", "behind"]);
}

#[test]
fn what_is_large_or_paused_or_does_not_get_through_holds_nobody_and_comes_after() {
    let hinder: [fn(&Transaction<'_>, i64); 3] = [
        |tx, message| drop(pause(tx, message, true).unwrap()),
        |tx, _| tried(tx, only(tx).id).unwrap(),
        |_, _| (),
    ];
    for (number, hinder) in hinder.into_iter().enumerate() {
        let mut connection = cache();
        let tx = connection.transaction().unwrap();
        let size = if number == 2 { 20 << 20 } else { 10 };
        let (message, _) = send(&tx, BOB, "file", size);
        say(&tx, BOB, "behind");
        hinder(&tx, message);
        assert_eq!(taken(&tx), ["behind"], "{number}");
        say(&tx, BOB, "later");
        let upload = only(&tx);
        assert!(done(&tx, &upload, URL, &[1; 32]).unwrap());
        // In the order in which they go.
        assert_eq!(shown(&tx), ["behind", "file", "later"], "{number}");
        assert_eq!(taken(&tx), ["file", "later"], "{number}");
    }
}

#[test]
fn a_message_that_goes_takes_its_file_and_the_key_of_it_along() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let (message, file) = send(&tx, BOB, "file", 10);
    assert!(copy_of(&tx, message, 0).unwrap().is_some());
    assert_eq!(cancel(&tx, message).unwrap().as_deref(), Some(BOB));
    assert_eq!(files::get(&tx, file).unwrap(), None);
    assert_eq!(cancel(&tx, message).unwrap(), None);
    assert!(list(&tx).unwrap().is_empty());
    // One that is there cannot be cancelled any more.
    let (message, file) = send(&tx, BOB, "other", 10);
    let upload = only(&tx);
    done(&tx, &upload, URL, &[1; 32]).unwrap();
    assert_eq!(cancel(&tx, message).unwrap(), None);
    assert!(files::get(&tx, file).unwrap().is_some());
    assert!(files::whole(&tx, URL, None).unwrap().is_some());
    // Whoever answers late says nothing.
    tx.execute("DELETE FROM messages", []).unwrap();
    assert!(!done(&tx, &upload, URL, &[1; 32]).unwrap());
}

#[test]
fn a_failed_one_is_tried_again_with_its_message() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let (message, _) = send(&tx, BOB, "file", 10);
    say(&tx, BOB, "behind");
    assert!(fail(&tx, &only(&tx), "file-quota").unwrap());
    assert_eq!(messages::failed_ones(&tx).unwrap(), [message]);
    let state = messages::get(&tx, message).unwrap().unwrap().state;
    assert_eq!(state, State::Failed("file-quota".to_owned()));
    assert_eq!(taken(&tx), ["behind"]);
    assert_eq!(only(&tx).error.as_deref(), Some("file-quota"));
    messages::retry(&tx, message, "o-again").unwrap();
    assert_eq!(only(&tx).error, None);
    assert!(taken(&tx).is_empty());
    done(&tx, &only(&tx), URL, &[1; 32]).unwrap();
    assert_eq!(taken(&tx), ["file"]);
}

#[test]
fn where_the_bytes_are_is_seen() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let (message, _) = send(&tx, BOB, "file", 10);
    let state = |tx: &Transaction<'_>| {
        let shown = messages::full(tx, message).unwrap().unwrap();
        shown.extras.attachments[0].state
    };
    assert_eq!(state(&tx), FileState::Uploading);
    pause(&tx, message, true).unwrap();
    assert_eq!(state(&tx), FileState::Paused);
    done(&tx, &only(&tx), URL, &[1; 32]).unwrap();
    assert_eq!(state(&tx), FileState::Here);
    files::clear(&tx, &[]).unwrap();
    assert_eq!(state(&tx), FileState::Remote);
    // The same bytes from elsewhere are as good.
    let listed = attachments::list(&tx, Some(BOB), (i64::MAX, 0), 5, |_, _| true).unwrap();
    let hash = listed.files[0].file.sha256.clone().unwrap();
    let hash = crate::files::sha256(&hash).unwrap();
    let file = copy(&tx, "same", 10, 1);
    tx.execute(
        "UPDATE files SET sha256 = ?2 WHERE id = ?1",
        params![file, hash],
    )
    .unwrap();
    assert_eq!(state(&tx), FileState::Here);
}

#[test]
fn what_was_not_used_for_longest_goes_and_what_waits_stays() {
    const DAY: i64 = 24 * 3600 * 1000;
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    send(&tx, BOB, "waits", 1000);
    for (name, used) in [("old", 1), ("new", 3), ("middle", 2)] {
        let id = copy(&tx, name, 100, used);
        files::is_at(&tx, id, &format!("https://a/{name}")).unwrap();
    }
    let loose = copy(&tx, "loose", 1, 4);
    assert!(files::loose(&tx, loose).unwrap().is_some());
    assert_eq!(files::tidy(&tx, 250, 5).unwrap(), ["old"]);
    let begun = Sealed {
        name: "begun".to_owned(),
        key: Zeroizing::new(vec![1; 32]),
    };
    files::begin(&tx, &begun, "https://a/begun", None, 5).unwrap();
    assert_eq!(files::tidy(&tx, 250, 2 * DAY).unwrap(), ["loose"]);
    assert_eq!(files::tidy(&tx, 250, 8 * DAY).unwrap(), ["begun"]);
    // The one that was used last stays, however large it is.
    assert_eq!(files::tidy(&tx, 0, 8 * DAY).unwrap(), ["middle"]);
    let mut left = files::names(&tx).unwrap();
    left.sort();
    assert_eq!(left, ["new", "waits"]);
}
