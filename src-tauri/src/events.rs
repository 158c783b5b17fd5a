//! The stream of events into the window.
//!
//! The window subscribes once it is up. What happens before that is not kept:
//! the window loads everything it shows when it subscribes. Only a link to open
//! waits, because nothing else would bring it back.

use std::sync::{Mutex, PoisonError};

use tauri::ipc::Channel;

use crate::contract::ShellEvent;

/// Where events go.
#[derive(Default)]
pub(crate) struct Events {
    channel: Mutex<Option<Channel<ShellEvent>>>,
    waiting_link: Mutex<Option<String>>,
}

impl Events {
    /// The window listens from now on; an older channel (of a page that was
    /// reloaded) is forgotten.
    pub(crate) fn subscribe(&self, channel: Channel<ShellEvent>) {
        *self.channel.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
    }

    /// Pushes an event. Without a listener it is dropped.
    pub(crate) fn send(&self, event: ShellEvent) {
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = channel.as_ref().map(|channel| channel.send(event)) {
            tracing::warn!(%error, "event not delivered to the window");
        }
    }

    /// Opens a link in the window, now or when it comes up.
    pub(crate) fn open_link(&self, link: String) {
        let up = self
            .channel
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        if up {
            self.send(ShellEvent::OpenLink { link });
        } else {
            *self
                .waiting_link
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(link);
        }
    }

    /// The link that waits for the window, once.
    pub(crate) fn take_link(&self) -> Option<String> {
        self.waiting_link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
