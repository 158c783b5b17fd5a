//! The connections that read: as many as are needed at the same time, up to a
//! few, so that a long question does not hold up short ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::StoreError;

/// Questions that are answered at the same time; the others wait their turn.
const MOST: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    turns: Arc<Semaphore>,
    free: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Opens the first one; the others follow when they are needed.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            free: Arc::new(Mutex::new(vec![connect(path)?])),
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(MOST)),
        })
    }

    /// Runs a query on a thread where blocking is allowed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| StoreError::Closed)?;
        let (free, path) = (Arc::clone(&self.free), self.path.clone());
        tokio::task::spawn_blocking(move || {
            let idle = lock(&free).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => connect(&path)?,
            };
            let answer = query(&connection);
            lock(&free).push(connection);
            drop(turn);
            Ok(answer?)
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

fn lock(free: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::Store;
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_question_holds_up_no_short_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let long = store.read(move |_| {
            begun.send(()).unwrap();
            wait.recv().unwrap();
            Ok("long")
        });
        let short = async {
            has_begun.await.unwrap();
            let short = store.read(|db| db.query_row("SELECT 'short'", [], |row| row.get(0)));
            let short: String = short.await.unwrap();
            go_on.send(()).unwrap();
            short
        };
        let (long, short) = tokio::join!(long, short);
        assert_eq!((long.unwrap(), short.as_str()), ("long", "short"));
    }

    #[tokio::test]
    async fn a_question_that_panics_costs_only_its_connection() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        for _ in 0..2 * MOST {
            let failed = store.read(|_| -> rusqlite::Result<()> { panic!("as a test") });
            assert!(matches!(failed.await, Err(StoreError::Closed)));
        }
        let one = store.read(|db| db.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
        assert_eq!(one.await.unwrap(), 1);
    }
}
