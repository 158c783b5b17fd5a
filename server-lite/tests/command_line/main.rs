//! The command line, driven as scripts drive it: the real program, its exit
//! codes, what it says, and what it leaves on the disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::large_futures,
    reason = "a panic with its place is the report"
)]

#[allow(dead_code, unused_imports, reason = "the wire tests use all of it")]
#[path = "../wire"]
mod wire {
    pub(crate) mod client;
    pub(crate) mod server;
}
use wire::{client, server};

mod program;

mod accounts;
mod backups;
mod checks;
mod choices;
mod configuration;
mod documents;
mod exports;
mod hostile_files;
mod imports;
mod large_files;
mod personal;
mod rosters;
mod stopping;
