//! Streams that the program gives instead of TCP and TLS.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use navigation::ServerTarget;
use startalk_engine::api::ErrorCode;
use startalk_engine::{Dialer, Engine, EngineConfig, MemorySecrets, SecureStream};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use crate::client::{TIMEOUTS, config, rosa};
use crate::peer::{PASSWORD, Peer, Server, within};

/// Hands the server's end of each stream to the test.
struct InMemory(mpsc::UnboundedSender<DuplexStream>);

impl Dialer for InMemory {
    fn dial<'a>(&'a self, _: &'a ServerTarget) -> BoxFuture<'a, std::io::Result<SecureStream>> {
        let (ours, theirs) = tokio::io::duplex(1024);
        let taken = self.0.send(theirs);
        async move {
            taken.map_err(|_| std::io::ErrorKind::ConnectionRefused)?;
            Ok(SecureStream::unbound(ours))
        }
        .boxed()
    }
}

async fn engine(folder: &Path, streams: mpsc::UnboundedSender<DuplexStream>) -> Engine {
    let secrets = Arc::new(MemorySecrets::default());
    Engine::open(EngineConfig {
        dialer: Some(Arc::new(InMemory(streams))),
        ..config(folder, secrets, TIMEOUTS)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn the_program_may_give_the_streams() {
    // Only for its target: nobody listens to its port.
    let target = Server::start();
    let (streams, mut dialed) = mpsc::unbounded_channel();
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path(), streams).await;
    let check = async {
        let mut peer = Peer::over(within("a stream", dialed.recv()).await.unwrap());
        peer.sign_in().await;
        assert!(peer.closes_in_order().await);
        let mut peer = Peer::over(within("a session", dialed.recv()).await.unwrap());
        peer.sign_in().await;
        peer.begin(&[]).await;
        peer
    };
    let (added, peer) = tokio::join!(engine.add_account(rosa(&target, PASSWORD)), check);
    added.unwrap();
    let ((), closed) = tokio::join!(engine.close(), peer.closes_in_order());
    assert!(closed);
}

#[tokio::test]
async fn no_stream_is_a_server_that_nobody_reaches() {
    let target = Server::start();
    let (streams, _) = mpsc::unbounded_channel();
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path(), streams).await;
    let refused = engine.add_account(rosa(&target, PASSWORD)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ServerUnreachable);
    engine.close().await;
}
