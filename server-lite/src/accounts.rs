//! Making and changing accounts; shared by the wire, the app and the command line.

use xmpp_core::names;
use xmpp_core::sasl::{PasswordError, ScramHash, ScramVerifier};

use crate::account_names;
use crate::clock::{self, RandomError};
use crate::store::accounts::{self, AccountRow};
use crate::store::{Store, StoreError, generations, invites, people};

/// Iterations of new verifiers. Twice and a half the minimum of RFC 7677;
/// every client has to compute them at each sign-in, phones too.
pub(crate) const ITERATIONS: u32 = 10_000;
/// Shortest password, in characters.
pub const MIN_PASSWORD_CHARS: usize = 8;

/// Why an account cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is one of that name.
    #[error("the name is taken")]
    NameTaken,
    /// The name is kept for an office or for somebody else, or the invite is for
    /// another.
    #[error("the name is reserved")]
    NameReserved,
    /// The name would be taken for another's.
    #[error("the name looks like another")]
    NameLooksAlike,
    /// The name has no letters or digits, or is too long.
    #[error("the name cannot be used")]
    NameInvalid,
    /// Shorter than eight characters, or with characters that cannot be used.
    #[error("the password is too short or cannot be used")]
    PasswordTooWeak,
    /// The invite is not valid (any more).
    #[error("the invite is not valid")]
    InviteNotValid,
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Somebody would lead themselves, perhaps through others.
    #[error("nobody can be led by somebody whom they lead")]
    LedInCircle,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PasswordError> for AccountError {
    fn from(_: PasswordError) -> Self {
        Self::PasswordTooWeak
    }
}

/// Names of a new account, checked.
pub(crate) fn new_account(
    localpart: Option<&str>,
    display_name: &str,
) -> Result<AccountRow, AccountError> {
    let display_name = names::clean_display_name(display_name).ok_or(AccountError::NameInvalid)?;
    let localpart = match localpart {
        Some(localpart) => names::normal_localpart(localpart),
        None => names::localpart_from_display_name(&display_name),
    };
    Ok(AccountRow {
        localpart: localpart.ok_or(AccountError::NameInvalid)?,
        display_name,
    })
}

/// The verifiers of a new password. Takes tens of milliseconds on a thread
/// where blocking is allowed.
pub(crate) async fn verifiers(password: &str) -> Result<Vec<ScramVerifier>, AccountError> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(AccountError::PasswordTooWeak);
    }
    let password = xmpp_core::sasl::normal_password(password)?;
    let salts = [clock::random::<16>()?, clock::random::<16>()?];
    tokio::task::spawn_blocking(move || {
        [ScramHash::Sha256, ScramHash::Sha1]
            .into_iter()
            .zip(salts)
            .map(|(hash, salt)| ScramVerifier::derive(hash, &password, &salt, ITERATIONS))
            .collect::<Result<Vec<_>, _>>()
    })
    .await
    .map_err(|_| StoreError::Closed)?
    .map_err(AccountError::from)
}

/// Makes an account, spending an invite if one is given: both or neither.
pub(crate) async fn create(
    store: &Store,
    account: AccountRow,
    password: &str,
    token: Option<String>,
) -> Result<AccountRow, AccountError> {
    let verifiers = verifiers(password).await?;
    let row = account.clone();
    store
        .write(move |tx| {
            let now_ms = clock::now_ms();
            // A name that is taken must not cost a use of the invite.
            if accounts::exists(tx, &row.localpart)? {
                return Ok(Err(AccountError::NameTaken));
            }
            let purpose = match &token {
                Some(token) => invites::purpose(tx, token)?.unwrap_or_default(),
                None => invites::Purpose::default(),
            };
            // An invite for one name makes that one; the name is for nobody else.
            match purpose.localpart {
                Some(name) if name != row.localpart => return Ok(Err(AccountError::NameReserved)),
                None if invites::keeps(tx, &row.localpart, now_ms)? => {
                    return Ok(Err(AccountError::NameTaken));
                }
                _ => {}
            }
            if let Some(token) = &token
                && !invites::spend(tx, token)?
            {
                return Ok(Err(AccountError::InviteNotValid));
            }
            Ok(match accounts::insert(tx, &row, &verifiers, now_ms)? {
                true => Ok(()),
                false => Err(AccountError::NameTaken),
            })
        })
        .await??;
    Ok(account)
}

