//! The keys that show or hide the window from anywhere. Wayland gives none away;
//! there the desktop's own settings can start the program, which does the same.

use tauri::AppHandle;
use tauri_plugin_global_shortcut::{GlobalShortcutExt, Shortcut, ShortcutState};

use crate::contract::{DesktopSettings, SettingProblem};
use crate::window;

/// Longest name of keys that is looked at.
const MAX_BYTES: usize = 64;

/// Takes the keys that the settings say, and gives back those of before.
///
/// # Errors
/// [`SettingProblem::ShortcutNotAvailable`].
pub(crate) fn apply(app: &AppHandle, settings: &DesktopSettings) -> Result<(), SettingProblem> {
    let shortcuts = app.global_shortcut();
    if let Err(error) = shortcuts.unregister_all() {
        tracing::info!(%error, "old shortcut not given back");
    }
    let Some(keys) = &settings.show_shortcut else {
        return Ok(());
    };
    let shortcut = parse(keys).ok_or(SettingProblem::ShortcutNotAvailable)?;
    let taken = shortcuts.on_shortcut(shortcut, |app, _, event| {
        if event.state == ShortcutState::Pressed {
            window::toggle(app);
        }
    });
    taken.map_err(|error| {
        tracing::info!(%error, "shortcut not taken");
        SettingProblem::ShortcutNotAvailable
    })
}

/// Keys with at least one modifier other than Shift: a letter alone would be taken
/// from every program.
fn parse(keys: &str) -> Option<Shortcut> {
    if keys.len() > MAX_BYTES {
        return None;
    }
    let shortcut: Shortcut = keys.parse().ok()?;
    let modifiers = shortcut.mods;
    use tauri_plugin_global_shortcut::Modifiers;
    modifiers
        .intersects(Modifiers::CONTROL | Modifiers::ALT | Modifiers::SUPER)
        .then_some(shortcut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_has_a_modifier_and_a_key() {
        let default = DesktopSettings::default().show_shortcut.unwrap();
        assert!(parse(&default).is_some());
        assert!(parse("CommandOrControl+Shift+F12").is_some());
        for keys in [
            "",
            "A",
            "Shift+A",
            "Ctrl",
            "Ctrl+Alt",
            "Ctrl+不",
            &"Ctrl+".repeat(40),
        ] {
            assert!(parse(keys).is_none(), "{keys}");
        }
    }
}
