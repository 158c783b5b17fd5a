//! Any text that a person may paste or type where a server is asked for.

use crate::document::DocumentError;
use crate::invite::{self, Invite};
use crate::link::{self, NavigationLink};
use crate::target::{ServerTarget, TargetError, is_domain, split_host_port};

/// Longest text that is looked at. A chat message with a link in it fits.
pub const MAX_INPUT_BYTES: usize = 16 * 1024;

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NavigationInput {
    /// An invitation: makes an account.
    Invite(Invite),
    /// A navigation document, or where it is.
    Navigation(NavigationLink),
    /// A server: sign in with an account that exists.
    Server(ServerTarget),
    /// An account on a server.
    Account {
        /// Its localpart, as typed.
        user: String,
        /// Its server.
        target: ServerTarget,
    },
}

/// Why a text leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// There is no text.
    #[error("nothing was typed")]
    Empty,
    /// Longer than [`MAX_INPUT_BYTES`].
    #[error("the text is too long")]
    TooLong,
    /// Neither a link nor an address.
    #[error("the text is neither a link nor an address")]
    NotUnderstood,
    /// A link of ours that was cut off or altered.
    #[error("the link is damaged")]
    Damaged,
    /// A link made for a later version.
    #[error("the link was made for a later version")]
    UnsupportedVersion,
    /// The document inside a navigation link is refused.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl From<TargetError> for InputError {
    fn from(_: TargetError) -> Self {
        Self::Damaged
    }
}

impl InputError {
    /// A name that stays the same, for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::NotUnderstood => "not-understood",
            Self::Damaged => "damaged",
            Self::UnsupportedVersion => "unsupported-version",
            Self::Document(error) => error.code(),
        }
    }
}

impl NavigationInput {
    /// Finds out what a text is. A link is found inside a sentence too.
    ///
    /// # Errors
    /// [`InputError`]. A text that begins like one of our links but does not
    /// hold together is [`InputError::Damaged`], never something else.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        if text.len() > MAX_INPUT_BYTES {
            return Err(InputError::TooLong);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(InputError::Empty);
        }
        if let Some(found) = find_link(text) {
            return parse_link(&found);
        }
        parse_address(&from_full_width(text)).ok_or(InputError::NotUnderstood)
    }
}

const SCHEME: &str = "startalk:";

/// The link in a text. It ends at a quotation mark, a bracket or a character
/// that no link of ours holds; white space ends it only if what follows cannot
/// be the rest of a folded link.
fn find_link(text: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find(SCHEME)?;
    let rest = text.get(at..)?;
    let mut link = String::new();
    for word in rest.split_whitespace() {
        let end = word.find(|c: char| !is_link_char(c)).unwrap_or(word.len());
        link.push_str(word.get(..end).unwrap_or_default());
        // Sentences put a full stop or a comma behind a link.
        let bare = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        for candidate in [link.as_str(), bare] {
            if parse_link(candidate).is_ok() {
                return Some(candidate.to_owned());
            }
        }
        // The word ended in something that is in no link.
        if end < word.len() {
            break;
        }
    }
    Some(link)
}

fn is_link_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

fn parse_link(link: &str) -> Result<NavigationInput, InputError> {
    // The scheme and the first word are case-insensitive in the wild.
    let lower = link.to_ascii_lowercase();
    if lower.starts_with(invite::PREFIX) {
        let rest = link.get(invite::PREFIX.len()..).unwrap_or_default();
        Invite::parse(&format!("{}{rest}", invite::PREFIX)).map(NavigationInput::Invite)
    } else if lower.starts_with(link::PREFIX) {
        let rest = link.get(link::PREFIX.len()..).unwrap_or_default();
        NavigationLink::parse(&format!("{}{rest}", link::PREFIX)).map(NavigationInput::Navigation)
    } else {
        Err(InputError::Damaged)
    }
}

/// What a Chinese input method writes for `.`, `:` and `@`, and letters and
/// digits of full width.
fn from_full_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '。' | '．' | '｡' => '.',
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .collect()
}

