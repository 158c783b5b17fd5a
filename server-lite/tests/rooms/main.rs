//! Rooms from outside: whatever is said here is said on the wire, by a
//! client that knows nothing of the server's code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

mod client;
mod entering_and_speaking;
mod keeping_order;
