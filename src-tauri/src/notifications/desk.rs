//! The notification service of the desktop, whichever there is.

#[cfg(target_os = "windows")]
mod action_center;
#[cfg(target_os = "macos")]
mod apple;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(any(target_os = "windows", test))]
mod toast_xml;

#[cfg(target_os = "windows")]
pub(super) use action_center::Desk;
#[cfg(target_os = "macos")]
pub(super) use apple::Desk;
#[cfg(target_os = "linux")]
pub(super) use bus::Desk;

use super::board::Slot;

/// Longest answer that is taken from a notification, in characters; who has more
/// to say opens the window.
#[cfg(not(target_os = "windows"))]
const MAX_REPLY_CHARS: usize = 4_000;
/// So many acts may wait; the user is slower.
pub(super) const MAX_WAITING: usize = 64;

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// It was clicked.
    Open,
    /// Its button "mark as read".
    MarkRead,
    /// It was answered.
    #[cfg_attr(target_os = "windows", expect(dead_code, reason = "no answers there"))]
    Reply(String),
    /// It went away by itself, or was closed.
    Gone,
}

/// An act and where.
pub(super) type Acted = (Slot, Act);

#[cfg(not(target_os = "windows"))]
/// An answer that was typed into a notification; none if it says nothing.
fn reply(text: &str) -> Option<Act> {
    let text: String = text.trim().chars().take(MAX_REPLY_CHARS).collect();
    (!text.is_empty()).then_some(Act::Reply(text))
}
