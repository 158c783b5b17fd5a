//! The stream of events into the window.
//!
//! The window subscribes once it is up. What happens before that is not kept:
//! the window loads everything it shows when it subscribes. Only what is to be
//! opened waits, because nothing else would bring it back.

use std::sync::{Mutex, PoisonError};

use tauri::ipc::Channel;

use crate::contract::{LinkView, ShellEvent};

/// Where events go.
#[derive(Default)]
pub(crate) struct Events {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    channel: Option<Channel<ShellEvent>>,
    waiting_link: Option<LinkView>,
    waiting: Option<ShellEvent>,
}

impl Events {
    /// The window listens from now on; an older channel (of a page that was
    /// reloaded) is forgotten.
    pub(crate) fn subscribe(&self, channel: Channel<ShellEvent>) {
        let mut state = self.state();
        state.channel = Some(channel);
        if let Some(event) = state.waiting.take() {
            state.push(event);
        }
    }

    /// The page that listened is gone.
    pub(crate) fn forget(&self) {
        self.state().channel = None;
    }

    /// Pushes an event. Without a listener it is dropped.
    pub(crate) fn send(&self, event: ShellEvent) {
        self.state().push(event);
    }

    /// Pushes an event that opens something, now or when the window comes up; of
    /// several the last.
    pub(crate) fn send_or_keep(&self, event: ShellEvent) {
        let mut state = self.state();
        if state.channel.is_some() {
            state.push(event);
        } else {
            state.waiting = Some(event);
        }
    }

    /// Opens a link in the window, now or when it comes up.
    pub(crate) fn open_link(&self, link: LinkView) {
        let mut state = self.state();
        if state.channel.is_some() {
            state.push(ShellEvent::OpenLink { link });
        } else {
            state.waiting_link = Some(link);
        }
    }

    /// The link that waits for the window, once.
    pub(crate) fn take_link(&self) -> Option<LinkView> {
        self.state().waiting_link.take()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&self, event: ShellEvent) {
        if let Some(Err(error)) = self.channel.as_ref().map(|channel| channel.send(event)) {
            tracing::warn!(%error, "event not delivered to the window");
        }
    }
}
