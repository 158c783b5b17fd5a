//! From a server's address to a stream that is signed in.
//!
//! * `find`, `dial`, `eyeballs`, `proxy`: where the server is, and the way there
//! * `tls`: that it is the right one
//! * `sign_in`: that we are; what it gives is described there
//! * `dialer`: the seam for simulations
//!
//! Never in clear: there is no code path from TLS to plain text.

mod dial;
mod dialer;
mod error;
mod eyeballs;
mod find;
mod portal;
mod proxy;
mod register;
mod sign_in;
mod starttls;
mod tls;
mod transport;

use std::sync::{Arc, Mutex};

use dial::dial;
pub use dialer::{ByteStream, Dialer, SecureStream};
pub(crate) use error::ConnectError;
use navigation::{ServerTarget, Transport as Kind};
pub(crate) use proxy::check as check_proxy;
pub use proxy::{
    ManualProxy, PROXY_SECRET, Proxy, ProxyKind, ProxyServer, ProxySource, SystemProxies,
};
pub(crate) use register::register;
pub(crate) use sign_in::{
    Bound, Login, Memory, NotResumed, Purpose, Resume, Resumed, SignedIn, connect, revoke,
};
pub(crate) use tls::{TlsSetup, tls_error};
use tokio::time::Instant;
pub(crate) use transport::{Incoming, Met, Transport};
use xmpp_core::Element;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::{EngineConfig, Timeouts};
use crate::secrets::Secrets;

/// How the connections of a profile are made. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) timeouts: Timeouts,
    dialer: Option<Arc<dyn Dialer>>,
    proxy: Arc<Mutex<Proxy>>,
    /// In the place of the one that a keyring keeps.
    proxy_password: Arc<Mutex<Option<Zeroizing<String>>>>,
    secrets: Arc<dyn Secrets>,
    clock: Clock,
    /// What this device is called, for its owner to recognise.
    pub(crate) device_name: Arc<str>,
}

impl Connector {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            timeouts: config.timeouts,
            dialer: config.dialer.clone(),
            proxy: Arc::new(Mutex::new(config.proxy.clone())),
            proxy_password: Arc::default(),
            secrets: Arc::clone(&config.secrets),
            clock: config.clock.clone(),
            device_name: config.device_name.as_str().into(),
        }
    }

    /// Runs what may block on a thread for it; at once where a program dials by
    /// itself, so that a simulation has no threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ConnectError> {
        if self.dialer.is_some() {
            return Ok(act());
        }
        tokio::task::spawn_blocking(act)
            .await
            .map_err(|error| ConnectError::Internal(error.to_string()))
    }
}

/// Reaches a server as far as can be done without an account, and leaves again.
pub(crate) async fn look(
    connector: &Connector,
    target: &ServerTarget,
) -> Result<Met, ConnectError> {
    let deadline = Instant::now() + connector.timeouts.connect;
    let opened = match Box::pin(dial(connector, target, None, deadline)).await {
        Ok(opened) => opened,
        Err(error) => return Err(portal::explain(connector, target, error).await),
    };
    let met = opened.transport.met();
    opened.transport.close().await;
    Ok(met)
}

/// What is wrong with an element that is no answer.
fn exchange_ended(element: &Element) -> ConnectError {
    ConnectError::NotXmpp(format!("{} instead of an answer", element.name()))
}
