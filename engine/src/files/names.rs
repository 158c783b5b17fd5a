//! Names of files that others chose, made fit for any file system.

/// Longest name, in bytes.
const LONGEST: usize = 120;
/// Longest ending that is kept when a name is shortened, in bytes.
const LONGEST_EXTENSION: usize = 16;

/// Names that mean devices on Windows, with or without an ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A name that cannot lead anywhere else; may be empty.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| match c {
            ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            // Their wide forms: old programs on Windows read them as the narrow ones.
            '：' | '＊' | '？' | '＂' | '＜' | '＞' | '｜' | '／' | '＼' => '_',
            // Marks that turn the direction of a text hide what a name ends with.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    clean.trim_matches(['.', ' ']).to_owned()
}

/// The name without its ending, and the ending with its dot.
fn parted(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

/// As much of a text as fits into so many bytes.
fn shortened(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A name under which a file can be saved on any system; never empty.
pub(crate) fn safe(name: &str) -> String {
    let clean = clean(name);
    if clean.is_empty() {
        return "file".to_owned();
    }
    let (stem, extension) = parted(&clean);
    let stem = shortened(stem, LONGEST - extension.len());
    let first = stem.split('.').next().unwrap_or_default().trim_end();
    let first = first.to_ascii_lowercase();
    let numbered = |prefix: &str| {
        first.strip_prefix(prefix).is_some_and(|number| {
            matches!(number.chars().next(), Some('0'..='9' | '¹' | '²' | '³'))
                && number.chars().count() == 1
        })
    };
    let is_device = DEVICES.contains(&first.as_str()) || numbered("com") || numbered("lpt");
    let mark = if is_device { "_" } else { "" };
    format!("{mark}{stem}{extension}")
}

/// The same name once more, as systems number copies.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = parted(name);
    format!("{stem} ({number}){extension}")
}

/// A name that is unique by its number, for a folder of many.
pub(crate) fn listed(number: u32, name: &str) -> String {
    let clean = clean(name);
    let (stem, extension) = parted(&clean);
    let stem = shortened(stem, LONGEST - extension.len());
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
            assert_eq!(listed(1, given), made);
        }
        let long = listed(20_000, &format!("{}.tar", "图".repeat(200)));
        assert!(long.len() < 130 && long.ends_with("图.tar"), "{long}");
    }

    #[test]
    fn names_to_save_are_safe_on_every_system() {
        for (given, made) in [
            ("报告.docx", "报告.docx"),
            ("会议：第一期？.docx", "会议_第一期_.docx"),
            ("a:b?*|<>\"c.txt", "a_b______c.txt"),
            ("..", "file"),
            ("", "file"),
            (" . ", "file"),
            ("/etc/passwd", "passwd"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("LPT9 .txt", "_LPT9 .txt"),
            ("com10.txt", "com10.txt"),
            ("company.txt", "company.txt"),
            (".bashrc", "bashrc"),
            ("name.", "name"),
        ] {
            assert_eq!(safe(given), made, "{given}");
        }
        let long = safe(&format!("{}.tar", "图".repeat(200)));
        assert!(long.len() <= 120 && long.ends_with("图.tar"), "{long}");
        let odd = safe(&format!("a.{}", "b".repeat(300)));
        assert!(odd.len() <= 120, "{odd}");
    }

    #[test]
    fn copies_are_numbered_before_the_ending() {
        assert_eq!(numbered("a.txt", 2), "a (2).txt");
        assert_eq!(numbered("报告", 3), "报告 (3)");
        assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
    }
}
