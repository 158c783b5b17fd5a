//! Debian's XMPP servers, on random ports of this machine and in folders of
//! their own, configured alike: the tests take accounts over to them, the bench
//! compares with them.

mod ejabberd;
mod prosody;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use navigation::SpkiPin;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use tempfile::TempDir;
use xmpp_core::ns;

use crate::peer::{PATIENCE, Target};
use crate::ports;
use crate::process::Guard;
use crate::tls::Trust;

/// Whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prosody (Lua).
    Prosody,
    /// ejabberd (Erlang).
    Ejabberd,
}

/// Where accounts and archives are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In SQLite, which writes every transaction to the disk before it goes on.
    Sqlite,
    /// In what the server comes with: Prosody's files, ejabberd's Mnesia.
    /// Neither waits for the disk.
    Own,
}

/// Which keys are made of passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// What both have by default, and take over.
    Sha1,
    /// What our server prefers.
    Sha256,
}

/// A folder with a configuration, and the server on it while it runs.
#[derive(Debug)]
pub struct Other {
    kind: Kind,
    storage: Storage,
    /// ejabberd's commands, as HTTP.
    api: SocketAddr,
    /// WebSocket over TLS.
    web: Option<SocketAddr>,
    folder: TempDir,
    target: Target,
    running: Option<Guard>,
}

impl Other {
    /// Writes the configuration; nothing runs yet.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn new(kind: Kind, storage: Storage, hash: Hash) -> Self {
        Self::with(kind, storage, hash, false)
    }

    /// As [`Other::new`], with a port for WebSocket over TLS (RFC 7395).
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with_web(kind: Kind, storage: Storage, hash: Hash) -> Self {
        Self::with(kind, storage, hash, true)
    }

    fn with(kind: Kind, storage: Storage, hash: Hash, with_web: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [tcp, tls, api, web] = [(); 4].map(|()| ports::free());
        let web = with_web.then_some(web);
        let pin = write_certificate(folder.path());
        let target = Target {
            domain: "localhost".to_owned(),
            tcp,
            tls: Some(tls),
            trust: Trust::new(pin),
        };
        let (file, text) = match kind {
            Kind::Prosody => (
                prosody::FILE,
                prosody::configuration(folder.path(), &target, storage, hash, web),
            ),
            Kind::Ejabberd => (
                ejabberd::FILE,
                ejabberd::configuration(folder.path(), &target, storage, hash, api, web),
            ),
        };
        std::fs::write(folder.path().join(file), text).expect("written");
        Self {
            kind,
            storage,
            api,
            web,
            folder,
            target,
            running: None,
        }
    }

    /// Starts it; how long it took until a stream was answered.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&mut self) -> Duration {
        let mut command = match self.kind {
            Kind::Prosody => prosody::command(self.folder.path()),
            Kind::Ejabberd => ejabberd::command(self.folder.path()),
        };
        let log = std::fs::File::create(self.folder.path().join("output")).expect("a log");
        let again = log.try_clone().expect("a log");
        command
            .stdin(std::process::Stdio::null())
            .stdout(log)
            .stderr(again);
        let start = Instant::now();
        let mut running = Guard::spawn(&mut command);
        let is_up = answers(self.target.tcp, &mut running)
            && self.web.is_none_or(|web| accepts(web, &mut running));
        let elapsed = start.elapsed();
        self.running = Some(running);
        assert!(is_up, "{:?} did not start:\n{}", self.kind, self.said());
        elapsed
    }

    /// Stops it.
    ///
    /// # Panics
    /// If it does not run.
    pub fn stop(&mut self) {
        let mut running = self.running.take().expect("runs");
        running.terminate();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Where it speaks WebSocket, if it was asked to.
    #[must_use]
    pub fn web(&self) -> Option<SocketAddr> {
        self.web
    }

    /// Where it is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Takes over what our server has exported, by the server's own means: a file
    /// for ejabberd, a folder for Prosody. Prosody must not run, ejabberd must.
    ///
    /// # Panics
    /// If the means say no.
    pub fn import(&self, exported: &Path) {
        match self.kind {
            Kind::Prosody => prosody::import(self.folder.path(), exported),
            Kind::Ejabberd => ejabberd::import(self.api, exported),
        }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Process id.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("runs").id()
    }

    /// Name, version and storage, for people.
    #[must_use]
    pub fn name(&self) -> String {
        let storage = match (self.kind, self.storage) {
            (_, Storage::Sqlite) => "SQLite",
            (Kind::Prosody, Storage::Own) => "files",
            (Kind::Ejabberd, Storage::Own) => "Mnesia",
        };
        match self.kind {
            Kind::Prosody => format!("Prosody, {storage}"),
            Kind::Ejabberd => format!("ejabberd, {storage}"),
        }
    }

    /// What it wrote into its logs.
    #[must_use]
    pub fn said(&self) -> String {
        ["output", "log"]
            .map(|name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default())
            .concat()
    }
}

/// Waits until a stream is answered; false if the process ends before. That a port
/// accepts says little: ejabberd listens long before it has started, and whoever
/// stops it then stops it in the middle of making its tables.
pub fn answers(address: SocketAddr, process: &mut Guard) -> bool {
    // Erlang has been seen to take half a minute on a machine that is busy.
    let end = Instant::now() + PATIENCE * 3;
    while !is_answered(address).unwrap_or(false) {
        if Instant::now() > end || !process.is_running() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Waits until a port accepts; false if the process ends before.
fn accepts(address: SocketAddr, process: &mut Guard) -> bool {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > end || !process.is_running() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

fn is_answered(address: SocketAddr) -> std::io::Result<bool> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' \
         xmlns='jabber:client' xmlns:stream='{}'>",
        ns::STREAM
    )?;
    let mut answer = [0; 64];
    let length = socket.read(&mut answer)?;
    Ok(answer[..length].starts_with(b"<"))
}

/// A certificate of its own, as `certificate.pem` and `key.pem`.
fn write_certificate(folder: &Path) -> SpkiPin {
    let pair = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "conference.localhost".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    // ejabberd sets a timer for the end, and cannot for the one of the library.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    let certificate = params.self_signed(&pair).expect("signed");
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("written");
    };
    write("certificate.pem", certificate.pem());
    write("key.pem", pair.serialize_pem());
    write(
        "both.pem",
        format!("{}{}", certificate.pem(), pair.serialize_pem()),
    );
    SpkiPin::from_der_spki(&pair.subject_public_key_info())
}

/// The first of these programs that is there.
fn installed(paths: &[&str]) -> PathBuf {
    let found = paths.iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("none of {paths:?} is there: `cargo xtask install` brings it"))
}

fn in_folder(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("HOME", folder);
    command
}
