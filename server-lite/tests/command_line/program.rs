//! The program in processes of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Place;
use crate::server::{DOMAIN, PASSWORD};

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Refused with this exit code; the sentence.
    pub(crate) fn refused(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "an error has no answer");
        assert_eq!(self.err.lines().count(), 1, "one sentence: {self:?}");
        self.err
            .strip_prefix("startalk-server: ")
            .expect("who speaks")
            .trim_end()
    }
}

/// Runs a command to its end.
pub(crate) fn run(args: &[&str], input: &str) -> Said {
    let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read has ended before.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_startalk-server"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A folder for the files of a test.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A data folder with accounts of these names.
    pub(crate) fn with(people: &[&str]) -> Self {
        let desk = Self::new();
        // A server that has run once makes the folder.
        desk.serve("data").stop();
        for name in people {
            desk.ok(&["user", "add", name, "--user", name], "data");
        }
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs a command on a data folder.
    pub(crate) fn run(&self, args: &[&str], data: &str) -> Said {
        let data = self.text(data);
        let args: Vec<&str> = args.iter().copied().chain(["--data", &data]).collect();
        run(&args, &format!("{PASSWORD}\n"))
    }

    /// Runs a command that has to work; its answer as JSON.
    pub(crate) fn ok(&self, args: &[&str], data: &str) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        self.run(&args, data).json()
    }

    pub(crate) fn serve(&self, data: &str) -> Process {
        self.serve_with(data, &[])
    }

    pub(crate) fn serve_with(&self, data: &str, more: &[&str]) -> Process {
        let data = self.text(data);
        let mut args = vec![
            "serve",
            "--data",
            &data,
            "--domain",
            DOMAIN,
            "--http",
            "127.0.0.1:0",
            "--tcp",
            "127.0.0.1:0",
        ];
        args.extend(more);
        Process::start(&args)
    }
}

/// A server that runs.
pub(crate) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The line that says that it is there.
    pub(crate) ready: String,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdin(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        out.read_line(&mut ready).unwrap();
        let mut process = Self { child, out, ready };
        if !process.ready.starts_with("ready ") {
            let mut err = String::new();
            let stderr = process.child.stderr.as_mut().unwrap();
            stderr.read_to_string(&mut err).unwrap();
            panic!("not ready: {err}");
        }
        process
    }

    /// A value of the line that says that it is there.
    pub(crate) fn said(&self, key: &str) -> &str {
        let words = self.ready.split_whitespace();
        let mut values = words.filter_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        values.next().unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; the exit code, and what it logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line is all it says");
        let mut err = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap(), err)
    }

    pub(crate) fn stop(self) {
        self.signal("TERM");
        let (status, log) = self.wait();
        assert!(status.success(), "{status}: {log}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Place for Process {
    fn https(&self) -> SocketAddr {
        self.said("https").parse().unwrap()
    }
    fn tcp(&self) -> SocketAddr {
        self.said("tcp").parse().unwrap()
    }
    fn domain(&self) -> String {
        self.said("domain").to_owned()
    }
}

/// All files below a folder with their bytes.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
