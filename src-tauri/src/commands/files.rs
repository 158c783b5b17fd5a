//! Files: handed over, read, saved, opened.

use std::path::{Path, PathBuf};

use engine::api::{ApiError, ErrorCode, FileRequest, Request, Response, SaveTo};
use tauri::ipc::{self, InvokeBody};
use tauri::{AppHandle, Manager, State};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

use crate::contract::{FileInfo, Opened};
use crate::files::{self, FileKey};
use crate::state::Shell;

/// Asks the user where a file is to go, such as an export; gives the path, or
/// nothing if they changed their mind.
#[tauri::command]
pub(crate) async fn file_ask_where(app: AppHandle, name: String) -> Option<String> {
    let (done, chosen) = oneshot::channel::<Option<FilePath>>();
    dialog(&app)
        .set_file_name(files::safe_name(&name))
        .save_file(move |file| drop(done.send(file)));
    let path = chosen.await.ok().flatten()?.into_path().ok()?;
    let text = path.to_str().map(str::to_owned)?;
    app.state::<Shell>().asked.add(path);
    Some(text)
}

fn dialog(app: &AppHandle) -> FileDialogBuilder<tauri::Wry> {
    let dialog = app.dialog().file();
    match app.get_webview_window("main") {
        Some(window) => dialog.set_parent(&window),
        None => dialog,
    }
}

/// Begins a file that lies nowhere on the disk, as what is pasted or dropped; gives
/// the number under which its parts follow.
#[tauri::command]
pub(crate) async fn file_stage_begin(
    shell: State<'_, Shell>,
    account: String,
) -> Result<u32, ApiError> {
    let file = shell.open_engine()?.stage_file(&account).await?;
    Ok(shell.staging.begin(file))
}

/// Adds bytes, which are the body; the number is in the header `stage`.
#[tauri::command]
pub(crate) async fn file_stage_write(
    shell: State<'_, Shell>,
    request: ipc::Request<'_>,
) -> Result<(), ApiError> {
    let unknown = || ApiError::new(ErrorCode::NotFound).detail("no such file is handed over");
    let number = request.headers().get("stage");
    let number = number.and_then(|number| number.to_str().ok()?.parse().ok());
    let number = number.ok_or_else(unknown)?;
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(unknown());
    };
    let mut file = shell.staging.take(number).ok_or_else(unknown)?;
    file.write(bytes.clone()).await?;
    shell.staging.put_back(number, file);
    Ok(())
}

/// All of it was given; gives its number for [`engine::api::FileSource::Staged`].
#[tauri::command]
pub(crate) async fn file_stage_end(shell: State<'_, Shell>, stage: u32) -> Result<i64, ApiError> {
    let file = shell.staging.take(stage);
    let unknown = || ApiError::new(ErrorCode::NotFound).detail("no such file is handed over");
    file.ok_or_else(unknown)?.finish().await
}

/// What a file is that is on this device.
#[tauri::command]
pub(crate) async fn file_info(
    shell: State<'_, Shell>,
    account: String,
    message: i64,
    index: u32,
) -> Result<FileInfo, ApiError> {
    let engine = shell.open_engine()?;
    let part = engine.read_file(&account, message, index, 0, 1).await?;
    Ok(FileInfo {
        media_type: part.media_type,
        size: part.total,
    })
}

/// Bytes of a file that is on this device: at most 4 MiB.
#[tauri::command]
pub(crate) async fn file_read(
    shell: State<'_, Shell>,
    account: String,
    message: i64,
    index: u32,
    offset: u64,
    length: u32,
) -> Result<ipc::Response, ApiError> {
    let engine = shell.open_engine()?;
    let part = engine.read_file(&account, message, index, offset, length);
    Ok(ipc::Response::new(part.await?.bytes))
}

/// Saves a file where the user says, or without a path among the downloads under a
/// name that is free there; gives where.
#[tauri::command]
pub(crate) async fn file_save(
    app: AppHandle,
    account: String,
    message: i64,
    index: u32,
    path: Option<String>,
) -> Result<String, ApiError> {
    let saved = save(&app, (account, message, index), path).await?;
    Ok(saved.display().to_string())
}

async fn save(app: &AppHandle, key: FileKey, path: Option<String>) -> Result<PathBuf, ApiError> {
    let shell = app.state::<Shell>();
    let to = match path {
        Some(path) => {
            shell.asked.check(Path::new(&path))?;
            SaveTo::File { path }
        }
        None => SaveTo::Folder {
            path: downloads(app)?,
        },
    };
    let saved = write(&shell, &key, to).await?;
    shell.saved.add(key, saved.clone());
    Ok(saved)
}

/// Writes a file in clear, marked as what came from others.
pub(super) async fn write(shell: &Shell, key: &FileKey, to: SaveTo) -> Result<PathBuf, ApiError> {
    let (account, message, index) = key.clone();
    let request = FileRequest::Save {
        account,
        message,
        index,
        to,
    };
    let engine = shell.open_engine()?;
    let Response::Saved(saved) = engine.handle(Request::Files(request)).await? else {
        return Err(ErrorCode::Internal.into());
    };
    let saved = PathBuf::from(saved);
    // Without its mark the system would not warn of it: then it is not kept.
    if let Err(error) = files::as_downloaded(&saved) {
        drop(std::fs::remove_file(&saved));
        return Err(ApiError::new(ErrorCode::FileNotWritten).detail(error));
    }
    Ok(saved)
}

fn downloads(app: &AppHandle) -> Result<String, ApiError> {
    let not_written = |detail: String| ApiError::new(ErrorCode::FileNotWritten).detail(detail);
    let folder = app.path().download_dir();
    let folder = folder.map_err(|error| not_written(error.to_string()))?;
    std::fs::create_dir_all(&folder).map_err(|error| not_written(error.to_string()))?;
    let folder = folder.to_str().map(str::to_owned);
    folder.ok_or_else(|| not_written("the name of the folder is no text".to_owned()))
}

/// Opens a file if that can do no more than show it, else shows it in its folder.
/// One that was not saved yet is saved among the downloads.
#[tauri::command]
pub(crate) async fn file_open(
    app: AppHandle,
    account: String,
    message: i64,
    index: u32,
) -> Result<Opened, ApiError> {
    let key = (account, message, index);
    let known = app.state::<Shell>().saved.of(&key);
    let file = match known {
        Some(file) => file,
        None => save(&app, key, None).await?,
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

/// Shows a file that was saved in its folder.
#[tauri::command]
pub(crate) async fn file_show(shell: State<'_, Shell>, path: String) -> Result<(), ApiError> {
    let file = PathBuf::from(path);
    if !shell.saved.has(&file) {
        return Err(ApiError::new(ErrorCode::NotAllowed).detail("not saved from here"));
    }
    match tokio::task::spawn_blocking(move || opener::reveal(file)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(ApiError::new(ErrorCode::NotSupported).detail("no file manager")),
    }
}
