//! Starting, asking and stopping a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jid::BareJid;
use navigation::{Invite, ServerTarget, SpkiPin};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{self, AccountError};
use crate::archiving::Archiving;
use crate::blocking::Blocking;
use crate::calendar::Calendar;
use crate::certificate::{self, target_at};
use crate::commands::Commands;
use crate::data_dir::{self, DataDir};
use crate::disk::{self, Disk};
use crate::files::{self, Files};
use crate::limiter::{self, Limiter};
use crate::listener::{self, Port};
use crate::pace::Paces;
use crate::pep::Capabilities;
use crate::push::{self, Push};
use crate::reachable::{self, Reachable};
use crate::rooms::Rooms;
use crate::roster::Rosters;
use crate::router::Router;
use crate::running::{self, Running};
use crate::server::Server;
use crate::session::{SessionEnd, TokenKey};
use crate::store::{Store, archive, people as people_rows};
use crate::tls::Tls;
use crate::{Config, StartError, admin, clock};

/// How long sessions have to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// How often the server looks whether the command line has added somebody.
const WATCH_EVERY: Duration = Duration::from_millis(250);
/// In how many of these rounds verifiers are looked at, which takes longer.
const WEAK_EVERY: u32 = 8;

/// A running server. Stop it with [`ServerHandle::stop`]; dropping it leaves
/// its tasks to the runtime.
pub struct ServerHandle {
    server: Arc<Server>,
    data_dir: DataDir,
    https: SocketAddr,
    tcp: Option<SocketAddr>,
    direct_tls: Option<SocketAddr>,
}

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerHandle")
            .field("domain", &self.domain())
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

/// Opens the data folder and listens. Returns when connections are accepted.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start(config: Config) -> Result<ServerHandle, StartError> {
    // The ports first: a port in use should not make a data folder.
    let https_listener = listener::bind(config.https).await?;
    let tcp_listener = match config.tcp {
        Some(address) => Some(listener::bind(address).await?),
        None => None,
    };
    let direct_listener = match config.tls {
        Some(address) => Some(listener::bind(address).await?),
        None => None,
    };
    let bound = |listener: &tokio::net::TcpListener, address| {
        listener
            .local_addr()
            .map_err(|source| StartError::AddressNotAvailable { address, source })
    };
    let https = bound(&https_listener, config.https)?;
    let tcp = match (&tcp_listener, config.tcp) {
        (Some(listener), Some(address)) => Some(bound(listener, address)?),
        _ => None,
    };
    let direct_tls = match (&direct_listener, config.tls) {
        (Some(listener), Some(address)) => Some(bound(listener, address)?),
        _ => None,
    };
    let data_dir = DataDir::open(&config).await?;
    let keys = data_dir::keys(&config.data_dir);
    let tls = Tls::open(&config, &keys, &data_dir.identity.domain)?;
    let token_key = TokenKey::open(&keys)?;
    let store = &data_dir.store;
    let folder = files::folder(&config.data_dir);
    let files = Files::open(folder.clone(), store).await;
    let files = files.map_err(|source| StartError::DataFolder {
        path: folder,
        source,
    })?;
    let (push, push_work) = Push::new(&config, &data_dir.identity.domain)?;
    let reachable = Reachable::new(&config, https);
    let rooms = Rooms::load(&data_dir.store, &data_dir.identity.domain).await?;
    let rosters = Rosters::load(&data_dir.store, &config, &data_dir.identity).await?;
    let blocking = Arc::new(Blocking::load(&data_dir.store).await?);
    let archiving = Archiving::load(&data_dir.store).await?;
    let calendar = calendar(store).await?;
    let disk = Disk::new(config.data_dir.clone(), config.limits.min_free_bytes).await;
    let server = Arc::new(Server {
        config,
        identity: data_dir.identity.clone(),
        store: data_dir.store.clone(),
        calendar,
        disk,
        tls,
        token_key,
        router: Arc::new(Router::new(Arc::clone(&blocking))),
        rooms: Arc::new(rooms),
        rosters: Arc::new(rosters),
        blocking,
        archiving: Arc::new(archiving),
        limiter: Arc::new(Limiter::new(limiter::open_files())),
        paces: Paces::default(),
        capabilities: Capabilities::default(),
        files: Arc::new(files),
        push,
        metrics: Arc::clone(data_dir.store.metrics()),
        reachable,
        https_port: https.port(),
        commands: Commands::load(&data_dir.store).await?,
        stop_wanted: CancellationToken::new(),
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
        next_number: AtomicU64::new(1),
        started: Instant::now(),
        has_weak_accounts: AtomicBool::new(false),
    });
    server.look_for_weak_accounts().await?;
    let tasks = &server.tasks;
    tasks.spawn(listener::accept(
        Arc::clone(&server),
        https_listener,
        Port::Shared,
    ));
    if let Some(listener) = tcp_listener {
        tasks.spawn(listener::accept(
            Arc::clone(&server),
            listener,
            Port::StartTls,
        ));
    }
    if let Some(listener) = direct_listener {
        tasks.spawn(listener::accept(
            Arc::clone(&server),
            listener,
            Port::DirectTls,
        ));
    }
    tasks.spawn(watch_accounts(Arc::clone(&server)));
    tasks.spawn(files::sweep(Arc::clone(&server)));
    tasks.spawn(push::run(Arc::clone(&server), push_work));
    let note = Running {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms: clock::now_ms(),
        http: https,
        tcp,
        tls: direct_tls,
        pin: Some(server.tls.pin()),
        people_online: 0,
    };
    tasks.spawn(running::keep(Arc::clone(&server), note));
    tasks.spawn(crate::modules::fulltext::keep_index(Arc::clone(&server)));
    tasks.spawn(crate::modules::archive::keep_removing(Arc::clone(&server)));
    tasks.spawn(crate::retention::keep(Arc::clone(&server)));
    tasks.spawn(disk::watch(Arc::clone(&server)));
    tracing::info!(
        domain = server.domain(), %https, ?tcp, ?direct_tls, key = %server.tls.pin(),
        "server listens"
    );
    let handle = ServerHandle {
        server,
        data_dir,
        https,
        tcp,
        direct_tls,
    };
    let tasks = &handle.server.tasks;
    let noted = reachable::note(&handle.server).await;
    tasks.spawn(reachable::keep_noted(Arc::clone(&handle.server), noted));
    tasks.spawn(certificate::watch(Arc::clone(&handle.server)));
    Ok(handle)
}

