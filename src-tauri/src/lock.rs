//! The lock of the window: after a while without anybody at the computer, or when
//! told to, the chats are hidden until a secret is typed.
//!
//! It is a curtain, and no more: it keeps a passer-by from reading, while the
//! engine goes on behind it. What lies on the disk is protected by the cache's
//! encryption and the account of the operating system. The secret is the profile's
//! own; the sign-in of the system may open it, too (`system_sign_in`), but not every
//! system can be asked, and none always.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use argon2::{Argon2, Params};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::contract::{LockView, SystemSignIn};
use crate::paths;
use crate::system_sign_in::Outcome;

/// Shortest secret, in characters.
const MIN_CHARS: usize = 4;
/// Longest secret, in bytes.
const MAX_BYTES: usize = 1024;
/// So many wrong tries are free; then each costs twice the wait of the last.
const FREE_TRIES: u32 = 4;
const FIRST_WAIT_MS: i64 = 10_000;
const LONGEST_WAIT_MS: i64 = 10 * 60_000;
/// Argon2id by the second choice of RFC 9106, section 4: 64 MiB, 3 passes. Fewer
/// lanes, as one thread works.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// The secret as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    salt: Vec<u8>,
    hash: Vec<u8>,
    /// Locked when the program ended: killing it opens nothing.
    locked: bool,
    wrong_tries: u32,
    wait_until_ms: Option<i64>,
    /// The sign-in of the system opens it, too.
    by_system: bool,
}

/// Why a lock was not set or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// No secret was chosen yet.
    #[error("there is no secret")]
    NoSecret,
    /// The new secret is too short or too long.
    #[error("the secret is too short or too long")]
    Unfit,
    /// Not the secret.
    #[error("not the secret")]
    Wrong,
    /// Too many wrong tries.
    #[error("too many tries")]
    TooSoon,
    /// The system does not say that it is its user.
    #[error("the system does not confirm it")]
    Refused,
    /// The system cannot be asked, or is not to be.
    #[error("the system cannot be asked")]
    Unable,
    /// The secret could not be kept.
    #[error("not written: {0}")]
    NotWritten(#[from] std::io::Error),
}

/// The lock of one profile.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// Whether the system can be asked.
    system: AtomicBool,
    /// Taken while it is.
    asking: tokio::sync::Mutex<()>,
}

