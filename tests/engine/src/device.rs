//! An engine with a profile of its own, seen as an interface sees it: requests,
//! answers and events.

mod asking;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use engine::api::{
    ApiError, ConnectionView, ContactView, ConversationView, MessageKind, MessageView, Overview,
    Request, Response, WindowAnchor,
};
use engine::{Engine, EngineConfig, EventStream, MemorySecrets, Secrets, Timeouts};
use tempfile::TempDir;

use crate::link::Link;
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

    /// Where it keeps what is secret.
    #[must_use]
    pub fn secrets(&self) -> &MemorySecrets {
        &self.secrets
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
        let mut all = self.timeline_of(conversation).await?;
        all.retain(|message| message.kind != MessageKind::Event);
        Ok(all)
    }

    /// The same, with what happened in the room among them.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn timeline_of(&self, conversation: &str) -> Result<Vec<MessageView>> {
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
