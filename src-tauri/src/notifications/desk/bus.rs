//! Linux and its relatives: the Desktop Notifications Specification 1.2, with
//! the answer in place that KDE has added.
//!
//! One connection for all notifications: some desktops tell of a click only the
//! connection that has shown what was clicked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, MessageStream, message};

use super::super::board::{Card, Slot};
use super::super::words::Words;
use super::{Act, Acted, reply};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Signals that wait to be looked at.
const MAX_SIGNALS: usize = 64;
/// A service that says nothing for so long holds up neither the next message nor the
/// end of the program.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Slots by the number that the service gave them.
type Numbers = Arc<Mutex<HashMap<u32, Slot>>>;

/// The notification service of the session.
pub(in super::super) struct Desk {
    acts: mpsc::Sender<Acted>,
    numbers: Numbers,
    service: Option<Service>,
    answers_within: Duration,
}

struct Service {
    connection: Connection,
    capabilities: Vec<String>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Desk {
    pub(in super::super) fn new(acts: mpsc::Sender<Acted>) -> Self {
        Self {
            acts,
            numbers: Numbers::default(),
            service: None,
            answers_within: ANSWERS_WITHIN,
        }
    }

    /// Shows a notification, in place of the one that is there.
    pub(in super::super) async fn show(&mut self, slot: &Slot, card: &Card, words: Words) -> bool {
        let shown = within(self.answers_within, self.try_show(slot, card, words)).await;
        if let Err(error) = &shown {
            // No notification service is nothing to bother anybody with; the next
            // message looks for it again.
            tracing::info!(%error, "notification not shown");
            self.service = None;
        }
        shown.is_ok()
    }

    /// Has the one that is there say something else: it is replaced in place.
    pub(in super::super) async fn amend(&mut self, slot: &Slot, card: &Card, words: Words) {
        self.show(slot, card, words).await;
    }

    async fn try_show(&mut self, slot: &Slot, card: &Card, words: Words) -> zbus::Result<()> {
        if self.service.is_none() {
            let connection = Connection::session().await?;
            self.listen(connection).await?;
        }
        let Some(service) = &self.service else {
            return Ok(());
        };
        let can = |what: &str| service.capabilities.iter().any(|known| known == what);
        let body = if can("body-markup") {
            escape(&card.body)
        } else {
            card.body.clone()
        };
        let mut actions = vec!["default", words.open()];
        if matches!(slot, Slot::Conversation(_)) {
            if card.reply && can("inline-reply") {
                actions.extend(["inline-reply", words.reply()]);
            }
            actions.extend(["mark-read", words.mark_read()]);
        }
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("category", Value::from("im.received")),
            ("desktop-entry", Value::from("Startalk")),
            // Normal: "do not disturb" of the desktop holds for us.
            ("urgency", Value::from(1_u8)),
        ]);
        if card.sound {
            hints.insert("sound-name", Value::from("message-new-instant"));
        } else {
            hints.insert("suppress-sound", Value::from(true));
        }
        let replaced = self.number(slot).unwrap_or(0);
        let body = (
            "Startalk",
            replaced,
            "startalk",
            &card.title,
            &body,
            actions,
            hints,
            -1_i32,
        );
        let answer = service
            .connection
            .call_method(Some(NAME), PATH, Some(NAME), "Notify", &body)
            .await?;
        let number: u32 = answer.body().deserialize()?;
        let mut numbers = lock(&self.numbers);
        numbers.retain(|_, known| known != slot);
        numbers.insert(number, slot.clone());
        Ok(())
    }

    /// Takes a notification away.
    pub(in super::super) async fn close(&mut self, slot: &Slot) {
        let Some(number) = self.number(slot) else {
            return;
        };
        lock(&self.numbers).remove(&number);
        let Some(service) = &self.service else {
            return;
        };
        let body = (number,);
        let call = service.connection.call_method(
            Some(NAME),
            PATH,
            Some(NAME),
            "CloseNotification",
            &body,
        );
        if let Err(error) = within(self.answers_within, call).await {
            tracing::debug!(%error, "notification not closed");
            // Some answer so to a number that has gone; those are there.
            if matches!(error, zbus::Error::InputOutput(_)) {
                self.service = None;
            }
        }
    }

    /// Takes all away: a click on one would lead nowhere once the program has ended.
    pub(in super::super) async fn close_all(&mut self) {
        let slots: Vec<Slot> = lock(&self.numbers).values().cloned().collect();
        for slot in slots {
            self.close(&slot).await;
        }
    }

    fn number(&self, slot: &Slot) -> Option<u32> {
        let numbers = lock(&self.numbers);
        let mut found = numbers.iter().filter(|(_, known)| *known == slot);
        found.next().map(|(number, _)| *number)
    }

    /// Speaks over this connection from now on.
    async fn listen(&mut self, connection: Connection) -> zbus::Result<()> {
        let capabilities: Vec<String> = connection
            .call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &())
            .await?
            .body()
            .deserialize()?;
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .interface(NAME)?
            .path(PATH)?
            .build();
        let signals = MessageStream::for_match_rule(rule, &connection, Some(MAX_SIGNALS)).await?;
        let listening = tokio::spawn(hear(signals, Arc::clone(&self.numbers), self.acts.clone()));
        lock(&self.numbers).clear();
        self.service = Some(Service {
            connection,
            capabilities,
            listening,
        });
        Ok(())
    }
}

/// Waits for an answer, but not forever.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = zbus::Result<T>>,
) -> zbus::Result<T> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(late) => {
            let late = std::io::Error::new(std::io::ErrorKind::TimedOut, late);
            Err(zbus::Error::InputOutput(Arc::new(late)))
        }
    }
}

fn lock(numbers: &Numbers) -> std::sync::MutexGuard<'_, HashMap<u32, Slot>> {
    numbers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes on what becomes of our notifications; those of others are not ours.
async fn hear(mut signals: MessageStream, numbers: Numbers, acts: mpsc::Sender<Acted>) {
    while let Some(signal) = signals.next().await {
        let Ok(signal) = signal else { continue };
        let Some((number, act)) = meaning(&signal) else {
            continue;
        };
        let slot = match act {
            // Some desktops close what was clicked only afterwards.
            Act::Open | Act::MarkRead | Act::Reply(_) => lock(&numbers).get(&number).cloned(),
            Act::Gone => lock(&numbers).remove(&number),
        };
        if let Some(slot) = slot
            && acts.send((slot, act)).await.is_err()
        {
            return;
        }
    }
}

fn meaning(signal: &zbus::Message) -> Option<(u32, Act)> {
    let header = signal.header();
    let body = signal.body();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (number, action): (u32, String) = body.deserialize().ok()?;
            let act = match action.as_str() {
                "default" => Act::Open,
                "mark-read" => Act::MarkRead,
                _ => return None,
            };
            Some((number, act))
        }
        "NotificationReplied" => {
            let (number, text): (u32, String) = body.deserialize().ok()?;
            Some((number, reply(&text)?))
        }
        "NotificationClosed" => {
            let (number, _reason): (u32, u32) = body.deserialize().ok()?;
            Some((number, Act::Gone))
        }
        _ => None,
    }
}

/// The body is a small mark-up: text of a message must not become it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
