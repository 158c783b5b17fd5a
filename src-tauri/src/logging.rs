//! The log: one file per start, the last few kept. It holds no text of
//! messages, no password and no token (see the engine's and the server's tests).

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// How many log files are kept.
const KEPT: usize = 5;

/// Starts to log into a new file of this folder; to standard error if that
/// cannot be made.
pub(crate) fn start(folder: &Path) {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| "info".to_owned());
    // The WebSocket library would print whole frames, passwords included.
    let filter = server_lite::log_filter(&wanted);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    // A second start within one test process keeps the first log.
    let started = match rotate(folder) {
        Ok(file) => builder.with_writer(Mutex::new(file)).try_init(),
        Err(_) => builder.with_writer(std::io::stderr).try_init(),
    };
    drop(started);
}

/// Shifts `startalk.log` to `startalk.1.log` and so on, and opens a new one.
fn rotate(folder: &Path) -> std::io::Result<File> {
    let name = |n: usize| {
        folder.join(if n == 0 {
            "startalk.log".to_owned()
        } else {
            format!("startalk.{n}.log")
        })
    };
    for n in (0..KEPT - 1).rev() {
        if name(n).exists() {
            std::fs::rename(name(n), name(n + 1))?;
        }
    }
    File::create(name(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_few_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..8 {
            std::fs::write(folder.path().join("startalk.log"), format!("start {n}")).unwrap();
            rotate(folder.path()).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), KEPT);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("startalk.1.log")).unwrap(),
            "start 7"
        );
    }
}
