//! The built-in server.

use engine::api::ApiError;
use tauri::State;

use crate::contract::{EmbeddedServerView, InviteView, NewTeam};
use crate::state::Shell;

/// How the built-in server is.
#[tauri::command]
pub(crate) fn server_status(shell: State<'_, Shell>) -> EmbeddedServerView {
    shell.server.watch().borrow().clone()
}

/// First run of the built-in server; gives the id of the first account.
#[tauri::command]
pub(crate) async fn server_create(
    shell: State<'_, Shell>,
    team: NewTeam,
) -> Result<String, ApiError> {
    shell.server.create(shell.engine()?, team).await
}

/// Starts the built-in server again.
#[tauri::command]
pub(crate) async fn server_start(shell: State<'_, Shell>) -> Result<(), ApiError> {
    shell.server.start(shell.engine()?).await
}

/// Stops the built-in server.
#[tauri::command]
pub(crate) async fn server_stop(shell: State<'_, Shell>) -> Result<(), ApiError> {
    shell.server.stop().await
}

/// A link and QR code for colleagues.
#[tauri::command]
pub(crate) async fn server_invite(shell: State<'_, Shell>) -> Result<InviteView, ApiError> {
    shell.server.invite(shell.engine()?).await
}
