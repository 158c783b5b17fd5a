//! Windows: toasts, and the Action Center they go to.
//!
//! Spoken to directly: what notify-rust shows there can be neither replaced nor taken
//! away, and it no longer listens to what has faded into the Action Center. A toast is
//! kept for as long as it is there, or else nobody hears that it was clicked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use windows::Data::Xml::Dom::XmlDocument;
use windows::Foundation::TypedEventHandler;
use windows::UI::Notifications::{
    ToastActivatedEventArgs, ToastDismissalReason, ToastDismissedEventArgs, ToastNotification,
    ToastNotificationManager,
};
use windows::core::{HSTRING, IInspectable, Interface, Ref, Result};

use super::super::board::{Card, Slot};
use super::super::words::Words;
use super::toast_xml;
use super::{Act, Acted};

/// Of all that we show; tags are told apart within it.
const GROUP: &str = "startalk";

/// What is there.
type Shown = Arc<Mutex<HashMap<Slot, Toast>>>;

/// A toast, and how it is no longer listened to.
struct Toast {
    toast: ToastNotification,
    activated: i64,
    dismissed: i64,
}

/// The notifications of the system.
pub(in super::super) struct Desk {
    acts: mpsc::Sender<Acted>,
    shown: Shown,
    is_clean: bool,
}

impl Desk {
    pub(in super::super) fn new(acts: mpsc::Sender<Acted>) -> Self {
        Self {
            acts,
            shown: Shown::default(),
            is_clean: false,
        }
    }

    /// Shows a notification, in place of the one that is there.
    pub(in super::super) async fn show(&mut self, slot: &Slot, card: &Card, words: Words) -> bool {
        self.put(slot, card, words, false).await
    }

    /// Has the one that is there say something else, without it coming up again.
    pub(in super::super) async fn amend(&mut self, slot: &Slot, card: &Card, words: Words) {
        self.put(slot, card, words, true).await;
    }

    async fn put(&mut self, slot: &Slot, card: &Card, words: Words, quietly: bool) -> bool {
        // What an earlier run has left leads nowhere.
        let clean = std::mem::replace(&mut self.is_clean, true);
        let document = toast_xml::document(slot, card, words);
        let (acts, shown, slot) = (self.acts.clone(), Arc::clone(&self.shown), slot.clone());
        blocking(move || {
            // It may never have shown anything.
            if !clean && let Err(error) = clear() {
                tracing::debug!(%error, "what an earlier run has left");
            }
            show(&acts, &shown, &slot, &document, quietly)
        })
        .await
    }

    /// Takes a notification away.
    pub(in super::super) async fn close(&mut self, slot: &Slot) {
        let gone = lock(&self.shown).remove(slot);
        let slot = slot.clone();
        blocking(move || {
            if let Some(gone) = gone {
                gone.leave();
            }
            let tag = HSTRING::from(toast_xml::tag(&slot));
            let history = ToastNotificationManager::History()?;
            history.RemoveGroupedTagWithId(&tag, &HSTRING::from(GROUP), &app_id())
        })
        .await;
    }

    /// Takes all away: a click on one would lead nowhere once the program has ended.
    pub(in super::super) async fn close_all(&mut self) {
        let all = std::mem::take(&mut *lock(&self.shown));
        blocking(move || {
            all.into_values().for_each(|toast| toast.leave());
            clear()
        })
        .await;
    }
}

impl Toast {
    /// What becomes of it is no longer told.
    fn leave(&self) {
        let left = self.toast.RemoveActivated(self.activated);
        if let Err(error) = left.and(self.toast.RemoveDismissed(self.dismissed)) {
            tracing::debug!(%error, "a notification is still listened to");
        }
    }
}

/// Windows knows us by the shortcut in the start menu, which the installer makes.
fn app_id() -> HSTRING {
    HSTRING::from(crate::IDENTIFIER)
}

fn lock(shown: &Shown) -> MutexGuard<'_, HashMap<Slot, Toast>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The system is asked where it may take its time. Gives whether it did what was asked.
async fn blocking(ask: impl FnOnce() -> Result<()> + Send + 'static) -> bool {
    match tokio::task::spawn_blocking(ask).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::info!(%error, "notifications of the system");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "notifications of the system");
            false
        }
    }
}

fn clear() -> Result<()> {
    ToastNotificationManager::History()?.ClearWithId(&app_id())
}

fn show(
    acts: &mpsc::Sender<Acted>,
    shown: &Shown,
    slot: &Slot,
    document: &str,
    quietly: bool,
) -> Result<()> {
    let xml = XmlDocument::new()?;
    xml.LoadXml(&HSTRING::from(document))?;
    let toast = ToastNotification::CreateToastNotification(&xml)?;
    toast.SetTag(&HSTRING::from(toast_xml::tag(slot)))?;
    toast.SetGroup(&HSTRING::from(GROUP))?;
    toast.SetSuppressPopup(quietly)?;
    let activated = {
        let (acts, slot) = (acts.clone(), slot.clone());
        toast.Activated(&TypedEventHandler::new(
            move |_, how: Ref<'_, IInspectable>| {
                tell(&acts, &slot, meaning(how.as_ref()));
                Ok(())
            },
        ))?
    };
    let dismissed = {
        let (acts, slot, shown) = (acts.clone(), slot.clone(), Arc::downgrade(shown));
        toast.Dismissed(&TypedEventHandler::new(
            move |_, how: Ref<'_, ToastDismissedEventArgs>| {
                // What has faded is in the Action Center, and what we hid is known.
                let by_user = how.as_ref().is_some_and(|how| {
                    how.Reason()
                        .is_ok_and(|reason| reason == ToastDismissalReason::UserCanceled)
                });
                if by_user {
                    if let Some(shown) = shown.upgrade() {
                        lock(&shown).remove(&slot);
                    }
                    tell(&acts, &slot, Act::Gone);
                }
                Ok(())
            },
        ))?
    };
    let new = Toast {
        toast: toast.clone(),
        activated,
        dismissed,
    };
    // First: that the old one goes is none of the user's doing.
    let old = lock(shown).insert(slot.clone(), new);
    if let Some(old) = old {
        old.leave();
    }
    ToastNotificationManager::CreateToastNotifierWithId(&app_id())?.Show(&toast)
}

/// The handlers run where nothing may wait; the user is slower than what is told.
fn tell(acts: &mpsc::Sender<Acted>, slot: &Slot, act: Act) {
    if acts.try_send((slot.clone(), act)).is_err() {
        tracing::warn!("what became of a notification was not told");
    }
}

fn meaning(how: Option<&IInspectable>) -> Act {
    let how = how.and_then(|how| how.cast::<ToastActivatedEventArgs>().ok());
    let arguments = how.and_then(|how| how.Arguments().ok());
    if arguments.is_some_and(|arguments| arguments == toast_xml::MARK_READ) {
        Act::MarkRead
    } else {
        Act::Open
    }
}
