//! A desktop without X: Weston draws into memory, with the decorations that programs
//! bring themselves.

use std::path::Path;
use std::process::{Command, Stdio};

use super::desktop::{Display, home_and_runtime, wait};
use super::{Desktop, Screen};
use crate::processes::Guard;

const NAME: &str = "startalk-test";

impl Desktop {
    /// As [`Desktop::start`], on Wayland and with a keyring. Keys of the window manager
    /// and places of windows are not to be had here.
    ///
    /// # Panics
    /// If a program is missing; `cargo xtask test` installs them.
    #[must_use]
    pub fn start_wayland() -> Self {
        let folder = home_and_runtime();
        let runtime = folder.path().join("runtime");
        let screen = Screen::default();
        let server = Guard::spawn(
            Command::new("weston")
                .args([
                    "--backend=headless-backend.so",
                    "--use-pixman",
                    "--no-config",
                ])
                // Pictures of the screen are for whoever may debug it.
                .args(["--debug", "--idle-time=0"])
                .arg(format!("--socket={NAME}"))
                .arg(format!("--width={}", screen.width))
                .arg(format!("--height={}", screen.height))
                .env("XDG_RUNTIME_DIR", &runtime)
                .env("HOME", folder.path().join("home"))
                .env_remove("DISPLAY")
                .env_remove("WAYLAND_DISPLAY")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        wait("weston", || runtime.join(NAME).exists());
        let display = Display::Wayland(NAME.to_owned());
        let mut desktop = Self::around(folder, screen, display, server);
        desktop.start_keyring();
        desktop
    }

    /// A picture of the whole screen; Weston's own program alone may take one.
    pub(super) fn screenshot_of_wayland(&self, path: &Path) {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = self
            .command("timeout")
            .args(["10", "weston-screenshooter"])
            .current_dir(folder.path())
            .status();
        assert!(taken.is_ok_and(|status| status.success()), "no picture");
        let picture = std::fs::read_dir(folder.path())
            .expect("read")
            .next()
            .expect("a picture")
            .expect("read");
        std::fs::copy(picture.path(), path).expect("kept");
    }
}