fn parse_address(text: &str) -> Option<NavigationInput> {
    let text = text.trim_matches(['<', '>', '"', '\'', '“', '”', '「', '」']);
    let mut rest = text;
    for scheme in ["xmpp://", "xmpps://", "https://", "wss://", "xmpp:"] {
        if text
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        {
            rest = text.get(scheme.len()..)?;
            break;
        }
    }
    // The rest of a web address or of an XMPP link says nothing of the server.
    let place = rest.split(['/', '?', '#']).next()?;
    let (user, place) = match place.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, place),
    };
    let (host, port) = split_host_port(place)?;
    // Plain names are written in lower case; an IPv6 address or a name in
    // another script is normalised by the part that uses it.
    let host = host.to_lowercase();
    if !is_domain(&host) {
        return None;
    }
    let target = ServerTarget::for_server(&host, port.map(|port| (host.clone(), port)));
    match user {
        None => Some(NavigationInput::Server(target)),
        Some(user) => {
            jid::NodePart::new(user).ok()?;
            Some(NavigationInput::Account {
                user: user.to_owned(),
                target,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Transport;
    use proptest::prelude::*;

    fn server(text: &str) -> (Option<String>, ServerTarget) {
        match NavigationInput::parse(text) {
            Ok(NavigationInput::Server(target)) => (None, target),
            Ok(NavigationInput::Account { user, target }) => (Some(user), target),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn addresses_as_people_type_them() {
        for (text, user, domain, port) in [
            ("example.com", None, "example.com", None),
            ("  Example.COM\n", None, "example.com", None),
            (
                "chat.example.com:5222",
                None,
                "chat.example.com",
                Some(5222),
            ),
            ("192.168.1.5:5280", None, "192.168.1.5", Some(5280)),
            ("[::1]:5280", None, "::1", Some(5280)),
            ("::1", None, "::1", None),
            ("localhost", None, "localhost", None),
            ("chat.corp", None, "chat.corp", None),
            ("公司.内网", None, "公司.内网", None),
            ("example。com：5222", None, "example.com", Some(5222)),
            (
                "ａｌｉｃｅ＠example．com",
                Some("alice"),
                "example.com",
                None,
            ),
            ("alice@example.com", Some("alice"), "example.com", None),
            ("<alice@example.com>", Some("alice"), "example.com", None),
            (
                "xmpp:alice@example.com?message",
                Some("alice"),
                "example.com",
                None,
            ),
            ("xmpp://example.com", None, "example.com", None),
            (
                "https://example.com:5280/invite/x",
                None,
                "example.com",
                Some(5280),
            ),
            ("李娜@example.com", Some("李娜"), "example.com", None),
        ] {
            let (found, target) = server(text);
            assert_eq!(found.as_deref(), user, "{text}");
            assert_eq!(target.domain, domain, "{text}");
            assert_eq!(
                target.endpoints.first().map(|endpoint| endpoint.port),
                port,
                "{text}"
            );
        }
        let (_, target) = server("chat.example.com:5222");
        let transports: Vec<_> = target.endpoints.iter().map(|e| e.transport).collect();
        assert_eq!(transports, [Transport::DirectTls, Transport::StartTls]);
    }

    #[test]
    fn what_is_neither() {
        assert_eq!(NavigationInput::parse(" \n"), Err(InputError::Empty));
        assert_eq!(
            NavigationInput::parse(&"a".repeat(MAX_INPUT_BYTES + 1)),
            Err(InputError::TooLong)
        );
        for text in [
            "what is this?",
            "a b",
            "@",
            "a@",
            "@b.c",
            "http://example.com",
            "example.com:0",
            "example.com:99999",
            "example.com:port",
            "[::1",
            "ftp://a",
            "a..b",
            "1.2.3",
        ] {
            assert_eq!(
                NavigationInput::parse(text),
                Err(InputError::NotUnderstood),
                "{text}"
            );
        }
        for text in [
            "startalk:",
            "startalk://",
            "startalk://join/",
            "startalk://what",
            "STARTALK://JOIN/a.b",
            "startalk://nav?x",
        ] {
            assert_eq!(
                NavigationInput::parse(text),
                Err(InputError::Damaged),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_is_found_where_people_put_it() {
        let invite = Invite {
            target: ServerTarget {
                trust: crate::Trust {
                    system_roots: false,
                    spki_sha256: vec![crate::SpkiPin::from_der_spki(b"k")],
                    ..crate::Trust::default()
                },
                name: Some("销售".into()),
                ..ServerTarget::for_server("t.internal", Some(("10.0.0.1".into(), 5280)))
            },
            token: "token".into(),
            inviter: None,
        };
        let link = invite.to_link();
        let (start, end) = link.split_at(70);
        for text in [
            format!("<{link}>"),
            format!("“{link}”。"),
            format!("Join us: {link}"),
            format!("Join us: {link}, see you there."),
            format!("点这里:{link},欢迎!"),
            format!("{link} 欢迎加入"),
            format!("see ({link})."),
            format!("{start}\r\n{end}"),
            format!("> {start}\n  {end}\nBye"),
            link.replacen("startalk://join", "Startalk://Join", 1),
        ] {
            assert_eq!(
                NavigationInput::parse(&text),
                Ok(NavigationInput::Invite(invite.clone())),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,300}") {
            let _ = NavigationInput::parse(&text);
            let _ = NavigationInput::parse(&format!("startalk://join/{text}"));
            let _ = NavigationInput::parse(&format!("startalk://nav?{text}"));
            let _ = NavigationInput::parse(&format!("{text} startalk://nav?d={text}"));
        }
    }
}
