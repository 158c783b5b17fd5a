//! An engine with a profile of its own, seen as an interface sees it: requests,
//! answers and events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use engine::api::{
    ApiError, ConnectionView, ContactView, ConversationView, DeliveryState, Event, MessageView,
    Overview, Request, Response, WindowAnchor,
};
use engine::{Engine, EngineConfig, EventStream, MemorySecrets, Secrets, Timeouts};
use futures_util::FutureExt;
use tempfile::TempDir;

use crate::link::Link;
use crate::patience::PATIENCE;
use crate::world::Person;

/// A device of a person.
pub struct Device {
    /// For the reports of failures.
    pub name: String,
    /// Whose.
    pub person: Person,
    /// Its network.
    pub link: Link,
    /// The engine; gone while the device is off.
    engine: Option<Engine>,
    events: Option<EventStream>,
    /// Id of the account.
    pub account: String,
    profile: PathBuf,
    /// The profile is in it.
    folder: Arc<TempDir>,
    secrets: Arc<MemorySecrets>,
    timeouts: Timeouts,
}

impl Device {
    /// A device that knows no account yet.
    ///
    /// # Errors
    /// If the engine does not open.
    pub async fn new(
        name: String,
        person: Person,
        link: Link,
        folder: Arc<TempDir>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let profile = folder.path().join(name.replace('/', "-"));
        std::fs::create_dir_all(&profile)?;
        let mut device = Self {
            name,
            person,
            link,
            engine: None,
            events: None,
            account: String::new(),
            profile,
            folder,
            secrets: Arc::default(),
            timeouts,
        };
        device.turn_on().await?;
        Ok(device)
    }

    /// Opens the profile.
    ///
    /// # Errors
    /// If the engine does not.
    pub async fn turn_on(&mut self) -> Result<()> {
        let config = EngineConfig {
            secrets: Arc::clone(&self.secrets) as Arc<dyn Secrets>,
            timeouts: self.timeouts,
            ..EngineConfig::new(self.profile.clone())
        };
        let engine = Engine::open(config).await?;
        self.events = Some(engine.subscribe());
        self.engine = Some(engine);
        Ok(())
    }

    /// Closes the engine; the profile stays.
    pub async fn turn_off(&mut self) {
        self.events = None;
        if let Some(engine) = self.engine.take() {
            engine.close().await;
        }
    }

    /// Off and on.
    ///
    /// # Errors
    /// If it does not come on.
    pub async fn restart(&mut self) -> Result<()> {
        self.turn_off().await;
        self.turn_on().await
    }

