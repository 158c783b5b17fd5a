use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use startalk_engine::api::{ApiError, ConnectionView, ErrorCode, Notice, Request, SecretsState};
use startalk_engine::secrets::{Secret, SecretKind, SecretsError};
use startalk_engine::{Engine, MemorySecrets, NoSecrets, OpenError, Secrets, Timeouts};

use crate::client::{Client, TIMEOUTS, config};
use crate::peer::{PASSWORD, SASL, Server, from_bob};

/// A keyring that can be locked, and that does not answer while it is held.
#[derive(Default)]
struct Lockable {
    kept: MemorySecrets,
    locked: AtomicBool,
    held: Mutex<bool>,
    let_go: Condvar,
    asked: AtomicUsize,
}

impl Lockable {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.let_go.notify_all();
    }

    fn open(&self) -> Result<&MemorySecrets, SecretsError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        // A test that fails must end as well.
        let longest = Duration::from_secs(60);
        let held = self.held.lock().unwrap();
        let waited = self.let_go.wait_timeout_while(held, longest, |held| *held);
        drop(waited.unwrap());
        match self.locked.load(Ordering::SeqCst) {
            true => Err(SecretsError("locked".to_owned())),
            false => Ok(&self.kept),
        }
    }
}

impl Secrets for Lockable {
    fn get(&self, account: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError> {
        self.open()?.get(account, kind)
    }

    fn set(&self, account: &str, kind: SecretKind, secret: &[u8]) -> Result<(), SecretsError> {
        self.open()?.set(account, kind, secret)
    }

    fn delete(&self, account: &str, kind: SecretKind) -> Result<(), SecretsError> {
        self.open()?.delete(account, kind)
    }

    fn is_available(&self) -> bool {
        self.open().is_ok()
    }
}

/// Rosa with one message, closed again.
async fn rosa_with_history(server: &Server, secrets: Arc<dyn Secrets>) -> Client {
    let client = Client::join(server, secrets, TIMEOUTS).await;
    let mut peer = server.session().await;
    client.wait_online().await;
    peer.send(&from_bob("words of ours")).await;
    client.wait_texts(&["words of ours"]).await;
    client.engine.close().await;
    client
}

fn unlock(client: &Client, password: &str) -> impl Future<Output = Result<(), ApiError>> + use<> {
    let (engine, account) = (client.engine.clone(), client.account.clone());
    let password = password.to_owned();
    async move {
        engine
            .handle(Request::Unlock { account, password })
            .await
            .map(drop)
    }
}

/// Why Rosa's account could not be opened.
async fn why_shut(client: &Client) -> Option<ErrorCode> {
    let overview = client.overview().await;
    let account = &overview.accounts[0];
    assert!(!account.unlocked);
    match &account.connection {
        ConnectionView::Offline { error } => error.as_ref().map(|error| error.code),
        other => panic!("{other:?}"),
    }
}

async fn wait_unlocked(client: &Client) {
    client
        .until("the account is open", async || {
            client.overview().await.accounts[0].unlocked
        })
        .await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

fn named(client: &Client, part: &str) -> Vec<PathBuf> {
    let mut found = files(client.folder.path());
    found.retain(|path| path.file_name().unwrap().to_string_lossy().contains(part));
    found
}

/// Searches every file of the profile.
fn is_anywhere(client: &Client, words: &[u8]) -> bool {
    files(client.folder.path()).iter().any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(words.len()).any(|part| part == words)
    })
}

#[tokio::test]
async fn without_a_keyring_the_password_opens_the_cache_without_a_network() {
    let server = Server::start();
    let mut client = rosa_with_history(&server, Arc::new(NoSecrets)).await;
    client.restart().await;
    let overview = client.overview().await;
    assert_eq!(overview.secrets, SecretsState::AskEachTime);
    assert!(!overview.accounts[0].unlocked);
    assert_eq!(overview.notices, []);
    let locked = client
        .engine
        .handle(Request::Conversations {
            account: client.account.clone(),
        })
        .await;
    assert_eq!(locked.unwrap_err().code, ErrorCode::Locked);

    // A wrong one is wrong there and for the server.
    let refuse = async {
        let mut peer = server.accept().await;
        peer.open(SASL).await;
        assert!(!peer.sasl(PASSWORD).await);
    };
    let (wrong, ()) = tokio::join!(unlock(&client, "a guess"), refuse);
    assert_eq!(wrong.unwrap_err().code, ErrorCode::WrongPassword);

    // The server says nothing at all from here on.
    unlock(&client, PASSWORD).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
    for secret in [PASSWORD.as_bytes(), b"a guess", b"words of ours"] {
        assert!(!is_anywhere(&client, secret));
    }
}

