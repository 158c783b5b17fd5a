//! What goes into the index, and when.

use rusqlite::{Connection, StatementStatus};

use super::{INDEX, asked, commit, database, ids, in_step, index, insert, register};
use crate::store::schema;

/// Nothing is forgotten: what cannot go into the index now goes there later.
#[test]
fn what_whoever_cannot_index_writes_is_due() {
    let db = database();
    db.remove_function("search_terms", 4).unwrap();
    let id = insert(&db, "a", "b", "later", 1);
    let tx = db.unchecked_transaction().unwrap();
    assert!(index(&tx).is_err());
    drop(tx);
    register(&db).unwrap();
    assert_eq!(ids(&db, &asked("later")), [id]);
    assert!(in_step(&db));
}

/// Each statement of a writer begins with a savepoint; the index is written once.
#[test]
fn messages_of_one_transaction_are_one_segment() {
    let db = database();
    let segments = |db: &Connection| -> i64 {
        db.query_row(
            "SELECT count(DISTINCT segid) FROM message_words_idx",
            [],
            |row| row.get(0),
        )
        .unwrap()
    };
    let tx = db.unchecked_transaction().unwrap();
    for number in 0..200 {
        insert(&tx, "a@b", "b@b", &format!("text {number}"), number);
    }
    index(&tx).unwrap();
    tx.commit().unwrap();
    assert_eq!(segments(&db), 1);
    assert!(in_step(&db));
}

/// What comes costs the same, however much is here.
#[test]
fn only_what_is_due_is_read() {
    let db = database();
    for number in 0..500 {
        insert(&db, "a@b", "b@b", &format!("text {number}"), number);
    }
    commit(&db);
    insert(&db, "a@b", "b@b", "one more", 500);
    let mut statement = db.prepare(INDEX).unwrap();
    statement.execute([]).unwrap();
    assert!(statement.get_status(StatementStatus::FullscanStep) < 5);
}

#[test]
fn a_cache_of_the_first_version_is_indexed() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch(schema::V1).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let id = insert(&db, "a@b", "c@b", "服务器", 5_000);
    schema::migrate(&mut db).unwrap();
    assert_eq!(ids(&db, &asked("服务")), [id]);
    assert!(in_step(&db));
}

/// What the second version had in its index is not all that is searched for now.
#[test]
fn a_cache_of_the_second_version_is_indexed_anew() {
    let mut db = Connection::open_in_memory().unwrap();
    register(&db).unwrap();
    db.execute_batch(schema::V1).unwrap();
    db.execute_batch(schema::V2).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    let id = insert(&db, "a@b", "c@d", "Relevance", 5_000);
    let other = insert(&db, "a@b", "c@d", "release", 6_000);
    db.execute_batch(
        "DELETE FROM message_words_due;
         INSERT INTO message_words (rowid, words) VALUES (search_key(1, 5000), 'relevance');",
    )
    .unwrap();
    schema::migrate(&mut db).unwrap();
    assert_eq!(ids(&db, &asked("relev")), [id]);
    assert_eq!(ids(&db, &asked("rele")), [other, id]);
    assert!(in_step(&db));
}
