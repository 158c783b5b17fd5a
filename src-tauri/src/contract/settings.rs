//! Settings of this device.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Settings of this device that every account shares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Settings {
    /// Language of the interface.
    pub language: Language,
    /// Colours of the interface.
    pub theme: Theme,
    /// How the program behaves on the desktop.
    pub desktop: DesktopSettings,
    /// What the user is told of, and how.
    pub notifications: NotificationSettings,
}

/// Language of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub enum Language {
    /// As the operating system.
    #[default]
    #[serde(rename = "system")]
    System,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Colours of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Theme {
    /// As the operating system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How the program behaves on the desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct DesktopSettings {
    /// Closing the window leaves the program running.
    pub close_to_tray: bool,
    /// The program starts when the user signs in to the computer, without its window.
    pub start_at_login: bool,
    /// Keys that show or hide the window from anywhere, such as `Ctrl+Alt+Z`.
    pub show_shortcut: Option<String>,
    /// The window asks for attention in the task bar when something comes in.
    pub flash: bool,
    /// The window locks after so many minutes without anybody at the computer.
    pub lock_after_minutes: Option<u32>,
}

impl Default for DesktopSettings {
    fn default() -> Self {
        Self {
            close_to_tray: true,
            start_at_login: false,
            show_shortcut: Some("Ctrl+Alt+Z".to_owned()),
            flash: true,
            lock_after_minutes: None,
        }
    }
}

/// What the user is told of, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct NotificationSettings {
    /// Whether there are any.
    pub enabled: bool,
    /// What is said in them.
    pub preview: PreviewLevel,
    /// Whether they make a sound.
    pub sound: bool,
    /// Messages that name the user are told also when nothing else is.
    pub mentions_pass: bool,
    /// No notifications until then, in milliseconds since the Unix epoch.
    pub quiet_until_ms: Option<i64>,
    /// No notifications at these hours.
    pub quiet_hours: Option<QuietHours>,
    /// Rules of accounts, by account id, that have others than those above. When the
    /// user is left alone is the same for all of them.
    pub accounts: BTreeMap<String, AccountRules>,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            preview: PreviewLevel::Text,
            sound: true,
            mentions_pass: false,
            quiet_until_ms: None,
            quiet_hours: None,
            accounts: BTreeMap::new(),
        }
    }
}

/// What the user is told of in one account, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct AccountRules {
    /// Of which messages.
    pub about: NotifyAbout,
    /// What is said in a notification.
    pub preview: PreviewLevel,
    /// Whether it makes a sound.
    pub sound: bool,
}

impl Default for AccountRules {
    fn default() -> Self {
        Self {
            about: NotifyAbout::Everything,
            preview: PreviewLevel::Text,
            sound: true,
        }
    }
}

/// Of which messages the user is told. What a conversation says of itself (XEP-0492)
/// holds besides: the least of both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum NotifyAbout {
    /// Of all.
    #[default]
    Everything,
    /// Of what is for the user: direct messages, and those that name them.
    Personal,
    /// Of none.
    Nothing,
}

/// What is said in a notification. On a screen that is locked never the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum PreviewLevel {
    /// Who wrote, and the text.
    #[default]
    Text,
    /// Who wrote.
    Name,
    /// Only that there is something.
    Nothing,
}

/// Hours without notifications, in the time zone of the computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QuietHours {
    /// They begin at this minute of the day (0 to 1439).
    pub from_minute: u16,
    /// They end before this one; on the next day if it is earlier.
    pub to_minute: u16,
    /// Days on which they begin, Monday first.
    pub days: [bool; 7],
}

/// A setting that could not be carried out; it is kept all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum SettingProblem {
    /// The keys are no shortcut, another program has them, or the desktop gives none away.
    ShortcutNotAvailable,
    /// The system does not let the program start at sign-in.
    StartAtLoginFailed,
    /// The settings could not be written to the disk; they hold until the end of the program.
    NotWritten,
}
