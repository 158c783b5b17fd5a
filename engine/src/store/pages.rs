//! How much of the file the writer keeps in memory.

use rusqlite::Connection;

/// While much is written, in KiB. New messages change indexes all over; what does not
/// fit is written and read, and so encrypted, more than once a transaction.
pub(super) const BUSY_KIB: i64 = 16 << 10;
/// Between: what a message that comes changes is a few paths through the indexes, and
/// an hour of chat must not fill what only catching up needs.
const CALM_KIB: i64 = 2 << 10;
/// Rows, those of indexes of words included, that a transaction of catching up changes
/// at least; a message that comes alone changes some twenty.
const MANY: u64 = 250;
/// Transactions in a row without that, after which it is calm.
const CALM_AFTER: u32 = 50;

/// Watches how much is written. It begins busy: an app that starts has most to catch up.
pub(super) struct Pages {
    few: u32,
    changes: u64,
}

impl Pages {
    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            few: 0,
            changes: connection.total_changes(),
        }
    }

    /// A transaction has ended, whichever way.
    pub(super) fn look(&mut self, connection: &Connection) {
        let changes = connection.total_changes();
        let is_busy = changes.saturating_sub(self.changes) >= MANY;
        self.changes = changes;
        let was_calm = self.few >= CALM_AFTER;
        self.few = if is_busy {
            0
        } else {
            self.few.saturating_add(1)
        };
        let is_calm = self.few >= CALM_AFTER;
        if is_calm != was_calm {
            let kept = if is_calm { CALM_KIB } else { BUSY_KIB };
            if let Err(error) = connection.pragma_update(None, "cache_size", -kept) {
                tracing::debug!(%error, "the writer keeps as many pages as before");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(connection: &Connection) -> i64 {
        connection
            .pragma_query_value(None, "cache_size", |row| row.get(0))
            .unwrap()
    }

    fn write(connection: &Connection, rows: u64) {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                   INSERT INTO t SELECT i FROM n";
        connection
            .execute(sql, [i64::try_from(rows).unwrap()])
            .unwrap();
    }

    #[test]
    fn an_hour_of_chat_keeps_little_and_catching_up_much() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        connection
            .pragma_update(None, "cache_size", -BUSY_KIB)
            .unwrap();
        let mut pages = Pages::of(&connection);
        for _ in 1..CALM_AFTER {
            write(&connection, 20);
            pages.look(&connection);
        }
        assert_eq!(kept(&connection), -BUSY_KIB, "a pause between two pages");
        write(&connection, 20);
        pages.look(&connection);
        assert_eq!(kept(&connection), -CALM_KIB);
        write(&connection, MANY);
        pages.look(&connection);
        assert_eq!(kept(&connection), -BUSY_KIB);
    }
}
