//! What the server is told. Everything has a default but the data folder.

mod file;
mod keys;
mod tables;
mod web;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use xmpp_core::framing::FramingLimits;

pub use self::file::{ConfigError, ConfigFile, config_example};
pub use self::web::{
    Contacts, Credentials, ExternalService, FileTypes, Files, PersonalWebhooks, Push, Secret,
};

/// Who may make an account over the wire (XEP-0077).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Whoever has an invite.
    #[default]
    Invite,
    /// Everybody. For closed networks and tests.
    Open,
    /// Nobody.
    Closed,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for the database and the keys. Made if it is missing.
    pub data_dir: PathBuf,
    /// Name of the team, for people. Used when the folder is new; kept in it.
    pub team_name: String,
    /// Domain of the accounts. Used when the folder is new; without it one is
    /// made from the team's name.
    pub domain: Option<String>,
    /// One port for HTTPS, WebSocket and direct TLS.
    pub https: SocketAddr,
    /// Port for STARTTLS, if wanted.
    pub tcp: Option<SocketAddr>,
    /// A port for direct TLS alone (XEP-0368), besides the shared one, if wanted.
    pub tls: Option<SocketAddr>,
    /// Certificate chain in PEM, instead of one of the server's own; with `tls_key`.
    /// Invites carry the fingerprint of its key: renew it with the same key.
    pub tls_certificate: Option<PathBuf>,
    /// Private key in PEM, for `tls_certificate`.
    pub tls_key: Option<PathBuf>,
    /// Clients of this machine may sign in without TLS, on the port for STARTTLS
    /// and on the shared one, which then takes plain HTTP and WebSocket too. Never
    /// with PLAIN.
    pub allow_plaintext: bool,
    /// With `allow_plaintext`: other machines too. Whoever is on the way can
    /// read everything then.
    pub plaintext_from_anywhere: bool,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether the team sees itself without asking; if not, everybody keeps a
    /// roster of their own.
    pub shared_roster: bool,
    /// Whether everybody may make invites, or administrators alone.
    pub members_may_invite: bool,
    /// Whether people may remove their own account (XEP-0077).
    pub allow_account_removal: bool,
    /// Whether an administrator may stop the server over the wire (XEP-0133).
    pub allow_shutdown: bool,
    /// Host names or addresses for invites. Without it those of this machine.
    pub advertise: Option<Vec<String>>,
    /// Where the web pages are for others, `https://chat.example:443`, if not
    /// at the first advertised host.
    pub public_url: Option<String>,
    /// Files that people upload (XEP-0363).
    pub files: Files,
    /// Servers for calls and the like (XEP-0215).
    pub external_services: Vec<ExternalService>,
    /// Notifications for who is away (XEP-0357).
    pub push: Push,
    /// Who runs the server (XEP-0157).
    pub contacts: Contacts,
    /// Who may read `/metrics` besides this machine.
    pub metrics_from: Vec<IpAddr>,
    /// Limits.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::new(),
            team_name: "Team".to_owned(),
            domain: None,
            https: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5280)),
            tcp: None,
            tls: None,
            tls_certificate: None,
            tls_key: None,
            allow_plaintext: false,
            plaintext_from_anywhere: false,
            registration: Registration::default(),
            shared_roster: true,
            members_may_invite: true,
            allow_account_removal: false,
            allow_shutdown: false,
            advertise: None,
            public_url: None,
            files: Files::default(),
            external_services: Vec::new(),
            push: Push::default(),
            contacts: Contacts::default(),
            metrics_from: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Whether a client of this address may do without TLS.
    pub(crate) fn allows_plaintext(&self, peer: IpAddr) -> bool {
        self.allow_plaintext && (self.plaintext_from_anywhere || peer.to_canonical().is_loopback())
    }
}

