//! What comes by itself, told to who listens to the window instead of looking at it.
//!
//! A page marks such places as live regions (WAI-ARIA 1.2, section 6.7). WebView2 and
//! WKWebView pass them on. WebKitGTK passes on none (`AXObjectCacheAtspi.cpp` knows no
//! such notification), so there the page hands the words over, and they are shown as
//! those of a notification of the window, which screen readers say without being asked.

use tauri::AppHandle;

/// Characters that are said; more would not be listened to.
#[cfg(target_os = "linux")]
const LONGEST: usize = 500;
/// The reader asks for the words when it comes to them, and they are in nobody's way.
#[cfg(target_os = "linux")]
const KEPT: std::time::Duration = std::time::Duration::from_secs(20);

/// Has a screen reader say this, if there is one.
#[cfg(target_os = "linux")]
pub(crate) fn announce(app: &AppHandle, text: &str) {
    let text: String = text.chars().take(LONGEST).collect();
    let Some(window) = super::main(app) else {
        return;
    };
    let shown = window.clone();
    let said = window.run_on_main_thread(move || match shown.default_vbox() {
        Ok(place) => say(&place, &text),
        Err(error) => tracing::warn!(%error, "nothing can be announced"),
    });
    if let Err(error) = said {
        tracing::warn!(%error, "nothing can be announced");
    }
}

/// The label takes part in what is read, and in nothing that is seen.
#[cfg(target_os = "linux")]
fn say(place: &gtk::Box, text: &str) {
    use gtk::glib::translate::IntoGlib;
    use gtk::prelude::{AtkObjectExt, ContainerExt, WidgetExt};

    let label = gtk::Label::new(Some(text));
    label.set_no_show_all(true);
    place.add(&label);
    if let Some(accessible) = label.accessible() {
        accessible.set_role(gtk::atk::Role::Notification);
        let showing = gtk::atk::StateType::Showing.into_glib();
        accessible.notify_state_change(showing.unsigned_abs().into(), true);
    }
    let place = place.clone();
    gtk::glib::timeout_add_local_once(KEPT, move || place.remove(&label));
}

/// The web view says it by itself.
#[cfg(not(target_os = "linux"))]
pub(crate) fn announce(_: &AppHandle, _: &str) {}
