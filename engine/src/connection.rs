//! From a server's address to a stream that is signed in.
//!
//! Never in clear: there is no code path from TLS to plain text.

mod dial;
mod error;
mod register;
mod sign_in;
mod tls;
mod transport;

use dial::dial;
pub(crate) use error::ConnectError;
pub(crate) use register::register;
pub(crate) use sign_in::{SignedIn, connect};
pub(crate) use transport::{Incoming, Transport};
