//! The built-in server behind its one button: it owns the server's handle, and
//! says how it is.
//!
//! The engine has no special case for it. The address of the running server
//! becomes an ordinary target of an ordinary account.

mod accounts;
mod errors;
mod saved;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::api::{ApiError, ErrorCode, Request};
use navigation::Invite;
use server_lite::{Config, ServerHandle};
use tokio::sync::{Mutex, watch};

use crate::clock;
use crate::contract::{EmbeddedServerView, InviteView, NewTeam, TeamSignIn};
use crate::paths::{self, Paths};
use accounts::{host_name, make_account, sign_in_to};
use errors::{folder_error, is_only_xmpp_port, start_error};
use saved::SavedServer;

/// The port of a new server: HTTPS, WebSocket and direct TLS together.
pub(crate) const DEFAULT_PORT: u16 = 5280;
/// The registered port of XMPP clients (RFC 6120, section 14.7), for other
/// programs than ours. The server does without if it is taken.
const XMPP_PORT: u16 = 5222;
/// How long an invite works.
const INVITE_VALID_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// One that ends sooner is not given out any more.
const INVITE_LEFT_MS: i64 = 2 * 24 * 3_600_000;

/// The built-in server of this home.
#[derive(Clone)]
pub(crate) struct EmbeddedServer {
    inner: Arc<Inner>,
}

struct Inner {
    paths: Paths,
    bind: IpAddr,
    view: watch::Sender<EmbeddedServerView>,
    /// Held across a whole start or stop: they must not overlap.
    running: Mutex<Option<Running>>,
}

struct Running {
    handle: ServerHandle,
    saved: SavedServer,
    /// The newest invite: opening the dialog twice shows the same link.
    invite: Option<(Invite, i64)>,
    online: tokio::task::JoinHandle<()>,
}

impl EmbeddedServer {
    /// Reads what is remembered; starts nothing.
    pub(crate) fn new(paths: Paths, bind: IpAddr) -> Self {
        let view = watch::Sender::new(at_rest(&paths));
        Self {
            inner: Arc::new(Inner {
                paths,
                bind,
                view,
                running: Mutex::new(None),
            }),
        }
    }

