//! The command line. Stable: scripts depend on it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A team's chat server in one process.
///
/// Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 port in use,
/// 4 data folder or database not usable.
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
    Serve(Serve),
    /// Manages accounts; the server may be running.
    User {
        #[command(subcommand)]
        command: UserCommand,
        /// Data folder.
        #[arg(long, global = true, default_value = ".")]
        data: PathBuf,
        /// Answer as JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Manages invites; the server may be running.
    Invite {
        #[command(subcommand)]
        command: InviteCommand,
        /// Data folder.
        #[arg(long, global = true, default_value = ".")]
        data: PathBuf,
        /// Answer as JSON.
        #[arg(long, global = true)]
        json: bool,
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
pub(crate) struct Serve {
    /// Data folder; made if it is missing.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Name of the team, when the folder is new.
    #[arg(long, default_value = "Team")]
    pub(crate) team: String,
    /// Domain of the accounts, when the folder is new.
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// HTTPS, WebSocket and direct TLS.
    #[arg(long, alias = "http", default_value = "0.0.0.0:5280")]
    pub(crate) https: SocketAddr,
    /// STARTTLS, for other XMPP clients; port 5222 is the usual one.
    #[arg(long)]
    pub(crate) tcp: Option<SocketAddr>,
    /// Who may make an account.
    #[arg(long, value_enum, default_value_t = Registration::Invite)]
    pub(crate) registration: Registration,
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

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Makes an account; the password is read from standard input.
    Add {
        /// Name that others see; the user name is made of it.
        name: String,
    },
    /// Lists the accounts.
    List,
    /// Changes a password; the new one is read from standard input.
    Passwd {
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
        /// Its label, as listed.
        label: String,
    },
}
