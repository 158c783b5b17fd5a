//! The server from outside: what RFC 6120, 6121 and 7395 and the XEPs promise a
//! client, asked over real sockets by a client that says every word itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::large_futures,
    reason = "a panic with its place is the report"
)]

mod client;
mod server;

mod acknowledgement;
mod administration;
mod archive;
mod archive_bounds;
mod backlog;
mod binding2;
mod blocking;
mod carbons;
mod certificates;
mod changed_accounts;
mod clients;
mod commands;
mod csi;
mod directory;
mod external;
mod fast;
mod full_disk;
mod guessing;
mod hostile;
mod hostile_limits;
mod hostile_web;
mod http;
mod invites;
mod keeping;
mod last_activity;
mod logs;
mod lost;
mod offline;
mod personal;
mod plaintext;
mod presence;
mod push;
mod registration;
mod retraction;
mod rooms;
mod roster;
mod routing;
mod search;
mod signing_in;
mod signing_in2;
mod slow;
mod stages;
mod stanzas;
mod starttls;
mod subscriptions;
mod upload;
mod web;
mod xml;