/// Checks a name that somebody wants to take by themselves.
pub(crate) async fn check_name(store: &Store, localpart: &str) -> Result<(), AccountError> {
    if account_names::is_reserved(localpart) {
        return Err(AccountError::NameReserved);
    }
    let all = store.read(|db| people::names(db, false, usize::MAX));
    let disabled = store.read(|db| people::names(db, true, usize::MAX));
    let (all, disabled) = (all.await?, disabled.await?);
    let doubles = |name: &String| account_names::look_alike(name, localpart);
    if all.iter().chain(&disabled).any(doubles) {
        return Err(AccountError::NameLooksAlike);
    }
    Ok(())
}

/// Completes the verifiers of an account that came from another server without
/// those of SHA-256, now that its password is known. It is the same password:
/// who is signed in stays so. One that was changed meanwhile stays changed.
pub(crate) async fn strengthen(store: &Store, localpart: &str, password: &str, generation: i64) {
    let verifiers = match verifiers(password).await {
        Ok(verifiers) => verifiers,
        // A password that would be too short today stays as it is.
        Err(error) => return tracing::debug!(%error, "verifiers not made"),
    };
    let localpart = localpart.to_owned();
    let written = store.write(move |tx| {
        if !generations::is_current(tx, &localpart, generation)? {
            return Ok(());
        }
        accounts::set_verifiers(tx, &localpart, &verifiers)?;
        generations::keep(tx, &localpart, generation)
    });
    if let Err(error) = written.await {
        tracing::warn!(%error, "verifiers not completed");
    }
}

/// Changes a password, without a word to sessions: a running server hears of it
/// by the generation of the account.
pub(crate) async fn set_password(
    store: &Store,
    localpart: &str,
    password: &str,
) -> Result<(), AccountError> {
    change_password(store, localpart, password, |_| ()).await
}

/// Changes a password; `then` hears the generation of the account that begins
/// with it, as soon as it is on disk.
pub(crate) async fn change_password(
    store: &Store,
    localpart: &str,
    password: &str,
    then: impl FnOnce(i64) + Send + 'static,
) -> Result<(), AccountError> {
    let verifiers = verifiers(password).await?;
    let localpart = localpart.to_owned();
    let found = store
        .write_then(
            move |tx| {
                if !accounts::exists(tx, &localpart)? {
                    return Ok(None);
                }
                accounts::set_verifiers(tx, &localpart, &verifiers)?;
                generations::of(tx, &localpart).map(Some)
            },
            |generation: Option<i64>| generation.map(then).is_some(),
        )
        .await?;
    if found {
        Ok(())
    } else {
        Err(AccountError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_name_costs_no_invite_and_an_invite_makes_one_account() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let row = invites::InviteRow {
            label: "x".into(),
            inviter: None,
            expires_ms: i64::MAX,
            uses_left: Some(1),
        };
        store
            .write(move |tx| invites::insert(tx, "token", &row, 0))
            .await
            .unwrap();
        let make = async |name: &str, token: Option<&str>| {
            create(
                &store,
                new_account(None, name).unwrap(),
                "long enough",
                token.map(str::to_owned),
            )
            .await
        };
        make("Rosa", None).await.unwrap();
        assert!(matches!(
            make("ROSA", Some("token")).await,
            Err(AccountError::NameTaken)
        ));
        assert!(matches!(
            make("Bob", Some("other")).await,
            Err(AccountError::InviteNotValid)
        ));
        assert_eq!(make("Bob", Some("token")).await.unwrap().localpart, "bob");
        assert!(matches!(
            make("Carl", Some("token")).await,
            Err(AccountError::InviteNotValid)
        ));
    }

    #[tokio::test]
    async fn passwords_have_a_minimum() {
        assert!(matches!(
            verifiers("1234567").await,
            Err(AccountError::PasswordTooWeak)
        ));
        assert!(matches!(
            verifiers("12345678\u{7}").await,
            Err(AccountError::PasswordTooWeak)
        ));
        assert_eq!(verifiers("八个字的密码可以").await.unwrap().len(), 2);
        assert!(matches!(
            new_account(None, "😀"),
            Err(AccountError::NameInvalid)
        ));
    }
}
