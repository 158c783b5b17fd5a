use super::*;
use crate::store::schema;

const DAY: i64 = 24 * 3600 * 1000;

fn cache() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

/// A file that is being fetched.
fn coming(tx: &Transaction<'_>, name: &str, now_ms: i64) -> i64 {
    let sealed = Sealed {
        name: name.to_owned(),
        key: Zeroizing::new(vec![1; 32]),
    };
    begin(tx, &sealed, &format!("https://a/{name}"), None, now_ms).unwrap()
}

fn whole_of(size: u64) -> Whole {
    Whole {
        sha256: vec![7; 32],
        size,
        media_type: "image/png".to_owned(),
    }
}

#[test]
fn what_has_just_come_is_newer_than_all_else_whenever_it_was_begun() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let slow = coming(&tx, "slow", 1);
    for (name, used_ms) in [("a", DAY), ("b", 2 * DAY)] {
        let id = coming(&tx, name, used_ms);
        assert!(finish(&tx, id, &whole_of(500), used_ms).unwrap());
    }
    assert!(finish(&tx, slow, &whole_of(600), 3 * DAY).unwrap());
    assert_eq!(tidy(&tx, 1200, 3 * DAY).unwrap(), ["a"]);
    // Alone it may be more than there is room for, until another one is used.
    assert_eq!(tidy(&tx, 100, 3 * DAY).unwrap(), ["b"]);
    assert!(is_here(&tx, "https://a/slow", None).unwrap());
    let next = coming(&tx, "next", 4 * DAY);
    assert!(finish(&tx, next, &whole_of(200), 4 * DAY).unwrap());
    assert_eq!(tidy(&tx, 100, 4 * DAY).unwrap(), ["slow"]);
}

#[test]
fn what_is_gone_on_with_is_not_tidied_away_nor_cleared() {
    let mut connection = cache();
    let tx = connection.transaction().unwrap();
    let (again, left) = (coming(&tx, "again", 1), coming(&tx, "left", 1));
    assert!(used(&tx, again, 8 * DAY).unwrap());
    assert_eq!(tidy(&tx, 1000, 8 * DAY).unwrap(), ["left"]);
    assert!(!used(&tx, left, 8 * DAY).unwrap());
    assert!(!finish(&tx, left, &whole_of(1), 8 * DAY).unwrap());
    let fetching = ["https://a/again".to_owned()];
    assert!(clear(&tx, &fetching).unwrap().is_empty());
    assert!(finish(&tx, again, &whole_of(1), 8 * DAY).unwrap());
    assert_eq!(clear(&tx, &[]).unwrap(), ["again"]);
}
