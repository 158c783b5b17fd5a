//! What else a desktop has: a clipboard that other programs fill and read, a
//! microphone that hums.

use std::path::Path;
use std::process::Stdio;

use super::Desktop;
use super::desktop::wait;
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
