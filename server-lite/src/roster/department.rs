//! Departments: where in the team somebody works. In shared rosters they are
//! nested groups (XEP-0083).

use xmpp_core::names;

use super::DELIMITER;
use crate::accounts::AccountError;
use crate::server::Server;
use crate::store::{Store, directory};

/// Departments inside each other.
const MAX_DEPTH: usize = 8;

/// The path as it is stored; `None` for no department.
///
/// Its parts may stand between `::` or `/`: `Sales/North` is `Sales::North`.
pub(crate) fn clean(path: &str) -> Result<Option<String>, AccountError> {
    if path.trim().is_empty() {
        return Ok(None);
    }
    let parts: Option<Vec<String>> = path
        .split(DELIMITER)
        .flat_map(|part| part.split('/'))
        .map(names::clean_display_name)
        .collect();
    match parts {
        Some(parts) if parts.len() <= MAX_DEPTH => Ok(Some(parts.join(DELIMITER))),
        _ => Err(AccountError::NameInvalid),
    }
}

/// Puts somebody into a department, or with an empty path out of any. A server
/// that runs on the store sees it by itself, after a moment.
pub(crate) async fn set(store: &Store, user: &str, path: &str) -> Result<(), AccountError> {
    let path = clean(path)?;
    let user = user.to_owned();
    let write = store.write(move |tx| directory::set_department(tx, &user, path.as_deref()));
    if write.await? {
        Ok(())
    } else {
        Err(AccountError::NotFound)
    }
}

impl Server {
    /// Puts somebody into a department and tells everybody.
    pub(crate) async fn set_department(&self, user: &str, path: &str) -> Result<(), AccountError> {
        set(&self.store, user, path).await?;
        self.announce(user).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_or_refused() {
        for (path, expected) in [
            ("Sales", Some("Sales")),
            (" Sales / North ", Some("Sales::North")),
            ("研发::后端::存储", Some("研发::后端::存储")),
            ("Sales::North/East", Some("Sales::North::East")),
            ("A : B", Some("A : B")),
            ("", None),
            ("  ", None),
        ] {
            assert_eq!(clean(path).unwrap().as_deref(), expected, "{path}");
        }
        let long = "x".repeat(65);
        for bad in [
            "/",
            "::",
            "Sales/",
            "::Sales",
            "a//b",
            "a/b/c/d/e/f/g/h/i",
            &long,
        ] {
            assert!(
                matches!(clean(bad), Err(AccountError::NameInvalid)),
                "{bad}"
            );
        }
    }
}
