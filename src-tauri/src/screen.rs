//! Pictures of the screen, and pictures for the clipboard.
//!
//! Linux: on X11 the screens are read directly, on Wayland through the portal of the
//! desktop, which asks the user. macOS: the system's own tool, which lets the user
//! choose a region. Windows: the system's tool is opened; what it took is pasted.

#[cfg(target_os = "linux")]
mod gtk;
#[cfg(target_os = "linux")]
mod portal;

use engine::api::{ApiError, ErrorCode};
use tauri::AppHandle;

/// Largest picture, in bytes: several screens of the largest kind.
pub(crate) const MAX_BYTES: usize = 128 << 20;

pub(crate) fn unable(detail: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::NotSupported).detail(detail)
}

/// What the screens show, as a PNG file; `None` if the user changed their mind. Our
/// own window is out of the way already.
///
/// # Errors
/// [`ErrorCode::NotSupported`] where the window cannot have it.
#[cfg(target_os = "linux")]
pub(crate) async fn capture(app: &AppHandle) -> Result<Option<Vec<u8>>, ApiError> {
    if std::env::var_os("WAYLAND_DISPLAY").is_none() && std::env::var_os("DISPLAY").is_some() {
        return gtk::capture(app).await.map(Some);
    }
    let taken = async {
        let connection = zbus::Connection::session().await?;
        portal::ask(&connection).await
    };
    let Some(file) = taken.await.map_err(unable)? else {
        return Ok(None);
    };
    let read = tokio::task::spawn_blocking(move || portal::take(&file)).await;
    read.map_err(unable)?.map(Some).map_err(unable)
}

/// See above.
#[cfg(target_os = "macos")]
pub(crate) async fn capture(app: &AppHandle) -> Result<Option<Vec<u8>>, ApiError> {
    use tauri::Manager;

    let folder = app.path().app_cache_dir().map_err(unable)?;
    let taken = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("screen.png");
        // Interactive, without a sound; the file is only there if something was chosen.
        std::process::Command::new("/usr/sbin/screencapture")
            .args(["-i", "-x", "-t", "png"])
            .arg(&file)
            .status()?;
        match std::fs::read(&file) {
            Ok(bytes) => std::fs::remove_file(&file).map(|()| Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    });
    taken.await.map_err(unable)?.map_err(unable)
}

/// See above.
#[cfg(target_os = "windows")]
pub(crate) async fn capture(_app: &AppHandle) -> Result<Option<Vec<u8>>, ApiError> {
    // What is taken goes to the clipboard, from where it is pasted.
    drop(tokio::task::spawn_blocking(|| opener::open("ms-screenclip:")).await);
    Err(unable("the system's tool has it"))
}

/// The files that another program has put onto the clipboard.
///
/// # Errors
/// [`ErrorCode::NotSupported`] where the page has them by itself.
#[cfg(target_os = "linux")]
pub(crate) async fn files(app: &AppHandle) -> Result<Vec<std::path::PathBuf>, ApiError> {
    gtk::files(app).await
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn files(_app: &AppHandle) -> Result<Vec<std::path::PathBuf>, ApiError> {
    Err(unable("the page has them"))
}

/// Puts a PNG file onto the clipboard as a picture.
///
/// # Errors
/// [`ErrorCode::NotSupported`] if it is no picture, or where the page can do that
/// by itself.
#[cfg(target_os = "linux")]
pub(crate) async fn copy(app: &AppHandle, png: Vec<u8>) -> Result<(), ApiError> {
    gtk::copy(app, png).await
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn copy(_app: &AppHandle, _png: Vec<u8>) -> Result<(), ApiError> {
    Err(unable("the page does it"))
}