/// Limits that keep one peer from harming the others.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of one stream.
    pub framing: FramingLimits,
    /// From the first byte to a bound session.
    pub negotiation: Duration,
    /// The same for who fills in a form for a new account: has shown an invite
    /// that is valid, or asked for the form where everybody may register.
    pub registration: Duration,
    /// How long a lost session can be resumed (XEP-0198).
    pub resumption: Duration,
    /// Nothing heard for this long: the session is asked, then given up.
    pub idle: Duration,
    /// A peer that takes no bytes for this long is given up.
    pub write: Duration,
    /// Stanzas on their way to one session. With more waiting, a connection
    /// that takes no bytes is given up, and the session waits to be resumed;
    /// four times as many may be sent and not acknowledged, and while it waits
    /// three times as many of what nobody would miss.
    pub session_queue: usize,
    /// The same in bytes. All that one session has in its queues, whether it
    /// was sent or not, is at most twice as much.
    pub session_bytes: usize,
    /// Stanzas that an account may send in a second, in the long run, over all its
    /// sessions. Whoever sends more is read no faster; what costs the server more
    /// counts for several. Nothing means no limit.
    pub stanzas_per_second: u32,
    /// Stanzas that it may send at once after a while of silence.
    pub stanzas_burst: u32,
    /// Bytes that an account may send in a second, in the long run. Nothing means
    /// no limit.
    pub bytes_per_second: u32,
    /// Bytes that it may send at once after a while of silence.
    pub bytes_burst: u32,
    /// Bytes that what an account says in rooms and publishes may come to in a
    /// second, in the long run, counted for each who gets it. Nothing means no limit.
    pub fan_out_per_second: u32,
    /// Bytes that it may come to at once after a while of silence.
    pub fan_out_burst: u32,
    /// Messages of one session that wait for the disk.
    pub unwritten: usize,
    /// Connections of one address at the same time.
    pub connections_per_address: usize,
    /// Failed sign-ins of one address in a minute. An account that has signed in
    /// from there since the start has as many for itself, and so have its tokens.
    pub failures_per_minute: u32,
    /// Failed sign-ins to one account in an hour, from networks that it has not
    /// signed in from since the start.
    pub account_failures_per_hour: u32,
    /// Sessions of one account. One that waits to be resumed gives way to a new one.
    pub sessions_per_account: usize,
    /// Contacts in one roster (RFC 6121), those of the shared one not counted.
    pub roster_items: usize,
    /// People that one search of the directory finds (XEP-0055).
    pub search_results: usize,
    /// Presences of one account in a minute, those to rooms not counted.
    pub presences_per_minute: u32,
    /// Presences of one account to rooms in a minute.
    pub room_presences_per_minute: u32,
    /// Addresses that one session has told of its presence by name.
    pub directed_presences: usize,
    /// Nodes of one account (XEP-0163).
    pub personal_nodes: usize,
    /// Bytes in all nodes of one account; an item counts as its payload and 1 KiB.
    pub personal_bytes: usize,
    /// Bytes of one item in a node.
    pub personal_payload: usize,
    /// Rooms of one account: those that it made, whoever owns them now.
    pub rooms_per_account: usize,
    /// How often one account may enter rooms in a minute.
    pub joins_per_minute: u32,
    /// Accounts that one address may make in an hour without an invite.
    pub registrations_per_hour: u32,
    /// Stanzas that are held back while a client is inactive (XEP-0352).
    pub held_back: usize,
    /// How long a token signs in (XEP-0484). It is replaced after half of it.
    pub token_life: Duration,
    /// Clients of one account that have a token.
    pub tokens_per_account: usize,
    /// Days that messages stay in archives, also in those of rooms. Nothing means
    /// for ever.
    pub archive_days: u32,
    /// Bytes of one archive, of an account or a room, as they are on the disk,
    /// nearly: the oldest messages go. Nothing means no limit.
    pub archive_bytes: u64,
    /// With less room than this on the disk of the data folder, messages that
    /// would have to be stored are refused, and files that would leave less.
    pub min_free_bytes: u64,
    /// How often the certificate's files are looked at.
    pub certificate_check: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            framing: FramingLimits::default(),
            negotiation: Duration::from_secs(30),
            registration: Duration::from_secs(600),
            resumption: Duration::from_secs(300),
            idle: Duration::from_secs(180),
            write: Duration::from_secs(30),
            session_queue: 2_000,
            session_bytes: 16 << 20,
            stanzas_per_second: 200,
            stanzas_burst: 1_000,
            bytes_per_second: 4 << 20,
            bytes_burst: 16 << 20,
            fan_out_per_second: 32 << 20,
            fan_out_burst: 256 << 20,
            unwritten: 64,
            connections_per_address: 200,
            failures_per_minute: 20,
            account_failures_per_hour: 100,
            sessions_per_account: 20,
            roster_items: 2_000,
            search_results: 200,
            presences_per_minute: 120,
            room_presences_per_minute: 600,
            directed_presences: 200,
            personal_nodes: 500,
            personal_bytes: 16 << 20,
            personal_payload: 192 << 10,
            rooms_per_account: 500,
            joins_per_minute: 600,
            registrations_per_hour: 10,
            held_back: 500,
            token_life: Duration::from_secs(30 * 24 * 3600),
            tokens_per_account: 32,
            archive_days: 0,
            archive_bytes: 0,
            min_free_bytes: 200 << 20,
            certificate_check: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_for_this_machine_unless_it_is_said_twice() {
        let may = |allow_plaintext, plaintext_from_anywhere, peer: &str| {
            let config = Config {
                allow_plaintext,
                plaintext_from_anywhere,
                ..Config::default()
            };
            config.allows_plaintext(peer.parse().unwrap())
        };
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(may(true, false, peer), "{peer}");
            assert!(
                !may(false, false, peer) && !may(false, true, peer),
                "{peer}"
            );
        }
        for peer in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"] {
            assert!(!may(true, false, peer) && may(true, true, peer), "{peer}");
        }
    }
}
