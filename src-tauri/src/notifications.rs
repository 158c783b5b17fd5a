//! Notifications of the operating system.
//!
//! Our own code on notify-rust rather than Tauri's plugin, which has no click
//! event on desktops. One notification per conversation: a newer message
//! replaces the older one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::api::NotificationView;
use notify_rust::{Notification, NotificationHandle};

/// A thread waits for the click on each notification; more are shown without
/// waiting.
const MAX_WAITING: usize = 16;

/// Shows notifications and says which one was clicked.
#[derive(Default)]
pub(crate) struct Notifications {
    /// Id of the operating system by conversation, to replace rather than pile up.
    ids: Mutex<HashMap<(String, String), u32>>,
    waiting: Arc<AtomicUsize>,
}

impl Notifications {
    /// Shows one. Talks to the system's notification service: call it where
    /// blocking is allowed.
    pub(crate) fn show(&self, view: &NotificationView, on_click: impl FnOnce() + Send + 'static) {
        let key = (view.account.clone(), view.conversation.clone());
        let mut notification = Notification::new();
        notification
            .appname("Startalk")
            .summary(&view.title)
            .body(&escape(&view.body))
            .icon("startalk")
            .action("default", "");
        #[cfg(all(unix, not(target_os = "macos")))]
        if let Some(id) = self
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            notification.id(*id);
        }
        match notification.show() {
            Ok(handle) => self.shown(key, handle, on_click),
            // No notification service is nothing to bother anybody with.
            Err(error) => tracing::info!(%error, "notification not shown"),
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn shown(
        &self,
        key: (String, String),
        handle: NotificationHandle,
        on_click: impl FnOnce() + Send + 'static,
    ) {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, handle.id());
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let waiting = Arc::clone(&self.waiting);
        let spawned = std::thread::Builder::new()
            .name("notification".into())
            .spawn(move || {
                handle.wait_for_action(|action| {
                    if action == "default" {
                        on_click();
                    }
                });
                waiting.fetch_sub(1, Ordering::Relaxed);
            });
        if let Err(error) = spawned {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(%error, "no thread to wait for a click");
        }
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn shown(
        &self,
        _key: (String, String),
        _handle: NotificationHandle,
        _on_click: impl FnOnce() + Send + 'static,
    ) {
    }
}

/// The body is a small mark-up on Linux (Desktop Notifications Specification,
/// "Markup"): text of a message must not become it.
fn escape(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn text_of_a_message_is_no_markup() {
        assert_eq!(
            super::escape("<b>1 & 2</b>"),
            "&lt;b&gt;1 &amp; 2&lt;/b&gt;"
        );
    }
}
