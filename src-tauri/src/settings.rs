//! Settings of this device, in one small file.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::contract::Settings;
use crate::paths;

/// Keeps the settings and their file in step.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    current: Mutex<Settings>,
}

impl SettingsFile {
    /// Reads the file, or starts with the defaults.
    pub(crate) fn open(path: PathBuf) -> Self {
        let current = Mutex::new(paths::read_json(&path));
        Self { path, current }
    }

    pub(crate) fn get(&self) -> Settings {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the new settings over, and writes the file.
    ///
    /// # Errors
    /// If the file cannot be written; the new settings hold until the program ends.
    pub(crate) fn set(&self, settings: Settings) -> std::io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let json = serde_json::to_vec_pretty(&settings)?;
        *current = settings;
        paths::write_atomically(&self.path, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Language;

    #[test]
    fn settings_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let english = Settings {
            language: Language::English,
            ..Settings::default()
        };
        SettingsFile::open(path.clone())
            .set(english.clone())
            .unwrap();
        assert_eq!(SettingsFile::open(path).get(), english);
    }

    #[test]
    fn settings_that_cannot_be_written_hold_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::open(folder.path().join("gone/settings.json"));
        let mut quiet = Settings::default();
        quiet.notifications.enabled = false;
        assert!(file.set(quiet.clone()).is_err());
        assert_eq!(file.get(), quiet);
    }
}
