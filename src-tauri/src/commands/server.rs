//! The built-in server.

use engine::api::ApiError;
use tauri::State;

use crate::contract::{EmbeddedServerView, InviteView, NewTeam, TeamSignIn};
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

/// Back to the team whose server is on this computer; gives the id of the account.
#[tauri::command]
pub(crate) async fn server_sign_in(
    shell: State<'_, Shell>,
    sign_in: TeamSignIn,
) -> Result<String, ApiError> {
    shell.server.sign_in(shell.engine()?, sign_in).await
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
