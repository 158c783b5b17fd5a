//! What holds for the notifications of one account: its own rules, or those of all.

use super::board::Note;
use crate::contract::{AccountRules, NotificationSettings, NotifyAbout};

/// The rules of an account.
pub(super) fn of(settings: &NotificationSettings, account: &str) -> AccountRules {
    let general = AccountRules {
        about: NotifyAbout::Everything,
        preview: settings.preview,
        sound: settings.sound,
    };
    settings.accounts.get(account).copied().unwrap_or(general)
}

/// Whether the user is told of a message at all.
pub(super) fn tell_of(about: NotifyAbout, note: &Note) -> bool {
    match about {
        NotifyAbout::Everything => true,
        NotifyAbout::Personal => note.room.is_none() || note.mentions_me,
        NotifyAbout::Nothing => false,
    }
}
