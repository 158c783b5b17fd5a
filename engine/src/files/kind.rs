//! What a file is: by its bytes where it is shown, by its name where it is sent.

/// What a file is by how it begins, as far as a window may show or play it. Others
/// are nothing but bytes: what could hold a script is never called by its name.
pub(crate) fn by_bytes(head: &[u8]) -> &'static str {
    let at =
        |from: usize, bytes: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(bytes));
    let riff = |kind: &[u8]| at(0, b"RIFF") && at(8, kind);
    if at(0, b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if at(0, b"\xff\xd8\xff") {
        "image/jpeg"
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        "image/gif"
    } else if riff(b"WEBP") {
        "image/webp"
    } else if at(0, b"BM") && at(6, &[0; 4]) {
        "image/bmp"
    } else if at(4, b"ftypavif") {
        "image/avif"
    } else if at(4, b"ftypM4A") {
        "audio/mp4"
    } else if at(4, b"ftypqt") {
        "video/quicktime"
    } else if at(4, b"ftyp") {
        "video/mp4"
    } else if at(0, b"\x1a\x45\xdf\xa3") {
        "video/webm"
    } else if at(0, b"OggS") {
        "audio/ogg"
    } else if at(0, b"fLaC") {
        "audio/flac"
    } else if riff(b"WAVE") {
        "audio/wav"
    } else if at(0, b"ID3") || matches!(head, [0xff, 0xfb | 0xf3 | 0xf2, ..]) {
        "audio/mpeg"
    } else if matches!(head, [0xff, 0xf1 | 0xf9, ..]) {
        "audio/aac"
    } else {
        UNKNOWN
    }
}

/// Nothing but bytes.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// Whether a window may show it as a picture.
pub(crate) fn is_picture(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "image/avif"
    )
}

/// What the ending of a name says, for the other side.
pub(crate) fn by_name(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "7z" => "application/x-7z-compressed",
        "bmp" => "image/bmp",
        "bz2" => "application/x-bzip2",
        "csv" => "text/csv",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "eml" => "message/rfc822",
        "gz" | "tgz" => "application/gzip",
        "heic" => "image/heic",
        "htm" | "html" => "text/html",
        "ics" => "text/calendar",
        "json" => "application/json",
        "log" | "txt" => "text/plain",
        "md" => "text/markdown",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "pdf" => "application/pdf",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "rar" => "application/vnd.rar",
        "rtf" => "application/rtf",
        "svg" => "image/svg+xml",
        "tar" => "application/x-tar",
        "tif" | "tiff" => "image/tiff",
        "vcf" => "text/vcard",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => UNKNOWN,
    }
}

/// A media type as it may stand in a header (RFC 6838, section 4.2), without
/// parameters; `None` for anything else.
pub(crate) fn checked(text: &str) -> Option<String> {
    let plain = text.split(';').next().unwrap_or_default().trim();
    let (kind, sub) = plain.split_once('/')?;
    let is_name = |name: &str| {
        (1..=127).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    (is_name(kind) && is_name(sub)).then(|| plain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_how_it_begins_and_never_as_something_with_scripts() {
        for (head, kind) in [
            (b"\x89PNG\r\n\x1a\nrest".as_slice(), "image/png"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UNKNOWN),
            (b"<!doctype html>", UNKNOWN),
            (b"%PDF-1.7", UNKNOWN),
            (b"MZ", UNKNOWN),
            (b"", UNKNOWN),
        ] {
            assert_eq!(by_bytes(head), kind, "{head:?}");
        }
    }

    #[test]
    fn media_types_are_checked_before_they_go_into_a_header() {
        assert_eq!(checked("Image/PNG"), Some("image/png".into()));
        assert_eq!(
            checked("text/plain; charset=utf-8"),
            Some("text/plain".into())
        );
        for bad in ["", "image", "image/", "a b/c", "a/b\r\nX: y", "图/片"] {
            assert_eq!(checked(bad), None, "{bad:?}");
        }
        assert_eq!(by_name("报告.DOCX").rsplit('.').next(), Some("document"));
        assert_eq!(by_name("README"), UNKNOWN);
    }
}
