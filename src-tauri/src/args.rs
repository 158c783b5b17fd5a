//! Command line of the desktop app.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;

/// Where a built-in server listens: for the whole network.
pub(crate) const DEFAULT_BIND: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Self-hosted team chat.
#[derive(Debug, Clone, Parser)]
#[command(name = "startalk", version)]
pub(crate) struct Args {
    /// Folder for the profile and the built-in server's data [default: the
    /// system's folder for application data].
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,

    /// Address on which a built-in server listens.
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_BIND)]
    pub server_bind: IpAddr,

    /// Start without the window: its icon is in the system's tray. So it is
    /// started when the user signs in to the computer.
    #[arg(long)]
    pub hidden: bool,

    /// Link to open: of an invitation, of a navigation document, or `xmpp:`.
    #[arg(value_name = "LINK")]
    pub link: Option<String>,
}

impl Args {
    /// A new version begins with the arguments of the one before: that has opened its
    /// link, and somebody waits for the window.
    pub(crate) fn begin_anew(&mut self) {
        self.hidden = false;
        self.link = None;
    }
}
