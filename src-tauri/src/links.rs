//! Links from outside: `startalk:` and `xmpp:` (RFC 5122, XEP-0147).
//!
//! Any web page can make a browser hand us one, so everything in it is hostile
//! until the user has read what it would do: a link is measured, taken apart and
//! shown, and never acted upon here.

use crate::contract::LinkView;

/// Longest link of ours; a navigation document fits.
const MAX_BYTES: usize = navigation::MAX_INPUT_BYTES;
/// Longest link to an address.
const MAX_XMPP_BYTES: usize = 4096;
/// Longest address (RFC 7622, section 3.1: two parts of 1023 bytes).
const MAX_ADDRESS_BYTES: usize = 2047;
/// Longest text that a link may put into the composer, in characters.
const MAX_TEXT_CHARS: usize = 2000;

/// Takes a link apart; `None` if it is none of ours, too long, or holds what no
/// honest link does.
pub(crate) fn parse(text: &str) -> Option<LinkView> {
    if text.len() > MAX_BYTES || text.chars().any(is_hostile) {
        return None;
    }
    let text = text.trim();
    let (scheme, rest) = text.split_once(':')?;
    if scheme.eq_ignore_ascii_case("startalk") {
        // The form says what is wrong with one that is damaged.
        return Some(LinkView::Join {
            input: text.to_owned(),
        });
    }
    if scheme.eq_ignore_ascii_case("xmpp") && text.len() <= MAX_XMPP_BYTES {
        return parse_xmpp(rest);
    }
    None
}

/// RFC 5122, section 2.2: `[//authority/]path[?query][#fragment]`.
fn parse_xmpp(rest: &str) -> Option<LinkView> {
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The authority says with which of our accounts; that is for the user to choose.
    let path = match path.strip_prefix("//") {
        Some(with_authority) => with_authority.split_once('/')?.1,
        None => path,
    };
    let address = decode(path)?;
    // The bare address: a link does not choose among devices or nicknames.
    let address = address.split('/').next().unwrap_or_default();
    if address.is_empty()
        || address.len() > MAX_ADDRESS_BYTES
        || address.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return None;
    }
    let Some((local, domain)) = address.split_once('@') else {
        return Some(LinkView::Join {
            input: address.to_owned(),
        });
    };
    if local.is_empty() || domain.is_empty() || domain.contains('@') {
        return None;
    }
    let address = address.to_owned();
    let mut parts = query.split([';', '&']);
    match parts.next().unwrap_or_default() {
        "join" => Some(LinkView::Room { address }),
        "register" => Some(LinkView::Join { input: address }),
        "message" => {
            let body = parts.find_map(|part| part.strip_prefix("body="));
            let text = text(&decode(body.unwrap_or_default())?);
            Some(LinkView::Chat { address, text })
        }
        // What else a query may ask for (XEP-0147 has a registry) is not done by a
        // link; whom it is about can be shown.
        _ => Some(LinkView::Chat {
            address,
            text: String::new(),
        }),
    }
}

/// Only what can be seen in a composer.
fn text(decoded: &str) -> String {
    decoded
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| *c == '\n' || !is_hostile(*c))
        .take(MAX_TEXT_CHARS)
        .collect()
}

/// Control characters, and those that make a text look like another one.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}'
                | '\u{FEFF}'
        )
}

/// Percent-decoding (RFC 3986, section 2.1); `None` unless it gives UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(address: &str, text: &str) -> Option<LinkView> {
        Some(LinkView::Chat {
            address: address.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn u06_links_are_taken_apart() {
        assert_eq!(
            parse("startalk://join/#abc"),
            Some(LinkView::Join {
                input: "startalk://join/#abc".to_owned()
            })
        );
        assert_eq!(parse("xmpp:li@example.com"), chat("li@example.com", ""));
        assert_eq!(
            parse("XMPP:li@example.com/phone?message;subject=x;body=%E4%BD%A0%E5%A5%BD%0Ab"),
            chat("li@example.com", "你好\nb")
        );
        assert_eq!(
            parse("xmpp://me@example.org/li@example.com?roster;name=Li"),
            chat("li@example.com", "")
        );
        assert_eq!(
            parse("xmpp:sales@conference.example.com?join"),
            Some(LinkView::Room {
                address: "sales@conference.example.com".to_owned()
            })
        );
        assert_eq!(
            parse("xmpp:example.com?register"),
            Some(LinkView::Join {
                input: "example.com".to_owned()
            })
        );
    }

    #[test]
    fn u06_hostile_links_lead_nowhere() {
        for link in [
            "",
            "startalk",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--home=/tmp/x",
            "xmpp:",
            "xmpp:@example.com",
            "xmpp:li@",
            "xmpp:a@b@c",
            "xmpp:li@example.com%0A--x",
            "xmpp:li@example.com?message;body=%FF",
            "xmpp:li@example.com?message;body=%4",
            "xmpp://only-authority",
            "xmpp:li%20na@example.com",
            "startalk://join/#a\u{202E}b",
            "startalk://join/\n#a",
        ] {
            assert_eq!(parse(link), None, "{link:?}");
        }
        assert_eq!(parse(&format!("startalk:{}", "x".repeat(MAX_BYTES))), None);
        let long = format!("xmpp:{}@example.com", "x".repeat(MAX_XMPP_BYTES));
        assert_eq!(parse(&long), None);
    }

    #[test]
    fn u06_a_text_from_a_link_is_shortened_and_shows_all_it_holds() {
        let link = format!("xmpp:a@b?message;body=%E2%80%AE%07{}", "y".repeat(3000));
        let Some(LinkView::Chat { text, .. }) = parse(&link) else {
            panic!("not understood");
        };
        assert_eq!(text, "y".repeat(MAX_TEXT_CHARS));
    }
}
