//! One process per home folder: a second start hands its link to the first one,
//! which comes to the front, and ends.
//!
//! The engine's lock on the profile is what protects the data; this is how the
//! two processes talk. A socket in the home folder (a named pipe on Windows)
//! carries one line of JSON each way.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::{ListenerExt, Stream as _};
use interprocess::local_socket::{ListenerOptions, Name, Stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest line that one side reads from the other.
const MAX_LINE: u64 = 16 * 1024;
/// How long a second start waits for the first one to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it waits for a first one that ends, and how often it looks.
const END_TIMEOUT: Duration = Duration::from_secs(12);
const END_LOOK: Duration = Duration::from_millis(100);
/// What the first one says.
const RAISED: &str = "raised";
const ENDING: &str = "ending";

#[derive(Debug, Serialize, Deserialize)]
struct Knock {
    link: Option<String>,
}

/// How the first process answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has come to the front.
    Raised,
    /// Nobody listens there.
    Nobody,
    /// Somebody listens but does not answer in time.
    Silent,
    /// It is about to end.
    Ending,
}

/// Knocks at the process that may have this home. One that ends is waited for: whoever
/// has just quit and starts again wants a window.
pub(crate) fn knock(home: &Path, link: Option<&str>) -> Answer {
    let began = Instant::now();
    loop {
        match knock_once(home, link) {
            Answer::Ending if began.elapsed() < END_TIMEOUT => std::thread::sleep(END_LOOK),
            answer => return answer,
        }
    }
}

fn knock_once(home: &Path, link: Option<&str>) -> Answer {
    let Ok(name) = socket_name(home) else {
        return Answer::Nobody;
    };
    let Ok(mut stream) = Stream::connect(name) else {
        return Answer::Nobody;
    };
    let knock = Knock {
        link: link.map(str::to_owned),
    };
    // Reading a local socket has no portable time-out: a thread waits instead,
    // and dies with this short-lived process.
    let (done, answered) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let asked = serde_json::to_writer(&mut stream, &knock).is_ok()
            && stream.write_all(b"\n").is_ok()
            && stream.flush().is_ok();
        let mut line = String::new();
        let read = asked
            && BufReader::new(std::io::Read::take(&mut stream, MAX_LINE))
                .read_line(&mut line)
                .is_ok();
        // Nobody may wait any more.
        let _ = done.send(match line.trim() {
            RAISED if read => Answer::Raised,
            ENDING if read => Answer::Ending,
            _ => Answer::Silent,
        });
    });
    answered
        .recv_timeout(ANSWER_TIMEOUT)
        .unwrap_or(Answer::Silent)
}

/// Answers knocks for the rest of the process's life: with what `on_knock` says, whether
/// the window came to the front, or else that the process ends. Call it only with the
/// profile's lock held: a socket file left by a process that was killed is
/// taken over.
///
/// # Errors
/// If the socket cannot be made; the app works without it.
pub(crate) fn listen(
    home: &Path,
    on_knock: impl Fn(Option<String>) -> bool + Send + 'static,
) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Err(error) = std::fs::remove_file(socket_path(home))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = ListenerOptions::new()
        .name(socket_name(home)?)
        .create_sync()?;
    std::thread::Builder::new()
        .name("single-instance".into())
        .spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                let read = std::io::Read::take(&mut reader, MAX_LINE).read_line(&mut line);
                if let (Ok(_), Ok(knock)) = (read, serde_json::from_str::<Knock>(&line)) {
                    let answer = if on_knock(knock.link) { RAISED } else { ENDING };
                    let answer = format!("{answer}\n");
                    drop(reader.into_inner().write_all(answer.as_bytes()));
                }
            }
        })?;
    Ok(())
}

fn fingerprint(home: &Path) -> String {
    let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let hash = Sha256::digest(home.as_os_str().as_encoded_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The socket's file: in the home folder, which only its owner can enter,
/// unless that path is longer than a socket address can be.
#[cfg(unix)]
fn socket_path(home: &Path) -> std::path::PathBuf {
    const LONGEST: usize = 100;
    let path = home.join("instance.sock");
    if path.as_os_str().len() <= LONGEST {
        path
    } else {
        std::env::temp_dir().join(format!("startalk-{}.sock", fingerprint(home)))
    }
}

#[cfg(unix)]
fn socket_name(home: &Path) -> std::io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    socket_path(home)
        .into_os_string()
        .to_fs_name::<GenericFilePath>()
}

#[cfg(not(unix))]
fn socket_name(home: &Path) -> std::io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    format!("startalk-{}", fingerprint(home)).to_ns_name::<GenericNamespaced>()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_second_start_reaches_the_first_with_its_link() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(knock(home.path(), None), Answer::Nobody);
        let (heard, links) = std::sync::mpsc::channel();
        listen(home.path(), move |link| heard.send(link).is_ok()).unwrap();
        assert_eq!(
            knock(home.path(), Some("startalk://join/x")),
            Answer::Raised
        );
        assert_eq!(links.recv().unwrap().as_deref(), Some("startalk://join/x"));
        assert_eq!(knock(home.path(), None), Answer::Raised);
        assert_eq!(links.recv().unwrap(), None);
    }

    #[test]
    fn one_that_ends_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let knocks = AtomicU32::new(0);
        // It ends for two knocks; after that somebody else has the home.
        listen(home.path(), move |_| {
            knocks.fetch_add(1, Ordering::Relaxed) >= 2
        })
        .unwrap();
        assert_eq!(knock_once(home.path(), None), Answer::Ending);
        assert_eq!(knock(home.path(), None), Answer::Raised);
    }

    #[test]
    fn nonsense_does_not_stop_the_listener() {
        let home = tempfile::tempdir().unwrap();
        listen(home.path(), |_| true).unwrap();
        let mut stream = Stream::connect(socket_name(home.path()).unwrap()).unwrap();
        stream.write_all(b"\xff\x00 nonsense\n").unwrap();
        drop(stream);
        assert_eq!(knock(home.path(), None), Answer::Raised);
    }

    #[test]
    fn a_socket_of_a_killed_process_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        drop(std::os::unix::net::UnixListener::bind(socket_path(home.path())).unwrap());
        assert_eq!(knock(home.path(), None), Answer::Nobody);
        listen(home.path(), |_| true).unwrap();
        assert_eq!(knock(home.path(), None), Answer::Raised);
    }

    #[test]
    fn a_very_long_home_still_works() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("x".repeat(150));
        std::fs::create_dir(&home).unwrap();
        listen(&home, |_| true).unwrap();
        assert_eq!(knock(&home, None), Answer::Raised);
        #[cfg(unix)]
        std::fs::remove_file(socket_path(&home)).unwrap();
    }
}
