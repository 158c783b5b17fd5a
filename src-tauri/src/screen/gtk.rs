//! What the toolkit of the window can do with pictures; all of it on its thread.

use std::cell::Cell;
use std::path::PathBuf;

use engine::api::ApiError;
use gtk::gdk::{self, prelude::*};
use gtk::gdk_pixbuf::PixbufLoader;
use tauri::AppHandle;
use tokio::sync::oneshot;

use super::unable;

/// Does something on the thread of the window.
async fn there<T: Send + 'static>(
    app: &AppHandle,
    work: impl FnOnce() -> Option<T> + Send + 'static,
) -> Result<T, ApiError> {
    let (done, answer) = oneshot::channel();
    app.run_on_main_thread(move || drop(done.send(work())))
        .map_err(unable)?;
    let answer = answer.await.map_err(unable)?;
    answer.ok_or_else(|| unable("the display does not do that"))
}

/// All screens of an X11 display, as a PNG file.
pub(super) async fn capture(app: &AppHandle) -> Result<Vec<u8>, ApiError> {
    there(app, || {
        let root = gdk::Screen::default()?.root_window()?;
        let picture = root.pixbuf(0, 0, root.width(), root.height())?;
        // Quick rather than small: it is edited next.
        picture.save_to_bufferv("png", &[("compression", "1")]).ok()
    })
    .await
}

/// Puts a PNG file onto the clipboard.
pub(super) async fn copy(app: &AppHandle, png: Vec<u8>) -> Result<(), ApiError> {
    there(app, move || {
        let loader = PixbufLoader::with_type("png").ok()?;
        let written = loader.write(&png).and_then(|()| loader.close());
        written.ok()?;
        let clipboard = gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD);
        clipboard.set_image(&loader.pixbuf()?);
        Some(())
    })
    .await
}

/// The files that the clipboard names.
pub(super) async fn files(app: &AppHandle) -> Result<Vec<PathBuf>, ApiError> {
    let (done, named) = oneshot::channel();
    // It is asked for, not waited for: who owns the clipboard may be slow.
    app.run_on_main_thread(move || {
        let done = Cell::new(Some(done));
        let clipboard = gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD);
        clipboard.request_uris(move |_, names| {
            if let Some(done) = done.take() {
                drop(done.send(names.iter().map(ToString::to_string).collect::<Vec<_>>()));
            }
        });
    })
    .map_err(unable)?;
    let names: Vec<String> = named.await.map_err(unable)?;
    let local = names.iter().filter_map(|name| {
        let name = url::Url::parse(name).ok()?;
        (name.scheme() == "file").then(|| name.to_file_path().ok())?
    });
    Ok(local.collect())
}
