//! Invite links: where a server is, how it proves itself, and a token that
//! makes an account there (XEP-0401, XEP-0445).
//!
//! ```text
//! startalk://join/<domain>?v=1&n=<team>&i=<inviter>&e=<endpoint>…&p=<pin>…&t=<token>&c=<checksum>
//! ```
//!
//! Readable, so that people see where a link leads. The checksum covers all
//! before it, so that a link that was cut off or altered on its way is told
//! apart from other text.

use std::fmt;

use crate::input::InputError;
use crate::target::{Endpoint, ServerTarget, SpkiPin, Trust};
use crate::words::{checksum, percent_decode, percent_encode, query_pairs};

pub(crate) const PREFIX: &str = "startalk://join/";
const VERSION: &str = "1";
/// Longest name of a team or person in a link, in characters.
const MAX_NAME_CHARS: usize = 100;
const MAX_TOKEN_BYTES: usize = 200;

/// An invitation to a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// The server.
    pub target: ServerTarget,
    /// What makes an account there. Whoever has it can join.
    pub token: String,
    /// Name of the person who invites.
    pub inviter: Option<String>,
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Invite {
    /// The link to send.
    #[must_use]
    pub fn to_link(&self) -> String {
        let mut link = format!(
            "{PREFIX}{}?v={VERSION}",
            percent_encode(&self.target.domain, ":")
        );
        let mut add = |name: &str, value: &str| {
            link.push_str(&format!("&{name}={}", percent_encode(value, ":/[]")));
        };
        if let Some(name) = &self.target.name {
            add("n", name);
        }
        if let Some(inviter) = &self.inviter {
            add("i", inviter);
        }
        for endpoint in &self.target.endpoints {
            add("e", &endpoint.to_string());
        }
        for pin in &self.target.trust.spki_sha256 {
            add("p", &pin.to_string());
        }
        if self.target.trust.system_roots && !self.target.trust.spki_sha256.is_empty() {
            add("r", "1");
        }
        add("t", &self.token);
        let check = checksum(&link);
        format!("{link}&c={check}")
    }

    /// Reads a link. White space inside it, which mail programs add, is ignored.
    ///
    /// # Errors
    /// [`InputError::Damaged`] for a link of ours that does not hold together,
    /// [`InputError::UnsupportedVersion`] for one of a later kind,
    /// [`InputError::NotUnderstood`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let link: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let rest = link.strip_prefix(PREFIX).ok_or(InputError::NotUnderstood)?;
        let (before, check) = link.rsplit_once("&c=").ok_or(InputError::Damaged)?;
        if checksum(before) != check {
            return Err(InputError::Damaged);
        }
        // From here on the link is as it was made: what does not fit was made
        // wrongly, or by a later version.
        let (domain, query) = rest.split_once('?').ok_or(InputError::Damaged)?;
        let pairs = query_pairs(query).ok_or(InputError::Damaged)?;
        if pairs
            .first()
            .is_none_or(|(name, value)| *name != "v" || value != VERSION)
        {
            return Err(InputError::UnsupportedVersion);
        }
        let mut target = ServerTarget {
            domain: percent_decode(domain).ok_or(InputError::Damaged)?,
            name: None,
            endpoints: Vec::new(),
            trust: Trust {
                system_roots: false,
                ..Trust::default()
            },
        };
        let mut token = None;
        let mut inviter = None;
        for (name, value) in pairs {
            match name {
                "n" => target.name = short(value),
                "i" => inviter = short(value),
                "e" => target.endpoints.push(value.parse::<Endpoint>()?),
                "p" => target.trust.spki_sha256.push(value.parse::<SpkiPin>()?),
                "r" => target.trust.system_roots = value == "1",
                "t" if value.len() <= MAX_TOKEN_BYTES => token = Some(value),
                // Later versions may add what this one can do without.
                _ => {}
            }
        }
        if target.trust.spki_sha256.is_empty() {
            target.trust.system_roots = true;
        }
        target.validate()?;
        let token = token
            .filter(|token| !token.is_empty())
            .ok_or(InputError::Damaged)?;
        Ok(Self {
            target,
            token,
            inviter,
        })
    }
}

