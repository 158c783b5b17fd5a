//! Where a file came from, as each system notes it, so that it warns before it
//! opens what came from others.

use std::io;
use std::path::Path;

/// Marks a file as downloaded.
///
/// # Errors
/// As the file operation below it. Where the file system keeps no such marks
/// (FAT, some network shares) nothing is marked, and that is no error.
pub(crate) fn as_downloaded(file: &Path) -> io::Result<()> {
    match write(file) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}

/// The zone "Internet", in the alternate data stream that Windows and Office read
/// ([MS-FSCC], section 5.6.1). A path like this one on other file systems is
/// refused by its name.
#[cfg(target_os = "windows")]
fn write(file: &Path) -> io::Result<()> {
    let mut stream = file.as_os_str().to_owned();
    stream.push(":Zone.Identifier");
    match std::fs::write(stream, "[ZoneTransfer]\r\nZoneId=3\r\n") {
        // ERROR_INVALID_NAME, ERROR_INVALID_PARAMETER: no such streams here.
        Err(error) if matches!(error.raw_os_error(), Some(87 | 123)) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        other => other,
    }
}

/// The quarantine of Gatekeeper: flags "downloaded, not yet approved", the time in
/// hexadecimal seconds, the program, no id of a record.
#[cfg(target_os = "macos")]
fn write(file: &Path) -> io::Result<()> {
    let seconds = crate::clock::now_ms() / 1000;
    let value = format!("0081;{seconds:08x};Startalk;");
    xattr::set(file, "com.apple.quarantine", value.as_bytes())
}

/// Linux has no such mark that anybody heeds; the file is no program by its
/// permissions.
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
fn write(_file: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u73_a_mark_is_set_where_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("报告.pdf");
        std::fs::write(&file, "x").unwrap();
        as_downloaded(&file).unwrap();
        #[cfg(target_os = "windows")]
        {
            let stream = format!("{}:Zone.Identifier", file.display());
            let mark = std::fs::read_to_string(stream).unwrap();
            assert!(mark.contains("ZoneId=3"));
        }
        #[cfg(target_os = "macos")]
        assert!(xattr::get(&file, "com.apple.quarantine").unwrap().is_some());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x");
    }
}
