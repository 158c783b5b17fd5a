//! The whole back end of a small team in one process on SQLite.
//!
//! [`start`] opens a data folder, listens, and gives a [`ServerHandle`].
//!
//! * [`Config`]: what it is told
//! * `store`: the database; one writer with group commit
//! * `files`, `push`: uploads; notifications for who is away
//! * `listener`, `http`, `transport`: from sockets to streams of elements
//! * `session`: the life of one client connection
//! * `router`: who is connected, and how a stanza finds them
//! * `roster`: who knows whom, and who sees whose presence
//! * `modules`: one file per feature of the protocol, in one list
//! * [`safekeeping`], [`exchange`]: backups and checks; to and from other servers
//!
//! An acknowledgement (XEP-0198) means *on disk*: a message is counted as
//! handled only after the transaction that holds it has committed.

mod account_names;
mod accounts;
pub mod admin;
mod archiving;
mod blocking;
mod brought;
mod calendar;
mod certificate;
mod clients;
mod clock;
mod commands;
mod config;
mod data_dir;
mod disk;
mod error;
pub mod exchange;
mod files;
mod form;
mod handle;
mod http;
mod kept;
mod limiter;
mod listener;
mod logging;
mod mailbox;
mod metrics;
mod modules;
mod pace;
mod people;
mod pep;
mod push;
mod reachable;
mod retention;
mod retraction;
mod rooms;
mod roster;
mod router;
mod running;
pub mod safekeeping;
mod server;
mod services;
mod session;
mod stanza_text;
mod store;
mod tls;
mod transport;
mod whole_file;

pub use accounts::{AccountError, MIN_PASSWORD_CHARS};
pub use clock::RandomError;
pub use config::{
    Config, ConfigError, ConfigFile, Contacts, Credentials, ExternalService, FileTypes,
    Files as FileOptions, Limits, PersonalWebhooks, Push as PushOptions, Registration, Secret,
    config_example,
};
pub use data_dir::holds_a_server;
pub use error::StartError;
pub use handle::{ServerHandle, start};
pub use logging::log_filter;
pub use modules::protocol_document;
pub use running::Running;
pub use store::StoreError;
