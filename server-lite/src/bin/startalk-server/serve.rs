//! `startalk-server serve`.

use server_lite::{Config, ConfigFile, Registration, ServerHandle};
use startalk_server_lite as server_lite;

use crate::args::{self, Serve};

pub(crate) async fn run(serve: Serve) -> anyhow::Result<()> {
    // Asked for before anything is opened: a signal during the start counts.
    let told = Told::listen()?;
    let config = tokio::task::spawn_blocking(move || config(serve)).await??;
    let handle = server_lite::start(config).await?;
    println!(
        "ready https={} tcp={} domain={} pin={}",
        handle.https_addr(),
        handle
            .tcp_addr()
            .map_or_else(|| "-".to_owned(), |address| address.to_string()),
        handle.domain(),
        handle.spki_pin()
    );
    stop_when(told, handle).await
}

/// Defaults, then the file, then what the command line says.
fn config(serve: Serve) -> anyhow::Result<Config> {
    let file = match &serve.config {
        Some(path) => ConfigFile::read(path)?,
        None => ConfigFile::read_of_folder(&serve.data)?,
    };
    let mut config = Config {
        data_dir: serve.data,
        ..Config::default()
    };
    file.apply(&mut config);
    if let Some(team) = serve.team {
        config.team_name = team;
    }
    if let Some(http) = serve.http {
        config.https = http;
    }
    if let Some(registration) = serve.registration {
        config.registration = match registration {
            args::Registration::Open => Registration::Open,
            args::Registration::Invite => Registration::Invite,
            args::Registration::Closed => Registration::Closed,
        };
    }
    config.domain = serve.domain.or(config.domain);
    config.tcp = serve.tcp.or(config.tcp);
    config.tls = serve.tls.or(config.tls);
    if serve.tls_certificate.is_some() {
        (config.tls_certificate, config.tls_key) = (serve.tls_certificate, serve.tls_key);
    }
    config.allow_plaintext |= serve.allow_plaintext;
    config.advertise = serve.advertise.or(config.advertise);
    Ok(config)
}

/// The ways in which a server is told to stop: Ctrl-C (SIGINT) and SIGTERM.
pub(crate) struct Told {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Told {
    #[cfg(unix)]
    pub(crate) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ];
        Ok(Self { signals })
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    pub(crate) async fn wait(mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn wait(self) {
        drop(tokio::signal::ctrl_c().await);
    }
}

/// Runs until it is told to stop, or until an administrator says so, then stops
/// in good order.
pub(crate) async fn until_told(handle: ServerHandle) -> anyhow::Result<()> {
    stop_when(Told::listen()?, handle).await
}

async fn stop_when(told: Told, handle: ServerHandle) -> anyhow::Result<()> {
    tokio::select! {
        () = told.wait() => {}
        () = handle.stop_wanted() => {}
    }
    handle.stop().await;
    Ok(())
}
