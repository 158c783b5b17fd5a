//! A note in the data folder of the server that runs on it, for the command
//! line beside it. The lock says whether it still runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use navigation::SpkiPin;
use serde::{Deserialize, Serialize};

use crate::server::Server;

/// Shortest time between two notes.
const PAUSE: Duration = Duration::from_secs(1);

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Number of its process.
    pub pid: u32,
    /// Version of the program.
    pub version: String,
    /// Milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Where HTTPS, WebSocket and direct TLS are.
    pub http: SocketAddr,
    /// Where STARTTLS is.
    pub tcp: Option<SocketAddr>,
    /// Where direct TLS alone is.
    pub tls: Option<SocketAddr>,
    /// Fingerprint of its key; an earlier version has not noted it.
    #[serde(default)]
    pub pin: Option<SpkiPin>,
    /// People with a session.
    pub people_online: u32,
}

fn path(folder: &Path) -> PathBuf {
    folder.join("running.json")
}

/// Keeps the note until the server stops.
pub(crate) async fn keep(server: Arc<Server>, mut note: Running) {
    let mut online = server.router.people_online();
    let folder = server.config.data_dir.clone();
    loop {
        note.people_online = *online.borrow_and_update();
        note.pin = Some(server.tls.pin());
        if let Err(error) = write(&folder, &note).await {
            tracing::debug!(%error, "note of the running server");
        }
        tokio::select! {
            () = server.stopping.cancelled() => break,
            changed = async {
                let changed = online.changed().await;
                tokio::time::sleep(PAUSE).await;
                changed
            } => if changed.is_err() { break },
            // A certificate of an administrator can come with another key.
            () = tokio::time::sleep(server.config.limits.certificate_check),
                if server.tls.has_files() => {}
        }
    }
    drop(tokio::fs::remove_file(path(&folder)).await);
}

async fn write(folder: &Path, note: &Running) -> std::io::Result<()> {
    let temporary = folder.join("running.new");
    tokio::fs::write(&temporary, serde_json::to_vec(note)?).await?;
    tokio::fs::rename(&temporary, path(folder)).await
}

/// Whether the server that ran before on a folder that is ours now was killed:
/// its note is still there.
pub(crate) fn was_killed(folder: &Path) -> bool {
    path(folder).exists()
}

/// Reads the note, whether it is true or not.
pub(crate) fn read(folder: &Path) -> Option<Running> {
    let text = std::fs::read(path(folder)).ok()?;
    serde_json::from_slice(&text).ok()
}
