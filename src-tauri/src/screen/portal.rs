//! The desktop's portal for pictures of the screen (`org.freedesktop.portal.Screenshot`,
//! version 2). It answers with a signal, after it has asked the user.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream, message};

use super::MAX_BYTES;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const OBJECT: &str = "/org/freedesktop/portal/desktop";
/// The user reads what the desktop asks.
const PATIENCE: Duration = Duration::from_secs(300);
/// Signals that wait to be looked at.
const MAX_SIGNALS: usize = 16;

/// Asks for a picture of all screens: the file in which it is, or `None` if the user
/// does not want to.
pub(super) async fn ask(connection: &Connection) -> zbus::Result<Option<PathBuf>> {
    // Before the question, so that no answer is missed.
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .interface("org.freedesktop.portal.Request")?
        .member("Response")?
        .build();
    let mut signals = MessageStream::for_match_rule(rule, connection, Some(MAX_SIGNALS)).await?;
    let options = HashMap::from([("interactive", Value::from(false))]);
    let handle: OwnedObjectPath = connection
        .call_method(
            Some(PORTAL),
            OBJECT,
            Some("org.freedesktop.portal.Screenshot"),
            "Screenshot",
            &("", options),
        )
        .await?
        .body()
        .deserialize()?;
    let answer = async {
        while let Some(signal) = signals.next().await {
            let signal = signal?;
            let about = signal.header().path().map(ToString::to_string);
            if about.as_deref() == Some(handle.as_str()) {
                return meaning(signal.body().deserialize()?);
            }
        }
        Err(zbus::Error::Failure("the bus is gone".to_owned()))
    };
    let late = |_| zbus::Error::Failure("no answer".to_owned());
    tokio::time::timeout(PATIENCE, answer).await.map_err(late)?
}

type Answer = (u32, HashMap<String, OwnedValue>);

fn meaning((code, mut results): Answer) -> zbus::Result<Option<PathBuf>> {
    match code {
        0 => {
            let address = results.remove("uri").map(String::try_from);
            let file = address.and_then(|address| {
                let address = url::Url::parse(&address.ok()?).ok()?;
                address.to_file_path().ok()
            });
            let nothing = || zbus::Error::Failure("no picture".to_owned());
            file.ok_or_else(nothing).map(Some)
        }
        1 => Ok(None),
        _ => Err(zbus::Error::Failure("the desktop refuses".to_owned())),
    }
}

/// Reads the file that the portal has made for us, and removes it.
pub(super) fn take(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(file)?
        .take(limit)
        .read_to_end(&mut bytes)?;
    if let Err(error) = std::fs::remove_file(file) {
        tracing::info!(%error, "a picture of the screen stays on the disk");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use zbus::connection::Builder;
    use zbus::zvariant::ObjectPath;

    use super::*;

    /// A portal that answers so.
    struct Portal(u32, Option<&'static str>);

    #[zbus::interface(name = "org.freedesktop.portal.Screenshot")]
    impl Portal {
        async fn screenshot(
            &self,
            parent: &str,
            options: HashMap<String, OwnedValue>,
            #[zbus(connection)] connection: &Connection,
        ) -> OwnedObjectPath {
            assert_eq!((parent, options.len()), ("", 1));
            let path = |name: &str| {
                let path = format!("{OBJECT}/request/1_1/{name}");
                ObjectPath::try_from(path).unwrap().into_owned()
            };
            let results = |uri: Option<&str>| -> HashMap<&str, Value<'_>> {
                uri.map(|uri| ("uri", Value::from(uri.to_owned())))
                    .into_iter()
                    .collect()
            };
            // What another program asked for is not ours.
            for (name, code, uri) in [
                ("other", 0, Some("file:///tmp/other.png")),
                ("ours", self.0, self.1),
            ] {
                let body = (code, results(uri));
                let interface = "org.freedesktop.portal.Request";
                connection
                    .emit_signal(None::<&str>, path(name), interface, "Response", &body)
                    .await
                    .unwrap();
            }
            path("ours").into()
        }
    }

    async fn answered(code: u32, uri: Option<&'static str>) -> zbus::Result<Option<PathBuf>> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let desktop = Builder::async_io_unix_stream(theirs)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at(OBJECT, Portal(code, uri))
            .unwrap()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (desktop, client) = tokio::join!(desktop, client);
        let _desktop = desktop.unwrap();
        ask(&client.unwrap()).await
    }

    #[tokio::test]
    async fn u54_the_portal_gives_a_file_or_says_no() {
        let file = answered(0, Some("file:///tmp/a%20b.png")).await.unwrap();
        assert_eq!(file, Some(PathBuf::from("/tmp/a b.png")));
        assert_eq!(answered(1, None).await.unwrap(), None);
        for (code, uri) in [(2, None), (0, None), (0, Some("https://example.org/a.png"))] {
            assert!(answered(code, uri).await.is_err(), "{code} {uri:?}");
        }
    }

    #[test]
    fn u54_the_picture_does_not_stay_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        std::fs::write(&file, b"png").unwrap();
        assert_eq!(take(&file).unwrap(), b"png");
        assert!(!file.exists());
        assert!(take(&file).is_err());
    }
}
