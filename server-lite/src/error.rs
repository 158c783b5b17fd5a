use std::net::SocketAddr;
use std::path::PathBuf;

use crate::clock::RandomError;
use crate::store::StoreError;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {} is in use by another program", .address.port())]
    PortInUse {
        /// Where we wanted to listen.
        address: SocketAddr,
    },
    /// The address is not one of this machine, or may not be used.
    #[error("cannot listen on {address}: {source}")]
    AddressNotAvailable {
        /// Where we wanted to listen.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The data folder cannot be made, read or written.
    #[error("{}: {source}", .path.display())]
    DataFolder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server uses this data folder.
    #[error("another server is running on {}", .path.display())]
    AlreadyRunning {
        /// The folder.
        path: PathBuf,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server's key cannot be read. It is left as it is.
    #[error("{}: {reason}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate or key that was given cannot be used.
    #[error("{}: {reason}", .path.display())]
    CertificateFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The domain is not one.
    #[error("{domain:?} cannot be a domain")]
    Domain {
        /// What was asked for.
        domain: String,
    },
    /// The data folder belongs to another domain.
    #[error("the data folder belongs to {kept}, not to {wanted}")]
    OtherDomain {
        /// What was asked for.
        wanted: String,
        /// What the folder holds.
        kept: String,
    },
    /// An option cannot be used as it is.
    #[error("{name}: {reason}")]
    Option {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The certificate cannot be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}
