//! What SQLCipher needs before and when a cache is opened.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use zeroize::Zeroizing;

/// Tries until the library has begun: far longer than it takes.
const TRIES: u32 = 5_000;
const BETWEEN: Duration = Duration::from_millis(1);

/// Waits until keys can be given. SQLite is begun by whoever opens a database
/// first, and tells others that it is ready a moment before SQLCipher is: a
/// cache that was opened then would be refused its key. That first one may be
/// somebody else, as the built-in server in the same process.
pub(super) fn await_library() -> rusqlite::Result<()> {
    static READY: Mutex<bool> = Mutex::new(false);
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tries = 0;
    while !*ready {
        match set_key(&Connection::open_in_memory()?, b"any") {
            Ok(()) => *ready = true,
            Err(error) if tries == TRIES => return Err(error),
            Err(_) => std::thread::sleep(BETWEEN),
        }
        tries += 1;
    }
    Ok(())
}

/// The key goes in as raw bytes (SQLCipher's `x'…'` form): it is random
/// already, so nothing has to be derived.
pub(super) fn set_key(connection: &Connection, key: &[u8]) -> rusqlite::Result<()> {
    // Reserved at once: growing would leave copies of the key behind.
    let mut pragma = Zeroizing::new(String::with_capacity(key.len() * 2 + 32));
    pragma.push_str("PRAGMA key = \"x'");
    for byte in key {
        write!(pragma, "{byte:02x}").map_err(|_| rusqlite::Error::InvalidQuery)?;
    }
    pragma.push_str("'\"");
    connection.execute_batch(&pragma)
}
