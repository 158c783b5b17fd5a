//! What users have done, as far as their devices have taken it.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, Managing, Plan, account_of};

/// A message that an engine has taken.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Account.
    pub(crate) from: String,
    pub(crate) device: String,
    /// Account, or room.
    pub(crate) to: String,
    /// What stays of its text whatever is done to it.
    pub(crate) key: String,
    pub(crate) text: String,
}

/// Messages up to here were seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Account.
    pub(crate) by: String,
    /// The other account, or the room.
    pub(crate) with: String,
    /// The newest of them.
    pub(crate) key: String,
    /// Whether the other devices have to learn of it. One that came later does
    /// not know what of the history it found was news to anybody.
    pub(crate) told: bool,
}

/// What users did to one message: the last by each device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    /// New texts, by device.
    pub(crate) edits: BTreeMap<String, String>,
    /// Emojis, by account and device.
    pub(crate) reactions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Its author has taken it back.
    pub(crate) retracted: bool,
    /// A moderator has asked for that.
    pub(crate) moderated: bool,
}

/// What a user has decided about a conversation on a device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decided {
    pub(crate) muted: bool,
    pub(crate) was_muted: bool,
    /// What there was when it was put away, if it was.
    pub(crate) put_away: Option<BTreeSet<String>>,
    /// It was marked as unread, after so many looks.
    pub(crate) marked: Option<usize>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// In the order in which it was sent.
    pub(crate) sent: Vec<Sent>,
    pub(crate) seen: Vec<Seen>,
    /// How often somebody looked at a conversation, or wrote there, by device and
    /// conversation.
    pub(crate) looks: BTreeMap<(String, String), usize>,
    /// By key.
    pub(crate) changed: BTreeMap<String, Changed>,
    /// By device and conversation.
    pub(crate) decided: BTreeMap<(String, String), Decided>,
    pub(crate) edits: usize,
    /// Two people of whom one has blocked the other at some time: not everything
    /// that they write arrives.
    blocks: BTreeSet<(String, String)>,
    /// Whether a room has lost somebody without a word.
    pub(crate) is_scattered: bool,
    /// Account and room: who has not been in it all the time.
    entered: BTreeSet<(String, String)>,
    /// Account and room: who has left it on some device.
    left: BTreeSet<(String, String)>,
    /// Account and room: who was put out of it.
    put_out: BTreeSet<(String, String)>,
    /// Rooms in which somebody went by another name.
    renamed: BTreeSet<String>,
}

impl Record {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut record = Self::default();
        for step in &plan.steps {
            match &step.action {
                Action::Block { device, whom, .. } => {
                    let one = account_of(device).to_owned();
                    record.blocks.insert((one.clone(), whom.clone()));
                    record.blocks.insert((whom.clone(), one));
                }
                Action::Enter { device, room } | Action::Leave { device, room } => {
                    let of = (account_of(device).to_owned(), room.clone());
                    if matches!(step.action, Action::Leave { .. }) {
                        record.left.insert(of.clone());
                    }
                    record.entered.insert(of);
                }
                Action::Scatter { told: false, .. } => record.is_scattered = true,
                Action::Nick { room, .. } => {
                    record.renamed.insert(room.clone());
                }
                Action::Manage {
                    room, whom, what, ..
                } if *what != Managing::Unban => {
                    // Or whoever goes by that name then.
                    let by_that_name = plan.steps.iter().filter_map(|step| match &step.action {
                        Action::Nick { device, nick, .. } if nick == whom => {
                            Some(account_of(device).to_owned())
                        }
                        _ => None,
                    });
                    for account in by_that_name.chain([whom.clone()]) {
                        record.put_out.insert((account.clone(), room.clone()));
                        record.entered.insert((account, room.clone()));
                    }
                }
                _ => {}
            }
        }
        record
    }

    /// Whether a conversation was ever silent, on any device of an account.
    pub(crate) fn was_muted(&self, account: &str, with: &str) -> bool {
        let mut decided = self.decided.iter();
        decided.any(|((device, conversation), decided)| {
            decided.was_muted && conversation == with && account_of(device) == account
        })
    }

    /// How often a user has looked at a conversation, on this device and on others.
    pub(crate) fn looks(&self, device: &str, with: &str) -> (usize, usize) {
        let (mut here, mut elsewhere) = (0, 0);
        for ((other, conversation), count) in &self.looks {
            if conversation == with && account_of(other) == account_of(device) {
                *(if other == device {
                    &mut here
                } else {
                    &mut elsewhere
                }) += count;
            }
        }
        (here, elsewhere)
    }

    pub(crate) fn look(&mut self, device: &str, with: &str) {
        let of = (device.to_owned(), with.to_owned());
        *self.looks.entry(of).or_default() += 1;
    }

    /// Whether one of the two has ever blocked the other.
    pub(crate) fn was_blocked(&self, one: &str, other: &str) -> bool {
        self.blocks.contains(&(one.to_owned(), other.to_owned()))
    }

    /// Whether somebody was perhaps put out of a room.
    pub(crate) fn was_put_out(&self, account: &str, room: &str) -> bool {
        self.put_out
            .contains(&(account.to_owned(), room.to_owned()))
    }

    /// Whether somebody has left a room. What another device of theirs says there
    /// meanwhile is refused.
    pub(crate) fn has_left(&self, account: &str, room: &str) -> bool {
        self.left.contains(&(account.to_owned(), room.to_owned()))
    }

    /// Whether people went by other names there.
    pub(crate) fn was_renamed(&self, room: &str) -> bool {
        self.renamed.contains(room)
    }

    /// Whether somebody has come into a room, or left it.
    pub(crate) fn has_moved(&self, account: &str, room: &str) -> bool {
        self.entered
            .contains(&(account.to_owned(), room.to_owned()))
    }
}
