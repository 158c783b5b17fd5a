//! The engine from outside: one suite of scenarios against three servers.
//!
//! * [`suite`]: runs every scenario over every way into a server
//! * [`scenarios`]: what people do, and what has to come of it
//! * [`lacks`]: what a server does not have, each proven by a run
//! * [`world`]: one server and the people of one scenario
//! * [`device`]: an engine with a profile, seen as an interface sees it
//! * [`patience`]: how long everybody waits
//! * [`server`]: the server under test, as a program
//! * [`link`]: the network between a device and the server, below TLS
//! * [`relay`]: the same above TLS, for faults that know what is said

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::print_stdout,
    reason = "code of tests: a panic with its place is the report"
)]

pub mod device;
pub mod lacks;
pub mod link;
pub mod patience;
pub mod relay;
pub mod scenarios;
pub mod server;
pub mod suite;
pub mod world;
