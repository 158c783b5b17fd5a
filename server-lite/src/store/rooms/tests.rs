use super::*;
use crate::store::archive::tests::store;

fn database() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    db.pragma_update(None, "foreign_keys", true).unwrap();
    crate::store::schema::migrate(&mut db).unwrap();
    db
}

fn is(member: &str, affiliation: &str) -> AffiliationRow {
    AffiliationRow {
        member: format!("{member}@x"),
        affiliation: affiliation.to_owned(),
        nick: None,
        reason: None,
    }
}

fn made(tx: &Transaction<'_>, name: &str, owner: &str) -> Made {
    let room = RoomRow {
        name: name.to_owned(),
        config: "{}".to_owned(),
        subject: None,
        vcard: None,
        secret: String::new(),
    };
    let bounds = RoomBounds { own: 2, all: 3 };
    make(tx, &room, &is(owner, "owner"), bounds, 0).unwrap()
}

#[test]
fn rooms_count_for_who_made_them() {
    let mut db = database();
    let tx = db.transaction().unwrap();
    for (name, owner, outcome) in [
        ("a", "alice", Made::New),
        ("a", "bob", Made::Exists),
        ("b", "alice", Made::New),
        ("c", "alice", Made::Full),
        ("c", "bob", Made::New),
        ("d", "bob", Made::Full),
    ] {
        assert_eq!(made(&tx, name, owner), outcome, "{name} {owner}");
    }
    // Giving them away changes nothing; only their end does.
    set_affiliation(&tx, "a", &is("alice", "none")).unwrap();
    remove(&tx, "c", "c@x").unwrap();
    assert_eq!(made(&tx, "d", "alice"), Made::Full);
    remove(&tx, "a", "a@x").unwrap();
    assert_eq!(made(&tx, "d", "alice"), Made::New);
}

#[test]
fn people_of_a_room_have_accounts_and_are_not_too_many() {
    let mut db = database();
    let tx = db.transaction().unwrap();
    for n in 0..=MAX_PEOPLE {
        tx.execute(
            "INSERT INTO accounts (localpart, display_name, created_ms) VALUES (?1, '', 0)",
            [format!("p{n}")],
        )
        .unwrap();
    }
    assert_eq!(made(&tx, "a", "p0"), Made::New);
    let change = |name: &str, affiliation| PersonChange {
        row: is(name, affiliation),
        localpart: Some(name.to_owned()),
    };
    let set = |changes: &[PersonChange]| set_people(&tx, "a", changes).unwrap();
    let nobody = [change("p1", "member"), change("nobody", "outcast")];
    assert_eq!(set(&nobody), Err(Unfit::NoAccount));
    let foreign = PersonChange {
        localpart: None,
        ..change("p1", "member")
    };
    assert_eq!(set(&[foreign]), Err(Unfit::NoAccount));
    assert_eq!(set(&[change("nobody", "none")]), Ok(()));
    let members = |to| -> Vec<_> {
        (1..to)
            .map(|n| change(&format!("p{n}"), "member"))
            .collect()
    };
    assert_eq!(set(&members(MAX_PEOPLE + 1)), Err(Unfit::TooMany));
    assert_eq!(set(&members(MAX_PEOPLE)), Ok(()));
    let last = format!("p{MAX_PEOPLE}");
    assert_eq!(set(&[change(&last, "member")]), Err(Unfit::TooMany));
    assert!(!set_nick(&tx, "a", &format!("{last}@x"), Some("n")).unwrap());
    assert!(set_nick(&tx, "a", "p1@x", Some("n")).unwrap());
    // Those who are there can still be something else.
    assert_eq!(set(&[change("p1", "admin")]), Ok(()));
    assert_eq!(set(&[change("p1", "none")]), Ok(()));
    assert_eq!(set(&[change(&last, "member")]), Ok(()));
}

#[test]
fn few_destroyed_rooms_are_remembered_of_one_account() {
    let mut db = database();
    let tx = db.transaction().unwrap();
    let grave = |by: &str| Grave {
        by: by.to_owned(),
        venue: None,
        reason: None,
    };
    bury(&tx, "bobs", &grave("bob"), 0).unwrap();
    for n in 0..=i64::from(MAX_GRAVES) {
        bury(&tx, &format!("r{n}"), &grave("alice"), n).unwrap();
    }
    let found = |name: &str| destroyed(&tx, name, 0).unwrap().is_some();
    assert!(!found("r0"));
    assert!(found("r1") && found(&format!("r{MAX_GRAVES}")) && found("bobs"));
}

#[tokio::test]
async fn the_history_of_a_room_has_an_index() {
    let (store, _folder) = store().await;
    let plan = |db: &Connection| -> rusqlite::Result<Vec<String>> {
        db.prepare(&format!("EXPLAIN QUERY PLAN {HISTORY}"))?
            .query_map(params!["a@b", 0, 20], |row| row.get("detail"))?
            .collect()
    };
    let plan = store.read(plan).await.unwrap();
    assert!(
        matches!(&*plan, [only] if only.contains("archive_said (owner=? AND id>?)")),
        "{plan:?}"
    );
}
