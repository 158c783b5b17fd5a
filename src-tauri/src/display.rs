//! Whether there is a display to open a window on, asked before the toolkit would
//! take the process down for want of one. Who starts the app at login, from a timer
//! or over a remote shell is told in a sentence.

/// What is missing, in the words of the toolkit.
///
/// # Errors
/// If there is none.
#[cfg(target_os = "linux")]
pub(crate) fn look() -> Result<(), String> {
    // Takes the first of Wayland and X11 that answers, so a session that says
    // Wayland and has only X11 opens all the same.
    gtk::init().map_err(|error| error.message.to_string())
}

/// Elsewhere whoever is signed in has one.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "one signature for all systems")]
pub(crate) fn look() -> Result<(), String> {
    Ok(())
}
