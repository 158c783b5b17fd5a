//! A real screen reader: Orca, and what it says.

use std::path::PathBuf;
use std::process::Stdio;

use super::{App, Desktop};
use crate::processes::Guard;

/// How Orca's log calls what it says.
const SAID: &str = "SPEECH OUTPUT: '";

impl Desktop {
    /// Starts the bus of accessible programs, and the reader. Programs that start from
    /// now on tell it what they show.
    ///
    /// # Panics
    /// If a program is missing.
    pub fn start_screen_reader(&mut self) {
        self.is_read_aloud = true;
        let bus = Guard::spawn(
            self.command("/usr/libexec/at-spi-bus-launcher")
                .arg("--launch-immediately")
                // It keeps there that a reader has come, and has no other place here.
                .env("GSETTINGS_BACKEND", "memory")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.keep(bus);
        self.wait_for_name("org.a11y.Bus");
        self.write_preferences();
        let reader = Guard::spawn(
            self.command("orca")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.keep(reader);
        super::desktop::wait("the screen reader", || !self.heard().is_empty());
    }

    /// It has no voice here: its words are written down one by one.
    fn write_preferences(&self) {
        let folder = self.folder().join("home/.local/share/orca");
        std::fs::create_dir_all(&folder).expect("a folder");
        let preferences = format!(
            "import logging\n\
             from orca import settings\n\
             settings.speechServerFactory = ''\n\
             settings.speechFactoryModules = []\n\
             logging.getLogger('speech').addHandler(logging.FileHandler({:?}, encoding='utf-8'))\n",
            self.speech().display()
        );
        std::fs::write(folder.join("orca-customizations.py"), preferences).expect("written");
    }

    fn speech(&self) -> PathBuf {
        self.folder().join("speech.txt")
    }

    /// What the reader has said so far, in its order.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        // It writes on while this is read.
        let log = std::fs::read(self.speech()).unwrap_or_default();
        String::from_utf8_lossy(&log)
            .lines()
            .filter_map(|line| {
                let said = line.strip_prefix(SAID)?;
                // Of a key the voice follows.
                let (text, _) = said.split_once("' {").or_else(|| said.rsplit_once('\''))?;
                Some(text.to_owned())
            })
            .collect()
    }
}

impl App {
    /// Waits until the reader has said something.
    pub async fn wait_heard(&self, desktop: &Desktop, what: &str) {
        self.until(&format!("{what:?} is heard"), async || {
            desktop.heard().iter().any(|said| said.contains(what))
        })
        .await;
    }
}
