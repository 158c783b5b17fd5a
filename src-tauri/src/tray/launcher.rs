//! The number on the icon in the task bar or dock of Linux desktops: the signal
//! `com.canonical.Unity.LauncherEntry.Update`, which KDE's task bar and the usual
//! docks listen to. Nobody answers it.

use std::collections::HashMap;

use zbus::Connection;
use zbus::zvariant::Value;

const INTERFACE: &str = "com.canonical.Unity.LauncherEntry";
/// Any path of our own; listeners go by the name of the desktop file.
const PATH: &str = "/im/startalk/desktop";
/// The desktop file of our packages.
const APPLICATION: &str = "application://Startalk.desktop";

/// The badge on the task bar.
#[derive(Debug, Default)]
pub(super) struct Launcher {
    bus: Option<Connection>,
}

impl Launcher {
    /// Shows the number; none for 0.
    pub(super) async fn show(&mut self, count: u32) {
        if self.bus.is_none() {
            self.bus = Connection::session().await.ok();
        }
        if let Some(bus) = &self.bus
            && let Err(error) = say(bus, count).await
        {
            tracing::debug!(%error, "no badge on the task bar");
            self.bus = None;
        }
    }
}

async fn say(bus: &Connection, count: u32) -> zbus::Result<()> {
    let properties = HashMap::from([
        ("count", Value::from(i64::from(count))),
        ("count-visible", Value::from(count > 0)),
    ]);
    let body = (APPLICATION, properties);
    bus.emit_signal(None::<&str>, PATH, INTERFACE, "Update", &body)
        .await
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use futures_util::StreamExt;
    use zbus::connection::Builder;
    use zbus::zvariant::OwnedValue;

    use super::*;

    #[tokio::test]
    async fn u82_the_task_bar_is_told_the_number_and_that_there_is_none() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let id = zbus::Guid::generate();
        let desktop = Builder::async_io_unix_stream(theirs)
            .server(id)
            .unwrap()
            .p2p()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (desktop, client) = tokio::join!(desktop, client);
        let mut heard = zbus::MessageStream::from(desktop.unwrap());
        let mut launcher = Launcher {
            bus: Some(client.unwrap()),
        };
        for (count, is_shown) in [(7, true), (0, false)] {
            launcher.show(count).await;
            let signal = heard.next().await.unwrap().unwrap();
            let body = signal.body();
            type Body = (String, HashMap<String, OwnedValue>);
            let (application, properties): Body = body.deserialize().unwrap();
            assert_eq!(application, APPLICATION);
            let shown = &properties["count-visible"];
            assert_eq!(bool::try_from(shown.clone()).unwrap(), is_shown);
            let number = &properties["count"];
            assert_eq!(i64::try_from(number.clone()).unwrap(), i64::from(count));
        }
    }
}
