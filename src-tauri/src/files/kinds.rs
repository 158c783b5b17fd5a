//! Which files may be handed to the system to be opened. Not a list of what is
//! dangerous, which would never be whole: a list of what only shows or plays.

use std::path::Path;

/// Pictures, sound, films, texts and documents. Formats whose programs run macros
/// from them without asking (`.docm`, `.xlsm`, old templates) are not here, nor
/// is what a web browser or a shell would run (`.html`, `.svg`, `.desktop`).
const HARMLESS: &[&str] = &[
    "7z", "aac", "avi", "avif", "bmp", "bz2", "csv", "doc", "docx", "eml", "epub", "flac", "gif",
    "gz", "heic", "heif", "ics", "jfif", "jpeg", "jpg", "json", "log", "m4a", "m4v", "md", "mkv",
    "mov", "mp3", "mp4", "mpeg", "mpg", "odg", "odp", "ods", "odt", "oga", "ogg", "ogv", "opus",
    "pdf", "png", "ppt", "pptx", "psd", "rar", "rtf", "tar", "tgz", "tif", "tiff", "tsv", "txt",
    "vcf", "wav", "weba", "webm", "webp", "wma", "wmv", "wps", "xls", "xlsx", "xz", "yaml", "yml",
    "zip", "zst",
];

/// Whether opening the file can do no more than show it. Judged by its last
/// ending, as the system does.
pub(crate) fn is_harmless(file: &Path) -> bool {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    // Windows takes `a.exe.` and `a.exe ` for `a.exe`.
    if name.ends_with(['.', ' ']) || name.chars().any(char::is_control) {
        return false;
    }
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    !stem.is_empty()
        && HARMLESS.contains(&ending.to_ascii_lowercase().as_str())
        && !is_executable(file)
}

/// Whether its permissions make it a program.
#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // One that is not there is not opened either.
    file.metadata()
        .is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_file: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u73_no_program_is_opened() {
        for name in [
            "setup.exe",
            "a.EXE",
            "a.exe.",
            "a.exe ",
            "run.bat",
            "run.cmd",
            "x.com",
            "x.msi",
            "x.scr",
            "x.ps1",
            "x.vbs",
            "x.js",
            "x.jar",
            "x.lnk",
            "x.url",
            "x.hta",
            "x.reg",
            "x.sh",
            "x.desktop",
            "x.AppImage",
            "x.deb",
            "x.rpm",
            "x.app",
            "x.command",
            "x.dmg",
            "x.pkg",
            "x.terminal",
            "x.py",
            "x.html",
            "x.svg",
            "x.docm",
            "x.xlsm",
            "x.iso",
            "photo.jpg.exe",
            "noending",
            ".txt",
            "x.",
            "",
        ] {
            assert!(!is_harmless(Path::new(name)), "{name}");
        }
        for name in ["a.pdf", "报告.DOCX", "a.b.png", "song.mp3", "x.tar.gz"] {
            assert!(is_harmless(Path::new(name)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn u73_an_ending_does_not_hide_a_program() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo.jpg");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert!(is_harmless(&path));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_harmless(&path));
    }
}
