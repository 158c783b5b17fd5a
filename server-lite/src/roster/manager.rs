//! Who leads somebody. The directory shows it; rosters have no place for it.

use xmpp_core::names;

use crate::accounts::AccountError;
use crate::server::Server;
use crate::store::directory::{self, Led};
use crate::store::{Store, StoreError};

/// Says who leads somebody, by user name; with an empty one nobody does. A server that
/// runs on the store sees it by itself, after a moment.
pub(crate) async fn set(store: &Store, user: &str, manager: &str) -> Result<(), AccountError> {
    let manager = match manager.trim() {
        "" => None,
        name => Some(names::normal_localpart(name).ok_or(AccountError::NameInvalid)?),
    };
    let user = user.to_owned();
    let write = store.write(move |tx| directory::set_manager(tx, &user, manager.as_deref()));
    match write.await? {
        Led::Done => Ok(()),
        Led::NotFound => Err(AccountError::NotFound),
        Led::InCircle => Err(AccountError::LedInCircle),
    }
}

/// Who leads whom, by user names.
pub(crate) async fn all(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let people = store.read(directory::all).await?;
    let led = people.into_iter();
    Ok(led
        .filter_map(|person| Some((person.localpart, person.manager?)))
        .collect())
}

impl Server {
    /// Says who leads somebody, for the directory.
    pub(crate) async fn set_manager(&self, user: &str, manager: &str) -> Result<(), AccountError> {
        set(&self.store, user, manager).await?;
        self.announce(user).await;
        Ok(())
    }
}
