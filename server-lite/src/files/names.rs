//! Names and media types of files, as clients send them: nothing of them
//! reaches the disk, and nothing but what is harmless reaches a header or a link.

/// Longest name of a file, in bytes of UTF-8.
const MAX_NAME: usize = 255;
/// Longest media type.
const MAX_TYPE: usize = 127;
/// The type of what nobody knows.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// The name under which a file is offered: the last part of a path, without
/// what would change how it is shown. `None` if nothing is left.
pub(crate) fn file_name(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    name.truncate(name.floor_char_boundary(MAX_NAME));
    let name = name.trim();
    let only_dots = name.chars().all(|c| c == '.');
    (!only_dots).then(|| name.to_owned())
}

/// Control characters, and those that turn the direction of writing: with them
/// `gpj.exe` can look like `exe.jpg`.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
        )
        || ('\u{2028}'..='\u{202E}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// A media type that can stand in a header: `type/subtype` and perhaps a
/// charset (RFC 9110, section 8.3.1).
pub(crate) fn media_type(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if text.len() > MAX_TYPE {
        return None;
    }
    let (plain, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let (kind, subtype) = plain.trim().split_once('/')?;
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let charset = parameters
        .split(';')
        .filter_map(|parameter| parameter.trim().strip_prefix("charset="))
        .map(|charset| charset.trim_matches('"'))
        .find(|charset| is_token(charset));
    Some(match charset {
        Some(charset) => format!("{kind}/{subtype}; charset={charset}"),
        None => format!("{kind}/{subtype}"),
    })
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Whether browsers may show it in place: what can only be looked at. It stands
/// in a sandbox in any case.
fn is_shown(media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or_default();
    match plain.split_once('/') {
        Some(("image", kind)) => matches!(kind, "png" | "jpeg" | "gif" | "webp" | "avif" | "bmp"),
        Some(("audio" | "video", _)) => true,
        _ => plain == "text/plain",
    }
}

/// `Content-Type` of a download.
pub(crate) fn content_type(media_type: &str) -> String {
    match media_type {
        // Without it, browsers take text for what was usual in 1995.
        "text/plain" => "text/plain; charset=utf-8".to_owned(),
        other => other.to_owned(),
    }
}

/// `Content-Disposition` of a download (RFC 6266): a name for old programs, and
/// the whole one (RFC 8187).
pub(crate) fn disposition(name: &str, media_type: &str) -> String {
    let kind = match is_shown(media_type) {
        true => "inline",
        false => "attachment",
    };
    let plain: String = name
        .chars()
        .map(|c| match c {
            // A percent sign would be decoded by some.
            '"' | '\\' | '%' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let whole = percent_encode(name, "!#$&+-.^_`|~");
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// A name as a part of a path (RFC 3986, section 3.3).
pub(crate) fn in_link(name: &str) -> String {
    percent_encode(name, "-._~")
}

fn percent_encode(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || kept.contains(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_part_and_show_what_they_are() {
        for (text, name) in [
            ("très cool.jpg", Some("très cool.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("..\\..\\boot.ini", Some("boot.ini")),
            ("/", None),
            ("..", None),
            (" . ", None),
            ("", None),
            ("a\r\nSet-Cookie: x\0", Some("aSet-Cookie: x")),
            ("photo\u{202E}gpj.exe", Some("photogpj.exe")),
            (&"长".repeat(100), Some(&"长".repeat(85))),
        ] {
            assert_eq!(file_name(text).as_deref(), name, "{text:?}");
        }
    }

    #[test]
    fn media_types_are_tokens_or_nothing() {
        for (text, read) in [
            ("image/png", Some("image/png")),
            (
                " Text/Plain; Charset=\"UTF-8\"; x=y ",
                Some("text/plain; charset=utf-8"),
            ),
            ("text/html\r\nx: y", None),
            ("text/plain; charset=a\r\nb", Some("text/plain")),
            ("text", None),
            ("/", None),
            ("a/b/c", None),
            ("图/片", None),
        ] {
            assert_eq!(media_type(text).as_deref(), read, "{text:?}");
        }
        assert_eq!(media_type(&format!("a/{}", "b".repeat(200))), None);
    }

    #[test]
    fn headers_hold_any_name() {
        let text = disposition("报告 \"1\"%41.pdf", "application/pdf");
        assert_eq!(
            text,
            "attachment; filename=\"__ _1__41.pdf\"; \
             filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%221%22%2541.pdf"
        );
        for media_type in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
        ] {
            assert!(disposition("a", media_type).starts_with("attachment;"));
        }
        assert!(disposition("a", "image/png").starts_with("inline;"));
        assert_eq!(in_link("très cool.jpg"), "tr%C3%A8s%20cool.jpg");
        assert_eq!(in_link("a/b?c#d"), "a%2Fb%3Fc%23d");
    }
}
