//! A file is handed to the pointer, which carries it to another program. The page
//! cannot do that: what it drags carries bytes of its own, not a file.

use std::path::{Path, PathBuf};

use engine::api::{ApiError, ErrorCode};
use tauri::{AppHandle, WebviewWindow};
use tokio::sync::oneshot;

use crate::window;

/// Drags a file until it is dropped or let go.
///
/// # Errors
/// [`ErrorCode::NotSupported`] if it did not begin.
pub(crate) async fn drag(app: &AppHandle, file: PathBuf) -> Result<(), ApiError> {
    let unable = |why: String| ApiError::new(ErrorCode::NotSupported).detail(why);
    let window = window::main(app).ok_or_else(|| unable("no window".to_owned()))?;
    let (done, ended) = oneshot::channel();
    app.run_on_main_thread(move || {
        if let Err(error) = begin(&window, &file, done) {
            tracing::info!(error, "nothing was dragged out");
        }
    })
    .map_err(|error| unable(error.to_string()))?;
    ended
        .await
        .map_err(|_| unable("it did not begin".to_owned()))
}

/// Our own code rather than the crate that does it elsewhere: that one gives names
/// that are no addresses (a space in them, a letter that is not ASCII), and forgets
/// the file before the other program has asked for it.
#[cfg(target_os = "linux")]
fn begin(
    window: &WebviewWindow,
    file: &Path,
    done: oneshot::Sender<()>,
) -> Result<(), &'static str> {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use gtk::gdk::{DragAction, ModifierType};
    use gtk::prelude::*;
    use gtk::{TargetEntry, TargetFlags, TargetList, gio, glib};

    let window = window.gtk_window().map_err(|_| "no window")?;
    // Released just now: a drag that begins then would cling to the pointer.
    let seat = window.display().default_seat();
    let pointer = seat.and_then(|seat| seat.pointer());
    let (pointer, surface) = pointer.zip(window.window()).ok_or("no pointer")?;
    let (_, _, _, held) = surface.device_position(&pointer);
    if !held.contains(ModifierType::BUTTON1_MASK) {
        done.send(()).ok();
        return Ok(());
    }
    let address = glib::filename_to_uri(file, None).map_err(|_| "no address")?;
    let given = window.connect_drag_data_get(move |_, _, data, _, _| {
        if !data.set_uris(&[address.as_str()]) {
            tracing::debug!("the other program wants something else");
        }
    });
    let handlers = Rc::new(RefCell::new(vec![given]));
    let (all, done) = (handlers.clone(), Cell::new(Some(done)));
    // The other program has asked by then, or wants nothing of it.
    let ended = window.connect_drag_end(move |window, _| {
        for handler in all.take() {
            window.disconnect(handler);
        }
        if let Some(done) = done.take() {
            done.send(()).ok();
        }
    });
    handlers.borrow_mut().push(ended);
    let targets = TargetList::new(&[TargetEntry::new("text/uri-list", TargetFlags::empty(), 0)]);
    let began = window.drag_begin_with_coordinates(&targets, DragAction::COPY, 1, None, -1, -1);
    let Some(context) = began else {
        for handler in handlers.take() {
            window.disconnect(handler);
        }
        return Err("the desktop refuses");
    };
    let (kind, _) = gio::content_type_guess(Some(file), &[]);
    context.drag_set_icon_gicon(&gio::content_type_get_icon(&kind), 0, 0);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn begin(
    window: &WebviewWindow,
    file: &Path,
    done: oneshot::Sender<()>,
) -> Result<(), &'static str> {
    use std::sync::{Mutex, PoisonError};

    let done = Mutex::new(Some(done));
    let ended = move |_, _| {
        let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            done.send(()).ok();
        }
    };
    let item = drag::DragItem::Files(vec![file.to_owned()]);
    let icon = drag::Image::Raw(include_bytes!("../icons/32x32.png").to_vec());
    drag::start_drag(window, item, icon, ended, drag::Options::default())
        .map_err(|_| "the desktop refuses")
}
