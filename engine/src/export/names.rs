//! Names of files that others chose, made fit for any file system.

/// Longest name, in bytes, without the number before it.
const LONGEST: usize = 120;

/// A name that is unique by its number, and cannot lead anywhere else.
pub(super) fn safe(number: u32, name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| match c {
            ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            // Marks that turn the direction of a text hide what a name ends with.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    let clean = clean.trim_matches(['.', ' ']);
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 && !stem.is_empty() => {
            (stem, format!(".{extension}"))
        }
        _ => (clean, String::new()),
    };
    let mut end = stem.len().min(LONGEST - extension.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = stem.get(..end).unwrap_or_default();
    format!("{number:04}-{stem}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_and_stay_short() {
        for (given, made) in [
            ("a.txt", "0001-a.txt"),
            ("../../etc/passwd", "0001-passwd"),
            ("C:\\Windows\\x.exe", "0001-x.exe"),
            ("..", "0001-"),
            ("", "0001-"),
            ("con", "0001-con"),
            ("a\0b\n?.txt ", "0001-a_b__.txt"),
            ("x\u{202e}gpj.exe", "0001-x_gpj.exe"),
            ("图片.png", "0001-图片.png"),
        ] {
            assert_eq!(safe(1, given), made);
        }
        let long = safe(20_000, &format!("{}.tar", "图".repeat(200)));
        assert!(long.len() < 130 && long.ends_with("图.tar"), "{long}");
    }
}
