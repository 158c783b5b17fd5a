//! What an administrator does to a data folder, with the server running or not.

mod departments;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::accounts::{self, AccountError};
use crate::clock;
use crate::data_dir;
use crate::store::{Store, StoreError, accounts as rows, exchange, invites, people};

/// Where the server was last reached, for the command line beside it.
pub(crate) const TARGET: &str = "target";

/// Notes where the server is reached.
pub(crate) async fn note_target(
    store: &Store,
    target: &navigation::ServerTarget,
) -> Result<(), StoreError> {
    let json = serde_json::to_string(target).unwrap_or_default();
    store
        .write(move |tx| rows::set_meta(tx, TARGET, &json))
        .await
}

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No server has run on it yet.
    #[error("{} is not a data folder of a server", .path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// No server has said yet where it is reached.
    #[error("no server has run on {} yet; start it once", .path.display())]
    NeverStarted {
        /// The folder.
        path: PathBuf,
    },
    /// The invite cannot be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A data folder, opened beside the server that may run on it.
#[derive(Clone)]
pub struct Admin {
    store: Store,
    data_dir: PathBuf,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// User name.
    pub user: String,
    /// Name that others see.
    pub name: String,
    /// Where in the team, the parts of the path between `::`.
    pub department: Option<String>,
    /// User name of who leads them.
    pub manager: Option<String>,
    /// Whether they administer the server.
    pub administrator: bool,
    /// Whether they may not sign in.
    pub disabled: bool,
}

/// An invite that was made.
pub struct NewInvite {
    /// What goes into the link. It is nowhere else.
    pub token: String,
    /// Milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

impl std::fmt::Debug for NewInvite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInvite")
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

/// An invite with its link.
#[derive(serde::Serialize)]
pub struct InviteLink {
    /// For the one who is invited. It is nowhere else.
    pub link: String,
    /// First letters of the token, as they stand in a list.
    pub label: String,
    /// Milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// An invite in a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InviteInfo {
    /// First letters of the token.
    pub label: String,
    /// Who made it.
    pub inviter: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// How often it can still be used; without, any number of times.
    pub uses_left: Option<u32>,
}

impl Admin {
    /// Opens a data folder that a server has made.
    ///
    /// # Errors
    /// [`AdminError`].
    pub fn open(data_dir: &Path) -> Result<Self, AdminError> {
        let path = data_dir::database(data_dir);
        if !path.exists() {
            let path = data_dir.to_owned();
            return Err(AdminError::NoFolder { path });
        }
        Ok(Self {
            store: Store::open(&path)?,
            data_dir: data_dir.to_owned(),
        })
    }

    /// Makes an account. Without a user name, one is made of the name.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn add_user(
        &self,
        name: &str,
        user: Option<&str>,
        password: &str,
    ) -> Result<Account, AccountError> {
        let account = accounts::new_account(user, name)?;
        let made = accounts::create(&self.store, account, password, None).await?;
        Ok(Account {
            user: made.localpart,
            name: made.display_name,
            department: None,
            manager: None,
            administrator: false,
            disabled: false,
        })
    }

