//! What the window can ask of the shell. Each command is one line of
//! translation: no decision about chats is made here.

use engine::api::{ApiError, ErrorCode, Request, Response};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::contract::{EmbeddedServerView, InviteView, NewTeam, Settings, ShellEvent, ShellInfo};
use crate::embedded_server::DEFAULT_PORT;
use crate::state::Shell;
use crate::window;

/// Every request to the engine.
#[tauri::command]
pub(crate) async fn engine_request(
    shell: State<'_, Shell>,
    request: Request,
) -> Result<Response, ApiError> {
    shell.engine()?.handle(request).await
}

/// The window listens.
#[tauri::command]
pub(crate) fn subscribe(shell: State<'_, Shell>, channel: Channel<ShellEvent>) {
    shell.events.subscribe(channel);
}

/// What the window needs at its start.
#[tauri::command]
pub(crate) fn shell_info(shell: State<'_, Shell>) -> ShellInfo {
    ShellInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: std::env::consts::OS.to_owned(),
        system_locale: sys_locale::get_locale().unwrap_or_else(|| "en".to_owned()),
        home: shell.paths.home().display().to_string(),
        default_port: DEFAULT_PORT,
        start_link: shell.events.take_link(),
        settings: shell.settings.get(),
        fatal: shell.engine().err(),
    }
}

/// Keeps the settings.
#[tauri::command]
pub(crate) fn settings_set(
    app: AppHandle,
    shell: State<'_, Shell>,
    settings: Settings,
) -> Result<(), ApiError> {
    window::apply_theme(&app, settings.theme);
    shell
        .settings
        .set(settings)
        .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))
}

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

/// The first frame with content is on the screen.
#[tauri::command]
pub(crate) fn painted(shell: State<'_, Shell>) {
    shell.painted();
}

/// Brings the window to the front.
#[tauri::command]
pub(crate) fn show_window(app: AppHandle) {
    window::raise(&app);
}

/// Ends the app in good order.
#[tauri::command]
pub(crate) fn quit(app: AppHandle) {
    app.exit(0);
}
