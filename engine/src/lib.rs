//! The headless chat client.
//!
//! It opens at once with everything from its encrypted cache, keeps itself in
//! step with any standards XMPP server, and sends what was typed exactly once.
//!
//! * [`api`]: the contract with any user interface
//! * [`Engine`]: opens a profile, answers requests, says what has changed
//! * `store`: the encrypted cache; one writer, transactions, migrations
//! * `secrets`: where passwords and cache keys are
//! * `connection`: from a server's address to a negotiated stream
//! * `account`: the task of one account: sign in, catch up, send, receive
//! * `inbound`: what a stanza means
//! * `search`: how a text is read, indexed and found
//! * `surroundings`: sleep, networks, whether somebody looks at the window
//!
//! * `http`: requests over HTTPS, with the trust and the proxy of the account
//! * `vault`: files that lie sealed beside the cache
//!
//! Nothing here reads the environment but [`SystemProxies`], where the program
//! gives it; and only `clock` reads the time.

mod account;
pub mod api;
#[cfg(feature = "bench")]
pub mod bench;
mod clock;
mod config;
mod connection;
mod engine;
mod events;
mod export;
mod files;
mod http;
mod inbound;
mod profile;
mod search;
pub mod secrets;
mod store;
mod surroundings;
mod vault;

pub use account::files::{FilePart, StagedFile};
pub use clock::{Clock, TimeSource};
pub use config::{EngineConfig, Retention, Timeouts, this_device};
pub use connection::{
    ByteStream, Dialer, ManualProxy, PROXY_SECRET, Proxy, ProxyKind, ProxyServer, ProxySource,
    SecureStream, SystemProxies,
};
pub use engine::{Engine, NewAccount, NewUser, OpenError};
pub use events::EventStream;
pub use secrets::{KeyringSecrets, MemorySecrets, NoSecrets, SecretKind, Secrets};
pub use store::StoreMode;
