//! Real input methods: those of `IBus`, and its window of candidates.

use std::process::Stdio;

use super::{App, Desktop};
use crate::processes::Guard;

/// Pinyin, as [`App::choose_input_method`] takes it.
pub const PINYIN: &str = "libpinyin";
/// Its window of candidates, by name.
const CANDIDATES: &str = "^ibus-ui-gtk3$";

impl Desktop {
    /// Starts the input method. Programs that start from now on use it, and type
    /// plain letters until [`App::choose_input_method`].
    pub fn start_input_method(&mut self) {
        self.input_method = true;
        let service = Guard::spawn(
            self.command("ibus-daemon")
                // What programs say of their caret are pixels; this panel takes them
                // for its own, larger ones.
                .env("GDK_SCALE", "1")
                // Some methods are written in Python, for that of the system.
                .env("PATH", "/usr/bin:/bin")
                .args(["--panel=/usr/libexec/ibus-ui-gtk3"])
                .args(["--config=/usr/libexec/ibus-memconf"])
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.keep(service);
    }
}

impl App {
    /// Types with this one from now on, as one chooses it in the panel of the desktop.
    pub async fn choose_input_method(&self, desktop: &Desktop, method: &str) {
        self.until(&format!("{method} is chosen"), async || {
            let ask = |arguments: &[&str]| desktop.command("ibus").args(arguments).output();
            // Refused as long as its list is not read: what is so is asked for.
            drop(ask(&["engine", method]));
            let chosen = ask(&["engine"]).expect("ibus is installed");
            String::from_utf8_lossy(&chosen.stdout).trim() == method
        })
        .await;
    }

    /// Where the candidates are on the screen: x, y, width, height; none if they are
    /// not shown.
    #[must_use]
    pub fn candidates(&self) -> Option<[i32; 4]> {
        let search = ["search", "--onlyvisible", "--name", CANDIDATES];
        let found = self.x11("xdotool", &search).output().ok()?;
        let id = String::from_utf8_lossy(&found.stdout)
            .lines()
            .last()?
            .to_owned();
        self.place_of(&id)
    }

    /// Where its page is on the screen: x, y, width, height.
    ///
    /// # Panics
    /// If it has no window.
    #[must_use]
    pub fn page_place(&self) -> [i32; 4] {
        self.place_of(&self.window()).expect("a window")
    }

    /// Where a window is without its frame, if it is still there.
    fn place_of(&self, id: &str) -> Option<[i32; 4]> {
        let output = self.x11("xwininfo", &["-id", id]).output();
        let text = output.expect("xwininfo is installed").stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        let number = |name: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.trim().strip_prefix(name))?;
            value.trim().parse().ok()
        };
        Some([
            number("Absolute upper-left X:")?,
            number("Absolute upper-left Y:")?,
            number("Width:")?,
            number("Height:")?,
        ])
    }

    /// Types letters, and waits until the input method offers something for them.
    pub async fn compose(&self, letters: &str) -> [i32; 4] {
        let mut offered = None;
        self.type_keys_of(letters);
        self.until("candidates are offered", async || {
            offered = self.candidates();
            offered.is_some()
        })
        .await;
        offered.expect("just seen")
    }

    /// Waits until nothing is offered.
    pub async fn wait_composed(&self) {
        self.until("no candidates are offered", async || {
            self.candidates().is_none()
        })
        .await;
    }
}