impl Lock {
    /// As it was when the program last ended.
    pub(crate) fn open(path: PathBuf) -> Self {
        let kept = Mutex::new(paths::read_json(&path));
        Self {
            path,
            kept,
            system: AtomicBool::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The system can be asked who is there.
    pub(crate) fn system_is_there(&self) {
        self.system.store(true, Ordering::Relaxed);
    }

    pub(crate) fn view(&self) -> LockView {
        let kept = self.kept();
        LockView {
            ready: !kept.hash.is_empty(),
            locked: kept.locked,
            wait_until_ms: kept.wait_until_ms,
            system: match (self.system.load(Ordering::Relaxed), kept.by_system) {
                (false, _) => SystemSignIn::Absent,
                (true, false) => SystemSignIn::Off,
                (true, true) => SystemSignIn::On,
            },
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.kept().locked
    }

    /// Chooses a secret; nothing takes it away. Who has one has to say it first.
    ///
    /// # Errors
    /// [`LockError`]. It takes a moment: call it where blocking is allowed.
    pub(crate) fn choose(
        &self,
        old: Option<&str>,
        new: Option<&str>,
        now_ms: i64,
    ) -> Result<(), LockError> {
        if self.view().ready {
            self.check(old.unwrap_or_default(), now_ms)?;
        }
        let kept = match new {
            None => Kept::default(),
            Some(new) if new.chars().count() < MIN_CHARS || new.len() > MAX_BYTES => {
                return Err(LockError::Unfit);
            }
            Some(new) => {
                let mut salt = vec![0; 16];
                getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
                Kept {
                    hash: hash(new, &salt)?.to_vec(),
                    salt,
                    by_system: self.kept().by_system,
                    ..Kept::default()
                }
            }
        };
        self.keep(kept)
    }

    /// Locks.
    ///
    /// # Errors
    /// [`LockError::NoSecret`].
    pub(crate) fn lock(&self) -> Result<(), LockError> {
        let kept = self.kept().clone();
        if kept.hash.is_empty() {
            return Err(LockError::NoSecret);
        }
        let kept = Kept {
            locked: true,
            ..kept
        };
        match self.keep(kept.clone()) {
            // Locked all the same; only a kill would open it.
            Err(LockError::NotWritten(error)) => {
                tracing::warn!(%error, "that the window is locked is not kept");
                *self.kept() = kept;
                Ok(())
            }
            other => other,
        }
    }

    /// Opens.
    ///
    /// # Errors
    /// [`LockError`]. It takes a moment: call it where blocking is allowed.
    pub(crate) fn unlock(&self, secret: &str, now_ms: i64) -> Result<(), LockError> {
        self.check(secret, now_ms)?;
        let kept = Kept {
            locked: false,
            ..self.kept().clone()
        };
        self.keep(kept)
    }

    /// Lets the sign-in of the system open it, too, or no longer. Whoever uses the
    /// open window may say so: they would have to be the system's user to gain by it.
    ///
    /// # Errors
    /// [`LockError::NoSecret`], [`LockError::Wrong`] while it is locked, or
    /// [`LockError::NotWritten`].
    pub(crate) fn let_system(&self, open_it: bool) -> Result<(), LockError> {
        let kept = self.kept().clone();
        if kept.hash.is_empty() {
            return Err(LockError::NoSecret);
        }
        if kept.locked {
            return Err(LockError::Wrong);
        }
        self.keep(Kept {
            by_system: open_it,
            ..kept
        })
    }

    /// Opens it if the system says that it is its user; asks nothing while it is being
    /// asked already.
    ///
    /// # Errors
    /// [`LockError::Unable`] if the system cannot be asked, or is not to be;
    /// [`LockError::Refused`]; [`LockError::NotWritten`].
    pub(crate) async fn open_by_system(
        &self,
        ask: impl Future<Output = Outcome>,
    ) -> Result<(), LockError> {
        let Ok(_asking) = self.asking.try_lock() else {
            return Ok(());
        };
        if self.view().system != SystemSignIn::On {
            return Err(LockError::Unable);
        }
        match ask.await {
            Outcome::Confirmed => {
                let kept = Kept {
                    locked: false,
                    wrong_tries: 0,
                    wait_until_ms: None,
                    ..self.kept().clone()
                };
                self.keep(kept)
            }
            Outcome::Cancelled => Ok(()),
            Outcome::Refused => Err(LockError::Refused),
            Outcome::Unable => Err(LockError::Unable),
        }
    }

    fn check(&self, secret: &str, now_ms: i64) -> Result<(), LockError> {
        let kept = self.kept().clone();
        if kept.hash.is_empty() {
            return Err(LockError::NoSecret);
        }
        // A clock that was set back does not make the wait longer than the longest.
        let waits = kept
            .wait_until_ms
            .is_some_and(|until| now_ms < until && until - now_ms <= LONGEST_WAIT_MS);
        if waits {
            return Err(LockError::TooSoon);
        }
        let is_right = secret.len() <= MAX_BYTES && hash(secret, &kept.salt)?[..] == kept.hash[..];
        let wrong_tries = if is_right { 0 } else { kept.wrong_tries + 1 };
        let wait_until_ms = wait(wrong_tries).map(|wait| now_ms + wait);
        // Written before it is answered: a restart gives no new tries.
        self.keep(Kept {
            wrong_tries,
            wait_until_ms,
            ..kept
        })?;
        if is_right {
            Ok(())
        } else {
            Err(LockError::Wrong)
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, new: Kept) -> Result<(), LockError> {
        let mut kept = self.kept();
        paths::write_atomically(
            &self.path,
            &serde_json::to_vec(&new).map_err(std::io::Error::other)?,
        )?;
        *kept = new;
        Ok(())
    }
}

fn wait(wrong_tries: u32) -> Option<i64> {
    let costly = wrong_tries.checked_sub(FREE_TRIES + 1)?;
    let factor = 1_i64.checked_shl(costly.min(16)).unwrap_or(i64::MAX);
    Some(FIRST_WAIT_MS.saturating_mul(factor).min(LONGEST_WAIT_MS))
}

fn hash(secret: &str, salt: &[u8]) -> std::io::Result<Zeroizing<[u8; 32]>> {
    let mut hash = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(std::io::Error::other)?;
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(secret.as_bytes(), salt, hash.as_mut_slice())
        .map_err(std::io::Error::other)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u109_locked_until_the_secret_is_said_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock.json");
        let lock = Lock::open(path.clone());
        assert!(matches!(lock.lock(), Err(LockError::NoSecret)));
        assert!(matches!(
            lock.choose(None, Some("abc"), 0),
            Err(LockError::Unfit)
        ));
        lock.choose(None, Some("汉字密码"), 0).unwrap();
        assert!(lock.view().ready && !lock.is_locked());
        lock.lock().unwrap();
        drop(lock);
        let lock = Lock::open(path.clone());
        assert!(lock.is_locked());
        assert!(matches!(lock.unlock("汉字密", 0), Err(LockError::Wrong)));
        lock.unlock("汉字密码", 0).unwrap();
        assert!(!Lock::open(path.clone()).is_locked());
        let written = std::fs::read_to_string(path).unwrap();
        assert!(!written.contains("汉字密码"));
        // Only who knows the old one changes it or takes it away.
        assert!(matches!(lock.choose(None, None, 0), Err(LockError::Wrong)));
        lock.choose(Some("汉字密码"), None, 0).unwrap();
        assert!(!lock.view().ready);
    }

    #[test]
    fn u109_guessing_takes_longer_and_longer() {
        let waits: Vec<_> = (0..=7).map(wait).collect();
        let none = None::<i64>;
        assert_eq!(
            waits,
            [
                none,
                none,
                none,
                none,
                none,
                Some(10_000),
                Some(20_000),
                Some(40_000)
            ]
        );
        assert_eq!(wait(u32::MAX), Some(LONGEST_WAIT_MS));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock.json");
        let kept = Kept {
            salt: vec![7; 16],
            hash: hash("right", &[7; 16]).unwrap().to_vec(),
            locked: true,
            wrong_tries: FREE_TRIES,
            ..Kept::default()
        };
        std::fs::write(&path, serde_json::to_vec(&kept).unwrap()).unwrap();
        let lock = Lock::open(path);
        assert!(matches!(lock.unlock("wrong", 1_000), Err(LockError::Wrong)));
        assert_eq!(lock.view().wait_until_ms, Some(11_000));
        assert!(matches!(
            lock.unlock("right", 10_999),
            Err(LockError::TooSoon)
        ));
        lock.unlock("right", 11_000).unwrap();
        assert_eq!(lock.view().wait_until_ms, None);
    }

    #[tokio::test]
    async fn u109_the_sign_in_of_the_system_opens_it_where_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock.json");
        let lock = Lock::open(path.clone());
        assert!(matches!(lock.let_system(true), Err(LockError::NoSecret)));
        lock.choose(None, Some("secret"), 0).unwrap();
        assert_eq!(lock.view().system, SystemSignIn::Absent);
        lock.system_is_there();
        assert_eq!(lock.view().system, SystemSignIn::Off);
        let answers = async |lock: &Lock, outcome| {
            lock.lock().unwrap();
            let asked = lock.open_by_system(std::future::ready(outcome)).await;
            (asked.is_ok(), lock.is_locked())
        };
        assert_eq!(answers(&lock, Outcome::Confirmed).await, (false, true));
        // Nobody in front of the curtain lets it be opened in another way.
        assert!(matches!(lock.let_system(true), Err(LockError::Wrong)));
        lock.unlock("secret", 0).unwrap();
        lock.let_system(true).unwrap();
        lock.choose(Some("secret"), Some("another"), 0).unwrap();
        drop(lock);

        let lock = Lock::open(path.clone());
        lock.system_is_there();
        assert_eq!(lock.view().system, SystemSignIn::On, "kept");
        for (outcome, done) in [
            (Outcome::Refused, (false, true)),
            (Outcome::Unable, (false, true)),
            (Outcome::Cancelled, (true, true)),
            (Outcome::Confirmed, (true, false)),
        ] {
            assert_eq!(answers(&lock, outcome).await, done, "{outcome:?}");
        }
        // The secret still does, and without it there is no lock.
        lock.lock().unwrap();
        lock.unlock("another", 0).unwrap();
        lock.choose(Some("another"), None, 0).unwrap();
        assert!(!Lock::open(path).kept().by_system);
    }

    #[tokio::test]
    async fn u109_the_system_asks_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::open(folder.path().join("lock.json"));
        lock.choose(None, Some("secret"), 0).unwrap();
        lock.system_is_there();
        lock.let_system(true).unwrap();
        lock.lock().unwrap();
        let ask = async {
            // Pressed again meanwhile.
            let again = lock.open_by_system(async { panic!("asked twice") });
            assert!(again.await.is_ok());
            assert!(lock.is_locked());
            Outcome::Confirmed
        };
        lock.open_by_system(ask).await.unwrap();
        assert!(!lock.is_locked());
    }
}
