//! The one window.

mod announce;
mod focus;
mod garbage;
mod place;
mod revive;
mod spelling;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tauri::webview::{Color, PermissionKind, PermissionResponse};
use tauri::{
    AppHandle, Manager, Monitor, PhysicalPosition, PhysicalSize, UserAttentionType, WebviewUrl,
    WebviewWindow, WebviewWindowBuilder, WindowEvent,
};

use crate::contract::Theme;
use crate::state::Shell;
use crate::{clock, paths};
pub(crate) use announce::announce;
pub(crate) use focus::Focus;
pub(crate) use garbage::collect_often;
use place::{Area, FIRST_SIZE, Place, Places, first_size, in_the_middle};
pub(crate) use revive::Revivals;
#[cfg(target_os = "macos")]
pub(crate) use revive::page_ended;

const LABEL: &str = "main";
/// The canvas of the page (`ui/src/styles/tokens.css`).
const LIGHT: Color = Color(0xFF, 0xFF, 0xFF, 255);
const DARK: Color = Color(0x15, 0x1C, 0x1F, 255);

/// The window, once it is there.
pub(crate) fn main(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(LABEL)
}

/// Where the window was, and the file that says so.
#[derive(Debug)]
pub(crate) struct PlaceFile {
    path: PathBuf,
    places: Mutex<Places>,
}

impl PlaceFile {
    pub(crate) fn open(path: PathBuf) -> Self {
        let places = Mutex::new(paths::read_json(&path));
        Self { path, places }
    }

    fn places(&self) -> std::sync::MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps where the window is now.
    pub(crate) fn keep(&self, window: &WebviewWindow) {
        let Some((screens, place)) = current(window) else {
            return;
        };
        let mut places = self.places();
        let before = places.clone();
        places.remember(&screens, place);
        if *places == before {
            return;
        }
        let written = serde_json::to_vec(&*places)
            .map_err(std::io::Error::other)
            .and_then(|bytes| paths::write_atomically(&self.path, &bytes));
        if let Err(error) = written {
            tracing::warn!(%error, "the place of the window is not kept");
        }
    }
}

/// Opens the window where it was and in the colours that the page will have, so
/// that nothing flashes, with its data inside the profile.
///
/// # Errors
/// As Tauri.
pub(crate) fn open(app: &AppHandle, theme: Theme, hidden: bool) -> tauri::Result<WebviewWindow> {
    let shell = app.state::<Shell>();
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Startalk")
        .inner_size(FIRST_SIZE.0, FIRST_SIZE.1)
        // Half of the smallest screen there is: it is shown at 200 %, too.
        .min_inner_size(640.0, 360.0)
        .center()
        .visible(false)
        .data_directory(shell.paths.webview())
        .theme(tauri_theme(theme))
        .background_color(if theme == Theme::Dark { DARK } else { LIGHT })
        .initialization_script(first_colours(theme))
        // Nothing but our own page is ever shown in the window.
        .on_navigation(is_our_page)
        .on_permission_request(|_, kind| permission(kind))
        .disable_drag_drop_handler()
        .build()?;
    if theme == Theme::System
        && let Ok(tauri::Theme::Dark) = window.theme()
    {
        window.set_background_color(Some(DARK))?;
    }
    spelling::allow(&window);
    revive::watch(&window);
    restore(&window)?;
    if !hidden {
        window.show()?;
    }
    Ok(window)
}

/// Puts the window where it was.
fn restore(window: &WebviewWindow) -> tauri::Result<()> {
    let shell = window.state::<Shell>();
    let place = shell.place.places().choose(&screens(window));
    if let Some(Place { area, maximized }) = place {
        window.set_size(PhysicalSize::new(area.width, area.height))?;
        window.set_position(PhysicalPosition::new(area.x, area.y))?;
        // The screen that it is on now may have another scale, by which the system has
        // just resized it.
        window.set_size(PhysicalSize::new(area.width, area.height))?;
        if maximized {
            window.maximize()?;
        }
    } else if let Some(screen) = window.primary_monitor()?
        && let Some((width, height)) = first_size(
            screen.scale_factor(),
            screen.size().width,
            screen.size().height,
        )
    {
        window.set_size(PhysicalSize::new(width, height))?;
        window.center()?;
    }
    Ok(())
}

