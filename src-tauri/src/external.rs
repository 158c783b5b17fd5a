//! Links in messages, opened outside.

use url::Url;

use crate::contract::LinkView;
use crate::links;

/// Longest link that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// Where a link in a message leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To the browser, the mail program, the telephone.
    Outside(String),
    /// To a place in this program.
    Inside(LinkView),
}

/// Judges a link; `None` if it is not opened: another scheme than those of web,
/// mail, telephone and chat, or one that hides where it leads behind a user name
/// (`https://bank.example@evil.example`).
pub(crate) fn judge(link: &str) -> Option<Destination> {
    if link.len() > MAX_BYTES || link.chars().any(char::is_control) {
        return None;
    }
    if let Some(view) = links::parse(link) {
        return Some(Destination::Inside(view));
    }
    let url = Url::parse(link).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_other = matches!(url.scheme(), "mailto" | "tel");
    let hides = !url.username().is_empty() || url.password().is_some();
    if hides || !(is_other || is_web && url.has_host()) {
        return None;
    }
    // As it was understood, not as it was written: both ends read the same.
    Some(Destination::Outside(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u33_only_web_mail_telephone_and_chat_are_opened() {
        let outside = |link: &str| Some(Destination::Outside(link.to_owned()));
        assert_eq!(
            judge("https://example.com/a?b#c"),
            outside("https://example.com/a?b#c")
        );
        assert_eq!(
            judge("HTTP://例子.测试/"),
            outside("http://xn--fsqu00a.xn--0zwm56d/")
        );
        assert_eq!(
            judge("mailto:li@example.com"),
            outside("mailto:li@example.com")
        );
        assert_eq!(judge("tel:+4930123456"), outside("tel:+4930123456"));
        let inside = judge("xmpp:li@example.com");
        assert!(matches!(
            inside,
            Some(Destination::Inside(LinkView::Chat { .. }))
        ));
        for link in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "smb://server/share",
            "ms-msdt:/id",
            "search-ms:query=x",
            "steam://run/1",
            "https://bank.example@evil.example/",
            "https://",
            "//example.com",
            "example.com",
            "C:\\Windows\\system32\\calc.exe",
            "https://example.com/\u{0}",
            "-https://example.com",
        ] {
            assert_eq!(judge(link), None, "{link:?}");
        }
        assert_eq!(
            judge(&format!("https://e.com/{}", "x".repeat(MAX_BYTES))),
            None
        );
    }
}
