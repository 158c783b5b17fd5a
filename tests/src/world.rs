//! A server and people with engines, in one process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::api::{
    ConnectionView, ConversationView, DeliveryState, MessageView, MessageWindow, Request, Response,
    WindowAnchor,
};
use engine::{Engine, EngineConfig, MemorySecrets, Timeouts};
use navigation::ServerTarget;
use server_lite::{Config, ServerHandle};
use tempfile::TempDir;

/// Longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A password that the server takes.
pub const PASSWORD: &str = "correct horse 电池";

/// A server in a folder of its own. It can be stopped and started again on the
/// same port.
pub struct World {
    folder: TempDir,
    port: u16,
    server: Option<ServerHandle>,
}

impl World {
    /// Starts a server.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = Self {
            folder,
            port: 0,
            server: None,
        };
        world.start_server().await;
        world
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_server(&mut self) {
        let server = server_lite::start(Config {
            data_dir: self.folder.path().join("server"),
            team_name: "Team 团队".to_owned(),
            https: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            tcp: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            ..Config::default()
        })
        .await
        .expect("server starts");
        self.port = server.https_addr().port();
        self.server = Some(server);
    }

    /// The link of an invite, perhaps with who invites.
    ///
    /// # Panics
    /// If the server makes none.
    pub async fn invite_link(&self, from: Option<&str>) -> String {
        let hour = Duration::from_secs(3600);
        let invite = self.server().create_invite(from, hour).await;
        invite.expect("an invite").0.to_link()
    }

    /// Stops the server.
    pub async fn stop_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// The running server.
    ///
    /// # Panics
    /// If it is stopped.
    #[must_use]
    pub fn server(&self) -> &ServerHandle {
        self.server.as_ref().expect("server runs")
    }

    /// Somebody joins by a fresh invite.
    ///
    /// # Panics
    /// If that fails.
    pub async fn join(&self, name: &str) -> Person {
        let (invite, _) = self
            .server()
            .create_invite(Some("Rosa"), Duration::from_secs(3600))
            .await
            .expect("invite");
        let mut person = self.device(name, name).await;
        let request = Request::Join {
            input: invite.to_link(),
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
        };
        person.adopt(request).await;
        person
    }

    /// Another device of somebody who has joined.
    ///
    /// # Panics
    /// If it cannot sign in.
    pub async fn second_device(&self, of: &Person) -> Person {
        self.second_device_at(of, &self.server().target()).await
    }

    /// Another device of somebody who has joined, which goes only where it is
    /// told.
    ///
    /// # Panics
    /// If it cannot sign in.
    pub async fn second_device_at(&self, of: &Person, target: &ServerTarget) -> Person {
        let mut person = self.device(&of.name, &format!("{}-2", of.name)).await;
        let request = Request::Join {
            input: crate::navigation_link(target),
            name: of
                .address()
                .split('@')
                .next()
                .expect("localpart")
                .to_owned(),
            password: PASSWORD.to_owned(),
        };
        person.adopt(request).await;
        person
    }

    async fn device(&self, name: &str, folder: &str) -> Person {
        let profile = self.folder.path().join(folder);
        let secrets = Arc::new(MemorySecrets::default());
        let engine = open(&profile, &secrets).await;
        Person {
            name: name.to_owned(),
            profile,
            secrets,
            engine,
            account: String::new(),
            address: String::new(),
        }
    }
}

async fn open(profile: &Path, secrets: &Arc<MemorySecrets>) -> Engine {
    std::fs::create_dir_all(profile).expect("a folder");
    let config = EngineConfig {
        secrets: Arc::clone(secrets) as Arc<dyn engine::Secrets>,
        timeouts: Timeouts {
            backoff: Duration::from_millis(20),
            max_backoff: Duration::from_millis(200),
            ..Timeouts::default()
        },
        ..EngineConfig::new(profile.to_owned())
    };
    Engine::open(config).await.expect("engine opens")
}

/// A person with one device.
pub struct Person {
    name: String,
    profile: PathBuf,
    secrets: Arc<MemorySecrets>,
    engine: Engine,
    account: String,
    address: String,
}

impl Person {
    /// Writes into a conversation.
    pub async fn send_to(&self, conversation: &str, text: &str) {
        self.ask(Request::SendMessage {
            account: self.account(),
            conversation: conversation.to_owned(),
            text: text.to_owned(),
        })
        .await;
    }

