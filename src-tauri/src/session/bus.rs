//! Linux: logind and NetworkManager on the system's bus. Either may be missing.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::select_all;
use zbus::{Connection, MatchRule, MessageStream, message};

/// Signals that wait to be looked at.
const MAX_SIGNALS: usize = 64;
/// Longest wait for an answer to whether the screen is locked.
const PATIENCE: Duration = Duration::from_millis(500);

const LOGIND: &str = "org.freedesktop.login1.Manager";
const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";

/// Calls `changed` when the computer wakes or its network is another one, until
/// the bus is gone.
pub(super) async fn watch(changed: impl Fn()) {
    match Connection::system().await {
        Ok(connection) => watch_on(&connection, changed).await,
        Err(error) => tracing::info!(%error, "no system bus; sleep is noticed by the clock"),
    }
}

async fn watch_on(connection: &Connection, changed: impl Fn()) {
    let mut streams = Vec::new();
    for (interface, member) in [
        (LOGIND, "PrepareForSleep"),
        (NETWORK_MANAGER, "StateChanged"),
    ] {
        match listen(connection, interface, member).await {
            Ok(stream) => streams.push(stream),
            Err(error) => tracing::info!(%error, interface, "not listened to"),
        }
    }
    let mut signals = select_all(streams);
    while let Some(signal) = signals.next().await {
        if signal.is_ok_and(|signal| is_change(&signal)) {
            tracing::info!("the computer woke, or its network changed");
            changed();
        }
    }
}

async fn listen(
    connection: &Connection,
    interface: &'static str,
    member: &'static str,
) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .interface(interface)?
        .member(member)?
        .build();
    MessageStream::for_match_rule(rule, connection, Some(MAX_SIGNALS)).await
}

fn is_change(signal: &zbus::Message) -> bool {
    let body = signal.body();
    match signal
        .header()
        .member()
        .map(|member| member.as_str().to_owned())
        .as_deref()
    {
        // True before sleep, false after it.
        Some("PrepareForSleep") => body.deserialize::<bool>() == Ok(false),
        // From 50 on there is a connection (NM_STATE_CONNECTED_LOCAL).
        Some("StateChanged") => body.deserialize::<u32>().is_ok_and(|state| state >= 50),
        _ => false,
    }
}

/// logind's hint, which the usual screen lockers set.
pub(super) async fn screen_is_locked() -> bool {
    let asked = async {
        let connection = Connection::system().await?;
        let answer = connection
            .call_method(
                Some("org.freedesktop.login1"),
                "/org/freedesktop/login1/session/auto",
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &("org.freedesktop.login1.Session", "LockedHint"),
            )
            .await?;
        let value: zbus::zvariant::OwnedValue = answer.body().deserialize()?;
        Ok::<bool, zbus::Error>(bool::try_from(value)?)
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use zbus::connection::Builder;

    use super::*;

    #[tokio::test]
    async fn u65_waking_and_a_new_network_are_heard_at_once() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let id = zbus::Guid::generate();
        let system = Builder::async_io_unix_stream(theirs)
            .server(id)
            .unwrap()
            .p2p()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (system, client) = tokio::join!(system, client);
        let (system, client) = (system.unwrap(), client.unwrap());
        let (heard, mut changes) = tokio::sync::mpsc::unbounded_channel();
        let watching = tokio::spawn(async move {
            watch_on(&client, || heard.send(()).unwrap()).await;
        });
        // The listener may come up after the first signals: they go on until it hears.
        let speaking = system.clone();
        let speak = tokio::spawn(async move {
            loop {
                let path = "/org/freedesktop/login1";
                let signal =
                    speaking.emit_signal(None::<&str>, path, LOGIND, "PrepareForSleep", &true);
                signal.await.unwrap();
                let signal =
                    speaking.emit_signal(None::<&str>, path, LOGIND, "PrepareForSleep", &false);
                signal.await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        changes.recv().await.unwrap();
        speak.abort();
        drop(speak.await);
        drop(system);
        watching.await.unwrap();
    }

    #[tokio::test]
    async fn u65_only_waking_and_a_network_that_is_there_are_changes() {
        let signal = |interface: &'static str, member: &'static str| {
            zbus::Message::signal("/x", interface, member).unwrap()
        };
        let sleep = |asleep: bool| signal(LOGIND, "PrepareForSleep").build(&asleep).unwrap();
        assert!(is_change(&sleep(false)) && !is_change(&sleep(true)));
        let state = |state: u32| {
            signal(NETWORK_MANAGER, "StateChanged")
                .build(&state)
                .unwrap()
        };
        assert!(is_change(&state(70)) && !is_change(&state(20)));
        let nonsense = signal(LOGIND, "PrepareForSleep").build(&"x").unwrap();
        assert!(!is_change(&nonsense));
    }
}
