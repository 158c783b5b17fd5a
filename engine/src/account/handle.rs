//! How the tasks of an account ask its server while a session runs. The session
//! owns the stream; everybody else has a handle.

use std::collections::HashSet;

use tokio::sync::{mpsc, oneshot};
use xmpp_core::Element;
use xmpp_core::stanza_error::StanzaError;

use crate::api::{ApiError, ErrorCode};
use crate::clock::Clock;
use crate::config::Timeouts;
use crate::connection::ConnectError;

/// Commands that wait for the session; whoever brings more waits for room.
const QUEUE: usize = 64;

/// Why a request has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AskError {
    /// The other side says no.
    #[error(transparent)]
    Refused(#[from] StanzaError),
    /// The session ended.
    #[error("not connected")]
    NotConnected,
    /// No answer came.
    #[error("no answer in time")]
    TimedOut,
}

impl From<AskError> for ConnectError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(error) => Self::AccountDisabled(error.to_string()),
            AskError::NotConnected => Self::Lost("the session ended".to_owned()),
            AskError::TimedOut => Self::TimedOut,
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let code = match &error {
            AskError::Refused(_) => ErrorCode::ServerRefused,
            AskError::NotConnected => ErrorCode::NotConnected,
            AskError::TimedOut => ErrorCode::TimedOut,
        };
        Self::new(code).detail(error)
    }
}

/// An answer, with the messages that came for the same query before it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) iq: Element,
    /// Messages with a `<result/>` of the archive (XEP-0313).
    pub(crate) results: Vec<Element>,
}

/// What the session is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Send a request and give its answer back.
    Ask(Question),
    /// Send a stanza that needs no answer.
    Send(Element),
    /// Say whether somebody looks (XEP-0352), where the server wants to know.
    Active(bool),
    /// The newest page of the archive is in the cache (or there is none): let
    /// what is live through, and send the outbox.
    CaughtUp {
        /// Whether what comes live is known to follow on what was read.
        follows: bool,
        /// The archive's ids of what was read and may have come live as well: what
        /// replaces something has its place in the order already.
        read: HashSet<String>,
    },
}

#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) to: Option<String>,
    pub(super) payload: Element,
    /// The query whose results are collected.
    pub(super) query_id: Option<String>,
    pub(super) answer: oneshot::Sender<Result<Answer, AskError>>,
}

/// A way to ask. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    commands: mpsc::Sender<Command>,
    clock: Clock,
    timeouts: Timeouts,
}

impl Handle {
    pub(super) fn new(clock: Clock, timeouts: Timeouts) -> (Self, mpsc::Receiver<Command>) {
        let (commands, queue) = mpsc::channel(QUEUE);
        let handle = Self {
            commands,
            clock,
            timeouts,
        };
        (handle, queue)
    }

    /// Waits until the session has ended: nobody answers any more.
    pub(super) async fn ended(&self) {
        self.commands.closed().await;
    }

    async fn command(&self, command: Command) -> Result<(), AskError> {
        self.commands
            .send(command)
            .await
            .map_err(|_| AskError::NotConnected)
    }

    /// Asks (`get` or `set`) and waits for the answer.
    ///
    /// # Errors
    /// [`AskError`].
    pub(crate) async fn ask(
        &self,
        kind: &'static str,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Element, AskError> {
        Ok(self.question(kind, to, payload, None).await?.iq)
    }

    /// Asks an archive for a page; `query` has the query id as its `queryid`.
    ///
    /// # Errors
    /// [`AskError`].
    pub(crate) async fn page(&self, to: Option<&str>, query: Element) -> Result<Answer, AskError> {
        let query_id = query.attr("queryid").map(str::to_owned);
        self.question("set", to, query, query_id).await
    }

    async fn question(
        &self,
        kind: &'static str,
        to: Option<&str>,
        payload: Element,
        query_id: Option<String>,
    ) -> Result<Answer, AskError> {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            // By chance: an answer that comes late, in the next session, must
            // not be taken for another.
            id: self.clock.random_id(),
            kind,
            to: to.map(str::to_owned),
            payload,
            query_id,
            answer,
        };
        let asked = async {
            self.command(Command::Ask(question)).await?;
            answered.await.unwrap_or(Err(AskError::NotConnected))
        };
        tokio::time::timeout(self.timeouts.answer, asked)
            .await
            .unwrap_or(Err(AskError::TimedOut))
    }

    /// Sends a stanza that needs no answer.
    ///
    /// # Errors
    /// [`AskError::NotConnected`].
    pub(crate) async fn send(&self, stanza: Element) -> Result<(), AskError> {
        self.command(Command::Send(stanza)).await
    }

    pub(super) async fn active(&self, active: bool) -> Result<(), AskError> {
        self.command(Command::Active(active)).await
    }

    pub(super) async fn caught_up(
        &self,
        follows: bool,
        read: HashSet<String>,
    ) -> Result<(), AskError> {
        self.command(Command::CaughtUp { follows, read }).await
    }
}
