//! What the server is told of files, external services, notifications and
//! contact addresses.

use std::fmt;

use serde::Deserialize;

/// Files that people upload (XEP-0363).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Whether files can be uploaded at all.
    pub enabled: bool,
    /// Largest file.
    pub max_file_bytes: u64,
    /// All files of one account. The same bytes sent by two people count for both.
    pub account_bytes: u64,
    /// All files on the disk.
    pub total_bytes: u64,
    /// Which kinds are taken.
    pub types: FileTypes,
    /// For how many days they are kept; without, forever.
    pub keep_days: Option<u32>,
    /// How long after it was asked for an upload may begin.
    pub slot_seconds: u32,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            enabled: true,
            max_file_bytes: 100 << 20,
            account_bytes: 5 << 30,
            total_bytes: 50 << 30,
            types: FileTypes::default(),
            keep_days: None,
            slot_seconds: 300,
        }
    }
}

impl Files {
    /// How long an upload may wait.
    pub(crate) fn slot_ms(&self) -> i64 {
        i64::from(self.slot_seconds) * 1000
    }

    /// How long files are kept.
    pub(crate) fn keep_ms(&self) -> Option<i64> {
        self.keep_days.map(|days| i64::from(days) * 86_400_000)
    }
}

/// Which kinds of files are taken. A rule is a media type (`image/png`,
/// `image/*`) or the end of a name (`.exe`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileTypes {
    /// All: none of them can do harm to whoever downloads with a browser.
    #[default]
    Any,
    /// Only these.
    Allow(Vec<String>),
    /// All but these.
    Block(Vec<String>),
}

impl FileTypes {
    /// Whether a file of this name and media type is taken.
    pub(crate) fn takes(&self, name: &str, media_type: &str) -> bool {
        let fits = |rules: &[String]| rules.iter().any(|rule| fits(rule, name, media_type));
        match self {
            Self::Any => true,
            Self::Allow(rules) => fits(rules),
            Self::Block(rules) => !fits(rules),
        }
    }
}

fn fits(rule: &str, name: &str, media_type: &str) -> bool {
    let rule = rule.trim().to_lowercase();
    if rule.starts_with('.') {
        return name.to_lowercase().ends_with(&rule);
    }
    // Without `;charset=`.
    let plain = media_type.split(';').next().unwrap_or_default();
    let plain = plain.trim().to_lowercase();
    match rule.strip_suffix("/*") {
        Some(kind) => plain.split('/').next() == Some(kind),
        None => plain == rule,
    }
}

/// A server beside this one, for calls for example (XEP-0215).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalService {
    /// `stun`, `turn`, `turns`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `udp` or `tcp`.
    #[serde(default)]
    pub transport: Option<String>,
    /// What people read.
    #[serde(default)]
    pub name: Option<String>,
    /// What it wants to know.
    #[serde(default)]
    pub credentials: Credentials,
}

/// How somebody proves to an external service that it may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// Always with the same name and password.
    Static {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// With a name and password that are made for the person and end by
    /// themselves, from a secret that the service knows too: `use-auth-secret`
    /// and `static-auth-secret` of coturn.
    Shared {
        /// The secret.
        secret: Secret,
        /// How long they last.
        #[serde(default = "a_day")]
        seconds: u32,
    },
}

fn a_day() -> u32 {
    86_400
}

/// Notifications for who is away (XEP-0357).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// Addresses that hear of messages to anybody.
    pub webhooks: Vec<String>,
    /// What these are signed with.
    pub secret: Option<Secret>,
    /// Which addresses people may set for themselves.
    pub personal_webhooks: PersonalWebhooks,
    /// Whether notifications say who has written.
    pub with_sender: bool,
    /// Whether notifications say what was written.
    pub with_body: bool,
    /// Whether webhooks may be at addresses of this machine and its networks,
    /// and without TLS. Who may set one can then reach what is only for them.
    pub allow_private: bool,
}

/// Which addresses people may set for themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalWebhooks {
    /// None.
    #[default]
    Off,
    /// Those at these hosts.
    Hosts(Vec<String>),
    /// All in the public internet.
    Any,
}

/// Addresses of who runs the server, as URIs (`mailto:`, `xmpp:`, `https:`),
/// by what they are for (XEP-0157).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "the names of XEP-0157 say it")]
pub struct Contacts {
    pub abuse: Vec<String>,
    pub admin: Vec<String>,
    pub feedback: Vec<String>,
    pub sales: Vec<String>,
    pub security: Vec<String>,
    pub status: Vec<String>,
    pub support: Vec<String>,
}

/// Something that must not be seen in logs.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_types_look_at_type_and_name() {
        let rules = || {
            vec![
                "image/*".to_owned(),
                ".EXE".to_owned(),
                "text/html".to_owned(),
            ]
        };
        for (name, media_type, fits) in [
            ("a.png", "image/png", true),
            ("a.png", "IMAGE/PNG", true),
            ("a", "imagery/png", false),
            ("setup.exe", "application/octet-stream", true),
            ("exe", "application/octet-stream", false),
            ("a", "text/html; charset=utf-8", true),
            ("a", "text/htmlx", false),
        ] {
            assert!(FileTypes::Any.takes(name, media_type));
            assert_eq!(FileTypes::Allow(rules()).takes(name, media_type), fits);
            assert_eq!(FileTypes::Block(rules()).takes(name, media_type), !fits);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let push = Push {
            secret: Some(Secret::new("hush")),
            ..Push::default()
        };
        assert!(!format!("{push:?}").contains("hush"));
    }
}
