//! New versions of the program.

use engine::api::ApiError;
use tauri::{AppHandle, State};

use crate::contract::UpdateView;
use crate::state::Shell;
use crate::updates;

/// What is known of new versions.
#[tauri::command]
pub(crate) fn update_view(shell: State<'_, Shell>) -> UpdateView {
    shell.updates.view()
}

/// Looks for one now; an event tells what came of it.
#[tauri::command]
pub(crate) fn update_look(shell: State<'_, Shell>) {
    shell.updates.look();
}

/// Installs the one that is ready, and starts it.
#[tauri::command]
pub(crate) async fn update_install(app: AppHandle) -> Result<(), ApiError> {
    updates::install(&app).await
}
