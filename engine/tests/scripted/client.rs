//! The engine's end: Rosa's, with one account.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use startalk_engine::api::{
    ConnectionView, ContactView, ConversationView, DeliveryState, Event, MessageView, Overview,
    PeopleRequest, ProfileView, Request, Response, WindowAnchor,
};
use startalk_engine::{
    Clock, Engine, EngineConfig, EventStream, MemorySecrets, NewAccount, NewUser, Secrets, Timeouts,
};
use tempfile::TempDir;

use crate::peer::{PASSWORD, Peer, Server, within};

pub(crate) const BOB: &str = "bob@team.internal";

/// Short enough for a test that waits for one to end, long enough for all others.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    head_start: Duration::from_millis(20),
    answer: Duration::from_secs(10),
    idle: Duration::from_secs(60),
    backoff: Duration::from_millis(10),
    max_backoff: Duration::from_millis(40),
    keyring: Duration::from_secs(5),
};

pub(crate) fn config(folder: &Path, secrets: Arc<dyn Secrets>, timeouts: Timeouts) -> EngineConfig {
    EngineConfig {
        secrets,
        timeouts,
        ..EngineConfig::new(folder.to_owned())
    }
}

pub(crate) struct Client {
    pub(crate) folder: TempDir,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) engine: Engine,
    pub(crate) account: String,
    pub(crate) timeouts: Timeouts,
    clock: Clock,
    events: EventStream,
}

impl Client {
    /// Rosa, signed in, and the server's end of her first session.
    pub(crate) async fn start(server: &Server) -> (Self, Peer) {
        Self::start_with(server, TIMEOUTS).await
    }

    pub(crate) async fn start_with(server: &Server, timeouts: Timeouts) -> (Self, Peer) {
        let client = Self::join(server, Arc::new(MemorySecrets::default()), timeouts).await;
        let peer = server.session().await;
        client.wait_online().await;
        (client, peer)
    }

    /// Rosa, whose account was accepted; her first session waits for the server.
    pub(crate) async fn join(
        server: &Server,
        secrets: Arc<dyn Secrets>,
        timeouts: Timeouts,
    ) -> Self {
        let prove = async {
            let proof = server.signed_in().await;
            assert!(proof.closes_in_order().await);
        };
        Self::join_with(server, secrets, timeouts, prove).await
    }

    /// As [`Client::join`], at another time.
    pub(crate) async fn join_at(server: &Server, clock: Clock) -> Self {
        let prove = async {
            let proof = server.signed_in().await;
            assert!(proof.closes_in_order().await);
        };
        let secrets = Arc::new(MemorySecrets::default());
        Self::join_as(server, secrets, TIMEOUTS, clock, prove).await
    }

    /// As [`Client::join`], with a server that lets her in as it likes.
    pub(crate) async fn join_with(
        server: &Server,
        secrets: Arc<dyn Secrets>,
        timeouts: Timeouts,
        prove: impl Future<Output = ()>,
    ) -> Self {
        Self::join_as(server, secrets, timeouts, Clock::default(), prove).await
    }

    async fn join_as(
        server: &Server,
        secrets: Arc<dyn Secrets>,
        timeouts: Timeouts,
        clock: Clock,
        prove: impl Future<Output = ()>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = EngineConfig {
            clock: clock.clone(),
            ..config(folder.path(), Arc::clone(&secrets), timeouts)
        };
        let engine = Engine::open(opened).await.unwrap();
        let events = engine.subscribe();
        let new = rosa(server, PASSWORD);
        let (account, ()) = tokio::join!(engine.add_account(new), prove);
        Self {
            folder,
            secrets,
            engine,
            account: account.unwrap(),
            timeouts,
            clock,
            events,
        }
    }

    /// Closes the engine and opens the profile again.
    pub(crate) async fn restart(&mut self) {
        self.engine.close().await;
        let config = EngineConfig {
            clock: self.clock.clone(),
            ..config(self.folder.path(), Arc::clone(&self.secrets), self.timeouts)
        };
        self.engine = Engine::open(config).await.unwrap();
        self.events = self.engine.subscribe();
    }

