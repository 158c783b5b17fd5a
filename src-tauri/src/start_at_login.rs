//! Whether the program starts when the user signs in to the computer.

#[cfg(target_os = "windows")]
use auto_launch::{AutoLaunch, WindowsEnableMode};
use tauri::AppHandle;
#[cfg(target_os = "windows")]
use tauri::Manager;
use tauri::plugin::TauriPlugin;
#[cfg(not(target_os = "windows"))]
use tauri_plugin_autostart::ManagerExt;

use crate::args::{Args, DEFAULT_BIND};
use crate::contract::SettingProblem;

/// The plugin, with the arguments that the program is started with: without its
/// window, on the home of now.
#[cfg(not(target_os = "windows"))]
pub(crate) fn plugin(args: &Args) -> TauriPlugin<tauri::Wry> {
    let quote = if cfg!(target_os = "linux") {
        for_desktop_entry
    } else {
        // There each is a word of its own.
        str::to_owned
    };
    tauri_plugin_autostart::Builder::new()
        .args(arguments(args).iter().map(|word| quote(word)))
        .build()
}

/// The same without that plugin: for somebody with the rights to do so it would set it
/// for everybody, and its path has no quotes, so that Windows may start what lies at the
/// first part of it.
#[cfg(target_os = "windows")]
pub(crate) fn plugin(args: &Args) -> TauriPlugin<tauri::Wry> {
    let words = arguments(args);
    tauri::plugin::Builder::new("start-at-login")
        .setup(move |app, _| {
            let program = std::env::current_exe()?.display().to_string();
            let (program, words) = for_run_key(&program, &words);
            let mode = WindowsEnableMode::CurrentUser;
            let name = &app.package_info().name;
            app.manage(AutoLaunch::new(name, &program, mode, &words));
            Ok(())
        })
        .build()
}

fn arguments(args: &Args) -> Vec<String> {
    let mut words = vec!["--hidden".to_owned()];
    if let Some(home) = &args.home {
        words.extend(["--home".to_owned(), home.display().to_string()]);
    }
    if args.server_bind != DEFAULT_BIND {
        words.extend(["--server-bind".to_owned(), args.server_bind.to_string()]);
    }
    words
}

fn is_plain(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    !word.is_empty() && word.bytes().all(is_plain)
}

/// The program and its words as they stand in a `Run` key, with a space between two.
#[cfg(any(target_os = "windows", test))]
fn for_run_key(program: &str, words: &[String]) -> (String, Vec<String>) {
    let words = words.iter().map(|word| for_windows(word)).collect();
    (for_windows(program), words)
}

/// A word of an `Exec` key (Desktop Entry Specification, "The Exec key"): in quotes,
/// with what means something in them escaped; that again as in every string of the file.
#[cfg(any(not(target_os = "windows"), test))]
fn for_desktop_entry(word: &str) -> String {
    if is_plain(word) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in word.chars() {
        match character {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => quoted.extend(["\\\\", character.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A word of a command line of Windows; no path there has quotes in it.
#[cfg(any(target_os = "windows", test))]
fn for_windows(word: &str) -> String {
    if is_plain(word) {
        return word.to_owned();
    }
    // Backslashes before a quote are read as escapes.
    let trailing = word.len() - word.trim_end_matches('\\').len();
    format!("\"{word}{}\"", "\\".repeat(trailing))
}

/// Does as the settings say.
///
/// # Errors
/// [`SettingProblem::StartAtLoginFailed`].
pub(crate) fn apply(app: &AppHandle, wanted: bool) -> Result<(), SettingProblem> {
    #[cfg(not(target_os = "windows"))]
    let manager = app.autolaunch();
    #[cfg(target_os = "windows")]
    let manager = app.state::<AutoLaunch>();
    let done = if wanted {
        manager.enable()
    } else {
        manager.disable()
    };
    done.map_err(|error| {
        tracing::warn!(%error, "start at sign-in not changed");
        SettingProblem::StartAtLoginFailed
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn it_starts_with_what_it_was_started_with() {
        let parse = |words: &[&str]| {
            let words = std::iter::once("startalk").chain(words.iter().copied());
            arguments(&Args::parse_from(words))
        };
        assert_eq!(parse(&[]), ["--hidden"]);
        assert_eq!(
            parse(&["--home", "/data/my chat", "startalk://join/x"]),
            ["--hidden", "--home", "/data/my chat"]
        );
        assert_eq!(
            parse(&["--server-bind", "192.168.1.7"]),
            ["--hidden", "--server-bind", "192.168.1.7"]
        );
    }

    #[test]
    fn a_home_with_spaces_stays_one_word() {
        for (word, entry, windows) in [
            ("--hidden", "--hidden", "--hidden"),
            ("/data/my chat", r#""/data/my chat""#, r#""/data/my chat""#),
            (
                r"C:\Team data\",
                r#""C:\\\\Team data\\\\""#,
                r#""C:\Team data\\""#,
            ),
            ("/a$b 100%", r#""/a\\$b 100%%""#, r#""/a$b 100%""#),
        ] {
            assert_eq!(for_desktop_entry(word), entry);
            assert_eq!(for_windows(word), windows);
        }
    }

    #[test]
    fn in_a_run_key_the_path_of_the_program_is_one_word() {
        let words = ["--hidden", "--home", r"D:\Team data"].map(str::to_owned);
        for path in [
            r"C:\Users\Anna Zoë\AppData\Local\Startalk\startalk.exe",
            r"C:\Users\anna\AppData\Local\Startalk\startalk.exe",
        ] {
            let (program, words) = for_run_key(path, &words);
            assert_eq!(program, format!("\"{path}\""));
            assert_eq!(words, ["--hidden", "--home", "\"D:\\Team data\""]);
        }
    }
}
