//! Whether the program starts when the user signs in to the computer.

use tauri::AppHandle;
use tauri::plugin::TauriPlugin;
use tauri_plugin_autostart::ManagerExt;

use crate::args::Args;
use crate::contract::SettingProblem;

/// The plugin, with the arguments that the program is started with: without its
/// window, on the home of now.
pub(crate) fn plugin(args: &Args) -> TauriPlugin<tauri::Wry> {
    let mut builder = tauri_plugin_autostart::Builder::new().arg("--hidden");
    if let Some(home) = &args.home {
        builder = builder.arg("--home").arg(home.display().to_string());
    }
    builder.build()
}

/// Does as the settings say.
///
/// # Errors
/// [`SettingProblem::StartAtLoginFailed`].
pub(crate) fn apply(app: &AppHandle, wanted: bool) -> Result<(), SettingProblem> {
    let manager = app.autolaunch();
    let done = if wanted {
        manager.enable()
    } else {
        manager.disable()
    };
    done.map_err(|error| {
        tracing::warn!(%error, "start at sign-in not changed");
        SettingProblem::StartAtLoginFailed
    })
}
