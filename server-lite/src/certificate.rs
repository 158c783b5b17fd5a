//! What others have to know to reach the server and to know it again, and how
//! that changes when its certificate does.

use std::net::SocketAddr;
use std::sync::Arc;

use navigation::{Endpoint, ServerTarget, Transport, Trust};

use crate::server::Server;
use crate::{StartError, StoreError, reachable};

/// How the server is reached by these names or addresses.
pub(crate) fn target_at(server: &Server, https: SocketAddr, hosts: &[String]) -> ServerTarget {
    let endpoint = |transport, host: &String, path: Option<&str>| Endpoint {
        transport,
        host: host.clone(),
        port: https.port(),
        path: path.map(str::to_owned),
    };
    let direct = hosts
        .iter()
        .map(|host| endpoint(Transport::DirectTls, host, None));
    // One is enough for networks that let only the web through.
    let web = hosts
        .iter()
        .take(1)
        .map(|host| endpoint(Transport::WebSocket, host, Some("/ws")));
    ServerTarget {
        domain: server.domain().to_owned(),
        name: Some(server.identity.team_name.clone()),
        endpoints: direct.chain(web).collect(),
        trust: Trust {
            system_roots: false,
            spki_sha256: vec![server.tls.pin()],
            ..Trust::default()
        },
    }
}

/// Looks at the certificate's files, if there are any, until the server stops. A
/// new one is for new connections; one that cannot be used is left alone.
pub(crate) async fn watch(server: Arc<Server>) {
    if !server.tls.has_files() {
        return;
    }
    let mut said = false;
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(server.config.limits.certificate_check) => {}
        }
        let looked = reload(&server).await;
        // Files that are gone stay gone for a while: once is enough.
        if let (Err(error), false) = (&looked, said) {
            tracing::error!(%error, "new certificate not usable; the one before stays");
        }
        said = looked.is_err();
    }
}

/// Looks at the files now; `true` if they hold a new certificate.
pub(crate) async fn reload(server: &Arc<Server>) -> Result<bool, StartError> {
    let looking = Arc::clone(server);
    let looked = tokio::task::spawn_blocking(move || looking.tls.reload());
    let changed = looked.await.map_err(|_| StoreError::Closed)??;
    if changed {
        tracing::info!(key = %server.tls.pin(), "new certificate in use");
        reachable::note(server).await;
    }
    Ok(changed)
}
