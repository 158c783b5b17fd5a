//! The server from outside, as a program: what the tests and the bench of this
//! folder have in common.
//!
//! * [`startalk`]: our server on a folder of its own
//! * [`peer`], [`tls`]: a client that does only what it is told
//! * [`archive`]: reading an archive to its end
//! * [`bench`]: what `cargo xtask bench server` measures
//! * [`fuzz`]: input that harms, by the thousand
//! * [`interop`]: programs that others wrote
//! * [`others`]: Prosody and ejabberd
//! * [`process`]: child processes
//! * [`random`]: numbers by seed

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "code of tests: a panic with its place is the report"
)]

pub mod archive;
pub mod bench;
pub mod fuzz;
pub mod interop;
pub mod others;
pub mod peer;
pub mod ports;
pub mod process;
pub mod random;
pub mod startalk;
pub mod tls;
