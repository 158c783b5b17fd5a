//! What the shell adds to the engine's contract: the embedded server, settings
//! of this device, and the stream of events into the window.

mod desktop;
mod settings;
mod updates;

use engine::api::{ApiError, Event};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use desktop::{ConversationKey, FileInfo, LinkView, Opened, PastedFile, WindowAttention};
pub use settings::{
    AccountRules, DesktopSettings, Language, NotificationSettings, NotifyAbout, PreviewLevel,
    QuietHours, SettingProblem, Settings, Theme,
};
pub use updates::{UpdateView, UpdatesOff};

/// What the window needs to know of the program around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShellInfo {
    /// Version of the program.
    pub version: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// Language of the operating system as a BCP 47 tag, such as `zh-CN`.
    pub system_locale: String,
    /// Folder with the profile and the built-in server's data.
    pub home: String,
    /// Port that a new built-in server uses unless told otherwise.
    pub default_port: u16,
    /// Link the program was started with, to be opened by the window once.
    pub start_link: Option<LinkView>,
    /// Settings of this device.
    pub settings: Settings,
    /// Whether the desktop shows an icon of ours, so that a window which was
    /// closed can be found again.
    pub tray: bool,
    /// Whether a screen reader may read the window, where the system says so (Linux).
    pub read_aloud: bool,
    /// Whether the window is locked (see [`LockView`]).
    pub lock: LockView,
    /// Why the app cannot be used at all, such as a profile that another
    /// process holds. Then the window shows this and nothing else.
    pub fatal: Option<ApiError>,
}

/// The built-in server as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[ts(export)]
pub enum EmbeddedServerView {
    /// No server was ever set up on this computer.
    None,
    /// Set up, not running.
    Stopped {
        /// Name of the team.
        team_name: String,
        /// Why it does not run, when it is not the user's wish.
        error: Option<ApiError>,
    },
    /// Coming up.
    Starting {
        /// Name of the team.
        team_name: String,
    },
    /// Accepting connections.
    Running {
        /// Name of the team.
        team_name: String,
        /// Addresses under which colleagues can reach it, as `host:port`.
        addresses: Vec<String>,
        /// Number of people connected now (not devices).
        people_online: u32,
    },
}

/// What the first-run form asks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewTeam {
    /// Name of the team.
    pub team_name: String,
    /// Name of the person who starts it.
    pub name: String,
    /// Their password.
    pub password: String,
    /// Another port than the default one.
    pub port: Option<u16>,
}

impl std::fmt::Debug for NewTeam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTeam")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Who comes back to the team whose server is on this computer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TeamSignIn {
    /// Their user name, or the name that others see.
    pub name: String,
    /// Their password.
    pub password: String,
}

impl std::fmt::Debug for TeamSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TeamSignIn").finish_non_exhaustive()
    }
}

/// A way for a colleague to join.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InviteView {
    /// The link to send.
    pub link: String,
    /// The same as a QR code: an SVG document without external references.
    pub qr_svg: String,
    /// Milliseconds since the Unix epoch after which it no longer works.
    pub expires_ms: i64,
}

impl std::fmt::Debug for InviteView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InviteView")
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

/// What the shell pushes into the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[ts(export)]
pub enum ShellEvent {
    /// From the engine.
    Engine {
        /// The engine's event.
        event: Event,
    },
    /// The built-in server changed.
    Server {
        /// Its new state.
        server: EmbeddedServerView,
    },
    /// A link was opened from outside (a second start, the operating system).
    OpenLink {
        /// The link.
        link: LinkView,
    },
    /// Something from outside was to be opened, and is not understood.
    LinkRefused,
    /// A notification was clicked: show this conversation.
    OpenConversation {
        /// Account id.
        account: String,
        /// Conversation id.
        conversation: String,
        /// Local id of the message to show; none for the newest.
        message: Option<i64>,
    },
    /// The settings were changed outside the window, as from the tray's menu.
    SettingsChanged {
        /// All of them.
        settings: Settings,
    },
    /// The window was locked or unlocked.
    LockChanged {
        /// How it is now.
        lock: LockView,
    },
    /// A screen reader came or went.
    ReadAloudChanged {
        /// Whether one is there now.
        read_aloud: bool,
    },
    /// What is known of new versions changed.
    UpdateChanged {
        /// What is known now.
        update: UpdateView,
    },
}

/// The lock of the window: a curtain against whoever passes by. It hides the
/// chats and refuses requests; what lies on the disk has its own protection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LockView {
    /// A secret was chosen, so that the window can be locked.
    pub ready: bool,
    /// The window is locked.
    pub locked: bool,
    /// After too many wrong tries: milliseconds since the Unix epoch of the next one.
    pub wait_until_ms: Option<i64>,
    /// Whether the sign-in of the system opens it, too.
    pub system: SystemSignIn,
}

/// The sign-in of the system as a second key to the lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum SystemSignIn {
    /// The system cannot be asked.
    #[default]
    Absent,
    /// It could be.
    Off,
    /// It opens the lock.
    On,
}
