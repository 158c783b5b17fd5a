//! Who had the focus a moment ago.
//!
//! Keys that a program grabs take the focus from its window until they are let go
//! (X11 tells it as a loss of focus with mode `NotifyGrab`), and on some desktops so
//! does a click on the tray. So when somebody asks by keys or tray for the window to
//! be hidden or shown, what counts is who had the focus before that.

use std::sync::{Mutex, PoisonError};

/// How long a loss counts as being part of what is asked, in milliseconds.
const MOMENT: i64 = 500;

/// When the window lost the focus, in milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub(crate) struct Focus(Mutex<Option<i64>>);

impl Focus {
    /// The window has the focus no longer.
    pub(super) fn lost(&self, now: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether it was lost just now.
    pub(super) fn was_here(&self, now: i64) -> bool {
        let lost = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lost.is_some_and(|lost| (0..MOMENT).contains(&now.saturating_sub(lost)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u86_a_window_that_the_keys_took_the_focus_from_counts_as_looked_at() {
        let focus = Focus::default();
        assert!(!focus.was_here(1_000));
        focus.lost(1_000);
        assert!(focus.was_here(1_000) && focus.was_here(1_499));
        assert!(!focus.was_here(1_500));
        assert!(!focus.was_here(900), "a clock that was set back");
    }
}
