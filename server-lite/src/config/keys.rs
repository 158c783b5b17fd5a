//! The keys of the configuration file, in one list: what is accepted, what it
//! does, and what `docs/config.example.toml` says of it.
//!
//! A new option gets a field in `Config` and an entry here. Nothing else.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Config, Contacts, ExternalService, Files, Limits, Push, Registration};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A key, as the documentation has it.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// One line each.
    pub(super) doc: &'static [&'static str],
    /// A value as TOML: the default, or an example where there is none.
    pub(super) example: &'static str,
}

/// Makes the type of a table of the file, its list of keys, and the function
/// that puts what was given into the target.
macro_rules! keys {
    ($(#[$about:meta])* $table:ident, $list:ident, $target:ty;
     $($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $example:literal,
       |$config:ident, $value:ident| $set:expr;)+) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $table {
            $($(#[doc = $doc])+ $name: Option<$kind>,)+
        }

        impl $table {
            /// Puts what the file says into the configuration.
            pub(super) fn apply(self, target: &mut $target) {
                $(if let Some($value) = self.$name {
                    let $config = &mut *target;
                    $set;
                })+
            }
        }

        pub(super) const $list: &[Key] = &[
            $(Key { name: stringify!($name), doc: &[$($doc),+], example: $example },)+
        ];
    };
}

keys! {
    /// The keys before the first table.
    FileKeys, KEYS, Config;

    /// Name of the team, for people. Used when the data folder is new.
    team: String = "\"Team\"", |config, value| config.team_name = value;

    /// Domain of the accounts. Used when the data folder is new; after that it
    /// cannot change. Without it, one is made from the name of the team.
    domain: String = "\"chat.example.org\"", |config, value| config.domain = Some(value);

    /// Address for HTTPS, WebSocket and direct TLS: one port for everything.
    http: SocketAddr = "\"0.0.0.0:5280\"", |config, value| config.https = value;

    /// Address for XMPP with STARTTLS, for other clients. Off without it.
    tcp: SocketAddr = "\"0.0.0.0:5222\"", |config, value| config.tcp = Some(value);

    /// Address for direct TLS alone, besides the shared port. Off without it.
    tls: SocketAddr = "\"0.0.0.0:5223\"", |config, value| config.tls = Some(value);

    /// Certificate chain in PEM, instead of one of the server's own; with
    /// tls_key. It is read again when it changes. Invites carry the fingerprint
    /// of its key: renew it with the same key.
    tls_certificate: PathBuf = "\"/etc/ssl/chat.pem\"",
        |config, value| config.tls_certificate = Some(value);

    /// Private key in PEM, for tls_certificate.
    tls_key: PathBuf = "\"/etc/ssl/private/chat.key\"",
        |config, value| config.tls_key = Some(value);

    /// Whether clients of this machine may sign in without TLS.
    allow_plaintext: bool = "false", |config, value| config.allow_plaintext = value;

    /// With allow_plaintext: other machines too. Whoever is on the way can read
    /// everything then.
    plaintext_from_anywhere: bool = "false",
        |config, value| config.plaintext_from_anywhere = value;

    /// Who may make an account over the network: "invite" (whoever has an
    /// invite), "open" (everybody) or "closed" (nobody).
    registration: Registration = "\"invite\"", |config, value| config.registration = value;

    /// Whether everybody may make invites, or administrators alone.
    members_may_invite: bool = "true", |config, value| config.members_may_invite = value;

    /// Whether people may remove their own account.
    allow_account_removal: bool = "false",
        |config, value| config.allow_account_removal = value;

    /// Whether an administrator may stop the server from a client.
    allow_shutdown: bool = "false", |config, value| config.allow_shutdown = value;

    /// Whether the team sees itself without asking. If not, everybody keeps a
    /// roster of their own.
    shared_roster: bool = "true", |config, value| config.shared_roster = value;

    /// Host names or addresses that stand in invites. Without it, those of this
    /// machine.
    advertise: Vec<String> = "[\"chat.example.org\"]",
        |config, value| config.advertise = Some(value);

    /// Where the web pages are for others, if not at the first of these hosts.
    public_url: String = "\"https://chat.example.org\"",
        |config, value| config.public_url = Some(value);

    /// Addresses that may read /metrics besides this machine.
    metrics_from: Vec<IpAddr> = "[]", |config, value| config.metrics_from = value;

    /// Files that people upload.
    files: Files = "", |config, value| config.files = value;

    /// Notifications for who is away.
    push: Push = "", |config, value| config.push = value;

    /// Addresses of who runs the server, as URIs (mailto:, xmpp:, https:).
    contacts: Contacts = "", |config, value| config.contacts = value;

    /// A server beside this one, for calls for example. There may be several.
    external_services: Vec<ExternalService> = "[[external_services]]\n\
        type = \"turn\"\n\
        host = \"turn.example.org\"\n\
        port = 3478\n\
        transport = \"udp\"\n\
        credentials = { shared = { secret = \"that of the service\", seconds = 86400 } }",
        |config, value| config.external_services = value;

    /// Limits that keep one peer from harming the others.
    limits: LimitKeys = "", |config, value| value.apply(&mut config.limits);
}

keys! {
    /// `[limits]`.
    LimitKeys, LIMIT_KEYS, Limits;

    /// Largest stanza, in bytes.
    stanza_bytes: NonZeroUsize = "262144",
        |limits, value| limits.framing.max_element_bytes = value.get();

    /// Seconds from the first byte of a connection to a session.
    negotiation_seconds: NonZeroU64 = "30",
        |limits, value| limits.negotiation = Duration::from_secs(value.get());

    /// Seconds that a lost session can be resumed.
    resumption_seconds: u64 = "300",
        |limits, value| limits.resumption = Duration::from_secs(value);

    /// Seconds without a word from a client before it is asked whether it is
    /// there.
    idle_seconds: NonZeroU64 = "180",
        |limits, value| limits.idle = Duration::from_secs(value.get());

    /// Seconds after which a client that takes no bytes is given up.
    write_seconds: NonZeroU64 = "30",
        |limits, value| limits.write = Duration::from_secs(value.get());

    /// Stanzas on their way to one session.
    session_queue: NonZeroUsize = "2000", |limits, value| limits.session_queue = value.get();

    /// The same in bytes. All queues of one session together hold at most twice
    /// as much.
    session_bytes: NonZeroUsize = "16777216", |limits, value| limits.session_bytes = value.get();

    /// Stanzas that an account may send in a second, in the long run, over all
    /// its sessions; who sends more is read no faster. A page of the archive
    /// counts for 4, a search for 10. 0 for no limit.
    stanzas_per_second: u32 = "200", |limits, value| limits.stanzas_per_second = value;

    /// Stanzas that it may send at once after a while of silence.
    stanzas_burst: u32 = "1000", |limits, value| limits.stanzas_burst = value;

    /// Bytes that an account may send in a second, in the long run. 0 for no limit.
    bytes_per_second: u32 = "4194304", |limits, value| limits.bytes_per_second = value;

    /// Bytes that it may send at once after a while of silence.
    bytes_burst: u32 = "16777216", |limits, value| limits.bytes_burst = value;

    /// Bytes that what an account says in rooms and publishes may come to in a
    /// second, in the long run, counted for each who gets it. 0 for no limit.
    fan_out_per_second: u32 = "33554432",
        |limits, value| limits.fan_out_per_second = value;

    /// Bytes that it may come to at once after a while of silence.
    fan_out_burst: u32 = "268435456", |limits, value| limits.fan_out_burst = value;

    /// Connections of one address at the same time.
    connections_per_address: NonZeroUsize = "200",
        |limits, value| limits.connections_per_address = value.get();

    /// Failed sign-ins of one address in a minute. An account that has signed in
    /// from there since the server was started has as many for itself, and so have
    /// its tokens.
    failures_per_minute: NonZeroU32 = "20",
        |limits, value| limits.failures_per_minute = value.get();

    /// Failed sign-ins to one account in an hour, from networks that it has not
    /// signed in from since the server was started; those with a token pass.
    account_failures_per_hour: NonZeroU32 = "100",
        |limits, value| limits.account_failures_per_hour = value.get();

    /// Sessions of one account.
    sessions_per_account: NonZeroUsize = "20",
        |limits, value| limits.sessions_per_account = value.get();

    /// Stanzas that are held back while a client is inactive.
    held_back: usize = "500", |limits, value| limits.held_back = value;

    /// Days that a client can sign in again without the password.
    token_days: NonZeroU32 = "30",
        |limits, value| limits.token_life = DAY * value.get();

    /// Clients of one account that can sign in without the password.
    tokens_per_account: usize = "32", |limits, value| limits.tokens_per_account = value;

    /// Days that messages stay in the archives of people and rooms; who has not
    /// seen them by then will not. 0 for ever.
    archive_days: u32 = "0", |limits, value| limits.archive_days = value;

    /// Bytes that the archive of one account or one room may take: the oldest
    /// messages go, within the hour. 0 for no limit.
    archive_bytes: u64 = "0", |limits, value| limits.archive_bytes = value;

    /// With less room than this on the disk of the data folder, in bytes,
    /// messages that would have to be stored are refused, and files that would
    /// leave less.
    min_free_bytes: u64 = "209715200", |limits, value| limits.min_free_bytes = value;

    /// Seconds between two looks at the files of the certificate.
    certificate_check_seconds: NonZeroU64 = "10",
        |limits, value| limits.certificate_check = Duration::from_secs(value.get());

    /// Contacts in one roster, colleagues in the shared one not counted.
    roster_items: usize = "2000", |limits, value| limits.roster_items = value;

    /// People that one search of the directory finds.
    search_results: NonZeroUsize = "200", |limits, value| limits.search_results = value.get();

    /// Presences of one account in a minute.
    presences_per_minute: NonZeroU32 = "120",
        |limits, value| limits.presences_per_minute = value.get();

    /// Presences of one account to rooms in a minute.
    room_presences_per_minute: NonZeroU32 = "600",
        |limits, value| limits.room_presences_per_minute = value.get();

    /// Addresses that one session has told of its presence by name.
    directed_presences: usize = "200", |limits, value| limits.directed_presences = value;

    /// Rooms of one account: those that it made, whoever owns them now.
    rooms_per_account: usize = "500", |limits, value| limits.rooms_per_account = value;

    /// How often one account may enter rooms in a minute.
    joins_per_minute: NonZeroU32 = "600",
        |limits, value| limits.joins_per_minute = value.get();

    /// Accounts that one address may make in an hour without an invite.
    registrations_per_hour: u32 = "10",
        |limits, value| limits.registrations_per_hour = value;

    /// Nodes of one account (personal eventing).
    personal_nodes: usize = "500", |limits, value| limits.personal_nodes = value;

    /// Bytes in all nodes of one account.
    personal_bytes: usize = "16777216", |limits, value| limits.personal_bytes = value;

    /// Bytes of one item in a node; pictures are such items.
    personal_payload: NonZeroUsize = "196608",
        |limits, value| limits.personal_payload = value.get();
}
