//! The engine against a server whose every word is written down in the test:
//! what a real server does once in a thousand times happens here each time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::print_stdout,
    reason = "a panic with its place is the report"
)]

mod archived;
mod authority;
mod bookmarks;
mod bridge;
mod cache;
mod certificates;
mod changes;
mod client;
mod contacts;
mod decisions;
mod devices;
mod dialing;
mod displayed;
mod downgrades;
mod faults;
mod fetching;
mod files;
mod hostile;
mod joining;
mod kept;
mod limits;
mod lists;
mod logs;
mod messages;
mod network;
mod passwords;
mod peer;
mod presence;
mod profiles;
mod proxies;
mod proxy;
#[cfg(target_os = "linux")]
mod refresh;
mod resumption;
mod rooms;
mod rows;
mod sasl2;
mod search;
mod secrets;
mod signing_in;
mod status;
mod surroundings;
mod time_of_day;
#[cfg(target_os = "linux")]
mod trusting;
mod uploads;
mod web;