    pub(crate) async fn ask(&self, request: Request) -> Response {
        self.engine.handle(request).await.unwrap()
    }

    pub(crate) async fn people(&self, request: PeopleRequest) -> Response {
        self.ask(Request::People(request)).await
    }

    pub(crate) async fn contacts(&self) -> Vec<ContactView> {
        let request = Request::Contacts {
            account: self.account.clone(),
        };
        match self.ask(request).await {
            Response::Contacts(all) => all,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn contact(&self, address: &str) -> Option<ContactView> {
        let all = self.contacts().await;
        all.into_iter().find(|contact| contact.address == address)
    }

    /// What is known of a person, without asking the server.
    pub(crate) async fn profile(&self, address: &str) -> ProfileView {
        let request = PeopleRequest::Profile {
            account: self.account.clone(),
            address: address.to_owned(),
            refresh: false,
        };
        match self.people(request).await {
            Response::Profile(profile) => *profile,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn send(&self, text: &str) -> i64 {
        let request = Request::SendMessage {
            account: self.account.clone(),
            conversation: BOB.to_owned(),
            text: text.to_owned(),
        };
        match self.ask(request).await {
            Response::Message(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn mark_displayed(&self, message: i64) {
        let request = Request::MarkDisplayed {
            account: self.account.clone(),
            conversation: BOB.to_owned(),
            message,
        };
        self.ask(request).await;
    }

    pub(crate) async fn overview(&self) -> Overview {
        match self.ask(Request::Overview).await {
            Response::Overview(overview) => overview,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn messages(&self) -> Vec<MessageView> {
        let request = Request::Messages {
            account: self.account.clone(),
            conversation: BOB.to_owned(),
            anchor: WindowAnchor::Latest,
            limit: 200,
        };
        match self.ask(request).await {
            Response::Messages(window) => window.messages,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn texts(&self) -> Vec<String> {
        self.messages()
            .await
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    pub(crate) async fn conversation(&self) -> Option<ConversationView> {
        let request = Request::Conversations {
            account: self.account.clone(),
        };
        match self.ask(request).await {
            Response::Conversations(all) => all.into_iter().find(|row| row.id == BOB),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn state(&self, id: i64) -> DeliveryState {
        let messages = self.messages().await;
        let message = messages
            .into_iter()
            .find(|message| message.id == id)
            .unwrap();
        message.delivery.unwrap()
    }

    pub(crate) async fn connection(&self) -> ConnectionView {
        self.overview().await.accounts[0].connection.clone()
    }

    pub(crate) async fn wait_online(&self) {
        self.until("online", async || {
            self.connection().await == ConnectionView::Online
        })
        .await;
    }

    pub(crate) async fn wait_state(&self, id: i64, state: DeliveryState) {
        self.until(&format!("{state:?}"), async || {
            self.state(id).await == state
        })
        .await;
    }

    pub(crate) async fn wait_texts(&self, texts: &[&str]) {
        self.until(&format!("{texts:?}"), async || self.texts().await == texts)
            .await;
    }

    /// Waits until something is so; looks again at each event.
    pub(crate) async fn until(&self, what: &str, mut is_true: impl AsyncFnMut() -> bool) {
        let mut events = self.engine.subscribe();
        within(what, async {
            while !is_true().await {
                assert!(events.next().await.is_some(), "engine closed");
            }
        })
        .await;
    }

    /// The next notification.
    pub(crate) async fn notified(&mut self) -> (i64, String) {
        within("a notification", async {
            loop {
                if let Some(Event::Notify { notification }) = self.events.next().await {
                    return (notification.message, notification.body);
                }
            }
        })
        .await
    }
}

/// Rosa's account on a server.
pub(crate) fn rosa(server: &Server, password: &str) -> NewAccount {
    NewAccount {
        target: server.target(),
        user: NewUser::Existing {
            username: "rosa".to_owned(),
            display_name: Some("Rosa".to_owned()),
        },
        password: password.to_owned(),
    }
}

impl Peer {
    /// Whether the client says goodbye, rather than just being gone.
    pub(crate) async fn closes_in_order(mut self) -> bool {
        while self.next().await.is_some() {}
        self.closed
    }
}
