//! The window of the app as the display has it: where it is, what it looks like,
//! keys that go to the window manager.

use std::path::Path;
use std::time::{Duration, Instant};

use super::App;
use super::app::PATIENCE;
use super::desktop::Display;

impl App {
    /// Brings the window to the front, as a click on it would. On Wayland no program
    /// can; there it is in front from the start.
    ///
    /// # Panics
    /// If it has no window.
    pub fn activate(&self) {
        if !self.is_on_x11() {
            return;
        }
        let id = self.window();
        let done = self
            .x11("xdotool", &["windowactivate", "--sync", &id])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{}: window not raised",
            self.name
        );
    }

    /// The id of its window on the display, once it is mapped.
    pub(super) fn window(&self) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(id) = self.shown() {
                return id;
            }
            assert!(Instant::now() < end, "{}: no window", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The id of its window, if that is on the display now.
    fn shown(&self) -> Option<String> {
        let output = self
            .x11("xdotool", &["search", "--onlyvisible", "--pid"])
            .arg(self.process.to_string())
            .output()
            .expect("xdotool is installed");
        let ids = String::from_utf8_lossy(&output.stdout).into_owned();
        ids.lines().last().map(str::to_owned)
    }

    fn is_on_x11(&self) -> bool {
        matches!(self.display, Display::X11(_))
    }

    /// A command on the app's display that cannot hang the test.
    pub(super) fn x11(&self, program: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new("timeout");
        command.args(["10", program]).args(arguments);
        if let Display::X11(name) = &self.display {
            command.env("DISPLAY", name);
        }
        command
    }

    /// Keeps a picture of the window in the folder for screenshots. Taken from
    /// the display rather than by WebDriver, whose own picture never comes from
    /// a web view without a GPU; and it shows what a person sees. None on Wayland,
    /// where [`super::Desktop::screenshot`] takes the whole screen.
    ///
    /// # Panics
    /// If there is no window or no picture.
    pub async fn shot(&self, name: &str) {
        if !self.is_on_x11() {
            return;
        }
        self.activate();
        // Two frames, so that what was found in the page is painted too.
        let frames = "const done = arguments[0]; \
                      requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        drop(self.client.execute_async(frames, vec![]).await);
        self.picture(&self.shots.join(format!("{}-{name}.png", self.name)));
    }

    /// Keeps a picture of the window as it is on the display now, whatever the page does.
    ///
    /// # Panics
    /// If there is no window or no picture.
    pub fn picture(&self, path: &Path) {
        let id = self.window();
        let taken = self.x11("import", &["-window", &id]).arg(path).status();
        assert!(
            taken.is_ok_and(|status| status.success()),
            "no picture {}",
            path.display()
        );
    }

    /// Closes the window as its button does.
    ///
    /// # Panics
    /// If the keys cannot be pressed.
    pub async fn close_window(&self) {
        self.activate();
        // Keys go to the window manager's idea of the focus, a moment later than it is
        // told: they are pressed until the window is gone.
        self.until("the window is hidden", async || {
            if self.has_focus().await {
                self.press("alt+F4");
            }
            !self.is_shown()
        })
        .await;
    }

    /// Waits until keys go to the window, as the app sees it.
    pub async fn wait_focused(&self) {
        self.until("the window has the focus", async || self.has_focus().await)
            .await;
    }

    /// The window manager and the page agree: the page alone may not have heard yet
    /// that the window was away.
    async fn has_focus(&self) -> bool {
        let active = self.x11("xdotool", &["getactivewindow"]).output();
        let active = active.ok().map(|output| {
            let id = String::from_utf8_lossy(&output.stdout);
            id.trim().to_owned()
        });
        // It may go while it is asked about: nothing here waits for it.
        let shown = self.shown();
        if shown.is_none() || shown != active {
            return false;
        }
        let focused = self.client.execute("return document.hasFocus()", vec![]);
        focused.await.is_ok_and(|focused| focused == true)
    }

    /// Whether its window is on the display.
    ///
    /// # Panics
    /// If the display does not answer.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown().is_some()
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Panics
    /// If they cannot be pressed.
    pub fn press(&self, keys: &str) {
        let pressed = self.x11("xdotool", &["key", keys]).status();
        assert!(pressed.is_ok_and(|status| status.success()), "{keys}");
    }

    /// Corner and size of its window: x, y, width, height.
    ///
    /// # Panics
    /// If it has no window.
    #[must_use]
    pub fn geometry(&self) -> [i32; 4] {
        let id = self.window();
        let output = self
            .x11("xdotool", &["getwindowgeometry", "--shell", &id])
            .output()
            .expect("xdotool is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ["X", "Y", "WIDTH", "HEIGHT"].map(|name| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value
                .and_then(|value| value.parse().ok())
                .expect("a number")
        })
    }

    /// Puts its window somewhere.
    ///
    /// # Panics
    /// If it has no window.
    pub fn place(&self, x: i32, y: i32, width: i32, height: i32) {
        let id = self.window();
        let [x, y, width, height] = [x, y, width, height].map(|number| number.to_string());
        for arguments in [
            ["windowsize", "--sync", &id, &width, &height],
            ["windowmove", "--sync", &id, &x, &y],
        ] {
            let done = self.x11("xdotool", &arguments).status();
            assert!(done.is_ok_and(|status| status.success()), "not placed");
        }
    }
}
