//! Departments of people and who leads them, for the command line.

use super::Admin;
use crate::accounts::AccountError;
use crate::roster::{department, manager};
use crate::store::{StoreError, directory};

impl Admin {
    /// Puts somebody into a department (`Sales::North` or `Sales/North`), or
    /// with an empty path out of any.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::NameInvalid`] if the path
    /// cannot be used, [`AccountError::Store`].
    pub async fn set_department(&self, user: &str, path: &str) -> Result<(), AccountError> {
        department::set(&self.store, user, path).await
    }

    /// Says who leads somebody, both by user name; with an empty one nobody does.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::NameInvalid`],
    /// [`AccountError::LedInCircle`], [`AccountError::Store`].
    pub async fn set_manager(&self, user: &str, manager: &str) -> Result<(), AccountError> {
        manager::set(&self.store, user, manager).await
    }

    /// Who leads whom: user names of those who are led, and of their managers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn managers(&self) -> Result<Vec<(String, String)>, StoreError> {
        manager::all(&self.store).await
    }

    /// The department of everybody who has one, by user name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn departments(&self) -> Result<Vec<(String, String)>, StoreError> {
        let people = self.store.read(directory::all).await?;
        Ok(people
            .into_iter()
            .filter_map(|person| Some((person.localpart, person.department?)))
            .collect())
    }
}
