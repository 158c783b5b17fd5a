//! Names that every system takes: a file that was named on one system is saved
//! on another one.

/// Longest name in bytes: below the 255 of most file systems, with room for a number.
const MAX_BYTES: usize = 200;
/// Longest ending that is kept when a name is cut, in bytes.
const MAX_ENDING: usize = 32;
/// Names of devices on Windows, whatever their ending.
const DEVICES: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7",
    "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    "conin$", "conout$",
];

/// The name without what some system refuses or shows as something else. Never
/// empty, never a path.
pub(crate) fn safe_name(name: &str) -> String {
    // Of a path, what is behind its last separator.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            other if other.is_control() => '_',
            other => other,
        })
        .collect();
    // Windows drops dots and spaces at the end; a dot in front hides the file.
    let mut name = cleaned
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' '])
        .trim_start()
        .to_owned();
    if name.is_empty() {
        "file".clone_into(&mut name);
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.contains(&stem.to_lowercase().as_str()) {
        name.insert(0, '_');
    }
    shortened(&name)
}

/// Characters that cannot be seen, or turn the order of others around:
/// `photo\u{202E}gpj.exe` reads as a picture.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let room = MAX_BYTES.saturating_sub(ending.len());
    let stem = stem
        .get(..stem.floor_char_boundary(room))
        .unwrap_or_default();
    format!("{}{ending}", stem.trim_end_matches(['.', ' ']))
}

/// Stem and ending with its dot; `.tar.gz` is one ending.
fn split(name: &str) -> (&str, &str) {
    let Some(dot) = name.rfind('.').filter(|dot| *dot > 0) else {
        return (name, "");
    };
    let (stem, _) = name.split_at(dot);
    let dot = match stem.rfind('.') {
        Some(inner) if inner > 0 && stem.ends_with(".tar") => inner,
        _ => dot,
    };
    let (stem, ending) = name.split_at(dot);
    if ending.len() > MAX_ENDING {
        (name, "")
    } else {
        (stem, ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u75_names_are_safe_on_every_system() {
        for (given, safe) in [
            ("report.pdf", "report.pdf"),
            ("报告：终稿？＊.docx", "报告：终稿？＊.docx"),
            ("a:b?c*d|e<f>g\"h.txt", "a_b_c_d_e_f_g_h.txt"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "file"),
            ("", "file"),
            (" . ", "file"),
            (".bashrc", "bashrc"),
            ("name. . .", "name"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("Com1 .tar.gz", "_Com1 .tar.gz"),
            ("console.log", "console.log"),
            ("tab\tnew\nline", "tab_new_line"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("zero\u{200B}width.txt", "zerowidth.txt"),
            ("emoji 🎉.png", "emoji 🎉.png"),
        ] {
            assert_eq!(safe_name(given), safe, "{given:?}");
        }
    }

    #[test]
    fn u75_long_names_keep_their_ending() {
        let long = safe_name(&format!("{}.tar.gz", "长".repeat(300)));
        assert!(
            long.len() <= MAX_BYTES && long.ends_with("长.tar.gz"),
            "{long}"
        );
        let ending = safe_name(&format!("a.{}", "b".repeat(300)));
        assert!(ending.len() <= MAX_BYTES);
    }

    #[test]
    fn u75_safe_names_stay_as_they_are() {
        let mut name = String::from("x");
        for c in ('\0'..='\u{2100}').chain(['汉', '🎉']) {
            name.push(c);
            if name.chars().count() > 40 {
                let safe = safe_name(&name);
                assert_eq!(safe_name(&safe), safe, "{name:?}");
                name = String::from(".");
            }
        }
    }
}
