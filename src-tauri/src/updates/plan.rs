//! Whether the program looks for new versions, where, and up to which one.

use std::path::{Path, PathBuf};

use navigation::{Policy, UpdatePolicy};
use semver::Version;
use url::Url;

use crate::contract::UpdatesOff;

/// The channel where nobody asks for another one.
const CHANNEL: &str = "stable";
/// Stands in an address for the channel.
const CHANNEL_PLACE: &str = "{channel}";
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
    let channel = channel.unwrap_or(CHANNEL);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut up_to: Option<Version> = None;
    for text in asked.iter().filter_map(|policy| policy.up_to.as_deref()) {
        match text.trim().trim_start_matches('v').parse::<Version>() {
            Ok(version) => up_to = Some(up_to.map_or(version.clone(), |one| one.min(version))),
            Err(_) => return Plan::Off(UpdatesOff::Policy),
        }
    }
    let url = address.trim().replace(CHANNEL_PLACE, channel);
    match Url::parse(&url) {
        Ok(url) if is_safe(&url) && channel.chars().all(is_name) => Plan::Look(Source {
            key: key.to_owned(),
            url,
            up_to,
        }),
        _ => {
            tracing::warn!("the address for new versions is of no use; none are looked for");
            Plan::Off(UpdatesOff::Policy)
        }
    }
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some()
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
    let policy = read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_str::<Policy>(&text).map_err(|error| error.to_string()));
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
        }
    }

    #[test]
    fn u120_the_policy_of_the_computer_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        assert_eq!(read(&path), None);
        std::fs::write(&path, r#"{"updates":{"up_to":"1.2.0"},"later":1}"#).unwrap();
        assert_eq!(read(&path), Some(asks(r#"{"up_to":"1.2.0"}"#)));
        std::fs::write(&path, "{").unwrap();
        assert!(read(&path).is_some_and(|policy| policy.off));
    }
}
