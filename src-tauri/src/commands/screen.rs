//! The screen and the clipboard, as pictures.

use std::time::Duration;

use engine::api::{ApiError, ErrorCode};
use tauri::ipc::{self, InvokeBody};
use tauri::{AppHandle, State};

use crate::screen;
use crate::state::Shell;
use crate::window;

/// Until a desktop that fades windows out has done so.
const FADE: Duration = Duration::from_millis(300);

/// Takes a picture of the screens without our own window; gives a PNG file, or no bytes
/// if the user changed their mind.
#[tauri::command]
pub(crate) async fn screen_capture(
    app: AppHandle,
    shell: State<'_, Shell>,
) -> Result<ipc::Response, ApiError> {
    // Behind the curtain nothing is done.
    shell.open_engine()?;
    window::step_aside(&app);
    tokio::time::sleep(FADE).await;
    let taken = screen::capture(&app).await;
    window::raise(&app);
    Ok(ipc::Response::new(taken?.unwrap_or_default()))
}

/// Puts a picture onto the clipboard: a PNG file, which is the body.
#[tauri::command]
pub(crate) async fn picture_copy(
    app: AppHandle,
    shell: State<'_, Shell>,
    request: ipc::Request<'_>,
) -> Result<(), ApiError> {
    shell.open_engine()?;
    match request.body() {
        InvokeBody::Raw(png) if png.len() <= screen::MAX_BYTES => {
            screen::copy(&app, png.clone()).await
        }
        _ => Err(ApiError::new(ErrorCode::NotSupported).detail("no picture of a usual size")),
    }
}
