//! Searching by time alone.

use super::{asked, database, find, ids, insert};

/// Dates are no terms of the index: it is read from the last of them back.
#[test]
fn dates_alone_find_all_of_that_time() {
    let db = database();
    let day = 86_400_000;
    let [_, second, same_day, third] = [1, 2 * day, 2 * day + 5_000, 3 * day]
        .map(|time_ms| insert(&db, "a@b", "c@b", "text", time_ms));
    let mut ask = asked("");
    ask.from_ms = Some(2 * day);
    assert_eq!(ids(&db, &ask), [third, same_day, second]);
    ask.to_ms = Some(3 * day);
    assert_eq!(ids(&db, &ask), [same_day, second]);
    ask.limit = 1;
    let page = find(&db, &ask).unwrap();
    assert_eq!(page.hits[0].id, same_day);
    ask.below = page.reached;
    let page = find(&db, &ask).unwrap();
    assert_eq!((page.hits[0].id, page.reached), (second, None));
}