    async fn adopt(&mut self, request: Request) {
        let Response::Account(account) = self.ask(request).await else {
            panic!("no account")
        };
        self.account = account;
        let Response::Overview(overview) = self.ask(Request::Overview).await else {
            panic!("no overview")
        };
        self.address
            .clone_from(&overview.accounts.first().expect("an account").address);
        self.wait_online().await;
    }

    /// Bare address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Folder of the profile.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Id of the account.
    #[must_use]
    pub fn account(&self) -> String {
        self.account.clone()
    }

    /// Asks the engine.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn ask(&self, request: Request) -> Response {
        let shown = format!("{request:?}");
        self.engine
            .handle(request)
            .await
            .unwrap_or_else(|error| panic!("{}: {shown}: {error}", self.name))
    }

    /// Closes the engine and opens it again on the same profile.
    pub async fn restart(&mut self) {
        self.engine.close().await;
        self.engine = open(&self.profile, &self.secrets).await;
    }

    /// Sends a message; gives its local id.
    pub async fn send(&self, to: &Person, text: &str) -> i64 {
        let request = Request::SendMessage {
            account: self.account(),
            conversation: to.address.clone(),
            text: text.to_owned(),
        };
        match self.ask(request).await {
            Response::Message(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The newest messages with somebody.
    pub async fn window(&self, with: &Person) -> MessageWindow {
        let request = Request::Messages {
            account: self.account(),
            conversation: with.address.clone(),
            anchor: WindowAnchor::Latest,
            limit: 200,
        };
        match self.ask(request).await {
            Response::Messages(window) => window,
            other => panic!("{other:?}"),
        }
    }

    /// The texts of the newest messages with somebody.
    pub async fn texts(&self, with: &Person) -> Vec<String> {
        self.window(with)
            .await
            .messages
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    /// The message with this text.
    pub async fn message(&self, with: &Person, text: &str) -> Option<MessageView> {
        self.window(with)
            .await
            .messages
            .into_iter()
            .find(|message| message.text == text)
    }

    /// The row of the list for somebody.
    pub async fn conversation(&self, with: &Person) -> Option<ConversationView> {
        match self
            .ask(Request::Conversations {
                account: self.account(),
            })
            .await
        {
            Response::Conversations(all) => all.into_iter().find(|row| row.id == with.address),
            other => panic!("{other:?}"),
        }
    }

    /// The state of the connection.
    pub async fn connection(&self) -> ConnectionView {
        match self.ask(Request::Overview).await {
            Response::Overview(overview) => {
                overview
                    .accounts
                    .into_iter()
                    .next()
                    .expect("an account")
                    .connection
            }
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the account is online.
    pub async fn wait_online(&self) {
        self.until("online", async || {
            self.connection().await == ConnectionView::Online
        })
        .await;
    }

    /// Waits until these are exactly the texts with somebody.
    pub async fn wait_texts(&self, with: &Person, expected: &[&str]) {
        self.until(&format!("{expected:?}"), async || {
            self.texts(with).await == expected
        })
        .await;
    }

    /// Waits until a message of ours has this state.
    pub async fn wait_state(&self, with: &Person, text: &str, state: &DeliveryState) {
        self.until(&format!("{text} {state:?}"), async || {
            self.message(with, text)
                .await
                .is_some_and(|found| found.delivery.as_ref() == Some(state))
        })
        .await;
    }

    /// The address of the conversation at the top, once there is one.
    ///
    /// # Panics
    /// If there is none for long.
    pub async fn correspondent(&self) -> String {
        let mut address = None;
        self.until("somebody has written", async || {
            let request = Request::Conversations {
                account: self.account(),
            };
            if let Response::Conversations(rows) = self.ask(request).await {
                address = rows.into_iter().next().map(|row| row.id);
            }
            address.is_some()
        })
        .await;
        address.expect("just seen")
    }

    /// Waits until something is so; looks again whenever the engine says that
    /// something has changed.
    ///
    /// # Panics
    /// If it does not come about.
    pub async fn until(&self, what: &str, mut is_true: impl AsyncFnMut() -> bool) {
        let mut events = self.engine.subscribe();
        let waited = tokio::time::timeout(PATIENCE, async {
            while !is_true().await {
                assert!(events.next().await.is_some(), "engine closed");
            }
        })
        .await;
        assert!(waited.is_ok(), "{}: waited for: {what}", self.name);
    }
}
