//! Requests with more in them than a text.

use anyhow::{Result, bail};
use engine::api::{
    ConversationRequest, MentionInput, MessageRequest, MessageView, PeopleRequest, Request,
    Response,
};

use super::Device;

impl Device {
    /// Sends a text that answers a message or names somebody; its local id.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn say(
        &self,
        conversation: &str,
        text: &str,
        reply_to: Option<i64>,
        mentions: Vec<MentionInput>,
    ) -> Result<i64> {
        let request = MessageRequest::Send {
            account: self.account.clone(),
            conversation: conversation.to_owned(),
            text: text.to_owned(),
            reply_to,
            mentions,
        };
        match self.ask(Request::Message(request)).await? {
            Response::Message(id) => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    /// Says something else instead.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn edit(&self, message: &MessageView, text: &str) -> Result<()> {
        let request = MessageRequest::Edit {
            account: self.account.clone(),
            message: message.id,
            text: text.to_owned(),
            mentions: Vec::new(),
        };
        self.ask(Request::Message(request)).await.map(drop)
    }

    /// Reacts with these.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn react(&self, message: &MessageView, emojis: &[&str]) -> Result<()> {
        let request = MessageRequest::React {
            account: self.account.clone(),
            message: message.id,
            emojis: emojis.iter().map(|emoji| (*emoji).to_owned()).collect(),
        };
        self.ask(Request::Message(request)).await.map(drop)
    }

    /// Takes a message back.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn retract(&self, message: &MessageView) -> Result<()> {
        let request = MessageRequest::Retract {
            account: self.account.clone(),
            message: message.id,
        };
        self.ask(Request::Message(request)).await.map(drop)
    }

    /// Decides something about a conversation.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn decide(&self, request: ConversationRequest) -> Result<()> {
        self.ask(Request::Conversation(request)).await.map(drop)
    }

    /// Blocks somebody, or ends that.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn block(&self, address: &str, blocks: bool) -> Result<()> {
        let (account, address) = (self.account.clone(), address.to_owned());
        let request = match blocks {
            true => PeopleRequest::Block { account, address },
            false => PeopleRequest::Unblock { account, address },
        };
        self.ask(Request::People(request)).await.map(drop)
    }

    /// Who is blocked.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn blocked(&self) -> Result<Vec<String>> {
        let request = PeopleRequest::Blocked {
            account: self.account.clone(),
        };
        match self.ask(Request::People(request)).await? {
            Response::Blocked(all) => Ok(all),
            other => bail!("{other:?}"),
        }
    }
}
