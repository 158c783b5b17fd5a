//! Files are dragged out of the window in two steps, because the first takes a
//! moment, in which the button may be released.

use std::io;

use engine::api::{ApiError, ErrorCode, SaveTo};
use tauri::{AppHandle, State};

use super::files::write;
use crate::drag_out;
use crate::state::Shell;

/// Lays a file ready that is on this device.
///
/// # Errors
/// [`ErrorCode::NotAllowed`] if it is too large; [`ErrorCode::FileNotWritten`].
#[tauri::command]
pub(crate) async fn file_drag_ready(
    shell: State<'_, Shell>,
    account: String,
    message: i64,
    index: u32,
) -> Result<(), ApiError> {
    let engine = shell.open_engine()?;
    let key = (account, message, index);
    if shell.dragged.of(&key).is_some() {
        return Ok(());
    }
    // What is not here fails here: no drag waits for a network.
    let bytes = engine.read_file(&key.0, message, index, 0, 1).await?.total;
    let folder = shell.dragged.make_room(bytes).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::FileTooLarge => ErrorCode::NotAllowed,
            _ => ErrorCode::FileNotWritten,
        };
        ApiError::new(code).detail(error)
    })?;
    let path = folder.to_str().map(str::to_owned);
    let path = path.ok_or(ErrorCode::FileNotWritten)?;
    match write(&shell, &key, SaveTo::Folder { path }).await {
        Ok(file) => {
            shell.dragged.keep(key, folder, file, bytes);
            Ok(())
        }
        Err(error) => {
            drop(std::fs::remove_dir_all(folder));
            Err(error)
        }
    }
}

/// Hands such a file to the pointer, whose button is held; returns when it was
/// dropped or let go.
///
/// # Errors
/// [`ErrorCode::NotFound`] if it does not lie ready; [`ErrorCode::NotSupported`] if the
/// desktop does not do that.
#[tauri::command]
pub(crate) async fn file_drag(
    app: AppHandle,
    shell: State<'_, Shell>,
    account: String,
    message: i64,
    index: u32,
) -> Result<(), ApiError> {
    shell.open_engine()?;
    let file = shell.dragged.of(&(account, message, index));
    let file = file.ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not laid ready"))?;
    drag_out::drag(&app, file).await
}
