//! macOS, through notify-rust.
//!
//! A thread waits for what becomes of each notification. None can be replaced or taken
//! back through this library; they go by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use notify_rust::{Notification, NotificationResponse};
use tokio::sync::mpsc;

use super::super::board::{Card, Slot};
use super::super::words::Words;
use super::{Act, Acted, reply};

/// So many threads wait at a time; what is shown beyond that cannot be clicked.
const MAX_THREADS: usize = 16;

/// The notification centre of the system.
pub(in super::super) struct Desk {
    acts: mpsc::Sender<Acted>,
    threads: Arc<AtomicUsize>,
}

impl Desk {
    pub(in super::super) fn new(acts: mpsc::Sender<Acted>) -> Self {
        // Else a dialog asks where the program is, and Finder's name is on all we show.
        if let Err(error) = notify_rust::set_application(crate::IDENTIFIER) {
            tracing::warn!(%error, "notifications are not shown as those of this program");
        }
        Self {
            acts,
            threads: Arc::default(),
        }
    }

    /// Shows a notification.
    pub(in super::super) async fn show(&mut self, slot: &Slot, card: &Card, words: Words) -> bool {
        let mut notification = Notification::new();
        notification
            .appname("Startalk")
            .summary(&card.title)
            .body(&card.body);
        if matches!(slot, Slot::Conversation(_)) {
            // One that can be answered has no button.
            if card.reply {
                notification.reply(words.reply());
            } else {
                notification.action("mark-read", words.mark_read());
            }
        }
        if card.sound {
            notification.sound_name("Ping");
        }
        if self.threads.fetch_add(1, Ordering::Relaxed) >= MAX_THREADS {
            self.threads.fetch_sub(1, Ordering::Relaxed);
            return tokio::task::spawn_blocking(move || notification.show().is_ok())
                .await
                .unwrap_or(false);
        }
        let (acts, threads, slot) = (self.acts.clone(), Arc::clone(&self.threads), slot.clone());
        let (told, shown) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("notification".into());
        let started = thread.spawn(move || {
            match notification.show() {
                Ok(handle) => {
                    _ = told.send(true);
                    let heard = handle.wait_for_response(|response: &NotificationResponse| {
                        if let Some(act) = meaning(response) {
                            drop(acts.blocking_send((slot, act)));
                        }
                    });
                    if let Err(error) = heard {
                        tracing::debug!(%error, "what became of a notification is not known");
                    }
                }
                Err(error) => {
                    tracing::info!(%error, "notification not shown");
                    _ = told.send(false);
                }
            }
            threads.fetch_sub(1, Ordering::Relaxed);
        });
        if let Err(error) = started {
            self.threads.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(%error, "no thread for a notification");
            return false;
        }
        shown.await.unwrap_or(false)
    }

    /// Cannot be done here: a second one beside the first would say nothing new.
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(in super::super) async fn amend(&mut self, _slot: &Slot, _card: &Card, _words: Words) {}

    /// Cannot be done here.
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(in super::super) async fn close(&mut self, _slot: &Slot) {}

    /// Cannot be done here.
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(in super::super) async fn close_all(&mut self) {}
}

fn meaning(response: &NotificationResponse) -> Option<Act> {
    match response {
        NotificationResponse::Default => Some(Act::Open),
        NotificationResponse::Action(action) if action == "mark-read" => Some(Act::MarkRead),
        NotificationResponse::Action(_) => None,
        NotificationResponse::Reply(text) => reply(text),
        NotificationResponse::Closed(_) => Some(Act::Gone),
    }
}
