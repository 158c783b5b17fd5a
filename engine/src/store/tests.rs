//! Opening, migrating, and what cannot be read set aside.

use super::*;

pub(crate) const KEY: [u8; 32] = [7; 32];

fn aside_of(path: &Path, key: &[u8]) -> Option<SetAside> {
    let (store, aside) = Store::open(path, key, StoreMode::Durable).unwrap();
    // Else the writer's thread would still be at the file.
    store.inner.close();
    aside
}

#[test]
fn damaged_newer_and_foreign_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    assert_eq!(aside_of(&path, &KEY), None);
    assert_eq!(aside_of(&path, &KEY), None);

    let before = std::fs::read(&path).unwrap();
    let Some(SetAside::Damaged(kept)) = aside_of(&path, &[8; 32]) else {
        panic!("another key")
    };
    assert_eq!(std::fs::read(kept).unwrap(), before);

    std::fs::write(&path, b"no database").unwrap();
    let Some(SetAside::Damaged(kept)) = aside_of(&path, &KEY) else {
        panic!("garbage")
    };
    assert_eq!(std::fs::read(kept).unwrap(), b"no database");

    let connection = Connection::open(&path).unwrap();
    set_key(&connection, &KEY).unwrap();
    connection
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let Some(SetAside::Newer(kept)) = aside_of(&path, &KEY) else {
        panic!("newer")
    };
    assert_eq!(std::fs::read(kept).unwrap(), before);
    assert_eq!(aside_of(&path, &KEY), None);
}

/// In a process of its own the first of them begins the library.
#[test]
fn caches_open_at_once_while_the_library_begins() {
    let folder = tempfile::tempdir().unwrap();
    let together = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = folder.path().join(format!("{number}.db"));
            let together = &together;
            scope.spawn(move || {
                together.wait();
                assert_eq!(aside_of(&path, &KEY), None);
            });
        }
    });
}

/// Where it is found, and at the next start at the latest it is set aside.
#[test]
fn a_damaged_page_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    assert_eq!(aside_of(&path, &KEY), None);
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 20);
    for page in [1, pages / 2, pages - 1] {
        let mut bytes = whole.clone();
        for byte in &mut bytes[page * 4096 + 100..page * 4096 + 164] {
            *byte ^= 0xff;
        }
        std::fs::write(&path, &bytes).unwrap();
        let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        let aside = if aside.is_some() {
            aside
        } else {
            assert!(store.inner.readers.with(health::check).is_err());
            store.inner.close();
            aside_of(&path, &KEY)
        };
        store.inner.close();
        let Some(SetAside::Damaged(kept)) = aside else {
            panic!("page {page}")
        };
        // The first page counts the changes of the file.
        assert_eq!(std::fs::read(kept).unwrap()[4096..], bytes[4096..]);
        assert_eq!(aside_of(&path, &KEY), None);
    }
}

/// The log that is left behind is the sign.
#[test]
fn after_an_end_in_disorder_all_pages_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let set = |store: &Store, value: String| {
        let job = move |tx: &Transaction<'_>| contacts::set_meta(tx, "a", &value);
        runtime.block_on(store.write(job)).unwrap();
    };
    let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
    // Many pages, which nobody reads at the start.
    set(&store, "long".repeat(50_000));
    store.inner.close();
    let whole = std::fs::read(&path).unwrap();
    let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
    assert!(store.inner.check.lock().unwrap().is_none());
    runtime
        .block_on(store.write(|tx| contacts::set_meta(tx, "b", "short")))
        .unwrap();
    // As a killed process leaves them.
    let log = std::fs::read(path.with_extension("db-wal")).unwrap();
    store.inner.close();
    let mut bytes = whole.clone();
    let last = bytes.len() - 2048;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(path.with_extension("db-wal"), log).unwrap();

    let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
    assert_eq!(aside, None);
    let check = take(&store.inner.check).unwrap();
    check.thread.join().unwrap();
    store.inner.close();
    assert!(matches!(aside_of(&path, &KEY), Some(SetAside::Damaged(_))));
}

#[tokio::test]
async fn jobs_that_wait_share_a_transaction_and_fail_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) =
        Store::open(&folder.path().join("cache.db"), &KEY, StoreMode::Durable).unwrap();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let first = store.write(move |_| {
        assert!(held.recv().is_err());
        Ok(())
    });
    let jobs: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            async move {
                store
                    .write(move |tx| {
                        contacts::set_meta(tx, &number.to_string(), "v")?;
                        if number % 5 == 0 {
                            tx.execute("INSERT INTO nowhere VALUES (1)", [])?;
                        }
                        tx.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, u32>(0))
                    })
                    .await
            }
        })
        .collect();
    let rest = async {
        // All are in the queue before the first one ends.
        let all = futures_util::future::join_all(jobs);
        let release = async { drop(hold) };
        tokio::join!(all, release).0
    };
    let (first, outcomes) = tokio::join!(first, rest);
    first.unwrap();
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(done, 40);
    let count =
        |db: &Connection| db.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, u32>(0));
    assert_eq!(store.read(count).await.unwrap(), 40);
}

#[tokio::test]
async fn a_failed_job_leaves_nothing_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) =
        Store::open(&folder.path().join("cache.db"), &KEY, StoreMode::Durable).unwrap();
    let failed = store
        .write(|tx| {
            tx.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", [])?;
            tx.execute("INSERT INTO nowhere VALUES (1)", [])
        })
        .await;
    assert!(failed.is_err());
    let count =
        |db: &Connection| db.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, i64>(0));
    assert_eq!(store.read(count).await.unwrap(), 0);
    assert!(
        store
            .read(|db| db.execute("DELETE FROM meta", []))
            .await
            .is_err()
    );
    store.close().await;
    assert!(matches!(
        store.write(|_| Ok(())).await,
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.read(|_| Ok(())).await,
        Err(StoreError::Closed)
    ));
    // Closed in good order: everything is in the one file.
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[tokio::test]
async fn nothing_can_be_read_without_the_key_not_even_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
    let secret = "plain words that nobody else may read";
    store
        .write(move |tx| messages::compose(tx, "a@b", "c@b", secret, "o", 1).map(drop))
        .await
        .unwrap();
    // While it is open, so the log is there; then the one file that is left.
    for open in [true, false] {
        if !open {
            store.close().await;
        }
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        let holds = |words: &[u8]| bytes.windows(words.len()).any(|part| part == words);
        assert!(bytes.len() > 4096);
        assert!(!holds(b"plain words") && !holds(b"CREATE TABLE"));
        assert!(!holds(b"SQLite format 3"));
    }
    let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
    assert_eq!(aside, None);
    let window = store
        .read(|db| messages::window(db, "a@b", crate::api::WindowAnchor::Latest, 10))
        .await
        .unwrap();
    assert_eq!(window.messages[0].text, secret);
    store.close().await;
}

/// Else the same pages of indexes would be written, and encrypted, again and again.
#[test]
fn what_a_transaction_of_catching_up_changes_is_written_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let Ok(mut connection) = prepare(&folder.path().join("cache.db"), &KEY, false) else {
        panic!("a new file")
    };
    let log = folder.path().join("cache.db-wal");
    let log = || std::fs::metadata(&log).map_or(0, |log| log.len());
    connection
        .execute_batch("CREATE TABLE much (bytes)")
        .unwrap();
    let before = log();
    let transaction = connection.transaction().unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
               INSERT INTO much SELECT randomblob(4000) FROM n";
    transaction.execute(sql, []).unwrap();
    assert_eq!(log(), before);
    transaction.commit().unwrap();
    assert!(log() > before + 8_000_000);
}
