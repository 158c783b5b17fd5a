//! Sessions of accounts that are not any more what they were at the sign-in:
//! removed, disabled, or with another password.

use std::collections::HashMap;

use super::{Entry, Router};
use crate::mailbox::Sender;
use crate::session::{Account, ResumeRequest, SessionEnd};
use crate::store::generations::Standing;

fn end(entry: &Entry, why: SessionEnd) {
    entry.end.send_replace(Some(why));
}

impl Router {
    /// The way into a session that waits to be resumed, for who has signed in
    /// with the same password as it did.
    pub(crate) fn resumable(
        &self,
        account: &Account,
        id: &str,
    ) -> Option<Sender<Box<ResumeRequest>>> {
        self.with(|sessions| {
            sessions
                .get(&account.user)?
                .iter()
                .find(|entry| {
                    entry.resumption_id.as_deref() == Some(id)
                        && entry.generation == account.generation
                })
                .map(|entry| entry.resume.clone())
        })
    }

    /// Ends the sessions of one account, or of all, that are from before its
    /// last change.
    pub(crate) fn end_outdated(&self, only: Option<&str>, now: &HashMap<String, Standing>) {
        self.with(|sessions| {
            for (user, of_user) in sessions.iter() {
                if only.is_some_and(|only| only != user) {
                    continue;
                }
                let standing = now.get(user);
                for entry in of_user {
                    match standing {
                        None => end(entry, SessionEnd::AccountRemoved),
                        Some(standing) if standing.disabled => {
                            end(entry, SessionEnd::AccountDisabled);
                        }
                        Some(standing) if standing.generation != entry.generation => {
                            end(entry, SessionEnd::AccountChanged);
                        }
                        Some(_) => {}
                    }
                }
            }
        });
    }

    /// An account has another password: only the session that has set it, by
    /// number, goes on.
    pub(crate) fn renew(&self, user: &str, generation: i64, by: u64) {
        self.with(|sessions| {
            for entry in sessions.get_mut(user).into_iter().flatten() {
                if entry.number == by {
                    entry.generation = generation;
                } else {
                    end(entry, SessionEnd::AccountChanged);
                }
            }
        });
    }
}
