//! What the user's session on the computer tells: whether somebody is there,
//! whether the screen is locked, sleep and networks.
//!
//! The engine itself notices sleep by its clocks and another network by its
//! addresses within seconds; what the system says comes at once.

#[cfg(target_os = "linux")]
mod assistive;
#[cfg(target_os = "linux")]
mod bus;

#[cfg(target_os = "linux")]
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::api::Request;
use tauri::{AppHandle, Manager};

use crate::clock;
#[cfg(target_os = "linux")]
use crate::contract::ShellEvent;
use crate::contract::WindowAttention;
use crate::state::Shell;

/// Shorter pauses are reading.
const IDLE_AFTER: Duration = Duration::from_secs(30);
/// Nobody looks at a window in front of which nobody sits.
const GONE_AFTER: Duration = Duration::from_secs(5 * 60);

/// How often is looked whether the window is to be locked.
const LOCK_TICK: Duration = Duration::from_secs(10);
/// Who looks that much later has slept with the computer.
const SLEPT_AFTER: Duration = Duration::from_secs(60);

/// What the window last said of itself.
#[derive(Debug)]
pub(crate) struct AttentionState(Mutex<Said>);

#[derive(Debug)]
struct Said {
    attention: WindowAttention,
    /// When.
    at: Instant,
    /// When somebody last looked at it, as far as it has said.
    seen: Instant,
}

impl Default for AttentionState {
    fn default() -> Self {
        let now = Instant::now();
        Self(Mutex::new(Said {
            attention: WindowAttention::default(),
            at: now,
            seen: now,
        }))
    }
}

impl AttentionState {
    pub(crate) fn get(&self) -> WindowAttention {
        self.said().attention.clone()
    }

    /// The page is gone: nobody reads anything in it.
    pub(crate) fn forget(&self) {
        self.said().attention = WindowAttention::default();
    }

    /// How long the page has said nothing.
    #[cfg(target_os = "windows")]
    pub(crate) fn silent(&self) -> Duration {
        self.said().at.elapsed()
    }

    /// How long nobody has looked at the window.
    fn unattended(&self) -> Duration {
        let said = self.said();
        if said.attention.active {
            Duration::ZERO
        } else {
            said.seen.elapsed()
        }
    }

