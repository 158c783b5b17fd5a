//! The server under test: ours, Debian's Prosody or Debian's ejabberd, as a
//! program on this machine that can be stopped, killed and started again.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use anyhow::{Context, Result};
use navigation::{SpkiPin, Transport};
use server_tests::others::{self, Hash, Other, Storage};
use server_tests::peer::{Peer, Security, Target};
use server_tests::startalk::{PASSWORD, Startalk};
use server_tests::tls::Trust;

/// Whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    ServerLite,
    /// Prosody (Lua).
    Prosody,
    /// ejabberd (Erlang).
    Ejabberd,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ServerLite, Self::Prosody, Self::Ejabberd];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerLite => "server-lite",
            Self::Prosody => "Prosody",
            Self::Ejabberd => "ejabberd",
        }
    }
}

/// A running server. Its domain is `localhost`.
pub struct Server {
    /// Whose.
    pub kind: Kind,
    process: RwLock<Process>,
    /// Where it is, or was while it is stopped: who connects must not wait for
    /// the process.
    place: RwLock<Place>,
}

#[derive(Clone)]
struct Place {
    target: Target,
    web: Option<SocketAddr>,
}

enum Process {
    ServerLite(Box<Startalk>),
    Other(Box<Other>),
}

impl Process {
    fn place(&self) -> Place {
        match self {
            // One port for all of it.
            Self::ServerLite(server) => Place {
                target: server.target().clone(),
                web: server.target().tls,
            },
            Self::Other(server) => Place {
                target: server.target().clone(),
                web: server.web(),
            },
        }
    }
}

impl Server {
    /// Starts one with an empty folder.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(kind: Kind) -> Self {
        let other = |kind| {
            let mut other = Other::with_web(kind, Storage::Sqlite, Hash::Sha256);
            other.start();
            Process::Other(Box::new(other))
        };
        let process = match kind {
            Kind::ServerLite => Process::ServerLite(Box::new(Startalk::with(&[]))),
            Kind::Prosody => other(others::Kind::Prosody),
            Kind::Ejabberd => other(others::Kind::Ejabberd),
        };
        Self {
            kind,
            place: RwLock::new(process.place()),
            process: RwLock::new(process),
        }
    }

    fn process(&self) -> RwLockReadGuard<'_, Process> {
        self.process.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Process> {
        self.process.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> Place {
        self.place
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn target(&self) -> Target {
        self.place().target
    }

    /// Where it listens for this way to speak. Another port after each start,
    /// with ours.
    ///
    /// # Panics
    /// Never: all of them listen for all.
    #[must_use]
    pub fn address(&self, transport: Transport) -> SocketAddr {
        let place = self.place();
        match transport {
            Transport::StartTls => place.target.tcp,
            Transport::DirectTls => place.target.tls.expect("has one"),
            Transport::WebSocket => place.web.expect("has one"),
        }
    }

    /// Path of its WebSocket.
    #[must_use]
    pub fn websocket_path(&self) -> &'static str {
        match self.kind {
            Kind::ServerLite | Kind::Ejabberd => "/ws",
            Kind::Prosody => "/xmpp-websocket",
        }
    }

    /// The key that proves it.
    #[must_use]
    pub fn pin(&self) -> SpkiPin {
        self.trust().pin()
    }

    /// TLS that trusts this key alone.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.target().trust
    }

    /// Makes an account by the server's own means: a command with ours,
    /// registration (XEP-0077) with the others.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn add_account(self: &Arc<Self>, user: &str) -> Result<()> {
        if self.kind == Kind::ServerLite {
            let (server, user) = (Arc::clone(self), user.to_owned());
            let made = tokio::task::spawn_blocking(move || {
                if let Process::ServerLite(server) = &*server.process() {
                    server.command(&["user", "add", &user], PASSWORD);
                }
            });
            return Ok(made.await?);
        }
        let mut peer = Peer::connect(&self.target(), Security::StartTls).await?;
        peer.open().await?;
        peer.register(user, PASSWORD)
            .await
            .with_context(|| format!("account {user}"))
    }

    /// Says who leads somebody, and then in which department they are, of which devices
    /// are told. Whether it can be said: only ours knows managers.
    ///
    /// # Errors
    /// If the command does not come to an end.
    pub async fn set_manager(
        self: &Arc<Self>,
        user: &str,
        manager: &str,
        department: &str,
    ) -> Result<bool> {
        let server = Arc::clone(self);
        let [user, manager, department] = [user, manager, department].map(str::to_owned);
        let set = tokio::task::spawn_blocking(move || match &*server.process() {
            Process::ServerLite(server) => {
                server.command(&["user", "manager", &user, &manager], "");
                server.command(&["user", "department", &user, &department], "");
                true
            }
            Process::Other(_) => false,
        });
        Ok(set.await?)
    }

    /// A session of somebody on a client that does only what it is told.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn peer(&self, user: &str) -> Result<Peer> {
        let mechanism = xmpp_core::sasl::Mechanism::ScramSha256;
        let account = (user, PASSWORD);
        Peer::session(
            &self.target(),
            Security::StartTls,
            mechanism,
            account,
            "plain",
        )
        .await
    }

    /// An invitation, as a link; only ours gives any.
    #[must_use]
    pub fn invitation(&self) -> Option<String> {
        match &*self.process() {
            Process::ServerLite(server) => {
                let said = server.command(&["invite", "create", "--once", "--by", "Rosa"], "");
                let link = said.split_whitespace().find(|word| word.contains("://"));
                link.map(str::to_owned)
            }
            Process::Other(_) => None,
        }
    }

    /// SIGKILL.
    pub fn kill(&self) {
        match &mut *self.change() {
            Process::ServerLite(server) => server.kill(),
            Process::Other(server) => server.kill(),
        }
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn stop(self: &Arc<Self>) {
        self.do_with(|process| match process {
            Process::ServerLite(server) => drop(server.stop()),
            Process::Other(server) => server.stop(),
        })
        .await;
    }

    /// Starts it again on what it has.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(self: &Arc<Self>) {
        self.do_with(|process| match process {
            Process::ServerLite(server) => server.start(),
            Process::Other(server) => drop(server.start()),
        })
        .await;
    }

    async fn do_with(self: &Arc<Self>, act: fn(&mut Process)) {
        let server = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let mut process = server.change();
            act(&mut process);
            *server.place.write().unwrap_or_else(PoisonError::into_inner) = process.place();
        });
        done.await.expect("it does what it is told");
    }

    /// What it wrote into its logs.
    #[must_use]
    pub fn said(&self) -> String {
        match &*self.process() {
            Process::ServerLite(server) => server.said(),
            Process::Other(server) => server.said(),
        }
    }
}