    /// How it is, now and from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<EmbeddedServerView> {
        self.inner.view.subscribe()
    }

    /// Starts the server if it ran when the app was last closed.
    pub(crate) async fn start_if_it_ran(&self, engine: &Engine) {
        let saved = SavedServer::load(&self.inner.paths);
        if saved.is_some_and(|saved| saved.running)
            && let Err(error) = self.start(engine).await
        {
            tracing::warn!(%error, "built-in server did not start");
        }
    }

    /// First run: makes the server, the first account, and signs it in.
    /// Gives the id of the account.
    ///
    /// # Errors
    /// As [`Self::start`]; also if there is a server on this computer: that one is
    /// nobody's to replace.
    pub(crate) async fn create(&self, engine: &Engine, team: NewTeam) -> Result<String, ApiError> {
        let mut running = self.inner.running.lock().await;
        if running.is_some() || SavedServer::load(&self.inner.paths).is_some() {
            return Err(ApiError::new(ErrorCode::ServerStartFailed)
                .detail("there is a server on this computer already"));
        }
        let is_new = !saved::has_data(&self.inner.paths);
        let saved = SavedServer {
            team_name: team.team_name.trim().to_owned(),
            port: team.port.unwrap_or(DEFAULT_PORT),
            running: true,
            account: None,
        };
        let mut started = match self.launch(saved).await {
            Ok(started) => started,
            Err(error) => {
                self.forget_unfinished(is_new).await;
                return Err(error);
            }
        };
        match self.first_account(engine, &started, &team).await {
            Ok(account) => {
                self.host(&mut started, &account);
                *running = Some(started);
                Ok(account)
            }
            Err(error) => {
                self.shut_down(started).await;
                self.forget_unfinished(is_new).await;
                Err(error)
            }
        }
    }

    async fn first_account(
        &self,
        engine: &Engine,
        started: &Running,
        team: &NewTeam,
    ) -> Result<String, ApiError> {
        // Before there is an account: a program that is killed here finds its way back.
        started.saved.store(&self.inner.paths)?;
        let (name, password) = (&team.name, &team.password);
        make_account(engine, &started.handle, name, password).await
    }

    /// Signs somebody in to the server on this computer, and starts it for that. Gives
    /// the id of the account.
    ///
    /// # Errors
    /// As [`Self::start`] and as [`Engine::add_account`]; with nobody on it yet, as
    /// [`Self::create`].
    pub(crate) async fn sign_in(
        &self,
        engine: &Engine,
        sign_in: TeamSignIn,
    ) -> Result<String, ApiError> {
        self.start(engine).await?;
        let mut running = self.inner.running.lock().await;
        let started = running.as_mut().ok_or_else(stopped)?;
        let account = sign_in_to(engine, &started.handle, &sign_in).await?;
        self.host(started, &account);
        Ok(account)
    }

    /// The account is that of whoever has the server.
    fn host(&self, started: &mut Running, account: &str) {
        started.saved.account = Some(account.to_owned());
        if let Err(error) = started.saved.store(&self.inner.paths) {
            tracing::warn!(%error, "whose account has the server is not remembered");
        }
    }

    /// A server whose first start failed holds nothing of value yet: the next
    /// try, perhaps with another team name, begins anew.
    async fn forget_unfinished(&self, is_new: bool) {
        let paths = &self.inner.paths;
        if is_new {
            if let Err(error) = tokio::fs::remove_dir_all(paths.server()).await {
                tracing::debug!(%error, "no unfinished server folder to remove");
            }
            if let Err(error) = tokio::fs::remove_file(paths.server_settings()).await {
                tracing::debug!(%error, "nothing was remembered of the unfinished server");
            }
        }
        self.inner.view.send_replace(at_rest(paths));
    }

    /// Starts the server that was set up before.
    pub(crate) async fn start(&self, engine: &Engine) -> Result<(), ApiError> {
        let mut running = self.inner.running.lock().await;
        if running.is_some() {
            return Ok(());
        }
        let saved = SavedServer::load(&self.inner.paths)
            .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("no server was set up"))?;
        let team_name = saved.team_name.clone();
        match self
            .launch(SavedServer {
                running: true,
                ..saved
            })
            .await
        {
            Ok(started) => {
                started.saved.store(&self.inner.paths)?;
                if let Some(account) = started.saved.account.clone() {
                    self.point_account(engine, &account, &started.handle).await;
                }
                *running = Some(started);
                Ok(())
            }
            Err(error) => {
                let stopped = EmbeddedServerView::Stopped {
                    team_name,
                    error: Some(error.clone()),
                };
                self.inner.view.send_replace(stopped);
                Err(error)
            }
        }
    }

    /// The address may be another one than last time; a waiting account should
    /// not wait any longer.
    async fn point_account(&self, engine: &Engine, account: &str, handle: &ServerHandle) {
        if let Err(error) = engine
            .update_target(account, handle.loopback_target())
            .await
        {
            tracing::warn!(%error, "account of the built-in server not updated");
        }
        let request = Request::ReconnectNow {
            account: account.to_owned(),
        };
        if let Err(error) = engine.handle(request).await {
            tracing::debug!(%error, "account of the built-in server does not reconnect");
        }
    }

    /// Stops the server and remembers that it is meant to be stopped.
    pub(crate) async fn stop(&self) -> Result<(), ApiError> {
        let mut running = self.inner.running.lock().await;
        if let Some(old) = running.take() {
            let saved = SavedServer {
                running: false,
                ..old.saved.clone()
            };
            let team_name = saved.team_name.clone();
            self.shut_down(old).await;
            self.inner.view.send_replace(EmbeddedServerView::Stopped {
                team_name,
                error: None,
            });
            saved.store(&self.inner.paths)?;
        }
        Ok(())
    }

    /// The app ends: the server stops now and starts again with the app.
    pub(crate) async fn close(&self) {
        if let Some(old) = self.inner.running.lock().await.take() {
            self.shut_down(old).await;
        }
    }

    /// An invite for colleagues; it says who invites.
    pub(crate) async fn invite(&self, engine: &Engine) -> Result<InviteView, ApiError> {
        let mut guard = self.inner.running.lock().await;
        let running = guard.as_mut().ok_or_else(stopped)?;
        let (invite, expires_ms) = match running
            .invite
            .as_ref()
            .filter(|(_, ends)| may_give(*ends, clock::now_ms()))
        {
            Some(invite) => invite.clone(),
            None => {
                let host = running.saved.account.as_deref();
                let inviter = host_name(engine, host).await;
                let made = running
                    .handle
                    .create_invite(inviter.as_deref(), INVITE_VALID_FOR)
                    .await
                    .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?;
                running.invite.insert(made).clone()
            }
        };
        let link = invite.to_link();
        let qr_svg = navigation::qr_svg(&link)
            .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?;
        Ok(InviteView {
            link,
            qr_svg,
            expires_ms,
        })
    }

    async fn launch(&self, saved: SavedServer) -> Result<Running, ApiError> {
        let team_name = saved.team_name.clone();
        self.inner
            .view
            .send_replace(EmbeddedServerView::Starting { team_name });
        let folder = self.inner.paths.server();
        paths::create_private_dir(&folder)
            .map_err(|error| folder_error(&folder, &error.to_string()))?;
        let config = |tcp| Config {
            data_dir: folder.clone(),
            team_name: saved.team_name.clone(),
            https: SocketAddr::new(self.inner.bind, saved.port),
            tcp,
            ..Config::default()
        };
        // Port 0 asks for any free port, which only tests do; they get any
        // free port for the other one too.
        let xmpp = if saved.port == 0 { 0 } else { XMPP_PORT };
        let xmpp = SocketAddr::new(self.inner.bind, xmpp);
        let handle = match server_lite::start(config(Some(xmpp))).await {
            Err(error) if is_only_xmpp_port(&error) => {
                tracing::info!(%error, "other programs use the HTTPS port");
                server_lite::start(config(None)).await
            }
            other => other,
        }
        .map_err(|error| start_error(&error))?;
        let online = tokio::spawn(show_running(
            handle.people_online(),
            handle.hosts(),
            handle.https_addr().port(),
            self.inner.view.clone(),
            handle.team_name().to_owned(),
        ));
        Ok(Running {
            handle,
            saved,
            invite: None,
            online,
        })
    }

    async fn shut_down(&self, old: Running) {
        old.online.abort();
        old.handle.stop().await;
    }
}

