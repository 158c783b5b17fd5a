//! What a device shows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use engine::api::{
    ConversationKind, ConversationView, DeliveryState, Direction, MessageKind, MessageView,
    NotifyLevel, PeopleRequest, Request, Response, RoomRequest, RoomState, WindowAnchor,
};

use super::Device;

/// Messages that are asked for at once.
const WINDOW: u32 = 100;

/// Windows that are looked at above the newest.
const PAGES: usize = 300;

/// A message as a device shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: i64,
    /// Something that happened in a room: each device tells what it was there for.
    pub(crate) event: bool,
    pub(crate) incoming: bool,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) delivery: Option<DeliveryState>,
    pub(crate) retracted: bool,
    pub(crate) mentions_me: bool,
    /// Whether it answers something; the id of that, where it is here.
    pub(crate) reply: Option<Option<i64>>,
    /// By emoji: how many, and whether the user is one of them.
    pub(crate) reactions: BTreeMap<String, (u32, bool)>,
}

impl Shown {
    /// What stays of its text whatever is done to it; empty if it was taken back.
    pub(crate) fn key(&self) -> &str {
        key(&self.text)
    }
}

/// What stays of the text of a message: who wrote it, and a number.
pub(crate) fn key(text: &str) -> &str {
    text.split([' ', '~']).next().unwrap_or_default()
}

impl From<MessageView> for Shown {
    fn from(view: MessageView) -> Self {
        Self {
            id: view.id,
            event: view.kind == MessageKind::Event,
            incoming: view.direction == Direction::Incoming,
            author: view.author,
            text: view.text,
            delivery: view.delivery,
            retracted: view.retracted.is_some(),
            mentions_me: view.mentions_me,
            reply: view.reply.map(|reply| reply.message),
            reactions: view
                .reactions
                .into_iter()
                .map(|reaction| (reaction.emoji, (reaction.count, reaction.mine)))
                .collect(),
        }
    }
}

/// A row of the list, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) is_room: bool,
    pub(crate) preview: String,
    pub(crate) unread: u32,
    pub(crate) mentions: u32,
    pub(crate) muted: bool,
    pub(crate) put_away: bool,
    pub(crate) marked_unread: bool,
    /// Oldest first.
    pub(crate) messages: Vec<Shown>,
}

impl Row {
    fn new(view: ConversationView, messages: Vec<Shown>) -> Self {
        Self {
            is_room: view.kind == ConversationKind::Room,
            preview: view.preview,
            unread: view.unread,
            mentions: view.unread_mentions,
            muted: view.notify == NotifyLevel::None,
            put_away: view.archived,
            marked_unread: view.marked_unread,
            messages,
        }
    }
}

/// All that a device shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) rooms: BTreeMap<String, RoomState>,
    pub(crate) blocked: Vec<String>,
    /// Unread messages as the account's badge counts them.
    pub(crate) badge: u32,
}

impl Device {
    async fn window(
        &self,
        account: &str,
        conversation: &str,
        anchor: WindowAnchor,
    ) -> Result<(Vec<Shown>, bool)> {
        let request = Request::Messages {
            account: account.to_owned(),
            conversation: conversation.to_owned(),
            anchor,
            limit: WINDOW,
        };
        match self.ask(request).await? {
            Response::Messages(window) => Ok((
                window.messages.into_iter().map(Shown::from).collect(),
                window.has_older,
            )),
            other => bail!("{other:?}"),
        }
    }

    /// The newest messages of a conversation, oldest first.
    pub(crate) async fn newest(&self, conversation: &str) -> Result<Vec<Shown>> {
        let account = self.id().await.context("not signed in")?;
        let window = self.window(&account, conversation, WindowAnchor::Latest);
        let (mut newest, _) = window.await?;
        newest.retain(|message| !message.event);
        Ok(newest)
    }

    /// The newest message of others that a conversation shows.
    pub(crate) async fn newest_incoming(&self, conversation: &str) -> Result<Option<Shown>> {
        let shown = self.newest(conversation).await?;
        let mut newest_first = shown.into_iter().rev();
        Ok(newest_first.find(|message| message.incoming && !message.retracted))
    }

    /// Everything that a conversation shows, oldest first.
    pub(crate) async fn conversation(&self, conversation: &str) -> Result<Vec<Shown>> {
        let account = self.id().await.context("not signed in")?;
        let (mut all, mut has_older) = self
            .window(&account, conversation, WindowAnchor::Latest)
            .await?;
        // A page of the archive may hold nothing that is shown.
        for _ in 0..PAGES {
            let Some(first) = all.first().filter(|_| has_older) else {
                break;
            };
            let anchor = WindowAnchor::Before { message: first.id };
            let (older, more) = self.window(&account, conversation, anchor).await?;
            all.splice(0..0, older);
            has_older = more;
        }
        all.retain(|message| !message.event);
        Ok(all)
    }

    /// Whether a conversation is in the list, as a room.
    pub(crate) async fn has_room(&self, conversation: &str) -> bool {
        let Ok(rows) = self.conversations().await else {
            return false;
        };
        rows.iter()
            .any(|row| row.id == conversation && row.kind == ConversationKind::Room)
    }

    async fn rooms(&self, account: String) -> Result<BTreeMap<String, RoomState>> {
        match self
            .ask(Request::Rooms(RoomRequest::List { account }))
            .await?
        {
            Response::Rooms(rooms) => Ok(rooms
                .into_iter()
                .map(|room| (room.address, room.state))
                .collect()),
            other => bail!("{other:?}"),
        }
    }

    /// How many rooms it is in.
    pub(crate) async fn rooms_joined(&self) -> usize {
        let Some(account) = self.id().await else {
            return 0;
        };
        let rooms = self.rooms(account).await.unwrap_or_default();
        let joined = rooms.values().filter(|state| **state == RoomState::Joined);
        joined.count()
    }

    async fn conversations(&self) -> Result<Vec<ConversationView>> {
        let account = self.id().await.context("not signed in")?;
        match self.ask(Request::Conversations { account }).await? {
            Response::Conversations(conversations) => Ok(conversations),
            other => bail!("{other:?}"),
        }
    }

    /// Looks at everything.
    pub(crate) async fn look(&self) -> Result<Looked> {
        let mut looked = Looked::default();
        let overview = self.overview().await?;
        let Some(account) = overview.accounts.into_iter().next() else {
            return Ok(looked);
        };
        looked.badge = account.unread;
        for view in self.conversations().await? {
            let messages = self.conversation(&view.id).await?;
            looked
                .rows
                .insert(view.id.clone(), Row::new(view, messages));
        }
        looked.rooms = self.rooms(account.id.clone()).await?;
        let request = Request::People(PeopleRequest::Blocked {
            account: account.id,
        });
        if let Response::Blocked(blocked) = self.ask(request).await? {
            looked.blocked = blocked;
            looked.blocked.sort_unstable();
        }
        Ok(looked)
    }
}
