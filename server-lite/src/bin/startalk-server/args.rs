//! The command line. Stable: scripts depend on it. Described in
//! `docs/server.md`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A team's chat server in one process.
///
/// Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration,
/// 3 not found, 4 already exists, 5 in use, 6 damaged or of a later version.
#[derive(Parser)]
#[command(name = "startalk-server", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs the server until it is told to stop (Ctrl-C, SIGTERM). Prints one
    /// line "ready …" on standard output when connections are accepted.
    Serve(Box<Serve>),
    /// Manages accounts; the server may be running.
    User {
        #[command(subcommand)]
        command: UserCommand,
        #[command(flatten)]
        folder: Folder,
    },
    /// Manages invites; the server may be running.
    Invite {
        #[command(subcommand)]
        command: InviteCommand,
        #[command(flatten)]
        folder: Folder,
    },
    /// Says whether a server runs on the folder, and what is in it.
    Status {
        #[command(flatten)]
        folder: Folder,
    },
    /// Reads everything in the folder and says what is wrong.
    Check {
        #[command(flatten)]
        folder: Folder,
    },
    /// Writes the whole folder into one file; the server may be running.
    Backup {
        /// The file. For its owner's eyes only: it holds keys and messages.
        file: PathBuf,
        /// Replace a file of that name.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Makes a data folder of a backup. The folder has to be empty or not there.
    Restore {
        /// The file that "backup" wrote.
        file: PathBuf,
        /// Move a folder that is there aside; nothing is deleted.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        folder: NewFolder,
    },
    /// Writes accounts, rosters, messages and rooms in the form that other
    /// servers read (XEP-0227); the server may be running.
    Export {
        /// The file; with "--dialect prosody" a folder.
        file: PathBuf,
        /// For whom.
        #[arg(long, value_enum, default_value_t = Dialect::Standard)]
        dialect: Dialect,
        /// Replace a file of that name.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Takes in what another server has exported (XEP-0227); the server may be
    /// running. What is there already stays as it is.
    Import {
        /// The file.
        file: PathBuf,
        /// Domain whose accounts are taken, when the folder is new [default: the
        /// first in the file].
        #[arg(long)]
        domain: Option<String>,
        #[command(flatten)]
        folder: NewFolder,
    },
    /// Starts a fresh demo team and says how to join it. Its folder is removed
    /// at the end, unless one is given.
    Demo {
        /// Data folder.
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct Folder {
    /// Data folder.
    #[arg(long, global = true, default_value = ".")]
    pub(crate) data: PathBuf,
    /// Answer as JSON; errors too, on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// A folder that is made if it is missing. It has to be named: what happens to
/// be the present folder is not meant.
#[derive(Args)]
pub(crate) struct NewFolder {
    /// Data folder; made if it is missing.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Answer as JSON; errors too, on standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether answers are JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Serve(_) | Self::Demo { .. } => false,
            Self::User { folder, .. }
            | Self::Invite { folder, .. }
            | Self::Status { folder }
            | Self::Check { folder }
            | Self::Backup { folder, .. }
            | Self::Export { folder, .. } => folder.json,
            Self::Restore { folder, .. } | Self::Import { folder, .. } => folder.json,
        }
    }
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Data folder; made if it is missing.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Configuration file, instead of config.toml in the data folder.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Name of the team, when the folder is new [default: Team].
    #[arg(long)]
    pub(crate) team: Option<String>,
    /// Domain of the accounts, when the folder is new; it cannot change later.
    /// Without it, one is made from the name of the team.
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// Address and port for HTTPS, WebSocket and direct TLS [default: 0.0.0.0:5280].
    #[arg(long, alias = "https", value_name = "ADDR:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// Address and port for STARTTLS, for other XMPP clients (0.0.0.0:5222 is
    /// usual); off without it.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) tcp: Option<SocketAddr>,
    /// Address and port for direct TLS alone, besides the shared one; off without
    /// it.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) tls: Option<SocketAddr>,
    /// Certificate chain in PEM, instead of one of the server's own.
    #[arg(long, requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key in PEM, for the certificate.
    #[arg(long, requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Clients of this machine may sign in without TLS.
    #[arg(long)]
    pub(crate) allow_plaintext: bool,
    /// Who may make an account: whoever has an invite, everybody, nobody
    /// [default: invite].
    #[arg(long, value_enum)]
    pub(crate) registration: Option<Registration>,
    /// Host names or addresses for invites, instead of those of this machine.
    #[arg(long, value_delimiter = ',')]
    pub(crate) advertise: Option<Vec<String>>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Registration {
    Open,
    Invite,
    Closed,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Dialect {
    /// XEP-0227, with everything.
    Standard,
    /// What ejabberd's import reads.
    Ejabberd,
    /// A folder with a file for each user, for Prosody's migrator.
    Prosody,
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Makes an account; the password is the first line of standard input.
    Add {
        /// Name that others see; the user name is made of it.
        name: String,
        /// User name, if it should be another one.
        #[arg(long)]
        user: Option<String>,
    },
    /// Lists the accounts.
    List,
    /// Changes a password; the new one is the first line of standard input.
    Passwd {
        /// User name.
        name: String,
    },
    /// Puts somebody into a department, or out of any.
    Department {
        /// User name.
        name: String,
        /// Its path, "Sales/North"; empty for none.
        path: String,
    },
    /// Says who leads somebody, or that nobody does.
    Manager {
        /// User name.
        name: String,
        /// User name of the one who leads them; empty for nobody.
        manager: String,
    },
    /// Makes somebody an administrator.
    Admin {
        /// User name.
        name: String,
        /// No longer one.
        #[arg(long)]
        off: bool,
    },
    /// Keeps somebody from signing in; nothing is removed.
    Disable {
        /// User name.
        name: String,
    },
    /// Lets somebody sign in again.
    Enable {
        /// User name.
        name: String,
    },
    /// Removes an account with its messages.
    Remove {
        /// User name.
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum InviteCommand {
    /// Makes an invite and prints its link.
    Create {
        /// Works for one account only.
        #[arg(long)]
        once: bool,
        /// Days that it works.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// Name of who invites.
        #[arg(long)]
        by: Option<String>,
    },
    /// Lists the invites that still work.
    List,
    /// Ends an invite.
    Revoke {
        /// Its label, as "invite list" shows it.
        label: String,
    },
}
