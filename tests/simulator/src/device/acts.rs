//! What the user of a device does.

use anyhow::{Context, Result};
use engine::api::{
    Affiliation, ConversationRequest, MessageRequest, NotifyLevel, PeopleRequest, Request, Role,
    RoomRequest,
};

use super::{Device, Shown};
use crate::judge::Seen;
use crate::plan::{Change, Decision, Managing};
use crate::server::address;

impl Device {
    pub(crate) async fn send(&self, conversation: &str, text: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let request = Request::SendMessage {
            account,
            conversation: conversation.to_owned(),
            text: text.to_owned(),
        };
        self.ask(request).await.map(drop)
    }

    /// Answers the so-many-th message before the newest; says the same without an
    /// answer where there is none.
    pub(crate) async fn reply(&self, conversation: &str, place: usize, text: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let shown = self.newest(conversation).await?;
        let mut newest_first = shown.iter().rev().filter(|message| !message.retracted);
        let answered = newest_first.nth(place).map(|message| message.id);
        let request = MessageRequest::Send {
            account,
            conversation: conversation.to_owned(),
            text: text.to_owned(),
            reply_to: answered,
            mentions: Vec::new(),
        };
        self.ask(Request::Message(request)).await.map(drop)
    }

    /// What the record says of it that its user has seen a message.
    pub(crate) fn saw(&self, with: &str, message: &Shown) -> Seen {
        Seen {
            by: self.account.clone(),
            with: with.to_owned(),
            key: message.key().to_owned(),
            told: !self.came_later,
        }
    }

    /// The user sees the newest message of a conversation.
    pub(crate) async fn read(&self, conversation: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let shown = self.newest(conversation).await?;
        let Some(newest) = shown.last() else {
            return Ok(());
        };
        let request = Request::MarkDisplayed {
            account,
            conversation: conversation.to_owned(),
            message: newest.id,
        };
        self.ask(request).await.map(drop)
    }

    /// The user does something to a message; gives that, as it was before.
    pub(crate) async fn change(
        &self,
        with: &str,
        place: usize,
        what: &Change,
        text: impl FnOnce(&Shown) -> String,
    ) -> Result<Option<Shown>> {
        let account = self.id().await.context("not signed in")?;
        let is_own = matches!(what, Change::Edit | Change::Retract);
        let shown = self.newest(&address(with)).await?;
        let mut fit: Vec<Shown> = shown
            .into_iter()
            .filter(|message| !message.retracted)
            .filter(|message| !is_own || !message.incoming)
            .collect();
        let Some(last) = fit.len().checked_sub(1) else {
            return Ok(None);
        };
        let message = fit.swap_remove(last - place.min(last));
        let id = message.id;
        let request = match what {
            Change::Edit => MessageRequest::Edit {
                account,
                message: id,
                text: text(&message),
                mentions: Vec::new(),
            },
            Change::React(emojis) => MessageRequest::React {
                account,
                message: id,
                emojis: emojis.clone(),
            },
            Change::Retract => MessageRequest::Retract {
                account,
                message: id,
            },
            Change::Moderate => {
                self.ask_meanwhile(Request::Rooms(RoomRequest::Moderate {
                    account,
                    room: address(with),
                    message: id,
                    reason: String::new(),
                }));
                return Ok(Some(message));
            }
        };
        self.ask(Request::Message(request)).await?;
        Ok(Some(message))
    }

    pub(crate) async fn decide(&self, with: &str, what: Decision) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let conversation = address(with);
        let notify = |notify| ConversationRequest::SetNotify {
            account: account.clone(),
            conversation: conversation.clone(),
            notify,
            until_ms: None,
        };
        let archive = |archived| ConversationRequest::Archive {
            account: account.clone(),
            conversation: conversation.clone(),
            archived,
        };
        let request = match what {
            Decision::Mute => notify(NotifyLevel::None),
            Decision::Unmute => notify(NotifyLevel::All),
            Decision::PutAway => archive(true),
            Decision::TakeOut => archive(false),
            Decision::MarkUnread => ConversationRequest::MarkUnread {
                account,
                conversation,
                from: None,
            },
        };
        self.ask(Request::Conversation(request)).await.map(drop)
    }

    pub(crate) async fn block(&self, whom: &str, blocks: bool) {
        if let Some(account) = self.id().await {
            let address = address(whom);
            self.ask_meanwhile(Request::People(match blocks {
                true => PeopleRequest::Block { account, address },
                false => PeopleRequest::Unblock { account, address },
            }));
        }
    }

    pub(crate) async fn enter(&self, room: &str) {
        if let Some(account) = self.id().await {
            self.ask_meanwhile(Request::Rooms(RoomRequest::Join {
                account,
                room: address(room),
                nick: None,
                password: None,
            }));
        }
    }

    pub(crate) async fn leave(&self, room: &str) {
        if let Some(account) = self.id().await {
            self.ask_meanwhile(Request::Rooms(RoomRequest::Leave {
                account,
                room: address(room),
                forget: false,
            }));
        }
    }

    pub(crate) async fn set_nick(&self, room: &str, nick: &str) {
        if let Some(account) = self.id().await {
            self.ask_meanwhile(Request::Rooms(RoomRequest::SetNick {
                account,
                room: address(room),
                nick: nick.to_owned(),
            }));
        }
    }

    /// What the owner of a room does about somebody, whom the device knows by the
    /// account's name.
    pub(crate) async fn manage(&self, room: &str, whom: &str, what: Managing) {
        let Some(account) = self.id().await else {
            return;
        };
        let affiliation = |affiliation| RoomRequest::SetAffiliation {
            account: account.clone(),
            room: address(room),
            person: address(whom),
            affiliation,
            reason: String::new(),
        };
        self.ask_meanwhile(Request::Rooms(match what {
            Managing::Kick => RoomRequest::SetRole {
                account,
                room: address(room),
                nick: whom.to_owned(),
                role: Role::None,
                reason: String::new(),
            },
            Managing::Ban => affiliation(Affiliation::Outcast),
            Managing::Unban => affiliation(Affiliation::None),
        }));
    }

    pub(crate) async fn set_typing(&self, conversation: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let request = Request::SetTyping {
            account,
            conversation: conversation.to_owned(),
            typing: true,
        };
        self.ask(request).await.map(drop)
    }

    /// The system has told that the network is another one.
    pub(crate) async fn network_changed(&self) {
        if let Some(account) = self.id().await {
            // Not running any more is fine.
            drop(self.ask(Request::ReconnectNow { account }).await);
        }
    }
}
