//! What the window can ask of the shell. Each command is one line of
//! translation: no decision about chats is made here.
//!
//! A command exists for the window only if `build.rs` and the capability name it.

pub(crate) mod desktop;
pub(crate) mod drag;
pub(crate) mod files;
pub(crate) mod pasted;
pub(crate) mod screen;
pub(crate) mod server;
pub(crate) mod updates;

use std::sync::atomic::Ordering;

use engine::api::{ApiError, ErrorCode, Request, Response};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

use crate::contract::{LockView, SettingProblem, Settings, ShellEvent, ShellInfo};
use crate::embedded_server::DEFAULT_PORT;
use crate::lock::LockError;
use crate::state::Shell;
use crate::{clock, shortcut, start_at_login, system_sign_in, texts, window};

/// Every request to the engine; none while the window is locked.
#[tauri::command]
pub(crate) async fn engine_request(
    shell: State<'_, Shell>,
    request: Request,
) -> Result<Response, ApiError> {
    let engine = shell.open_engine()?;
    shell.asked.check_request(&request)?;
    engine.handle(request).await
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
        tray: shell.tray.is_there(),
        read_aloud: shell.read_aloud.load(Ordering::Relaxed),
        lock: shell.lock.view(),
        fatal: shell.engine().err(),
    }
}

/// Keeps the settings and carries them out; gives what could not be.
#[tauri::command]
pub(crate) async fn settings_set(
    app: AppHandle,
    shell: State<'_, Shell>,
    settings: Settings,
) -> Result<Vec<SettingProblem>, ApiError> {
    let before = shell.settings.get();
    let mut problems = Vec::new();
    if let Err(error) = shell.settings.set(settings.clone()) {
        tracing::warn!(%error, "settings not written");
        problems.push(SettingProblem::NotWritten);
    }
    window::apply_theme(&app, settings.theme);
    if before.desktop.show_shortcut != settings.desktop.show_shortcut {
        problems.extend(shortcut::apply(&app, &settings.desktop).err());
    }
    if before.desktop.start_at_login != settings.desktop.start_at_login {
        problems.extend(start_at_login::apply(&app, settings.desktop.start_at_login).err());
    }
    shell.tray.changed();
    Ok(problems)
}

/// Locks the window, and says so to it.
///
/// # Errors
/// [`LockError::NoSecret`].
pub(crate) fn lock_now(app: &AppHandle) -> Result<(), LockError> {
    let shell = app.state::<Shell>();
    shell.lock.lock()?;
    say_lock(&shell);
    shell.notifier(app).locked();
    Ok(())
}

fn say_lock(shell: &Shell) {
    let lock = shell.lock.view();
    shell.events.send(ShellEvent::LockChanged { lock });
    shell.tray.changed();
}

/// Locks the window.
#[tauri::command]
pub(crate) fn lock_window(app: AppHandle) -> Result<(), ApiError> {
    lock_now(&app).map_err(|error| lock_error(&error))
}

/// Opens the window again.
#[tauri::command]
pub(crate) async fn lock_open(app: AppHandle, secret: String) -> Result<(), ApiError> {
    change_lock(app, move |shell| {
        shell.lock.unlock(&secret, clock::now_ms())
    })
    .await
}

/// Chooses the secret of the lock, or takes it away with `None`.
#[tauri::command]
pub(crate) async fn lock_choose(
    app: AppHandle,
    old: Option<String>,
    new: Option<String>,
) -> Result<(), ApiError> {
    change_lock(app, move |shell| {
        shell
            .lock
            .choose(old.as_deref(), new.as_deref(), clock::now_ms())
    })
    .await
}

/// Opens the window again by the sign-in of the system.
#[tauri::command]
pub(crate) async fn lock_open_by_system(app: AppHandle) -> Result<(), ApiError> {
    let shell = app.state::<Shell>();
    let ask = system_sign_in::ask(texts::is_chinese(&shell.settings.get()));
    let opened = shell.lock.open_by_system(ask).await;
    say_lock(&shell);
    opened.map_err(|error| lock_error(&error))
}

/// Lets the sign-in of the system open the window, too, or no longer.
#[tauri::command]
pub(crate) async fn lock_let_system(app: AppHandle, open_it: bool) -> Result<(), ApiError> {
    change_lock(app, move |shell| shell.lock.let_system(open_it)).await
}

/// Looks whether the system can be asked who is there.
pub(crate) async fn look_for_system_sign_in(app: AppHandle) {
    if system_sign_in::is_there().await {
        let shell = app.state::<Shell>();
        shell.lock.system_is_there();
        say_lock(&shell);
    }
}

/// How the lock is.
#[tauri::command]
pub(crate) fn lock_view(shell: State<'_, Shell>) -> LockView {
    shell.lock.view()
}

/// Hashing takes a moment of the processor.
async fn change_lock(
    app: AppHandle,
    change: impl FnOnce(&Shell) -> Result<(), LockError> + Send + 'static,
) -> Result<(), ApiError> {
    tokio::task::spawn_blocking(move || {
        let shell = app.state::<Shell>();
        let changed = change(&shell);
        say_lock(&shell);
        changed.map_err(|error| lock_error(&error))
    })
    .await
    .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?
}

fn lock_error(error: &LockError) -> ApiError {
    let code = match error {
        LockError::NoSecret => ErrorCode::NotFound,
        LockError::Unfit => ErrorCode::PasswordTooWeak,
        LockError::Wrong => ErrorCode::WrongPassword,
        LockError::TooSoon => ErrorCode::ServerBusy,
        LockError::Refused => ErrorCode::NotAllowed,
        LockError::Unable => ErrorCode::NotSupported,
        LockError::NotWritten(_) => ErrorCode::ProfileFolder,
    };
    ApiError::new(code).detail(error)
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
