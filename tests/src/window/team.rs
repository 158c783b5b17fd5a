//! A team: the window that started its server, and a colleague without a window.

use std::path::Path;

use engine::Engine;
use engine::api::{ContactView, Request, Response};

use super::{App, test_id};
use crate::processes::free_port;

/// Name of the person at the window that started the server.
const HOST_NAME: &str = "Li Na";

/// Starts a server in the window; gives an invite.
///
/// # Panics
/// If the window does not do so.
pub async fn start_team(app: &App, password: &str) -> String {
    app.wait_ready("welcome").await;
    app.click("welcome-start").await;
    app.fill("start-team", "Sales").await;
    app.fill("start-name", HOST_NAME).await;
    app.fill("start-password", password).await;
    app.click("start-advanced").await;
    app.fill("start-port", &free_port().to_string()).await;
    app.click("start-submit").await;
    app.wait_ready("main").await;
    if app.count(&test_id("invite-link")).await == 0 {
        app.click("server-invite").await;
    }
    app.until("the invite link is there", async || {
        app.value("invite-link").await.starts_with("startalk:")
    })
    .await;
    let invite = app.value("invite-link").await;
    app.click("invite-close").await;
    invite
}

/// Joins with the invite that the window shows.
///
/// # Panics
/// If the window does not do so.
pub async fn join_as(app: &App, name: &str, password: &str) {
    app.wait_for(&test_id("join-preview")).await;
    app.fill("join-name", name).await;
    app.fill("join-password", password).await;
    app.click("join-submit").await;
    app.wait_ready("main").await;
}

/// Somebody who has joined with an engine alone.
pub struct Colleague {
    engine: Engine,
    /// Account id.
    pub account: String,
    /// Address of the one who started the server.
    pub host: String,
}

impl Colleague {
    /// Joins with an invite.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn join(profile: &Path, invite: String, name: &str, password: &str) -> Self {
        let engine = crate::engine_in(profile).await;
        let join = Request::Join {
            input: invite,
            name: name.to_owned(),
            password: password.to_owned(),
        };
        let Ok(Response::Account(account)) = engine.handle(join).await else {
            panic!("{name} has not joined");
        };
        let mut colleague = Self {
            engine,
            account,
            host: String::new(),
        };
        let contacts = Request::Contacts {
            account: colleague.account.clone(),
        };
        colleague.host = colleague
            .until(contacts, |answer| match answer {
                Response::Contacts(contacts) => contacts
                    .into_iter()
                    .find(|ContactView { name, .. }| name == HOST_NAME)
                    .map(|host| host.address),
                _ => None,
            })
            .await;
        colleague
    }

    /// Asks the engine.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn ask(&self, request: Request) -> Response {
        match self.engine.handle(request).await {
            Ok(response) => response,
            Err(error) => panic!("refused: {error:?}"),
        }
    }

    /// Asks again with each event until the answer has what is looked for.
    ///
    /// # Panics
    /// If the engine ends before.
    pub async fn until<T>(&self, request: Request, found: impl Fn(Response) -> Option<T>) -> T {
        let mut events = self.engine.subscribe();
        loop {
            if let Some(found) = found(self.ask(request.clone()).await) {
                return found;
            }
            assert!(events.next().await.is_some(), "the engine has ended");
        }
    }

    /// Writes to the host.
    pub async fn send(&self, text: &str) {
        self.ask(Request::StartConversation {
            account: self.account.clone(),
            contact: self.host.clone(),
        })
        .await;
        self.send_to(&self.host, text).await;
    }

    /// Writes into a conversation.
    pub async fn send_to(&self, conversation: &str, text: &str) {
        self.ask(Request::SendMessage {
            account: self.account.clone(),
            conversation: conversation.to_owned(),
            text: text.to_owned(),
        })
        .await;
    }

    /// Ends.
    pub async fn close(self) {
        self.engine.close().await;
    }
}