/// Gives the page its theme before its own code runs: what it draws first is in
/// the right colours already.
fn first_colours(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "",
        Theme::Light => "document.documentElement.dataset.theme = 'light'",
        Theme::Dark => "document.documentElement.dataset.theme = 'dark'",
    }
}

/// What the web view may do beyond showing the page. The microphone is asked for when
/// its button is pressed, and systems that have a say in it ask besides; WebKitGTK
/// refuses what nobody allows.
fn permission(kind: PermissionKind) -> PermissionResponse {
    match kind {
        PermissionKind::Microphone => PermissionResponse::Allow,
        PermissionKind::ClipboardRead => PermissionResponse::Default,
        _ => PermissionResponse::Deny,
    }
}

fn is_our_page(url: &url::Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => {
            url.host_str() == Some("tauri.localhost")
                || (cfg!(dev) && url.host_str() == Some("localhost"))
        }
        "about" => url.as_str() == "about:blank",
        _ => false,
    }
}

/// Where the window is, and on which screens; none while it is not to be seen.
fn current(window: &WebviewWindow) -> Option<(Vec<Area>, Place)> {
    let is_shown = window.is_visible().ok()? && !window.is_minimized().ok()?;
    if !is_shown || window.is_fullscreen().ok()? {
        return None;
    }
    let screens = screens(window);
    if window.is_maximized().ok()? {
        // The place to which it goes back was kept before, unless it was maximized at once.
        let shell = window.state::<Shell>();
        let known = shell.place.places().choose(&screens);
        let area = match known {
            Some(known) => known.area,
            None => new_on_its_screen(window)?,
        };
        let maximized = true;
        return Some((screens, Place { area, maximized }));
    }
    let (corner, size) = (window.outer_position().ok()?, window.inner_size().ok()?);
    let area = Area {
        x: corner.x,
        y: corner.y,
        width: size.width,
        height: size.height,
    };
    let maximized = false;
    Some((screens, Place { area, maximized }))
}

/// Where a window would be that is new on the screen of this one.
fn new_on_its_screen(window: &WebviewWindow) -> Option<Area> {
    let monitor = window.current_monitor().ok()??;
    Some(in_the_middle(area(&monitor), monitor.scale_factor()))
}

fn screens(window: &WebviewWindow) -> Vec<Area> {
    let monitors = window.available_monitors().unwrap_or_default();
    monitors.iter().map(area).collect()
}

fn area(monitor: &Monitor) -> Area {
    Area {
        x: monitor.position().x,
        y: monitor.position().y,
        width: monitor.size().width,
        height: monitor.size().height,
    }
}

/// What happens to the window.
pub(crate) fn happened(app: &AppHandle, event: &WindowEvent) {
    let shell = app.state::<Shell>();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            if let Some(window) = main(app) {
                shell.place.keep(&window);
                if shell.settings.get().desktop.close_to_tray {
                    api.prevent_close();
                    hide(&window);
                    shell.notifier(app).hidden();
                }
            }
        }
        WindowEvent::Focused(true) => shell.notifier(app).focused(),
        WindowEvent::Focused(false) => {
            shell.focus.lost(clock::now_ms());
            keep_place(app);
        }
        _ => {}
    }
}

/// Keeps where the window is. It is enough to do so whenever the user turns to
/// something else, and at the end.
pub(crate) fn keep_place(app: &AppHandle) {
    if let Some(window) = main(app) {
        app.state::<Shell>().place.keep(&window);
    }
}

fn hide(window: &WebviewWindow) {
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "window not hidden");
    }
}

/// Hides the window for a moment; [`raise`] brings it back.
pub(crate) fn step_aside(app: &AppHandle) {
    keep_place(app);
    if let Some(window) = main(app) {
        hide(&window);
    }
}

