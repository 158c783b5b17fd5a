//! Waiting for what has to come about.

use anyhow::{Context, Result, bail, ensure};
use engine::api::{ConnectionView, DeliveryState, Event, MessageView};
use futures_util::FutureExt;

use super::Device;
use crate::patience::PATIENCE;
use crate::world::Person;

impl Device {
    /// Waits for a notification of this text.
    ///
    /// # Errors
    /// If none comes.
    pub async fn notified(&mut self, body: &str) -> Result<()> {
        self.notified_up_to(body).await.map(drop)
    }

    /// Waits for a notification of this text; gives those that came before it,
    /// since the last time.
    ///
    /// # Errors
    /// If none comes.
    pub async fn notified_up_to(&mut self, body: &str) -> Result<Vec<String>> {
        let events = self.events.as_mut().context("the device is off")?;
        let waited = tokio::time::timeout(PATIENCE, async {
            let mut before = Vec::new();
            while let Some(event) = events.next().await {
                if let Event::Notify { notification } = event {
                    if notification.body == body {
                        return Some(before);
                    }
                    before.push(notification.body);
                }
            }
            None
        });
        let waited = waited.await.ok().flatten();
        waited.with_context(|| format!("{}: waited for: notification of {body:?}", self.name))
    }

    /// Waits until the account is online.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn online(&self) -> Result<()> {
        self.until("online", async || {
            Ok(self.connection().await? == ConnectionView::Online)
        })
        .await
    }

    /// Waits until the account is not online.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn offline(&self) -> Result<()> {
        self.until("offline", async || {
            Ok(self.connection().await? != ConnectionView::Online)
        })
        .await
    }

    /// Waits until these are exactly the texts with somebody: none lost, none
    /// twice, in this order.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn has(&self, with: &Person, texts: &[impl AsRef<str>]) -> Result<()> {
        let what = match texts {
            [one] => format!("the text {:?}", one.as_ref()),
            _ => format!("{} texts in order", texts.len()),
        };
        self.until(&what, async || {
            let here = self.texts(with).await?;
            Ok(here.iter().eq(texts.iter().map(AsRef::as_ref)))
        })
        .await
    }

    /// Waits until all messages of ours to somebody have come so far, or further:
    /// who answers has read what was before.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn all_reach(&self, with: &Person, state: &DeliveryState) -> Result<()> {
        self.until(&format!("all {state:?}"), async || {
            let messages = self.messages(with).await?;
            let mut ours = messages
                .iter()
                .filter_map(|message| message.delivery.as_ref());
            Ok(ours.all(|delivery| rank(delivery) >= rank(state)))
        })
        .await
    }

    /// Waits until so many are unread from somebody.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn unread(&self, with: &Person, number: u32) -> Result<()> {
        self.until(&format!("{number} unread"), async || {
            let row = self.conversation(with).await?;
            Ok(row.map_or(0, |row| row.unread) == number)
        })
        .await
    }

    /// Waits until something is so; looks again whenever the engine says that
    /// something has changed.
    ///
    /// # Errors
    /// If it does not come about; says what is so instead.
    pub async fn until(
        &self,
        what: &str,
        mut is_true: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let mut events = self.engine()?.subscribe();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if is_true().await? {
                    return Ok(());
                }
                ensure!(events.next().await.is_some(), "engine closed");
                // One look for all that has come meanwhile.
                while let Some(Some(_)) = events.next().now_or_never() {}
            }
        });
        match waited.await {
            Ok(outcome) => outcome,
            Err(_) if is_true().await? => {
                bail!("{}: {what}: is so, but no event said it", self.name)
            }
            Err(_) => bail!("{}: waited for: {what}; {}", self.name, self.state().await),
        }
    }

    /// What is so, for the report of a failure.
    async fn state(&self) -> String {
        let connection = self.connection().await;
        let mut text = format!(
            "connection {connection:?}, {} accepted",
            self.link.connections()
        );
        for row in self.conversations().await.unwrap_or_default() {
            let with = Person::of_address(&row.id);
            let messages = self.messages(&with).await.unwrap_or_default();
            text += &format!("\n      {} unread {}", row.id, row.unread);
            for message in messages.iter().rev().take(12).rev() {
                let start: String = message.text.chars().take(40).collect();
                let (state, place) = (&message.delivery, message.position);
                text += &format!("\n        {place} {start:?} {state:?}");
            }
            text += &format!("\n        ({} in all)", messages.len());
        }
        text
    }

    /// Waits for a message that is so, and gives it.
    ///
    /// # Errors
    /// If none comes.
    pub async fn shown(
        &self,
        conversation: &str,
        what: &str,
        is_it: impl Fn(&MessageView) -> bool,
    ) -> Result<MessageView> {
        let mut found = None;
        self.until(what, async || {
            let all = self.messages_of(conversation).await?;
            found = all.into_iter().find(|message| is_it(message));
            Ok(found.is_some())
        })
        .await?;
        found.context("there a moment ago")
    }

    /// Waits for a message of this text.
    ///
    /// # Errors
    /// If none comes.
    pub async fn text(&self, conversation: &str, text: &str) -> Result<MessageView> {
        self.shown(conversation, text, |message| message.text == text)
            .await
    }
}

/// How far a message came.
fn rank(state: &DeliveryState) -> u8 {
    match state {
        DeliveryState::Failed { .. } => 0,
        DeliveryState::Waiting => 1,
        DeliveryState::Sent => 2,
        DeliveryState::Delivered => 3,
        DeliveryState::Read => 4,
    }
}
