//! What `cargo xtask bench server` measures: our server and Debian's, one after
//! the other, by the same clients.
//!
//! Processor time counts, not the clock: the clients run on the same machine and
//! take their share of it. It is read from `/proc`, so it is what the kernel
//! charged to the server with all its threads.

mod load;
mod measure;
mod table;

use std::time::Duration;

pub use measure::{Figures, all};
pub use table::print;

use crate::others::{Hash, Kind, Other, Storage};
use crate::peer::{Security, Target};
use crate::startalk::Startalk;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long each kind of load lasts.
    pub time: Duration,
    /// Sessions that do nothing.
    pub idle: usize,
    /// Occupants of the room.
    pub occupants: usize,
    /// Starts, of which the median counts.
    pub starts: usize,
}

impl Plan {
    /// What the document tells of.
    pub const FULL: Self = Self {
        time: Duration::from_secs(5),
        idle: 300,
        occupants: 200,
        starts: 5,
    };

    /// Enough to see that the bench itself works.
    pub const SHORT: Self = Self {
        time: Duration::from_millis(200),
        idle: 10,
        occupants: 8,
        starts: 1,
    };
}

/// One of the servers.
#[derive(Debug)]
pub enum Subject {
    /// Ours.
    Startalk(Box<Startalk>),
    /// One of Debian's.
    Other(Other),
}

impl Subject {
    /// All of them, none running.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::startalk()];
        for kind in [Kind::Prosody, Kind::Ejabberd] {
            for storage in [Storage::Sqlite, Storage::Own] {
                all.push(Self::Other(Other::new(kind, storage, Hash::Sha256)));
            }
        }
        all
    }

    /// Ours.
    #[must_use]
    pub fn startalk() -> Self {
        let mut server = Startalk::with_arguments(&[], &["--registration", "open"]);
        server.kill();
        // As of the others, it is asked how fast it can be.
        let unlimited = "[limits]\nstanzas_per_second = 0\nbytes_per_second = 0\n";
        std::fs::write(server.data().join("config.toml"), unlimited).expect("a file");
        Self::Startalk(Box::new(server))
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Startalk(_) => "Startalk".to_owned(),
            Self::Other(other) => other.name(),
        }
    }

    /// Starts it; how long it took until connections were accepted.
    pub fn start(&mut self) -> Duration {
        match self {
            Self::Startalk(server) => {
                let start = std::time::Instant::now();
                server.start();
                start.elapsed()
            }
            Self::Other(other) => other.start(),
        }
    }

    fn stop(&mut self) {
        match self {
            Self::Startalk(server) => drop(server.stop()),
            Self::Other(other) => other.stop(),
        }
    }

    fn id(&mut self) -> u32 {
        match self {
            Self::Startalk(server) => server.process().id(),
            Self::Other(other) => other.id(),
        }
    }

    fn target(&self) -> &Target {
        match self {
            Self::Startalk(server) => server.target(),
            Self::Other(other) => other.target(),
        }
    }

    /// How sessions without TLS are had, if they are.
    fn clear(&self) -> Option<Security> {
        match self {
            Self::Startalk(_) => None,
            Self::Other(_) => Some(Security::Clear),
        }
    }

    /// What it wrote into its log.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Startalk(server) => server.said(),
            Self::Other(other) => other.said(),
        }
    }
}
