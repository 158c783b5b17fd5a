//! What `cargo xtask bench server` measures: our server and Debian's, one after
//! the other, by the same clients.
//!
//! Processor time counts, not the clock: the clients run on the same machine and
//! take their share of it. It is read from `/proc`, so it is what the kernel
//! charged to the server with all its threads.

mod load;
mod measure;
mod table;

use std::time::{Duration, Instant};

use anyhow::Result;

pub use measure::{Figures, all};
pub use table::print;

use crate::others::{Hash, Kind, Other, Storage, answers};
use crate::peer::Target;
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
    Other(Box<Other>),
}

impl Subject {
    /// All of them, none running. Each is made when its turn comes: its ports are
    /// free then, and would not be for long.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [Kind::Prosody, Kind::Ejabberd]
            .into_iter()
            .flat_map(|kind| {
                [Storage::Sqlite, Storage::Own]
                    .into_iter()
                    .map(move |storage| {
                        Self::Other(Box::new(Other::new(kind, storage, Hash::Sha256)))
                    })
            });
        std::iter::once_with(Self::startalk).chain(others)
    }

    /// Ours.
    #[must_use]
    pub fn startalk() -> Self {
        let mut server = Startalk::with_arguments(&[], &["--allow-plaintext"]);
        server.stop();
        // As of the others, it is asked how fast it can be.
        server.lift_limits();
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

    /// Starts it; how long it took until a stream was answered.
    pub fn start(&mut self) -> Duration {
        match self {
            Self::Startalk(server) => {
                let start = Instant::now();
                server.start();
                let tcp = server.target().tcp;
                let is_up = answers(tcp, server.process());
                let elapsed = start.elapsed();
                assert!(is_up, "did not answer: {}", server.said());
                elapsed
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

    /// Makes accounts 0 to `number`, with keys of equally many iterations. Those of
    /// ours are imported: over the wire it makes a few in an hour for one address,
    /// and keys of more iterations.
    async fn register(&mut self, number: usize) -> Result<()> {
        match self {
            Self::Startalk(server) => {
                let file = server.scratch().join("accounts.xml");
                std::fs::write(&file, load::accounts(number)?)?;
                let file = file.to_string_lossy();
                server.command(&["import", &file], "");
                Ok(())
            }
            Self::Other(other) => load::register(other.target(), number).await,
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
