use futures_util::stream;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

fn chunks(texts: &[&'static str]) -> impl Stream<Item = Result<Bytes, ()>> + Unpin {
    let texts: Vec<_> = texts.iter().map(|text| Ok(Bytes::from(*text))).collect();
    stream::iter(texts)
}

#[tokio::test]
async fn exactly_as_much_is_taken_as_was_said() {
    let mut file = Vec::new();
    let hash = copy(chunks(&["ab", "", "c"]), &mut file, 3, PATIENCE)
        .await
        .unwrap();
    assert_eq!(file, b"abc");
    assert_eq!(hash, rows::token_hash("abc"));
    for size in [2, 4] {
        let copied = copy(chunks(&["ab", "c"]), &mut Vec::new(), size, PATIENCE).await;
        assert!(matches!(copied, Err(UploadError::OtherFile)));
    }
    let cut = stream::iter(vec![Ok(Bytes::from("a")), Err(())]);
    let copied = copy(cut, &mut Vec::new(), 3, PATIENCE).await;
    assert!(matches!(copied, Err(UploadError::Interrupted)));
}

struct Place {
    store: Store,
    files: Arc<Files>,
    folder: tempfile::TempDir,
}

impl Place {
    /// A server's, with one slot of three bytes.
    async fn with_slot(token: Hash, keep_ms: Option<i64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let files = Files::open(folder.path().join("files"), &store)
            .await
            .unwrap();
        let slot = rows::NewUpload {
            owner: "rosa".to_owned(),
            name: "a".to_owned(),
            media_type: "text/plain".to_owned(),
            size: 3,
            slot_ms: clock::now_ms() + 60_000,
            keep_ms,
        };
        let quota = rows::Quota {
            account: 5000,
            total: 5000,
        };
        let opened = store.write(move |tx| {
            tx.execute(
                "INSERT INTO accounts (localpart, display_name, created_ms) VALUES ('rosa', '', 1)",
                [],
            )?;
            rows::open(tx, &token, &slot, quota, 0)
        });
        assert_eq!(opened.await.unwrap(), rows::Slot::Open);
        Self {
            store,
            files: Arc::new(files),
            folder,
        }
    }

    /// Uploads; before the last byte, something happens.
    async fn upload<F: Future<Output = ()>>(
        &self,
        token: Hash,
        meanwhile: impl FnOnce() -> F,
    ) -> Result<u64, UploadError> {
        let last = Box::pin(async {
            meanwhile().await;
            Ok::<_, ()>(Bytes::from("c"))
        });
        let bytes = chunks(&["ab"]).chain(stream::once(last));
        let fits = |_: &Upload| true;
        self.files
            .receive(&self.store, token, fits, bytes, PATIENCE)
            .await
    }

    fn count(&self) -> usize {
        let hash = rows::token_hash("abc");
        let there = self.files.path(&hash).exists();
        let unfinished = disk::unfinished(&files_of(&self.folder));
        usize::from(there) + std::fs::read_dir(unfinished).unwrap().count()
    }
}

fn files_of(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("files")
}

#[tokio::test]
async fn a_slot_under_way_stays_counted_whatever_it_was_to_be_kept() {
    let token = [7; 32];
    let place = Place::with_slot(token, Some(clock::now_ms() + 60_000)).await;
    let later = clock::now_ms() + 3_600_000;
    let sweep = || async {
        let swept = place.store.write(move |tx| rows::unused(tx, later)).await;
        assert!(swept.unwrap().is_empty());
    };
    assert_eq!(place.upload(token, sweep).await.unwrap(), 3);
    // Now that it is known, it goes like all that was kept long enough.
    assert_eq!(place.count(), 1);
    let swept = place.store.write(move |tx| rows::unused(tx, later)).await;
    assert_eq!(swept.unwrap(), [rows::token_hash("abc")]);
}

#[tokio::test]
async fn a_file_that_became_nobodys_meanwhile_does_not_stay() {
    let token = [7; 32];
    let place = Place::with_slot(token, None).await;
    let leave = || async {
        let gone = place
            .store
            .write(|tx| tx.execute("DELETE FROM accounts", []));
        assert_eq!(gone.await.unwrap(), 1);
    };
    let stored = place.upload(token, leave).await;
    assert!(matches!(stored, Err(UploadError::NotFound)), "{stored:?}");
    assert_eq!(place.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_drips_ends() {
    let token = [7; 32];
    let place = Place::with_slot(token, None).await;
    let empty = stream::unfold((), |()| async {
        tokio::time::sleep(PATIENCE / 2).await;
        Some((Ok::<_, ()>(Bytes::new()), ()))
    });
    let began = tokio::time::Instant::now();
    let fits = |_: &Upload| true;
    let stored = place
        .files
        .receive(&place.store, token, fits, Box::pin(empty), PATIENCE)
        .await;
    assert!(matches!(stored, Err(UploadError::Interrupted)));
    assert!(began.elapsed() >= UPLOAD);
    assert_eq!(place.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_nothing_is_given_up() {
    let silent = stream::pending::<Result<Bytes, ()>>();
    let copied = copy(silent, &mut Vec::new(), 3, PATIENCE).await;
    assert!(matches!(copied, Err(UploadError::Interrupted)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_so() {
    let mut options = tokio::fs::OpenOptions::new();
    let mut full = options.write(true).open("/dev/full").await.unwrap();
    let copied = copy(chunks(&["abc"]), &mut full, 3, PATIENCE).await;
    assert!(matches!(copied, Err(UploadError::DiskFull)), "{copied:?}");
}