/// How the server is while it does not run.
fn at_rest(paths: &Paths) -> EmbeddedServerView {
    match SavedServer::load(paths) {
        Some(saved) => EmbeddedServerView::Stopped {
            team_name: saved.team_name,
            error: None,
        },
        None => EmbeddedServerView::None,
    }
}

fn stopped() -> ApiError {
    ApiError::new(ErrorCode::ServerStartFailed).detail("the built-in server is stopped")
}

/// Keeps the view in step with the number of people, and with the network.
async fn show_running(
    mut online: watch::Receiver<u32>,
    mut hosts: watch::Receiver<Vec<String>>,
    port: u16,
    view: watch::Sender<EmbeddedServerView>,
    team_name: String,
) {
    loop {
        let people_online = *online.borrow_and_update();
        let addresses = addresses(&hosts.borrow_and_update(), port);
        view.send_replace(EmbeddedServerView::Running {
            team_name: team_name.clone(),
            addresses,
            people_online,
        });
        let changed = tokio::select! {
            changed = online.changed() => changed,
            changed = hosts.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

fn addresses(hosts: &[String], port: u16) -> Vec<String> {
    hosts
        .iter()
        .map(|host| match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        })
        .collect()
}

/// Whether an invite that ends then works long enough for whoever gets it.
fn may_give(ends_ms: i64, now_ms: i64) -> bool {
    ends_ms > now_ms.saturating_add(INVITE_LEFT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_that_soon_ends_is_not_given_out() {
        let valid = i64::try_from(INVITE_VALID_FOR.as_millis()).unwrap();
        assert!(may_give(valid, 0), "just made");
        assert!(!may_give(valid, valid - 24 * 3_600_000), "a day is left");
        assert!(!may_give(valid, valid + 1), "over");
    }
}