#[tokio::test]
async fn with_a_keyring_nothing_secret_is_in_a_file() {
    let server = Server::start();
    let secrets = Arc::new(MemorySecrets::default());
    let mut client = rosa_with_history(&server, Arc::clone(&secrets) as _).await;
    let key = secrets
        .get(&client.account, SecretKind::CacheKey)
        .unwrap()
        .unwrap();
    assert_eq!(key.len(), 32);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    for secret in [PASSWORD.as_bytes(), &key, hex.as_bytes(), b"words of ours"] {
        assert!(!is_anywhere(&client, secret));
    }
    assert_eq!(named(&client, "cache.key"), Vec::<PathBuf>::new());
    client.restart().await;
    assert!(client.overview().await.accounts[0].unlocked);
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_keyring_that_appears_takes_the_secrets_over() {
    let server = Server::start();
    let mut client = rosa_with_history(&server, Arc::new(NoSecrets)).await;
    assert_eq!(named(&client, "cache.key").len(), 1);
    client.secrets = Arc::new(MemorySecrets::default());
    client.restart().await;
    assert!(!client.overview().await.accounts[0].unlocked);
    unlock(&client, PASSWORD).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    assert_eq!(named(&client, "cache.key"), Vec::<PathBuf>::new());
    client.restart().await;
    assert!(client.overview().await.accounts[0].unlocked);
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_locked_keyring_is_not_an_empty_one() {
    let server = Server::start();
    let keyring = Arc::new(Lockable::default());
    let mut client = rosa_with_history(&server, Arc::clone(&keyring) as _).await;
    keyring.locked.store(true, Ordering::SeqCst);
    client.restart().await;
    let overview = client.overview().await;
    assert_eq!(
        (overview.accounts[0].unlocked, overview.notices),
        (false, vec![])
    );
    // The key is there, behind the lock: nothing is put aside for a new one.
    let refused = unlock(&client, PASSWORD).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::KeyringUnavailable);
    assert_eq!(named(&client, "cache.").len(), 1);
    // Nor does anybody who wants to try now get further, and the reason is said.
    let refused = unlock(&client, "").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::KeyringUnavailable);
    assert_eq!(why_shut(&client).await, Some(ErrorCode::KeyringUnavailable));
    // Unlocked again it goes on, in the same run even, and nobody has to ask for it.
    keyring.locked.store(false, Ordering::SeqCst);
    wait_unlocked(&client).await;
    let overview = client.overview().await;
    assert_eq!(overview.secrets, SecretsState::Keyring);
    assert_eq!(client.texts().await, ["words of ours"]);
    client.restart().await;
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_keyring_that_does_not_answer_is_asked_once_and_opens_when_it_does() {
    let server = Server::start();
    let keyring = Arc::new(Lockable::default());
    let mut client = rosa_with_history(&server, Arc::clone(&keyring) as _).await;
    keyring.hold(true);
    let asked = keyring.asked.load(Ordering::SeqCst);
    client.timeouts = Timeouts {
        keyring: Duration::from_millis(100),
        // Only its answer makes the engine look again.
        max_backoff: Duration::from_secs(3600),
        ..TIMEOUTS
    };
    client.restart().await;
    assert_eq!(why_shut(&client).await, Some(ErrorCode::KeyringUnavailable));
    let refused = unlock(&client, "").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::KeyringUnavailable);
    // What waits for the first answer waits once.
    assert_eq!(keyring.asked.load(Ordering::SeqCst), asked + 1);
    keyring.hold(false);
    wait_unlocked(&client).await;
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_cache_that_cannot_be_opened_says_why_and_opens_once_it_can() {
    let server = Server::start();
    let secrets = Arc::new(MemorySecrets::default());
    let mut client = rosa_with_history(&server, Arc::clone(&secrets) as _).await;
    // No log can be where a folder is.
    let log = named(&client, "cache.db")[0].with_extension("db-wal");
    std::fs::create_dir(&log).unwrap();
    client.restart().await;
    assert_eq!(why_shut(&client).await, Some(ErrorCode::CacheFailed));
    let refused = unlock(&client, "").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::CacheFailed);
    std::fs::remove_dir(&log).unwrap();
    wait_unlocked(&client).await;
    assert_eq!(client.overview().await.notices, []);
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_not_a_lost_one() {
    let server = Server::start();
    let mut client = rosa_with_history(&server, Arc::new(NoSecrets)).await;
    client.restart().await;
    let key = named(&client, "cache.key").remove(0);
    let elsewhere = client.folder.path().join("elsewhere");
    std::fs::rename(&key, &elsewhere).unwrap();
    std::fs::create_dir(&key).unwrap();
    let refused = unlock(&client, PASSWORD).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::CacheFailed);
    assert_eq!(client.overview().await.notices, []);
    std::fs::remove_dir(&key).unwrap();
    std::fs::rename(&elsewhere, &key).unwrap();
    unlock(&client, PASSWORD).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_lost_entry_of_the_keyring_is_said_and_the_old_cache_is_kept() {
    let server = Server::start();
    let secrets = Arc::new(MemorySecrets::default());
    let mut client = rosa_with_history(&server, Arc::clone(&secrets) as _).await;
    for kind in [SecretKind::Password, SecretKind::CacheKey] {
        secrets.delete(&client.account, kind).unwrap();
    }
    let before = std::fs::read(&named(&client, "cache.db")[0]).unwrap();
    client.restart().await;
    let account = client.account.clone();
    let overview = client.overview().await;
    assert_eq!(overview.notices, [Notice::SecretMissing { account }]);
    assert!(!overview.accounts[0].unlocked);
    let (unlocked, check) = tokio::join!(unlock(&client, PASSWORD), server.signed_in());
    unlocked.unwrap();
    drop(check);
    let notices = client.overview().await.notices;
    let [Notice::CacheSetAside { path, .. }] = notices.as_slice() else {
        panic!("{notices:?}")
    };
    assert_eq!(std::fs::read(path).unwrap(), before);
    assert_eq!(client.texts().await, Vec::<String>::new());
    client.ask(Request::DismissNotices).await;
    assert_eq!(client.overview().await.notices, []);
    client.engine.close().await;
}

#[tokio::test]
async fn a_password_changed_on_the_server_makes_a_fresh_cache() {
    let server = Server::start();
    let mut client = rosa_with_history(&server, Arc::new(NoSecrets)).await;
    client.restart().await;
    let accept = async {
        let mut peer = server.accept().await;
        peer.sign_in_with("a new password").await;
        peer
    };
    let (unlocked, check) = tokio::join!(unlock(&client, "a new password"), accept);
    unlocked.unwrap();
    drop(check);
    assert!(matches!(
        client.overview().await.notices.as_slice(),
        [Notice::CacheSetAside { .. }]
    ));
    let mut aside = named(&client, "cache.db.locked-");
    aside.sort();
    let [old_cache, old_key] = aside.as_slice() else {
        panic!("{aside:?}")
    };
    client.restart().await;
    unlock(&client, "a new password").await.unwrap();
    client.engine.close().await;
    // Who remembers the password of before comes to what was set aside.
    let account = old_cache.parent().unwrap();
    std::fs::rename(old_cache, account.join("cache.db")).unwrap();
    std::fs::rename(old_key, account.join("cache.key")).unwrap();
    client.restart().await;
    unlock(&client, PASSWORD).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn one_engine_at_a_time() {
    let server = Server::start();
    let (client, _peer) = Client::start(&server).await;
    let again = || Engine::open(config(client.folder.path(), Arc::new(NoSecrets), TIMEOUTS));
    assert!(matches!(again().await, Err(OpenError::ProfileInUse)));
    let missing = config(
        &client.folder.path().join("none"),
        Arc::new(NoSecrets),
        TIMEOUTS,
    );
    assert!(matches!(
        Engine::open(missing).await,
        Err(OpenError::ProfileFolder(_))
    ));
    client.engine.close().await;
    assert!(again().await.is_ok());
}

#[tokio::test]
async fn signing_out_forgets_and_wipes_only_if_wanted() {
    for wipe in [false, true] {
        // A connection that signing out has broken off is for nobody else.
        let server = Server::start();
        let secrets = Arc::new(MemorySecrets::default());
        let mut client = rosa_with_history(&server, Arc::clone(&secrets) as _).await;
        client.restart().await;
        let account = client.account.clone();
        client.ask(Request::SignOut { account, wipe }).await;
        assert_eq!(client.overview().await.accounts, []);
        let password = secrets.get(&client.account, SecretKind::Password).unwrap();
        assert!(password.is_none());
        assert_eq!(named(&client, "cache.db").is_empty(), wipe);
        // The key of what is kept is kept.
        let key = secrets.get(&client.account, SecretKind::CacheKey).unwrap();
        assert_eq!(key.is_none(), wipe);
        client.restart().await;
        assert_eq!(client.overview().await.accounts, []);
        client.engine.close().await;
    }
}
