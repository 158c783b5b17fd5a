//! The one window.

use tauri::webview::Color;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::contract::Theme;
use crate::paths::Paths;

const LABEL: &str = "main";

/// Opens the window in the colours that the page will have, so that nothing
/// flashes, with its data inside the profile.
///
/// # Errors
/// As Tauri.
pub(crate) fn open(app: &AppHandle, paths: &Paths, theme: Theme) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Startalk")
        .inner_size(1080.0, 720.0)
        .min_inner_size(640.0, 480.0)
        .center()
        .data_directory(paths.webview())
        .theme(tauri_theme(theme))
        .background_color(match theme {
            Theme::Dark => Color(16, 23, 26, 255),
            _ => Color(239, 243, 243, 255),
        })
        .disable_drag_drop_handler()
        .build()?;
    Ok(window)
}

/// Brings the window to the front.
pub(crate) fn raise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let raised = window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(%error, "window not raised");
        }
    }
}

/// Whether the user looks at the window.
pub(crate) fn is_focused(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Colours of the window frame where the system draws it.
pub(crate) fn apply_theme(app: &AppHandle, theme: Theme) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.set_theme(tauri_theme(theme))
    {
        tracing::debug!(%error, "theme of the window frame not changed");
    }
}

fn tauri_theme(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}
