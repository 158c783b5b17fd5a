//! Child processes that end with the test, and what the kernel says of them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A child process that is killed when it is dropped.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts it.
    ///
    /// # Panics
    /// If the program is not there.
    pub fn spawn(command: &mut Command) -> Self {
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("{command:?}: {error}"),
        }
    }

    /// Its standard output, if it was piped and not taken before.
    pub fn lines(&mut self) -> Option<impl Iterator<Item = String> + use<>> {
        let output = self.0.stdout.take()?;
        Some(BufReader::new(output).lines().map_while(Result::ok))
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }

    /// SIGTERM; how it ended.
    ///
    /// # Panics
    /// If `kill` is not there.
    pub fn terminate(&mut self) -> ExitStatus {
        let told = Command::new("kill").arg(self.id().to_string()).status();
        assert!(told.expect("kill is there").success());
        self.0.wait().expect("a child")
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of this workspace: named by `variable`, or beside the program that
/// runs now.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn program(variable: &str, name: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(
        || {
            let here = std::env::current_exe().expect("this program");
            let folder = here
                .ancestors()
                .skip(1)
                .find(|folder| !folder.ends_with("deps"))
                .expect("a folder");
            folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is not there: `cargo build --workspace --bins` makes it",
        path.display()
    );
    path
}

/// A command that says nothing of its own.
#[must_use]
pub fn quiet(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Time that the processor has spent on a process, in all its threads.
///
/// # Panics
/// If the kernel does not say.
#[must_use]
pub fn processor_time(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("a process");
    // After the name in brackets: state is the third field, utime the 14th.
    let fields: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks: u64 = [fields[11], fields[12]]
        .iter()
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    Duration::from_millis(ticks * 10)
}

/// Memory of a process in bytes, shared pages counted by share (PSS).
///
/// # Panics
/// If the kernel does not say.
#[must_use]
pub fn memory(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).expect("a process");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("a number") * 1024
}
