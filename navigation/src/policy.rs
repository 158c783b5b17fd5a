//! What whoever runs a server asks of the clients of its people.

use std::num::{NonZeroU32, NonZeroU64};

use semver::Version;
use serde::{Deserialize, Serialize};
use url::Url;

/// The channel where nobody asks for another one.
pub const UPDATE_CHANNEL: &str = "stable";
/// Stands in the address of new versions for the channel.
const UPDATE_CHANNEL_PLACE: &str = "{channel}";

/// What whoever runs a server asks of the clients of its people. What is missing is
/// left to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Messages older than so many days do not stay on a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_days: Option<NonZeroU32>,
    /// The messages on a device use no more than so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_bytes: Option<NonZeroU64>,
    /// Most that notifications show of a message, on any screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    /// How the program is kept up to date.
    #[serde(default, skip_serializing_if = "UpdatePolicy::is_empty")]
    pub updates: UpdatePolicy,
}

/// Most that notifications show of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preview {
    /// Who wrote it.
    Name,
    /// That there is one.
    Nothing,
}

/// How the program is kept up to date. What is missing is left to the program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePolicy {
    /// It does not look for new versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// Where it looks (HTTPS), in the place of where its makers offer them. What is
    /// there has to be signed by them all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which of the kinds of versions is taken that are offered there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// No version later than this one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<String>,
}

/// Why a wish would be misunderstood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// New versions are looked for over HTTPS only.
    #[error("not an address of new versions; it begins with https://")]
    Url,
    /// The name of a channel stands in an address.
    #[error("not a channel: letters, digits and hyphens")]
    Channel,
    /// Versions have three numbers (Semantic Versioning 2.0.0, section 2).
    #[error("not a version; it has three numbers, such as 1.4.0")]
    Version,
}

impl UpdatePolicy {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether clients understand it. They look for no versions at all where they do
    /// not, so a slip of the pen would go unnoticed on every desk.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn validate(&self) -> Result<(), PolicyError> {
        let channel = self.channel.as_deref().unwrap_or(UPDATE_CHANNEL);
        if !is_update_channel(channel) {
            return Err(PolicyError::Channel);
        }
        if let Some(url) = &self.url {
            update_url(url, channel).ok_or(PolicyError::Url)?;
        }
        if let Some(version) = &self.up_to {
            update_version(version).ok_or(PolicyError::Version)?;
        }
        Ok(())
    }
}

/// Whether this may name a channel: it stands in an address.
#[must_use]
pub fn is_update_channel(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(is_part)
}

/// The address where versions of a channel are looked for; `None` for one that is not
/// used.
#[must_use]
pub fn update_url(text: &str, channel: &str) -> Option<Url> {
    let url = text.trim().replace(UPDATE_CHANNEL_PLACE, channel);
    Url::parse(&url)
        .ok()
        .filter(|url| url.scheme() == "https" && url.host_str().is_some())
}

/// A version as somebody writes it.
#[must_use]
pub fn update_version(text: &str) -> Option<Version> {
    text.trim().trim_start_matches('v').parse().ok()
}

impl Policy {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether clients understand it.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.updates.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u120_what_would_turn_updates_off_by_mistake_is_told() {
        let check = |policy: &str| {
            let read: UpdatePolicy = serde_json::from_str(policy).unwrap();
            read.validate()
        };
        for good in [
            "{}",
            r#"{"off":true}"#,
            r#"{"url":"https://example.com/{channel}.json","channel":"beta-2"}"#,
            r#"{"url":"https://{channel}.example.com/"}"#,
            r#"{"up_to":"v1.4.0"}"#,
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            (r#"{"up_to":"1.4"}"#, PolicyError::Version),
            (r#"{"up_to":"the last one"}"#, PolicyError::Version),
            (r#"{"url":"http://example.com/x.json"}"#, PolicyError::Url),
            (r#"{"url":""}"#, PolicyError::Url),
            (r#"{"url":"nonsense"}"#, PolicyError::Url),
            (r#"{"channel":"beta_1"}"#, PolicyError::Channel),
            (r#"{"channel":""}"#, PolicyError::Channel),
            (r#"{"channel":"../../evil"}"#, PolicyError::Channel),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
    }
}
