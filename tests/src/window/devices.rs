//! What else a desktop has: a clipboard that other programs fill and read, programs that
//! take files, a pointer, a microphone that hums.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::desktop::wait;
use super::{App, Desktop};
use crate::processes::Guard;

impl Desktop {
    /// Another program puts a file onto the clipboard, as data of this kind.
    ///
    /// # Panics
    /// If it cannot.
    pub fn put_on_clipboard(&mut self, kind: &str, file: &Path) {
        let owner = Guard::spawn(
            self.command("xclip")
                .args(["-quiet", "-selection", "clipboard", "-t", kind, "-i"])
                .arg(file)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.keep(owner);
    }

    /// What the clipboard offers: its kinds, or as data of one of them.
    ///
    /// # Panics
    /// If xclip is missing.
    #[must_use]
    pub fn clipboard(&self, kind: &str) -> Vec<u8> {
        let mut command = self.command("timeout");
        command.args(["5", "xclip", "-selection", "clipboard", "-t", kind, "-o"]);
        command.output().expect("xclip is installed").stdout
    }

    /// Starts a program that takes files which are dropped onto it, with its window at
    /// this place; what it says is in the file.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_drop_target(&mut self, program: &Path, x: i32, y: i32) -> PathBuf {
        let said = self.folder().join("drop-target.txt");
        let target = Guard::spawn(
            self.command(program)
                .args([x.to_string(), y.to_string()])
                .stdout(File::create(&said).expect("a file"))
                .stderr(Stdio::null()),
        );
        self.keep(target);
        wait("a program that takes files", || {
            std::fs::read_to_string(&said).is_ok_and(|said| said.contains("ready"))
        });
        said
    }

    /// Plugs a microphone in that hears a tone. Before the app starts.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_microphone(&mut self) {
        let service = Guard::spawn(
            self.command("pulseaudio")
                .args(["-n", "--daemonize=no", "--exit-idle-time=-1"])
                .args(["-L", "module-native-protocol-unix"])
                .args(["-L", "module-null-sink sink_name=room"])
                .args(["-L", "module-sine sink=room frequency=440"])
                // Programs do not take what is played for a microphone.
                .args([
                    "-L",
                    "module-remap-source master=room.monitor source_name=ear",
                ])
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.keep(service);
        let socket = self.folder().join("runtime/pulse/native");
        wait("the microphone", || socket.exists());
    }
}

impl App {
    /// Moves the pointer to a place on the screen.
    ///
    /// # Panics
    /// If there is no pointer.
    pub fn point(&self, x: i32, y: i32) {
        let [x, y] = [x, y].map(|number| number.to_string());
        self.pointer(&["mousemove", &x, &y]);
    }

    /// Presses the first button where the pointer is.
    pub fn hold(&self) {
        self.pointer(&["mousedown", "1"]);
    }

    /// Lets the first button go.
    pub fn let_go(&self) {
        self.pointer(&["mouseup", "1"]);
    }

    fn pointer(&self, arguments: &[&str]) {
        let done = self.x11("xdotool", arguments).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{}: {arguments:?}",
            self.name
        );
    }

    /// The middle of an element on the screen.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn middle_of(&self, css: &str) -> [i32; 2] {
        self.wait_for(css).await;
        let place = |side: &str, length: &str| {
            format!(
                "const box = document.querySelector('{css}').getBoundingClientRect(); \
                 return Math.round(box.{side} + box.{length} / 2)"
            )
        };
        let [left, top, _, _] = self.page_place();
        let x = self.number(&place("left", "width")).await;
        let y = self.number(&place("top", "height")).await;
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
        let [x, y] = [x, y].map(|number| number.expect("a place") as i32);
        [left + x, top + y]
    }
}