    /// Folder of the profile.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    fn engine(&self) -> Result<&Engine> {
        self.engine.as_ref().context("the device is off")
    }

    /// Asks the engine; what it answers, or why it refuses.
    ///
    /// # Errors
    /// If the device is off.
    pub async fn try_ask(&self, request: Request) -> Result<Result<Response, ApiError>> {
        Ok(self.engine()?.handle(request).await)
    }

    /// Asks the engine.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn ask(&self, request: Request) -> Result<Response> {
        let shown = format!("{}: {request:?}", self.name);
        self.try_ask(request).await?.context(shown)
    }

    /// Sends a message; its local id.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn send(&self, to: &Person, text: &str) -> Result<i64> {
        let request = Request::SendMessage {
            account: self.account.clone(),
            conversation: to.address(),
            text: text.to_owned(),
        };
        match self.ask(request).await? {
            Response::Message(id) => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    /// Says that everything up to the newest message of somebody was seen.
    ///
    /// # Errors
    /// If there is none.
    pub async fn mark_displayed(&self, with: &Person) -> Result<()> {
        let messages = self.messages(with).await?;
        let request = Request::MarkDisplayed {
            account: self.account.clone(),
            conversation: with.address(),
            message: messages.last().context("no message")?.id,
        };
        self.ask(request).await.map(drop)
    }

    /// Says whether the user types.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn set_typing(&self, to: &Person, typing: bool) -> Result<()> {
        let request = Request::SetTyping {
            account: self.account.clone(),
            conversation: to.address(),
            typing,
        };
        self.ask(request).await.map(drop)
    }

    /// Keeps what was typed.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn set_draft(&self, to: &Person, text: &str) -> Result<()> {
        let request = Request::SetDraft {
            account: self.account.clone(),
            conversation: to.address(),
            text: text.to_owned(),
        };
        self.ask(request).await.map(drop)
    }

    /// What an interface shows first.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn overview(&self) -> Result<Overview> {
        match self.ask(Request::Overview).await? {
            Response::Overview(overview) => Ok(overview),
            other => bail!("{other:?}"),
        }
    }

    /// State of the connection.
    ///
    /// # Errors
    /// If there is no account.
    pub async fn connection(&self) -> Result<ConnectionView> {
        let accounts = self.overview().await?.accounts;
        let own = accounts.into_iter().find(|own| own.id == self.account);
        Ok(own.context("no account")?.connection)
    }

    /// All messages with somebody, oldest first, read in windows.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn messages(&self, with: &Person) -> Result<Vec<MessageView>> {
        self.messages_of(&with.address()).await
    }

    /// All messages of a conversation, oldest first, read in windows.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn messages_of(&self, conversation: &str) -> Result<Vec<MessageView>> {
        let mut all: Vec<MessageView> = Vec::new();
        loop {
            let anchor = all
                .first()
                .map_or(WindowAnchor::Latest, |first| WindowAnchor::Before {
                    message: first.id,
                });
            let request = Request::Messages {
                account: self.account.clone(),
                conversation: conversation.to_owned(),
                anchor,
                limit: 200,
            };
            let window = match self.ask(request).await? {
                Response::Messages(window) => window,
                other => bail!("{other:?}"),
            };
            let (none, has_older) = (window.messages.is_empty(), window.has_older);
            all.splice(0..0, window.messages);
            if none || !has_older {
                return Ok(all);
            }
        }
    }

    /// The texts with somebody, oldest first.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn texts(&self, with: &Person) -> Result<Vec<String>> {
        let messages = self.messages(with).await?.into_iter();
        Ok(messages.map(|message| message.text).collect())
    }

    /// All rows of the list.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn conversations(&self) -> Result<Vec<ConversationView>> {
        let request = Request::Conversations {
            account: self.account.clone(),
        };
        match self.ask(request).await? {
            Response::Conversations(all) => Ok(all),
            other => bail!("{other:?}"),
        }
    }

    /// The row of the list for somebody.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn conversation(&self, with: &Person) -> Result<Option<ConversationView>> {
        let all = self.conversations().await?;
        Ok(all.into_iter().find(|row| row.id == with.address()))
    }

    /// The contact, if somebody is one.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn contact(&self, with: &Person) -> Result<Option<ContactView>> {
        let request = Request::Contacts {
            account: self.account.clone(),
        };
        match self.ask(request).await? {
            Response::Contacts(all) => {
                Ok(all.into_iter().find(|one| one.address == with.address()))
            }
            other => bail!("{other:?}"),
        }
    }

    /// Waits for a notification of this text.
    ///
    /// # Errors
    /// If none comes.
    pub async fn notified(&mut self, body: &str) -> Result<()> {
        let events = self.events.as_mut().context("the device is off")?;
        let waited = tokio::time::timeout(PATIENCE, async {
            while let Some(event) = events.next().await {
                if matches!(&event, Event::Notify { notification } if notification.body == body) {
                    return true;
                }
            }
            false
        });
        ensure!(
            waited.await == Ok(true),
            "{}: waited for: notification of {body:?}",
            self.name
        );
        Ok(())
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
}

/// What nobody needs any more must not try for ever to connect.
impl Drop for Device {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            let folder = Arc::clone(&self.folder);
            tokio::spawn(async move {
                engine.close().await;
                drop(folder);
            });
        }
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
