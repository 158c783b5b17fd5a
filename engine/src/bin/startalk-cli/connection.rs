//! `startalk-cli proxy …` and `startalk-cli trust-key …`.

use clap::{Subcommand, ValueEnum};
use startalk_engine::Engine;
use startalk_engine::api::{
    ConnectionRequest, ConnectionView, ManualProxy, ProxyChoice, ProxyKind, Request, Response,
};

use crate::args::Cli;
use crate::commands::{account, ask, odd, password, show, tried};

#[derive(Subcommand)]
pub(crate) enum Proxy {
    /// Says which one is used.
    Show,
    /// As the system says, from now on.
    System,
    /// None.
    None,
    /// This one; with a user name its password is read from standard input.
    Set {
        /// How to speak with it.
        kind: Kind,
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// User name.
        #[arg(long)]
        user: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Http,
    Socks5,
}

pub(crate) async fn proxy(engine: &Engine, cli: &Cli, command: &Proxy) -> anyhow::Result<()> {
    let (proxy, password) = match command {
        Proxy::Show => {
            let request = Request::Connection(ConnectionRequest::Proxy);
            let Response::Proxy(view) = ask(engine, request).await? else {
                return odd();
            };
            return show(cli, &view, || match &view.choice {
                ProxyChoice::System => "as the system says".to_owned(),
                ProxyChoice::None => "none".to_owned(),
                ProxyChoice::Manual(proxy) => {
                    format!("{:?} {}:{}", proxy.kind, proxy.host, proxy.port)
                }
            });
        }
        Proxy::System => (ProxyChoice::System, None),
        Proxy::None => (ProxyChoice::None, None),
        Proxy::Set {
            kind,
            host,
            port,
            user,
        } => {
            let manual = ManualProxy {
                kind: match kind {
                    Kind::Http => ProxyKind::Http,
                    Kind::Socks5 => ProxyKind::Socks5,
                },
                host: host.clone(),
                port: *port,
                username: user.clone(),
            };
            let password = user.as_ref().map(|_| password()).transpose()?;
            (ProxyChoice::Manual(manual), password)
        }
    };
    let request = ConnectionRequest::SetProxy { proxy, password };
    ask(engine, Request::Connection(request)).await?;
    show(cli, &"done", || "done".to_owned())
}

/// Waits until the server shows its key, and trusts that if it is this one.
pub(crate) async fn trust_key(engine: &Engine, cli: &Cli, fingerprint: &str) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    if let ConnectionView::Online = tried(engine, &account).await? {
        anyhow::bail!("the server has the key that is known");
    }
    let request = ConnectionRequest::TrustKey {
        account,
        fingerprint: fingerprint.to_owned(),
    };
    ask(engine, Request::Connection(request)).await?;
    show(cli, &"done", || "done".to_owned())
}
