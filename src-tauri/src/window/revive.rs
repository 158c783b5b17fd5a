//! The page lives in a process of its own, which may end: it crashes with the driver
//! of the graphics, the system takes its memory, somebody kills it. What it leaves is
//! a white window, so the page is loaded again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::{AppHandle, Manager};

use super::main;
use crate::clock;
use crate::state::Shell;

/// So often in [`WITHIN_MS`] at once; a page that ends as soon as it is there would
/// keep the computer busy.
const AT_ONCE: usize = 3;
const WITHIN_MS: i64 = 60_000;
/// After that so much later.
const PAUSE: Duration = Duration::from_secs(30);

/// When the page was loaded again.
#[derive(Debug, Default)]
pub(crate) struct Revivals(Mutex<VecDeque<i64>>);

impl Revivals {
    /// How long the next one is to wait.
    fn next(&self, now_ms: i64) -> Duration {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back counts as now.
        times.retain(|time| now_ms.saturating_sub(*time) < WITHIN_MS);
        if times.len() >= AT_ONCE {
            return PAUSE;
        }
        times.push_back(now_ms);
        Duration::ZERO
    }
}

/// The process of the page has ended. Nobody looks at the window then, and what is to
/// be opened waits for the page that comes.
pub(crate) fn page_ended(app: &AppHandle) {
    let shell = app.state::<Shell>();
    shell.events.forget();
    shell.attention.forget();
    let wait = shell.revivals.next(clock::now_ms());
    tracing::warn!(?wait, "the process of the page has ended");
    if wait.is_zero() {
        load_again(app);
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(wait).await;
        load_again(&app);
    });
}

fn load_again(app: &AppHandle) {
    if let Some(window) = main(app)
        && let Err(error) = window.reload()
    {
        tracing::warn!(%error, "the page was not loaded again");
    }
}

/// Notices the end where the web view tells.
#[cfg(target_os = "linux")]
pub(super) fn watch(window: &tauri::WebviewWindow) {
    use webkit2gtk::WebViewExt;

    let app = window.app_handle().clone();
    let watched = window.with_webview(move |view| {
        view.inner()
            .connect_web_process_terminated(move |_, _| page_ended(&app));
    });
    if let Err(error) = watched {
        tracing::warn!(%error, "the end of the page's process will not be noticed");
    }
}

/// On macOS Tauri passes it on (`on_web_content_process_terminate`).
#[cfg(target_os = "macos")]
pub(super) fn watch(_: &tauri::WebviewWindow) {}

/// WebView2 tells only who calls it without the compiler's checks. So the page is
/// asked for a sign of life when it has been silent for long.
#[cfg(target_os = "windows")]
pub(super) fn watch(window: &tauri::WebviewWindow) {
    let app = window.app_handle().clone();
    tauri::async_runtime::spawn(async move {
        let mut unanswered = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let is_silent = app.state::<Shell>().attention.silent() >= SILENCE;
            unanswered = match is_silent && !lives(&app).await {
                true => unanswered + 1,
                false => 0,
            };
            // Once may be a computer that has just woken.
            if unanswered == 2 {
                unanswered = 0;
                page_ended(&app);
            }
        }
    });
}

/// How often is looked.
#[cfg(target_os = "windows")]
const LOOK: Duration = Duration::from_secs(30);
/// A page that lives speaks each half minute; hidden for long, each minute.
#[cfg(target_os = "windows")]
const SILENCE: Duration = Duration::from_secs(150);
/// Longest wait for an answer.
#[cfg(target_os = "windows")]
const ANSWER: Duration = Duration::from_secs(20);

/// Whether the page still computes. The end of its process is answered, too, but not
/// with a result.
#[cfg(target_os = "windows")]
async fn lives(app: &AppHandle) -> bool {
    let (done, answer) = tokio::sync::oneshot::channel();
    let done = Mutex::new(Some(done));
    let asked = main(app).is_some_and(|window| {
        let callback = move |result: String| {
            let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(done) = done {
                done.send(result == "42").ok();
            }
        };
        window.eval_with_callback("6 * 7", callback).is_ok()
    });
    asked && matches!(tokio::time::timeout(ANSWER, answer).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u03_a_page_that_ends_is_loaded_again_and_not_without_end() {
        let revivals = Revivals::default();
        let second = 1_000;
        for n in 0..3 {
            assert_eq!(revivals.next(n * second), Duration::ZERO);
        }
        assert_eq!(revivals.next(3 * second), PAUSE);
        assert_eq!(revivals.next(59 * second), PAUSE);
        assert_eq!(revivals.next(60 * second), Duration::ZERO, "a minute later");
        assert_eq!(revivals.next(60 * second), PAUSE);
        assert_eq!(revivals.next(-second), PAUSE, "set back");
    }
}
