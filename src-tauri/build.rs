//! Checks the configuration and capabilities, and embeds the built UI.
//!
//! A command that is not named here, and in the capability of the window, is
//! refused by Tauri whoever asks.

use tauri_build::{AppManifest, Attributes};

const COMMANDS: &[&str] = &[
    "engine_request",
    "subscribe",
    "shell_info",
    "settings_set",
    "lock_window",
    "lock_open",
    "lock_open_by_system",
    "lock_choose",
    "lock_let_system",
    "lock_view",
    "painted",
    "show_window",
    "quit",
    "attend",
    "announce",
    "zoom_set",
    "open_link",
    "file_ask_where",
    "file_stage_begin",
    "file_stage_write",
    "file_stage_end",
    "file_info",
    "file_read",
    "file_save",
    "file_open",
    "file_show",
    "file_drag_ready",
    "file_drag",
    "pasted_files",
    "pasted_read",
    "screen_capture",
    "picture_copy",
    "server_status",
    "server_create",
    "server_sign_in",
    "server_start",
    "server_stop",
    "server_invite",
    "update_view",
    "update_look",
    "update_install",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(Attributes::new().app_manifest(manifest))?;
    Ok(())
}
