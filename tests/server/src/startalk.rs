//! Our own server as a program, in a folder of its own.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use navigation::SpkiPin;
use tempfile::TempDir;

use crate::peer::Target;
use crate::process::{Guard, program};
use crate::tls::Trust;

/// A password that the server takes.
pub const PASSWORD: &str = "correct horse 电池";

/// A data folder, and the server on it while it runs.
#[derive(Debug)]
pub struct Startalk {
    folder: TempDir,
    arguments: Vec<String>,
    largest_file: Option<u64>,
    running: Option<Guard>,
    target: Option<Target>,
}

impl Startalk {
    /// A server with these accounts. Its domain is `localhost`, so that clients
    /// which check names can.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with(accounts: &[&str]) -> Self {
        Self::with_arguments(accounts, &[])
    }

    /// As [`Startalk::with`], told more.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with_arguments(accounts: &[&str], arguments: &[&str]) -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().expect("a folder"),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            largest_file: None,
            running: None,
            target: None,
        };
        server.start();
        for name in accounts {
            server.command(&["user", "add", name], PASSWORD);
        }
        server
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A folder beside the data, for files of the test.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command of the program on this folder; what it said.
    ///
    /// # Panics
    /// If it fails.
    pub fn command(&self, words: &[&str], input: &str) -> String {
        let mut command = Command::new(server_program());
        let mut child = command
            .args(words)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "{input}").expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts the process; it is not ready yet.
    ///
    /// # Panics
    /// If the program is not there.
    pub fn spawn(&mut self) {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log())
            .expect("a log");
        let mut command = match self.largest_file {
            None => Command::new(server_program()),
            Some(bytes) => limited(server_program(), bytes),
        };
        command
            .arg("serve")
            .arg("--data")
            .arg(self.data())
            .args(["--domain", "localhost", "--team", "Team 团队"])
            .args(["--https", "127.0.0.1:0", "--tcp", "127.0.0.1:0"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        self.running = Some(Guard::spawn(&mut command));
    }

    /// Waits for the word that connections are accepted; false if the process
    /// ended before.
    ///
    /// # Panics
    /// If there is no process, or its word is not understood.
    pub fn wait_ready(&mut self) -> bool {
        let running = self.running.as_mut().expect("spawned");
        let mut lines = running.lines().expect("piped");
        let Some(line) = lines.next() else {
            return false;
        };
        self.target = Some(read_ready(&line));
        // Keep the pipe open and empty, so that the process never blocks on it.
        std::thread::spawn(move || lines.for_each(drop));
        true
    }

    /// Starts it and waits until connections are accepted.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&mut self) {
        self.spawn();
        assert!(self.wait_ready(), "did not start: {}", self.said());
    }

    /// From its next start on the system ends the process where a file of it
    /// would become larger than this: in the middle of what it writes.
    pub fn limit_files(&mut self, bytes: Option<u64>) {
        self.largest_file = bytes;
    }

    /// From its next start on accounts may send as fast as they can: for whoever asks
    /// how fast the server is.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn lift_limits(&self) {
        let unlimited = "[limits]\nstanzas_per_second = 0\nbytes_per_second = 0\n\
                         fan_out_per_second = 0\n";
        std::fs::write(self.data().join("config.toml"), unlimited).expect("a file");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// SIGTERM; whether it ended well.
    ///
    /// # Panics
    /// If it does not run.
    pub fn stop(&mut self) -> bool {
        let mut running = self.running.take().expect("runs");
        running.terminate().success()
    }

    /// The process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn process(&mut self) -> &mut Guard {
        self.running.as_mut().expect("runs")
    }

    /// Where it is.
    ///
    /// # Panics
    /// Before the first start.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.target.as_ref().expect("was started")
    }

    /// What it wrote into its log.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("log")
    }
}

/// A program that gets SIGXFSZ where it writes more than this into a file.
fn limited(program: std::path::PathBuf, bytes: u64) -> Command {
    let mut command = Command::new("sh");
    // In blocks of 512 bytes.
    command
        .args(["-c", "ulimit -f \"$0\" && exec \"$@\""])
        .arg((bytes / 512).to_string())
        .arg(program);
    command
}

fn server_program() -> std::path::PathBuf {
    program("STARTALK_SERVER_BIN", "startalk-server")
}

/// `ready https=127.0.0.1:1 tcp=127.0.0.1:2 domain=localhost pin=…`
fn read_ready(line: &str) -> Target {
    let value = |name: &str| {
        let word = line
            .split(' ')
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        word.unwrap_or_else(|| panic!("no {name} in {line}"))
    };
    let address = |name| value(name).parse::<SocketAddr>().expect("an address");
    let pin: SpkiPin = value("pin").parse().expect("a fingerprint");
    Target {
        domain: value("domain").to_owned(),
        tcp: address("tcp"),
        tls: Some(address("https")),
        trust: Trust::new(pin),
    }
}
