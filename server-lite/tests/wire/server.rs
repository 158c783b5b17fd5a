//! Servers: in this process, with a folder of their own and ports that the
//! system picks.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use startalk_server_lite::{Config, ServerHandle, start};
use tempfile::TempDir;

/// A password that the server takes.
pub(crate) const PASSWORD: &str = "correct horse 电池";
pub(crate) const DOMAIN: &str = "team.internal";

pub(crate) struct Server {
    handle: Option<ServerHandle>,
    folder: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With accounts of these names.
    pub(crate) async fn of(people: &[&str]) -> Self {
        let server = Self::start().await;
        server.accounts(people).await;
        server
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path().join("data"));
        change(&mut config);
        let handle = Some(start(config).await.unwrap());
        Self { handle, folder }
    }

    pub(crate) async fn accounts(&self, people: &[&str]) {
        for name in people {
            self.handle().create_account(name, PASSWORD).await.unwrap();
        }
    }

    pub(crate) fn handle(&self) -> &ServerHandle {
        self.handle.as_ref().expect("running")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) async fn stop(&mut self) {
        self.handle.take().expect("running").stop().await;
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// The same folder again.
    pub(crate) async fn start_again(&mut self) {
        self.start_with(|_| {}).await;
    }

    /// The same folder, told something else.
    pub(crate) async fn start_with(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = config(self.data());
        change(&mut config);
        self.handle = Some(start(config).await.unwrap());
    }
}

pub(crate) fn config(data_dir: PathBuf) -> Config {
    Config {
        data_dir,
        team_name: "Team 团队".to_owned(),
        domain: Some(DOMAIN.to_owned()),
        https: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tcp: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..Config::default()
    }
}