    /// All accounts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(&self) -> Result<Vec<Account>, StoreError> {
        let all = self.store.read(exchange::accounts).await?;
        Ok(all
            .into_iter()
            .map(|row| Account {
                user: row.localpart,
                name: row.display_name,
                department: row.department,
                manager: row.manager,
                administrator: row.administrator,
                disabled: row.disabled,
            })
            .collect())
    }

    /// Changes a password.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn set_password(&self, user: &str, password: &str) -> Result<(), AccountError> {
        accounts::set_password(&self.store, user, password).await
    }

    /// Makes somebody an administrator, or no longer one.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Store`].
    pub async fn set_admin(&self, user: &str, is_admin: bool) -> Result<(), AccountError> {
        set_admin(&self.store, user, is_admin).await
    }

    /// User names of the administrators.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn admins(&self) -> Result<Vec<String>, StoreError> {
        self.store.read(people::admins).await
    }

    /// Keeps somebody from signing in, or lets them again.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Store`].
    pub async fn set_disabled(&self, user: &str, disabled: bool) -> Result<(), AccountError> {
        let user = user.to_owned();
        let write = move |tx: &rusqlite::Transaction<'_>| people::set_disabled(tx, &user, disabled);
        found(self.store.write(write).await?)
    }

    /// Removes an account with its archive.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Store`].
    pub async fn remove_user(&self, user: &str) -> Result<(), AccountError> {
        let user = user.to_owned();
        let removed = self.store.write(move |tx| rows::remove(tx, &user)).await?;
        if removed {
            Ok(())
        } else {
            Err(AccountError::NotFound)
        }
    }

    /// Makes an invite. With `uses`, it works that often.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn create_invite(
        &self,
        by: Option<&str>,
        valid_for: Duration,
        uses: Option<u32>,
    ) -> Result<NewInvite, AccountError> {
        create_invite(&self.store, by, valid_for, uses).await
    }

    /// Makes an invite and gives its link. Where the server is, the server says
    /// each time it starts.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn create_invite_link(
        &self,
        by: Option<&str>,
        valid_for: Duration,
        uses: Option<u32>,
    ) -> Result<InviteLink, AdminError> {
        let target = self.store.read(|db| rows::meta(db, TARGET)).await?;
        let target = target
            .and_then(|json| serde_json::from_str(&json).ok())
            .ok_or_else(|| AdminError::NeverStarted {
                path: self.data_dir.clone(),
            })?;
        let made = self.create_invite(by, valid_for, uses).await?;
        let (label, expires_ms) = (invites::label(&made.token), made.expires_ms);
        let invite = navigation::Invite {
            target,
            token: made.token,
            inviter: by.map(str::to_owned),
        };
        Ok(InviteLink {
            link: invite.to_link(),
            label,
            expires_ms,
        })
    }

    /// The invites that still work.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError> {
        let all = self
            .store
            .read(|db| invites::all(db, clock::now_ms()))
            .await?;
        Ok(all
            .into_iter()
            .map(|row| InviteInfo {
                label: row.label,
                inviter: row.inviter,
                expires_ms: row.expires_ms,
                uses_left: row.uses_left,
            })
            .collect())
    }

    /// Ends an invite, named by its label or token.
    ///
    /// # Errors
    /// [`AccountError::InviteNotValid`], [`AccountError::Store`].
    pub async fn revoke_invite(&self, text: &str) -> Result<(), AccountError> {
        let text = text.to_owned();
        let found = self
            .store
            .write(move |tx| invites::revoke(tx, &text))
            .await?;
        if found {
            Ok(())
        } else {
            Err(AccountError::InviteNotValid)
        }
    }

    /// Ends the connection to the database in good order.
    pub async fn close(self) {
        self.store.close().await;
    }
}

fn found(found: bool) -> Result<(), AccountError> {
    if found {
        Ok(())
    } else {
        Err(AccountError::NotFound)
    }
}

pub(crate) async fn set_admin(
    store: &Store,
    user: &str,
    is_admin: bool,
) -> Result<(), AccountError> {
    let user = user.to_owned();
    let write = move |tx: &rusqlite::Transaction<'_>| people::set_admin(tx, &user, is_admin);
    found(store.write(write).await?)
}

/// Where the server was last reached.
pub(crate) async fn target(store: &Store) -> Result<Option<navigation::ServerTarget>, StoreError> {
    let json = store.read(|db| rows::meta(db, TARGET)).await?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

pub(crate) async fn create_invite(
    store: &Store,
    by: Option<&str>,
    valid_for: Duration,
    uses: Option<u32>,
) -> Result<NewInvite, AccountError> {
    let token = clock::random_secret()?;
    let now_ms = clock::now_ms();
    let valid_ms = i64::try_from(valid_for.as_millis()).unwrap_or(i64::MAX);
    let expires_ms = now_ms.saturating_add(valid_ms);
    let row = invites::InviteRow {
        label: invites::label(&token),
        inviter: by.map(str::to_owned),
        expires_ms,
        uses_left: uses,
    };
    let stored = token.clone();
    store
        .write(move |tx| invites::insert(tx, &stored, &row, now_ms))
        .await?;
    Ok(NewInvite { token, expires_ms })
}