    fn set(&self, attention: WindowAttention) {
        let mut said = self.said();
        said.at = Instant::now();
        if said.attention.active || attention.active {
            said.seen = said.at;
        }
        said.attention = attention;
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The window speaks: keeps it, and tells the engine. Not answering any more is
/// how a window that hangs is noticed, so nobody may speak in its place. Gives
/// whether somebody is there to see what it shows.
pub(crate) async fn attend(shell: &Shell, attention: WindowAttention) -> bool {
    let idle = idle_for().await;
    let locked = shell.lock.is_locked() || screen_is_locked().await;
    let (active, idle_since_ms) = presence(attention.active, idle, locked, clock::now_ms());
    shell.attention.set(attention);
    if let Ok(engine) = shell.engine() {
        let request = Request::Attention {
            active,
            idle_since_ms,
        };
        if let Err(error) = engine.handle(request).await {
            tracing::debug!(%error, "the engine does not know who is there");
        }
    }
    active
}

/// Whether somebody is there to see the window, if it is active, and whether the
/// screen is locked: asked now, for what the window last said may be half a minute old.
pub(crate) async fn is_there(shell: &Shell, window_active: bool) -> (bool, bool) {
    let idle = idle_for().await;
    let screen_locked = screen_is_locked().await;
    let locked = shell.lock.is_locked() || screen_locked;
    let (there, _) = presence(window_active, idle, locked, clock::now_ms());
    (there, screen_locked)
}

/// Whether somebody looks, and since when nobody uses the computer.
fn presence(
    window_active: bool,
    idle: Option<Duration>,
    locked: bool,
    now_ms: i64,
) -> (bool, Option<i64>) {
    let idle = idle.filter(|idle| *idle >= IDLE_AFTER);
    let is_gone = idle.is_some_and(|idle| idle >= GONE_AFTER);
    let since = idle.map(|idle| now_ms - i64::try_from(idle.as_millis()).unwrap_or(0));
    (window_active && !is_gone && !locked, since)
}

/// How long the computer was not used; `None` where that is not told.
pub(crate) async fn idle_for() -> Option<Duration> {
    let asked = tokio::task::spawn_blocking(|| system_idle_time::get_idle_time().ok());
    asked.await.ok().flatten()
}

/// Whether the screen is locked, as far as the system says.
pub(crate) async fn screen_is_locked() -> bool {
    #[cfg(target_os = "linux")]
    return bus::screen_is_locked().await;
    #[cfg(not(target_os = "linux"))]
    std::future::ready(false).await
}

/// Locks the window when nobody has used the computer for as long as the settings
/// say.
pub(crate) async fn lock_when_idle(app: AppHandle) {
    let mut last = (clock::now_ms(), Duration::ZERO);
    loop {
        tokio::time::sleep(LOCK_TICK).await;
        let shell = app.state::<Shell>();
        let now_ms = clock::now_ms();
        let lock = shell.lock.view();
        let minutes = shell.settings.get().desktop.lock_after_minutes;
        let Some(minutes) = minutes.filter(|_| lock.ready && !lock.locked) else {
            last = (now_ms, Duration::ZERO);
            continue;
        };
        // Where the system does not tell, nobody is there while nobody looks here.
        let idle = match idle_for().await {
            Some(idle) => idle,
            None => shell.attention.unattended(),
        };
        let unused = unused(last, now_ms, idle);
        last = (now_ms, idle);
        if unused >= Duration::from_secs(u64::from(minutes.max(1)) * 60)
            && let Err(error) = crate::commands::lock_now(&app)
        {
            tracing::warn!(%error, "window not locked");
        }
    }
}

/// How long nobody has used the computer, if it was idle for so long when it was looked at
/// last. Asleep it counts nothing, and the key that wakes it ends what it has counted.
fn unused((last_ms, before): (i64, Duration), now_ms: i64, idle: Duration) -> Duration {
    let passed = Duration::from_millis(u64::try_from(now_ms - last_ms).unwrap_or(0));
    match passed >= SLEPT_AFTER {
        true => idle.max(before + passed),
        false => idle,
    }
}

/// Passes on what the system says of sleep and networks, as long as it lives.
pub(crate) async fn watch(app: AppHandle) {
    #[cfg(target_os = "linux")]
    bus::watch(move || {
        let app = app.clone();
        tauri::async_runtime::spawn(async move { network_changed(&app).await });
    })
    .await;
    // Elsewhere what the engine notices by itself has to do.
    #[cfg(not(target_os = "linux"))]
    drop(app);
}

/// Tells the page whether a screen reader is there, as long as the system says so.
pub(crate) async fn watch_reader(app: AppHandle) {
    #[cfg(target_os = "linux")]
    assistive::watch(move |read_aloud| {
        let shell = app.state::<Shell>();
        shell.read_aloud.store(read_aloud, Ordering::Relaxed);
        shell
            .events
            .send(ShellEvent::ReadAloudChanged { read_aloud });
    })
    .await;
    // Elsewhere the web view tells a reader of all that changes.
    #[cfg(not(target_os = "linux"))]
    drop(app);
}

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nobody tells there")
)]
async fn network_changed(app: &AppHandle) {
    let shell = app.state::<Shell>();
    if let Ok(engine) = shell.engine()
        && let Err(error) = engine.handle(Request::NetworkChanged).await
    {
        tracing::debug!(%error, "connections were not looked after");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u29_somebody_is_there_if_the_window_and_the_computer_say_so() {
        let idle = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(presence(true, None, false, 10_000_000), (true, None));
        assert_eq!(presence(true, idle(29), false, 10_000_000), (true, None));
        assert_eq!(
            presence(true, idle(60), false, 10_000_000),
            (true, Some(9_940_000))
        );
        assert_eq!(
            presence(true, idle(300), false, 10_000_000),
            (false, Some(9_700_000))
        );
        assert_eq!(presence(false, idle(1), false, 0), (false, None));
        assert_eq!(presence(true, None, true, 0), (false, None), "locked");
    }

    #[test]
    fn u109_the_time_asleep_counts_for_the_lock() {
        let seconds = Duration::from_secs;
        // Ten seconds later, with and without a key in between.
        assert_eq!(unused((0, seconds(890)), 10_000, seconds(2)), seconds(2));
        assert_eq!(
            unused((0, seconds(890)), 10_000, seconds(900)),
            seconds(900)
        );
        // An hour later, woken by a key or by itself.
        let hour = 3_600_000;
        assert_eq!(unused((0, seconds(5)), hour, seconds(1)), seconds(3_605));
        assert_eq!(
            unused((0, seconds(5)), hour, seconds(7_200)),
            seconds(7_200)
        );
        // The clock was put back.
        assert_eq!(unused((hour, seconds(5)), 0, seconds(6)), seconds(6));
    }
}
