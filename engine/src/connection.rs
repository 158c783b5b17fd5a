//! From a server's address to a stream that is signed in.
//!
//! Never in clear: there is no code path from TLS to plain text.

mod dial;
mod dialer;
mod error;
mod register;
mod sign_in;
mod tls;
mod transport;

use std::sync::Arc;

use dial::dial;
pub use dialer::{ByteStream, Dialer, SecureStream};
pub(crate) use error::ConnectError;
pub(crate) use register::register;
pub(crate) use sign_in::{SignedIn, connect};
pub(crate) use transport::{Incoming, Transport};

use crate::config::{EngineConfig, Timeouts};

/// How the connections of a profile are made. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) timeouts: Timeouts,
    dialer: Option<Arc<dyn Dialer>>,
}

impl Connector {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            timeouts: config.timeouts,
            dialer: config.dialer.clone(),
        }
    }
}
