//! From the name of a person to the localpart of an address (RFC 7622, 3.3).

use jid::NodePart;

/// Longest localpart in bytes (RFC 7622, section 3.3).
pub const MAX_LOCALPART_BYTES: usize = 1023;

/// Longest display name that we accept, in characters.
pub const MAX_DISPLAY_NAME_CHARS: usize = 64;

/// Makes a localpart of a name: `Li Na` becomes `li.na`, `李娜` stays `李娜`.
///
/// Letters and digits of every script stay (normalised and in lower case);
/// runs of anything else become one dot. `None` if nothing is left.
#[must_use]
pub fn localpart_from_display_name(name: &str) -> Option<String> {
    let mut raw = String::new();
    for c in name.trim().chars().take(MAX_DISPLAY_NAME_CHARS) {
        if c.is_alphanumeric() || c == '-' || c == '_' {
            raw.push(c);
        } else if !raw.is_empty() && !raw.ends_with('.') {
            raw.push('.');
        }
    }
    let raw = raw.trim_end_matches('.');
    if !raw.chars().any(char::is_alphanumeric) {
        return None;
    }
    normal_localpart(raw)
}

/// The normal form of a localpart that somebody typed or sent; `None` if it is
/// not one.
#[must_use]
pub fn normal_localpart(raw: &str) -> Option<String> {
    if raw.len() > MAX_LOCALPART_BYTES {
        return None;
    }
    NodePart::new(raw).ok().map(|part| part.as_str().to_owned())
}

/// A display name fit to be shown: trimmed, on one line, without control
/// characters or marks that change the direction of the text around it.
/// `None` if nothing visible is left or it is too long.
#[must_use]
pub fn clean_display_name(name: &str) -> Option<String> {
    let mut clean = String::new();
    for c in name.trim().chars() {
        match c {
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{FEFF}' => {}
            c if c.is_control() || c.is_whitespace() => {
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            c => clean.push(c),
        }
    }
    let clean = clean.trim();
    if clean.is_empty() || clean.chars().count() > MAX_DISPLAY_NAME_CHARS {
        return None;
    }
    Some(clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_become_localparts() {
        for (name, expected) in [
            ("Li Na", Some("li.na")),
            ("李娜", Some("李娜")),
            ("  Anna-Lena  O'Neill ", Some("anna-lena.o.neill")),
            ("ROSA", Some("rosa")),
            ("Ｒｏｓａ", Some("rosa")),
            ("José", Some("josé")),
            ("a@b/c", Some("a.b.c")),
            ("😀", None),
            ("...", None),
            ("--", None),
            ("", None),
        ] {
            assert_eq!(
                localpart_from_display_name(name).as_deref(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn typed_localparts_are_normalised_or_refused() {
        assert_eq!(normal_localpart("Rosa").as_deref(), Some("rosa"));
        for bad in ["", "a b", "a@b", "a/b", "a\"b", "<a>"] {
            assert_eq!(normal_localpart(bad), None, "{bad}");
        }
        assert_eq!(normal_localpart(&"a".repeat(1024)), None);
    }

    #[test]
    fn display_names_cannot_turn_the_text_around_them() {
        assert_eq!(
            clean_display_name(" Li\u{202E} \n Na ").as_deref(),
            Some("Li Na")
        );
        assert_eq!(clean_display_name("\u{202E}\u{200B}"), None);
        assert_eq!(clean_display_name(&"x".repeat(65)), None);
    }
}
