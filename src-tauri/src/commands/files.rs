//! Files of the user: chosen, saved, opened.

use std::path::{Path, PathBuf};

use engine::api::{ApiError, ErrorCode};
use tauri::{AppHandle, Manager, State};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

use crate::contract::{Opened, PickedFile};
use crate::files;
use crate::state::Shell;

/// At most so many are taken from one dialog.
const MAX_PICKED: usize = 100;

/// Asks the user for files to send; nothing if they changed their mind.
#[tauri::command]
pub(crate) async fn files_pick(app: AppHandle) -> Result<Vec<PickedFile>, ApiError> {
    let (done, chosen) = oneshot::channel();
    dialog(&app).pick_files(move |files| drop(done.send(files)));
    let chosen = chosen.await.ok().flatten().unwrap_or_default();
    let paths = chosen.into_iter().take(MAX_PICKED);
    Ok(paths
        .filter_map(|path| picked(&path.into_path().ok()?))
        .collect())
}

fn picked(path: &Path) -> Option<PickedFile> {
    let data = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(PickedFile {
        path: path.to_str()?.to_owned(),
        name: path.file_name()?.to_str()?.to_owned(),
        size: data.len(),
    })
}

/// Asks the user where a file is to go, such as an export; gives the path, or
/// nothing if they changed their mind.
#[tauri::command]
pub(crate) async fn file_ask_where(app: AppHandle, name: String) -> Option<String> {
    let path = ask_where(&app, &name).await?;
    path.to_str().map(str::to_owned)
}

async fn ask_where(app: &AppHandle, name: &str) -> Option<PathBuf> {
    let (done, chosen) = oneshot::channel::<Option<FilePath>>();
    dialog(app)
        .set_file_name(files::safe_name(name))
        .save_file(move |file| drop(done.send(file)));
    chosen.await.ok().flatten()?.into_path().ok()
}

fn dialog(app: &AppHandle) -> FileDialogBuilder<tauri::Wry> {
    let dialog = app.dialog().file();
    match app.get_webview_window("main") {
        Some(window) => dialog.set_parent(&window),
        None => dialog,
    }
}

/// Saves a received file where the user says; gives where, or nothing if they
/// changed their mind.
#[tauri::command]
pub(crate) async fn file_save_as(
    app: AppHandle,
    shell: State<'_, Shell>,
    source: String,
    name: String,
) -> Result<Option<String>, ApiError> {
    let source = received(&shell, &source)?;
    let Some(target) = ask_where(&app, &name).await else {
        return Ok(None);
    };
    let saved = target.clone();
    blocking(move || files::save_as(&source, &target)).await?;
    shell.saved.add(saved.clone());
    Ok(Some(saved.display().to_string()))
}

/// Saves a received file into the folder for downloads, under a name that is free
/// there; gives where.
#[tauri::command]
pub(crate) async fn file_save(
    app: AppHandle,
    shell: State<'_, Shell>,
    source: String,
    name: String,
) -> Result<String, ApiError> {
    let source = received(&shell, &source)?;
    let folder = app
        .path()
        .download_dir()
        .map_err(|error| ApiError::new(ErrorCode::FileNotWritten).detail(error))?;
    let saved = blocking(move || {
        std::fs::create_dir_all(&folder)?;
        files::save_into(&source, &folder, &name)
    })
    .await?;
    shell.saved.add(saved.clone());
    Ok(saved.display().to_string())
}

/// Opens a received or saved file if that can do no more than show it, else shows
/// it in its folder.
#[tauri::command]
pub(crate) async fn file_open(shell: State<'_, Shell>, path: String) -> Result<Opened, ApiError> {
    let file = Path::new(&path);
    let file = if shell.saved.has(file) {
        file.to_owned()
    } else {
        received(&shell, &path)?
    };
    let harmless = files::is_harmless(&file);
    let opened = tokio::task::spawn_blocking(move || {
        if harmless {
            opener::open(file)
        } else {
            opener::reveal(file)
        }
    })
    .await;
    match opened {
        Ok(Ok(())) if harmless => Ok(Opened::Opened),
        Ok(Ok(())) => Ok(Opened::ShownInFolder),
        _ => Err(ApiError::new(ErrorCode::NotSupported).detail("nothing opens such a file")),
    }
}

/// Shows a received or saved file in its folder.
#[tauri::command]
pub(crate) async fn file_show(shell: State<'_, Shell>, path: String) -> Result<(), ApiError> {
    let file = PathBuf::from(&path);
    let file = if shell.saved.has(&file) {
        file
    } else {
        received(&shell, &path)?
    };
    match tokio::task::spawn_blocking(move || opener::reveal(file)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(ApiError::new(ErrorCode::NotSupported).detail("no file manager")),
    }
}

/// A file of the profile: the page may name no other.
fn received(shell: &Shell, path: &str) -> Result<PathBuf, ApiError> {
    files::inside(&shell.paths.profile(), Path::new(path))
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("no file of this profile"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?
        .map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::StorageFull => ErrorCode::DiskFull,
                _ => ErrorCode::FileNotWritten,
            };
            ApiError::new(code).detail(error)
        })
}
