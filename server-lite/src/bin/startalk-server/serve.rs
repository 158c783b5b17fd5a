//! `startalk-server serve`.

use server_lite::{Config, Registration, ServerHandle, StartError};
use startalk_server_lite as server_lite;

use crate::Failure;
use crate::args::{self, Serve};

pub(crate) async fn run(serve: Serve) -> Result<(), Failure> {
    let config = Config {
        data_dir: serve.data,
        team_name: serve.team,
        domain: serve.domain,
        https: serve.https,
        tcp: serve.tcp,
        registration: match serve.registration {
            args::Registration::Open => Registration::Open,
            args::Registration::Invite => Registration::Invite,
            args::Registration::Closed => Registration::Closed,
        },
        advertise: serve.advertise,
        ..Config::default()
    };
    let handle = server_lite::start(config).await.map_err(start_failure)?;
    println!(
        "ready https={} tcp={} domain={} pin={}",
        handle.https_addr(),
        handle
            .tcp_addr()
            .map_or_else(|| "-".to_owned(), |address| address.to_string()),
        handle.domain(),
        handle.spki_pin()
    );
    until_told(handle).await;
    Ok(())
}

/// The exit code says which of the usual troubles it is.
pub(crate) fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::PortInUse { .. } => Failure::PortInUse(error.into()),
        StartError::DataFolder { .. }
        | StartError::AlreadyRunning { .. }
        | StartError::Store(_)
        | StartError::Key { .. }
        | StartError::OtherDomain { .. } => Failure::Data(error.into()),
        other => Failure::Failed(other.into()),
    }
}

/// Runs until Ctrl-C or SIGTERM, or until an administrator says so, then stops in good order.
pub(crate) async fn until_told(handle: ServerHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
                () = handle.stop_wanted() => {}
            },
            Err(_) => drop(tokio::signal::ctrl_c().await),
        }
    }
    #[cfg(not(unix))]
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = handle.stop_wanted() => {}
    }
    handle.stop().await;
}
