//! Whether the program looks for new versions, where, and up to which one.

use std::path::{Path, PathBuf};

use navigation::{
    Policy, UPDATE_CHANNEL, UpdatePolicy, is_update_channel, update_url, update_version,
};
use semver::Version;
use url::Url;

use crate::contract::UpdatesOff;

/// Largest policy file that is read.
const MAX_POLICY_BYTES: u64 = 64 * 1024;

/// What whoever built the program says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltIn {
    /// Public key (minisign, as Tauri's command line prints it).
    pub(crate) key: Option<&'static str>,
    /// Where new versions are offered.
    pub(crate) url: Option<&'static str>,
}

/// Of this build: `STARTALK_UPDATE_KEY` and `STARTALK_UPDATE_URL` when it was made.
pub(crate) const BUILT_IN: BuiltIn = BuiltIn {
    key: option_env!("STARTALK_UPDATE_KEY"),
    url: option_env!("STARTALK_UPDATE_URL"),
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    Off(UpdatesOff),
    Look(Source),
}

/// Where new versions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) key: String,
    pub(crate) url: Url,
    /// None later than this.
    pub(crate) up_to: Option<Version>,
}

impl Source {
    /// Whether whoever administers lets this version in.
    pub(crate) fn allows(&self, version: &Version) -> bool {
        self.up_to.as_ref().is_none_or(|up_to| version <= up_to)
    }
}

impl Plan {
    /// Whether a version may be installed that was fetched when something else was
    /// asked, perhaps.
    pub(crate) fn still_allows(&self, version: &str) -> bool {
        match self {
            Self::Off(_) => false,
            Self::Look(source) => version
                .parse::<Version>()
                .is_ok_and(|version| source.allows(&version)),
        }
    }
}

/// Of several who ask, one who does not want it is enough; the first address and
/// channel count, and the earliest version. What somebody asks and is not understood
/// is never taken for nothing: then it is off.
pub(crate) fn plan(built: BuiltIn, asked: &[UpdatePolicy]) -> Plan {
    let key = built.key.map(str::trim).filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Plan::Off(UpdatesOff::NotBuiltIn);
    };
    if asked.iter().any(|policy| policy.off) {
        return Plan::Off(UpdatesOff::Policy);
    }
    let own = asked.iter().find_map(|policy| policy.url.as_deref());
    let Some(address) = own.or(built.url).filter(|url| !url.trim().is_empty()) else {
        return Plan::Off(UpdatesOff::NotBuiltIn);
    };
    let channel = asked.iter().find_map(|policy| policy.channel.as_deref());
    let channel = channel.unwrap_or(UPDATE_CHANNEL);
    let mut up_to: Option<Version> = None;
    for text in asked.iter().filter_map(|policy| policy.up_to.as_deref()) {
        match update_version(text) {
            Some(version) => up_to = Some(up_to.map_or(version.clone(), |one| one.min(version))),
            None => return Plan::Off(UpdatesOff::Policy),
        }
    }
    match update_url(address, channel).filter(|_| is_update_channel(channel)) {
        Some(url) => Plan::Look(Source {
            key: key.to_owned(),
            url,
            up_to,
        }),
        None => {
            tracing::warn!("the address for new versions is of no use; none are looked for");
            Plan::Off(UpdatesOff::Policy)
        }
    }
}

/// What whoever administers this computer asks, in a file that only they can write.
pub(crate) fn of_this_computer() -> Option<UpdatePolicy> {
    machine_file().and_then(|path| read(&path))
}

fn machine_file() -> Option<PathBuf> {
    if cfg!(target_os = "windows") {
        let base = std::env::var_os("ProgramData")?;
        Some(PathBuf::from(base).join("Startalk").join("policy.json"))
    } else if cfg!(target_os = "macos") {
        Some("/Library/Application Support/Startalk/policy.json".into())
    } else {
        Some("/etc/startalk/policy.json".into())
    }
}