/// Brings the window to the front.
pub(crate) fn raise(app: &AppHandle) {
    if let Some(window) = main(app) {
        let was_hidden = !window.is_visible().unwrap_or(true);
        let raised = window
            .unminimize()
            .and_then(|()| window.show())
            // A window that comes back is a new one to some window managers.
            .and_then(|()| if was_hidden { restore(&window) } else { Ok(()) })
            .and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(%error, "window not raised");
        }
    }
}

/// Hides the window if somebody looks at it, else brings it to the front.
pub(crate) fn toggle(app: &AppHandle) {
    let Some(window) = main(app) else {
        return;
    };
    let looked_at = is_focused(app) || app.state::<Shell>().focus.was_here(clock::now_ms());
    if looked_at && window.is_visible().unwrap_or(false) {
        keep_place(app);
        hide(&window);
    } else {
        raise(app);
    }
}

/// Whether the user looks at the window.
pub(crate) fn is_focused(app: &AppHandle) -> bool {
    main(app).is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// The task bar shows that something has come in, until somebody looks.
pub(crate) fn flash(app: &AppHandle) {
    if let Some(window) = main(app)
        && let Err(error) = window.request_user_attention(Some(UserAttentionType::Informational))
    {
        tracing::debug!(%error, "no attention asked for");
    }
}

/// Shows how many messages wait; 0 takes the badge away.
#[cfg(not(target_os = "linux"))]
pub(crate) fn set_badge(app: &AppHandle, count: u32) {
    let Some(window) = main(app) else {
        return;
    };
    #[cfg(target_os = "windows")]
    let done = window.set_overlay_icon(if count > 0 {
        app.default_window_icon().map(|icon| {
            // The overlay is all dot: the icon itself is beside it.
            let empty = vec![0; icon.rgba().len()];
            let dot = crate::tray::badge::with_dot(&empty, icon.width(), icon.height());
            tauri::image::Image::new_owned(dot, icon.width(), icon.height())
        })
    } else {
        None
    });
    #[cfg(target_os = "macos")]
    let done = window.set_badge_count((count > 0).then_some(i64::from(count)));
    if let Err(error) = done {
        tracing::debug!(%error, "no badge");
    }
}

/// Smallest and largest page, in per cent.
const ZOOM: std::ops::RangeInclusive<u16> = 50..=300;

/// Size of the page in per cent of the usual.
pub(crate) fn set_zoom(app: &AppHandle, percent: u16) {
    let percent = percent.clamp(*ZOOM.start(), *ZOOM.end());
    if let Some(window) = main(app)
        && let Err(error) = window.set_zoom(f64::from(percent) / 100.0)
    {
        tracing::warn!(%error, "page not zoomed");
    }
}

/// Colours of the window frame where the system draws it.
pub(crate) fn apply_theme(app: &AppHandle, theme: Theme) {
    if let Some(window) = main(app)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u03_u08_the_first_colours_are_those_of_the_page() {
        let tokens = include_str!("../../ui/src/styles/tokens.css");
        for Color(r, g, b, _) in [LIGHT, DARK] {
            let canvas = format!("--canvas: #{r:02x}{g:02x}{b:02x};");
            assert!(tokens.contains(&canvas), "{canvas}");
        }
        assert!(first_colours(Theme::Dark).contains("'dark'"));
        assert_eq!(first_colours(Theme::System), "");
    }

    #[test]
    fn u56_the_microphone_is_given_and_nothing_else() {
        let given = |kind| permission(kind) == PermissionResponse::Allow;
        assert!(given(PermissionKind::Microphone));
        for kind in [
            PermissionKind::Camera,
            PermissionKind::DisplayCapture,
            PermissionKind::Geolocation,
            PermissionKind::Notifications,
        ] {
            assert!(permission(kind) == PermissionResponse::Deny, "{kind:?}");
        }
    }

    #[test]
    fn only_our_page_is_shown_in_the_window() {
        let shown = |url: &str| is_our_page(&url.parse().unwrap());
        assert!(shown("tauri://localhost/index.html") && shown("http://tauri.localhost/"));
        for url in [
            "https://example.com/",
            "https://tauri.localhost.example.com/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:srcdoc",
        ] {
            assert!(!shown(url), "{url}");
        }
    }
}
