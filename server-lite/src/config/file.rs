//! The configuration file: TOML, `config.toml` in the data folder unless
//! another is named. What it does not say has its default; what the command
//! line says is stronger.

use std::path::{Path, PathBuf};

use super::Config;
use super::keys::{FileKeys, KEYS, Key};
use super::tables::keys_of;

/// Name of the file in the data folder.
const NAME: &str = "config.toml";
/// Largest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Why a configuration file cannot be used. One sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{}: {reason}", .path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// What it says cannot be used.
    #[error("{}, line {line}: {reason}", .path.display())]
    NotUsable {
        /// The file.
        path: PathBuf,
        /// Where, counted from one.
        line: usize,
        /// What is wrong, with the name of the key.
        reason: String,
    },
}

/// A configuration file that was read.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile(FileKeys);

impl ConfigFile {
    /// Where the file of a data folder is.
    #[must_use]
    pub fn of_folder(data_dir: &Path) -> PathBuf {
        data_dir.join(NAME)
    }

    /// Reads a file that has to be there.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |reason: String| ConfigError::NotRead {
            path: path.to_owned(),
            reason,
        };
        let length = std::fs::metadata(path)
            .map_err(|error| failed(error.to_string()))?
            .len();
        if length > MAX_BYTES {
            return Err(failed("too large for a configuration".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        parse(&text).map(Self).map_err(|(line, reason)| {
            let path = path.to_owned();
            ConfigError::NotUsable { path, line, reason }
        })
    }

    /// Reads the file of a data folder, if it has one.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read_of_folder(data_dir: &Path) -> Result<Self, ConfigError> {
        let path = Self::of_folder(data_dir);
        match path.exists() {
            true => Self::read(&path),
            false => Ok(Self::default()),
        }
    }

    /// Puts what the file says into a configuration.
    pub fn apply(self, config: &mut Config) {
        self.0.apply(config);
    }
}

fn parse(text: &str) -> Result<FileKeys, (usize, String)> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let written = text.lines().nth(line - 1).unwrap_or_default().trim();
        // One sentence: the reason, and the line as it stands there.
        let reason = error.message().lines().collect::<Vec<_>>().join(", ");
        (line, format!("{reason} (in: {written})"))
    })
}

/// The example file, with every key and what it does.
#[must_use]
pub fn config_example() -> String {
    let mut text = String::from(
        "# Configuration of startalk-server. It is read from config.toml in the data\n\
         # folder, or from the file that --config names. Everything here is optional;\n\
         # what the command line says is stronger. Made from the program: a test keeps\n\
         # it fresh. A line that begins with a single # and a key shows the default,\n\
         # or an example where there is none.\n",
    );
    let is_table = |key: &&Key| key.example.is_empty() || key.example.starts_with("[[");
    KEYS.iter()
        .filter(|key| !is_table(key))
        .for_each(|key| write_key(&mut text, key));
    for table in KEYS.iter().filter(is_table) {
        if !table.example.is_empty() {
            write_key(&mut text, table);
            continue;
        }
        write_doc(&mut text, table);
        text.push_str(&format!("[{}]\n", table.name));
        for key in keys_of(table.name) {
            write_key(&mut text, key);
        }
    }
    text
}

fn write_doc(text: &mut String, key: &Key) {
    text.push('\n');
    for line in key.doc {
        text.push_str(&format!("#{line}\n"));
    }
}

fn write_key(text: &mut String, key: &Key) {
    write_doc(text, key);
    let entry = match key.example.starts_with("[[") {
        // An array of tables stands under its own headings.
        true => key.example.to_owned(),
        false => format!("{} = {}", key.name, key.example),
    };
    for line in entry.lines() {
        text.push_str(&format!("#{line}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.example.toml");
        let text = config_example();
        if std::env::var_os("STARTALK_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "run STARTALK_UPDATE=1 cargo test -p startalk-server-lite --lib the_example"
        );
    }

    #[test]
    fn every_line_of_the_example_can_be_used() {
        let used: Vec<String> = config_example()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key) if !key.starts_with(' ') => key.to_owned(),
                _ => line.to_owned(),
            })
            .collect();
        let file = parse(&used.join("\n")).unwrap();
        let mut config = Config::default();
        file.apply(&mut config);
        assert_eq!(config.domain.as_deref(), Some("chat.example.org"));
        // The example shows the defaults.
        let limits = format!("{:?}", config.limits);
        assert_eq!(limits, format!("{:?}", Config::default().limits));
    }

    #[test]
    fn every_key_is_in_the_example() {
        // A key that nobody knows makes the reader list those that it knows.
        for table in KEYS.iter().filter(|key| key.example.is_empty()) {
            let (_, reason) = parse(&format!("[{}]\nnobody = 1\n", table.name)).unwrap_err();
            let known: Vec<&str> = reason
                .split("expected one of")
                .nth(1)
                .unwrap()
                .split('`')
                .skip(1)
                .step_by(2)
                .take_while(|name| !name.contains(' '))
                .collect();
            let listed: Vec<&str> = keys_of(table.name).iter().map(|key| key.name).collect();
            assert_eq!(known, listed, "{}", table.name);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, word) in [
            ("team = \"A\"\nteem = \"B\"\n", 2, "teem"),
            ("\n\n[limits]\nstanza = 1\n", 4, "stanza"),
            ("http = \"nowhere\"\n", 1, "nowhere"),
            ("registration = \"maybe\"\n", 1, "maybe"),
            ("[limits]\nidle_seconds = 0\n", 2, "idle_seconds"),
            ("team = \n", 1, "team"),
            ("team = \"A\"\nteam = \"B\"\n", 2, "team"),
            ("limits = 3\n", 1, "limits"),
        ] {
            let (found, reason) = parse(text).unwrap_err();
            assert_eq!(found, line, "{text}: {reason}");
            assert!(reason.contains(word), "{text}: {reason}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }

    #[test]
    fn nothing_written_changes_nothing() {
        let mut config = Config::default();
        parse("# nothing\n").unwrap().apply(&mut config);
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }
}