fn short(name: String) -> Option<String> {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Transport;
    use proptest::prelude::*;

    fn invite() -> Invite {
        Invite {
            target: ServerTarget {
                domain: "sales-x7k2.startalk.internal".into(),
                name: Some("Sales 销售部 & co".into()),
                endpoints: vec![
                    Endpoint {
                        transport: Transport::DirectTls,
                        host: "192.168.1.5".into(),
                        port: 5280,
                        path: None,
                    },
                    Endpoint {
                        transport: Transport::WebSocket,
                        host: "fe80::1".into(),
                        port: 5280,
                        path: Some("/ws".into()),
                    },
                ],
                trust: Trust {
                    system_roots: false,
                    spki_sha256: vec![SpkiPin::from_der_spki(b"key")],
                    ..Trust::default()
                },
            },
            token: "s3cret-token_~".into(),
            inviter: Some("李娜".into()),
        }
    }

    /// The format is a promise: links live in mails for years.
    #[test]
    fn the_format_does_not_change() {
        assert_eq!(
            invite().to_link(),
            "startalk://join/sales-x7k2.startalk.internal?v=1&n=Sales%20%E9%94%80%E5%94%AE%E9%83%A8%20%26%20co\
             &i=%E6%9D%8E%E5%A8%9C&e=tls:192.168.1.5:5280&e=wss:[fe80::1]:5280/ws\
             &p=LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM&t=s3cret-token_~&c=eVNvO-sa"
        );
    }

    #[test]
    fn round_trip_and_mail_programs() {
        let link = invite().to_link();
        assert_eq!(Invite::parse(&link).unwrap(), invite());
        let folded: String = link
            .chars()
            .enumerate()
            .flat_map(|(n, c)| {
                if n % 60 == 59 {
                    vec![c, '\r', '\n', ' ']
                } else {
                    vec![c]
                }
            })
            .collect();
        assert_eq!(Invite::parse(&folded).unwrap(), invite());
        assert!(!format!("{:?}", invite()).contains("s3cret"));
    }

    #[test]
    fn every_single_change_is_seen() {
        let link = invite().to_link();
        for at in PREFIX.len()..link.len() {
            for damaged in [
                format!("{}{}", &link[..at], &link[at + 1..]),
                link[..at].to_owned(),
                format!("{}x{}", &link[..at], &link[at..]),
            ] {
                assert_eq!(
                    Invite::parse(&damaged),
                    Err(InputError::Damaged),
                    "{damaged}"
                );
            }
            let changed = if link.as_bytes()[at] == b'q' {
                "z"
            } else {
                "q"
            };
            let damaged = format!("{}{changed}{}", &link[..at], &link[at + 1..]);
            assert_eq!(
                Invite::parse(&damaged),
                Err(InputError::Damaged),
                "{damaged}"
            );
        }
    }

    #[test]
    fn a_link_made_wrongly_is_refused_even_with_its_checksum() {
        let sealed = |link: &str| format!("{link}&c={}", checksum(link));
        for (link, error) in [
            (
                "startalk://join/a.b?v=2&t=x",
                InputError::UnsupportedVersion,
            ),
            ("startalk://join/a.b?t=x", InputError::UnsupportedVersion),
            ("startalk://join/a.b?v=1", InputError::Damaged),
            ("startalk://join/a..b?v=1&t=x", InputError::Damaged),
            (
                "startalk://join/a.b?v=1&t=x&e=http:a:1",
                InputError::Damaged,
            ),
            ("startalk://join/a.b?v=1&t=x&p=AA", InputError::Damaged),
        ] {
            assert_eq!(Invite::parse(&sealed(link)), Err(error), "{link}");
        }
        assert!(Invite::parse(&sealed("startalk://join/a.b?v=1&t=x&later=1")).is_ok());
    }

    proptest! {
        #[test]
        fn any_names_round_trip(name in "\\PC{1,40}", inviter in "\\PC{1,40}", token in "[a-zA-Z0-9_-]{1,60}") {
            let mut invite = invite();
            invite.target.name = short(name);
            invite.inviter = short(inviter);
            invite.token = token;
            prop_assert_eq!(Invite::parse(&invite.to_link()).unwrap(), invite);
        }
    }
}
