//! Linux: whether a screen reader or another program that reads windows is there, as
//! AT-SPI says on the bus of the session (`org.a11y.Status`).

use futures_util::StreamExt;
use zbus::Connection;

/// What the launcher of the accessibility bus says. GTK starts it with the first window.
#[zbus::proxy(
    interface = "org.a11y.Status",
    default_service = "org.a11y.Bus",
    default_path = "/org/a11y/bus"
)]
trait Status {
    #[zbus(property)]
    fn is_enabled(&self) -> zbus::Result<bool>;
}

/// Calls `told` with what is so, and whenever it changes, until the bus is gone.
pub(super) async fn watch(told: impl Fn(bool)) {
    let watched = async {
        let connection = Connection::session().await?;
        watch_on(&connection, told).await
    };
    if let Err(error) = watched.await {
        tracing::info!(%error, "nobody says whether the window is read aloud");
    }
}

async fn watch_on(connection: &Connection, told: impl Fn(bool)) -> zbus::Result<()> {
    let status = StatusProxy::new(connection).await?;
    let mut changes = status.receive_is_enabled_changed().await;
    // The first one is what is so now.
    while let Some(change) = changes.next().await {
        told(change.get().await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use zbus::connection::Builder;

    use super::*;

    struct Launcher {
        is_enabled: bool,
    }

    #[zbus::interface(name = "org.a11y.Status")]
    impl Launcher {
        #[zbus(property)]
        fn is_enabled(&self) -> bool {
            self.is_enabled
        }
    }

    #[tokio::test]
    async fn u112_a_reader_that_is_there_and_one_that_goes_are_told() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let launcher = Builder::async_io_unix_stream(theirs)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at("/org/a11y/bus", Launcher { is_enabled: true })
            .unwrap()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (launcher, client) = tokio::join!(launcher, client);
        let (launcher, client) = (launcher.unwrap(), client.unwrap());
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let watching =
            tokio::spawn(async move { watch_on(&client, |there| tell.send(there).unwrap()).await });
        assert_eq!(told.recv().await, Some(true));
        let object = launcher.object_server();
        let served = object.interface::<_, Launcher>("/org/a11y/bus").await;
        let served = served.unwrap();
        let mut status = served.get_mut().await;
        status.is_enabled = false;
        status
            .is_enabled_changed(served.signal_emitter())
            .await
            .unwrap();
        drop(status);
        assert_eq!(told.recv().await, Some(false));
        watching.abort();
    }
}
