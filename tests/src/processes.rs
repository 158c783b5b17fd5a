//! Child processes that end with the test, and what of `/proc` the tests read.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child process that is killed when it is dropped.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Starts it.
    ///
    /// # Panics
    /// If the program is not there.
    pub fn spawn(command: &mut Command) -> Self {
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child }
    }

    /// Starts it with its standard output piped, and gives its first line.
    ///
    /// # Panics
    /// If it ends without a line.
    pub fn spawn_and_read_line(command: &mut Command) -> (Self, String) {
        let mut guard = Self::spawn(command.stdout(Stdio::piped()));
        let stdout = guard.child.stdout.take().expect("piped");
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        reader.read_line(&mut line).expect("output is text");
        assert!(!line.is_empty(), "{command:?} ended without a word");
        // Keep the pipe open and empty, so that the process never blocks on it.
        std::thread::spawn(move || reader.lines().for_each(drop));
        (guard, line.trim().to_owned())
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The processes whose command line holds this argument.
#[must_use]
pub fn with_argument(argument: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if arguments
            .split(|byte| *byte == 0)
            .any(|found| found == argument.as_bytes())
        {
            found.push(id);
        }
    }
    found
}

/// What a process was given as its environment when it started, each as `NAME=value`.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn environment(id: u32) -> Vec<String> {
    let all = std::fs::read(format!("/proc/{id}/environ")).expect("a process of ours");
    all.split(|byte| *byte == 0)
        .map(|one| String::from_utf8_lossy(one).into_owned())
        .collect()
}

/// Waits until a process has ended.
///
/// # Panics
/// If it still lives after `limit`.
pub fn wait_for_end(id: u32, limit: Duration) {
    let end = Instant::now() + limit;
    while is_alive(id) {
        assert!(
            Instant::now() < end,
            "process {id} did not end within {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_alive(id: u32) -> bool {
    // A zombie has ended; its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    })
}

/// Sends a signal by name, as `kill` does.
///
/// # Panics
/// If `kill` cannot be run.
pub fn signal(id: u32, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(id.to_string())
        .status();
    assert!(
        status.expect("kill is there").success(),
        "signal {name} to {id}"
    );
}

/// A port that is free now, for a program that has to be told one.
///
/// # Panics
/// If no port is free.
#[must_use]
pub fn free_port() -> u16 {
    server_tests::ports::free().port()
}

/// A port where nobody listens as long as this is kept.
#[derive(Debug)]
pub struct ClosedPort(tokio::net::TcpSocket);

impl ClosedPort {
    /// Takes one.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn take() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let any = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("a free port");
        Self(socket)
    }

    /// Host and port, to be typed.
    ///
    /// # Panics
    /// Never: it is bound.
    #[must_use]
    pub fn address(&self) -> String {
        self.0.local_addr().expect("bound").to_string()
    }
}

/// A binary or folder that `cargo xtask test` names by environment variable.
///
/// # Panics
/// If it is not set: the tests of the real window never pass by not running.
#[must_use]
pub fn required(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} is not set: run these tests by `cargo xtask test --only e2e`")
    });
    let path = PathBuf::from(value);
    assert!(
        path.is_absolute() || Path::new(&path).exists(),
        "{variable}: {}",
        path.display()
    );
    path
}

impl From<Child> for Guard {
    fn from(child: Child) -> Self {
        Self { child }
    }
}

/// A process and all that descend from it.
#[must_use]
pub fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // After the name in brackets: state, parent.
        let parent = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse::<u32>().ok()) {
            parents.push((id, parent));
        }
    }
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        all.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(id, _)| *id),
        );
        next += 1;
    }
    all
}

/// The name of a process, cut off as the kernel has it; empty if it has ended.
#[must_use]
pub fn name(id: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// Memory of a process in bytes, shared pages counted by share (PSS).
#[must_use]
pub fn proportional_memory(id: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{id}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .strip_suffix(" kB")?
                .parse::<u64>()
                .ok()
        })
        .map_or(0, |kib| kib * 1024)
}

/// Processor time that a process has taken so far, in milliseconds.
#[must_use]
pub fn processor_ms(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // After the name in brackets: twelve fields, then ticks of a hundredth of a second
    // in the process and in the kernel for it.
    let ticks = stat.rsplit(") ").next().map_or(0, |rest| {
        let fields = rest.split(' ').skip(11).take(2);
        fields.filter_map(|field| field.parse::<u64>().ok()).sum()
    });
    ticks * 10
}
