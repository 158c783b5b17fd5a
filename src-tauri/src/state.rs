//! What lives as long as the app.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use engine::Engine;
use engine::api::{ApiError, ErrorCode};
use tauri::AppHandle;

use crate::args::Args;
use crate::bench;
use crate::embedded_server::EmbeddedServer;
use crate::ending::Ending;
use crate::events::Events;
use crate::files::{Asked, Dragged, Saved, Staging};
use crate::lock::Lock;
use crate::notifications::Notifier;
use crate::paths::Paths;
use crate::session::AttentionState;
use crate::settings::SettingsFile;
use crate::tray::Tray;
use crate::updates::Updates;
use crate::window::{Focus, PlaceFile, Revivals};

/// Longest wait for the engine and the server at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(8);

/// The state behind every command.
pub(crate) struct Shell {
    pub(crate) paths: Paths,
    pub(crate) settings: SettingsFile,
    pub(crate) events: Events,
    pub(crate) server: EmbeddedServer,
    /// The engine, or why there is none: then the window shows that and nothing else.
    pub(crate) engine: Result<Engine, ApiError>,
    /// What the window last said of itself.
    pub(crate) attention: AttentionState,
    /// Whether a screen reader may read the window, as was told last.
    pub(crate) read_aloud: AtomicBool,
    pub(crate) lock: Lock,
    pub(crate) place: PlaceFile,
    pub(crate) focus: Focus,
    pub(crate) revivals: Revivals,
    pub(crate) asked: Asked,
    pub(crate) saved: Saved,
    pub(crate) staging: Staging,
    pub(crate) dragged: Dragged,
    pub(crate) tray: Tray,
    pub(crate) updates: Updates,
    ending: Ending,
    notifier: OnceLock<Notifier>,
    /// Noted once, for the benches.
    painted: OnceLock<()>,
}

impl Shell {
    /// Reads what is remembered, and takes away what an earlier run has left in clear;
    /// starts nothing.
    pub(crate) fn new(paths: Paths, args: &Args, engine: Result<Engine, ApiError>) -> Self {
        let dragged = Dragged::new(paths.dragged());
        // Another process that has the profile may still need them.
        if engine.is_ok() {
            dragged.clear();
        }
        Self {
            settings: SettingsFile::open(paths.settings()),
            events: Events::default(),
            server: EmbeddedServer::new(paths.clone(), args.server_bind),
            engine,
            attention: AttentionState::default(),
            read_aloud: AtomicBool::new(false),
            lock: Lock::open(paths.lock()),
            place: PlaceFile::open(paths.place()),
            focus: Focus::default(),
            revivals: Revivals::default(),
            asked: Asked::default(),
            saved: Saved::default(),
            staging: Staging::default(),
            dragged,
            tray: Tray::default(),
            updates: Updates::new(paths.new_version()),
            ending: Ending::default(),
            notifier: OnceLock::new(),
            painted: OnceLock::new(),
            paths,
        }
    }

    /// The engine, for the window: none while it is locked.
    pub(crate) fn open_engine(&self) -> Result<&Engine, ApiError> {
        if self.lock.is_locked() {
            return Err(ApiError::new(ErrorCode::Locked).detail("the window is locked"));
        }
        self.engine()
    }

    /// Where notifications are asked for; starts with the first question.
    pub(crate) fn notifier(&self, app: &AppHandle) -> &Notifier {
        self.notifier.get_or_init(|| Notifier::start(app.clone()))
    }

    pub(crate) fn engine(&self) -> Result<&Engine, ApiError> {
        self.engine.as_ref().map_err(Clone::clone)
    }

    /// Notes the first paint in the log, once.
    pub(crate) fn painted(&self) {
        if self.painted.set(()).is_ok() {
            tracing::info!("first paint");
            if std::env::var_os(bench::VARIABLE).is_some() {
                // The bench waits for this file rather than reading a log.
                let path = self.paths.home().join("painted");
                if let Err(error) = std::fs::write(path, b"") {
                    tracing::warn!(%error, "first paint not noted");
                }
            }
        }
    }

    /// Whether the program is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.has_begun()
    }

    /// Ends in good order, once: first the client, then the server it may talk to. Who
    /// asks again waits until that is done.
    pub(crate) async fn close(&self) {
        // In a box: it is large, and handed on.
        self.ending.come(Box::pin(self.close_all())).await;
    }

    async fn close_all(&self) {
        let notifications = async {
            if let Some(notifier) = self.notifier.get() {
                notifier.close().await;
            }
        };
        let all = async {
            if let Ok(engine) = &self.engine {
                self.dragged.clear();
                engine.close().await;
            }
            self.server.close().await;
        };
        // Beside it: a notification service that hangs takes none of the time.
        let all = async { tokio::join!(notifications, all) };
        if tokio::time::timeout(CLOSE_TIMEOUT, all).await.is_err() {
            tracing::warn!("closing took too long; ended anyway");
        }
    }
}
