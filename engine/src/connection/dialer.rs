//! The seam between the engine and the wire.
//!
//! A program that gives a [`Dialer`] in [`EngineConfig::dialer`] decides itself
//! how a server is reached; simulations and tests give streams in memory. The
//! engine speaks its usual stream (RFC 6120) on what it is given and asks for
//! no TLS there: whoever dials vouches that the stream is secure. Real
//! connections never come this way, so the seam is no path to plain text.
//!
//! [`EngineConfig::dialer`]: crate::EngineConfig::dialer

use futures_util::future::BoxFuture;
use navigation::ServerTarget;
use tokio::io::{AsyncRead, AsyncWrite};
use xmpp_core::sasl::BindingData;

use crate::api::CertificateView;

/// Bytes in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A stream that nobody else reads or writes: encrypted, or in memory.
pub struct SecureStream {
    /// Its bytes: from here on, those of a TCP stream (RFC 6120, section 4).
    pub io: Box<dyn ByteStream>,
    /// What signing in can be bound to; nothing in it turns binding off.
    pub binding: BindingData,
    pub(crate) certificate: Option<CertificateView>,
}

impl SecureStream {
    /// A stream that signing in cannot be bound to.
    pub fn unbound(io: impl ByteStream + 'static) -> Self {
        Self {
            io: Box::new(io),
            binding: BindingData::default(),
            certificate: None,
        }
    }
}

impl std::fmt::Debug for SecureStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecureStream").finish_non_exhaustive()
    }
}

/// Reaches servers in the place of TCP and TLS.
pub trait Dialer: Send + Sync {
    /// Reaches the server of a target. The engine drops the future when
    /// [`Timeouts::connect`](crate::Timeouts::connect) is over.
    ///
    /// # Errors
    /// Any I/O error: the engine takes the server for unreachable.
    fn dial<'a>(&'a self, target: &'a ServerTarget)
    -> BoxFuture<'a, std::io::Result<SecureStream>>;
}