/// Puts right what was written while the clock stood ahead; gives what is known of
/// the time then.
async fn calendar(store: &Store) -> Result<Calendar, StartError> {
    let now_ms = clock::now_ms();
    let mended = store
        .write(move |tx| archive::come_back(tx, now_ms))
        .await?;
    if mended > 0 {
        tracing::warn!(messages = mended, "messages of the future are of today now");
    }
    let newest_ms = store.read(archive::newest_ms).await?;
    Ok(Calendar::new(newest_ms.unwrap_or(now_ms), Instant::now()))
}

impl ServerHandle {
    /// Domain of the accounts.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.server.domain()
    }

    /// Name of the team.
    #[must_use]
    pub fn team_name(&self) -> &str {
        &self.server.identity.team_name
    }

    /// Where HTTPS, WebSocket and direct TLS are.
    #[must_use]
    pub fn https_addr(&self) -> SocketAddr {
        self.https
    }

    /// Where STARTTLS is, if it is on.
    #[must_use]
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Where direct TLS has a port of its own, if it is on.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.direct_tls
    }

    /// Fingerprint of the server's key, or of the key that it was given.
    #[must_use]
    pub fn spki_pin(&self) -> SpkiPin {
        self.server.tls.pin()
    }

    /// Looks at once whether the certificate's files hold a new one, rather than
    /// when it is time to; `true` if they did.
    ///
    /// # Errors
    /// [`StartError`] if they cannot be used; the certificate before stays.
    pub async fn reload_certificate(&self) -> Result<bool, StartError> {
        certificate::reload(&self.server).await
    }

    /// Number of people with a session, now and from now on.
    #[must_use]
    pub fn people_online(&self) -> watch::Receiver<u32> {
        self.server.router.people_online()
    }

    /// How colleagues reach the server.
    #[must_use]
    pub fn target(&self) -> ServerTarget {
        target_at(&self.server, self.https, &self.server.reachable.hosts())
    }

    /// How programs on this machine reach the server.
    #[must_use]
    pub fn loopback_target(&self) -> ServerTarget {
        let host = match self.https.ip() {
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            ip => ip.to_string(),
        };
        target_at(&self.server, self.https, &[host])
    }

    /// The names or addresses under which colleagues reach it, now and from now on.
    #[must_use]
    pub fn hosts(&self) -> watch::Receiver<Vec<String>> {
        self.server.reachable.watch()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn create_account(
        &self,
        display_name: &str,
        password: &str,
    ) -> Result<BareJid, AccountError> {
        let account = accounts::new_account(None, display_name)?;
        let account = accounts::create(&self.server.store, account, password, None).await?;
        // Whoever starts a server administers it.
        let name = account.localpart.clone();
        self.server
            .store
            .write(move |tx| people_rows::first_is_admin(tx, &name))
            .await?;
        self.server.announce(&account.localpart).await;
        BareJid::new(&self.server.bare(&account.localpart)).map_err(|_| AccountError::NameInvalid)
    }

    /// The user name of whom somebody means who types that or, if nobody else has it, the
    /// name that others see.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn account_named(&self, typed: &str) -> Result<Option<String>, AccountError> {
        let typed = typed.trim().to_owned();
        let store = &self.server.store;
        Ok(store.read(move |db| people_rows::named(db, &typed)).await?)
    }

    /// Whether nobody has an account yet.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn has_nobody(&self) -> Result<bool, AccountError> {
        let nobody = |db: &rusqlite::Connection| {
            Ok(people_rows::count(db, false)? + people_rows::count(db, true)? == 0)
        };
        Ok(self.server.store.read(nobody).await?)
    }

    /// Puts somebody (a user name) into a department, `Sales::North` or
    /// `Sales/North`, or with an empty path out of any.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::NameInvalid`] if the path
    /// cannot be used, [`AccountError::Store`].
    pub async fn set_department(&self, user: &str, path: &str) -> Result<(), AccountError> {
        self.server.set_department(user, path).await
    }

    /// Says who leads somebody (both user names), or with an empty one that nobody
    /// does.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::NameInvalid`],
    /// [`AccountError::LedInCircle`], [`AccountError::Store`].
    pub async fn set_manager(&self, user: &str, manager: &str) -> Result<(), AccountError> {
        self.server.set_manager(user, manager).await
    }

    /// Makes somebody an administrator, or no longer one. The first account that
    /// [`ServerHandle::create_account`] makes is one.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Store`].
    pub async fn set_admin(&self, user: &str, is_admin: bool) -> Result<(), AccountError> {
        admin::set_admin(&self.server.store, user, is_admin).await
    }

    /// Ends when an administrator wants the server to stop (XEP-0133), which
    /// the configuration has to allow. Stopping is up to who holds the handle.
    pub async fn stop_wanted(&self) {
        self.server.stop_wanted.cancelled().await;
    }

    /// Makes an invite that works any number of times until it expires; gives
    /// it with that moment in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`AccountError`] of the database or the random source.
    pub async fn create_invite(
        &self,
        by: Option<&str>,
        valid_for: Duration,
    ) -> Result<(Invite, i64), AccountError> {
        let made = admin::create_invite(&self.server.store, by, valid_for, None).await?;
        let invite = Invite {
            target: self.target(),
            token: made.token,
            inviter: by.map(str::to_owned),
        };
        Ok((invite, made.expires_ms))
    }

    /// Stops in good order: no new connections, a word to every session, then
    /// the writer to its end.
    pub async fn stop(self) {
        let server = &self.server;
        server.stopping.cancel();
        server.router.end(None, &SessionEnd::Shutdown);
        server.tasks.close();
        if tokio::time::timeout(STOP_TIMEOUT, server.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = server.tasks.len(),
                "some connections did not end in time"
            );
        }
        server.store.close().await;
        tracing::info!("server stopped");
        drop(self.data_dir);
    }
}

/// Follows what another process (the command line) does: announces accounts
/// that it has made or changed, ends the sessions of those that it has removed,
/// and takes in what it has brought.
async fn watch_accounts(server: Arc<Server>) {
    let mut mark = server.brought(None).await;
    let mut rounds = 0_u32;
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(WATCH_EVERY) => {
                server.follow_accounts().await;
                mark = server.brought(Some(mark)).await;
                rounds = rounds.wrapping_add(1);
                // Until the last of them has a better one.
                if rounds.is_multiple_of(WEAK_EVERY)
                    && server.has_weak_accounts.load(Ordering::Relaxed)
                    && let Err(error) = server.look_for_weak_accounts().await
                {
                    tracing::debug!(%error, "verifiers not looked at");
                }
            }
        }
    }
}