/// A file that is there and not understood asks for silence.
fn read(path: &Path) -> Option<UpdatePolicy> {
    use std::io::Read;
    let off = UpdatePolicy {
        off: true,
        ..UpdatePolicy::default()
    };
    let mut text = String::new();
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        other => other,
    };
    let read = file.and_then(|file| file.take(MAX_POLICY_BYTES).read_to_string(&mut text));
    let policy = read.map_err(|error| error.to_string()).and_then(|_| {
        // As the editors of Windows write it (RFC 8259, section 8.1).
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        serde_json::from_str::<Policy>(text).map_err(|error| error.to_string())
    });
    match policy {
        Ok(policy) => Some(policy.updates),
        Err(error) => {
            tracing::warn!(%error, "the policy of this computer cannot be read; no updates");
            Some(off)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: BuiltIn = BuiltIn {
        key: Some("key"),
        url: Some("https://example.com/{channel}/latest.json"),
    };

    fn asks(policy: &str) -> UpdatePolicy {
        serde_json::from_str(policy).unwrap()
    }

    fn looks(asked: &[UpdatePolicy]) -> (String, Option<String>) {
        match plan(BUILT, asked) {
            Plan::Look(Source { url, up_to, .. }) => {
                (url.into(), up_to.map(|version| version.to_string()))
            }
            Plan::Off(why) => panic!("{why:?}"),
        }
    }

    #[test]
    fn u120_without_a_key_or_an_address_it_is_off_and_says_so() {
        for built in [
            BuiltIn { key: None, ..BUILT },
            BuiltIn {
                key: Some(" "),
                ..BUILT
            },
            BuiltIn { url: None, ..BUILT },
        ] {
            assert_eq!(plan(built, &[]), Plan::Off(UpdatesOff::NotBuiltIn));
        }
    }

    #[test]
    fn u120_an_administrator_turns_it_off_pins_it_or_names_an_address() {
        let nothing = UpdatePolicy::default();
        let usual = "https://example.com/stable/latest.json";
        assert_eq!(looks(&[]), (usual.to_owned(), None));
        let off = asks(r#"{"off":true}"#);
        assert_eq!(
            plan(BUILT, &[nothing.clone(), off]),
            Plan::Off(UpdatesOff::Policy)
        );
        let beta = asks(r#"{"channel":"beta"}"#);
        assert_eq!(looks(&[beta]).0, "https://example.com/beta/latest.json");
        let own = asks(r#"{"url":"https://updates.firma.example/x.json"}"#);
        let later = asks(r#"{"url":"https://other.example/","up_to":"v1.4.0"}"#);
        let pinned = asks(r#"{"up_to":"1.3.2"}"#);
        assert_eq!(
            looks(&[nothing, own, later, pinned]),
            (
                "https://updates.firma.example/x.json".to_owned(),
                Some("1.3.2".to_owned())
            )
        );
    }

    #[test]
    fn u120_what_is_asked_and_not_understood_turns_it_off() {
        for policy in [
            r#"{"url":"http://example.com/x.json"}"#,
            r#"{"url":"file:///etc/x"}"#,
            r#"{"url":"nonsense"}"#,
            r#"{"up_to":"the last one"}"#,
            r#"{"channel":"../../evil"}"#,
        ] {
            let off = Plan::Off(UpdatesOff::Policy);
            assert_eq!(plan(BUILT, &[asks(policy)]), off, "{policy}");
            // So nobody is let sign it.
            assert!(asks(policy).validate().is_err(), "{policy}");
        }
    }

    #[test]
    fn u120_a_pin_that_comes_after_the_download_holds() {
        let pinned = |up_to: &str| {
            let policy = UpdatePolicy {
                up_to: Some(up_to.to_owned()),
                ..UpdatePolicy::default()
            };
            plan(BUILT, &[policy])
        };
        assert!(plan(BUILT, &[]).still_allows("1.4.0"));
        assert!(pinned("1.4.0").still_allows("1.4.0"));
        assert!(!pinned("1.3.9").still_allows("1.4.0"));
        assert!(!pinned("1.3.9").still_allows("the last one"));
        assert!(!plan(BUILT, &[asks(r#"{"off":true}"#)]).still_allows("1.4.0"));
    }

    #[test]
    fn u120_the_policy_of_the_computer_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        assert_eq!(read(&path), None);
        std::fs::write(&path, r#"{"updates":{"up_to":"1.2.0"},"later":1}"#).unwrap();
        assert_eq!(read(&path), Some(asks(r#"{"up_to":"1.2.0"}"#)));
        let marked = "\u{feff}{\"updates\":{\"up_to\":\"1.2.0\"}}";
        std::fs::write(&path, marked).unwrap();
        assert_eq!(read(&path), Some(asks(r#"{"up_to":"1.2.0"}"#)));
        std::fs::write(&path, "{").unwrap();
        assert!(read(&path).is_some_and(|policy| policy.off));
    }
}
