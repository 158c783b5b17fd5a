//! Attention and links.

use engine::api::{ApiError, ErrorCode};
use tauri::{AppHandle, State};

use crate::contract::WindowAttention;
use crate::external::{self, Destination};
use crate::state::Shell;
use crate::{session, window};

/// The window says that it is there, and what it shows. Gives whether somebody is there
/// to see it.
#[tauri::command]
pub(crate) async fn attend(
    shell: State<'_, Shell>,
    attention: WindowAttention,
) -> Result<bool, ApiError> {
    Ok(session::attend(&shell, attention).await)
}

/// Has a screen reader say something that came by itself.
#[tauri::command]
pub(crate) fn announce(app: AppHandle, text: String) {
    window::announce(&app, &text);
}

/// Size of the page in per cent of the usual.
#[tauri::command]
pub(crate) fn zoom_set(app: AppHandle, percent: u16) {
    window::set_zoom(&app, percent);
}

/// Opens a link of a message after a check: outside, or as an event in the window.
#[tauri::command]
pub(crate) async fn open_link(shell: State<'_, Shell>, link: String) -> Result<(), ApiError> {
    match external::judge(&link) {
        Some(Destination::Inside(view)) => {
            shell.events.open_link(view);
            Ok(())
        }
        // The address may be private: it goes to no log.
        Some(Destination::Outside(url)) => {
            let opened = tokio::task::spawn_blocking(move || opener::open(url)).await;
            match opened {
                Ok(Ok(())) => Ok(()),
                _ => {
                    Err(ApiError::new(ErrorCode::NotSupported).detail("nothing opens such a link"))
                }
            }
        }
        None => Err(ApiError::new(ErrorCode::NotAllowed).detail("no such links are opened")),
    }
}
