//! New versions of the program: looked for in silence, fetched and proven before
//! anybody is told, and installed when the user says so.
//!
//! Only what carries the signature of whoever built this program is ever installed, and
//! the signature names the version: an old package under a new number is refused. On
//! Linux the package manager of the system installs, and an MSI an administrator; there
//! the program only tells.

mod plan;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::api::{ApiError, ErrorCode};
use semver::Version;
use tauri::utils::config::BundleType;
use tauri::utils::platform::bundle_type;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_updater::{Error, Update, Updater, UpdaterExt};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::clock;
use crate::contract::{ShellEvent, UpdateView};
use crate::paths;
use crate::state::Shell;
use plan::{Plan, Source};

/// After the start: first come the messages.
const AFTER_START: Duration = Duration::from_secs(90);
/// Between two looks.
const BETWEEN: Duration = Duration::from_secs(6 * 60 * 60);
/// For one request; a package over a slow line takes a while.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Largest package that is fetched.
const MAX_BYTES: usize = 512 * 1024 * 1024;

/// Whether a program that came in such a package installs new versions itself. Where an
/// administrator has installed an MSI, the setup of one user would put a second program
/// beside it; and what came in no package at all has nothing that could be replaced.
fn installs(package: Option<BundleType>) -> bool {
    matches!(package, Some(BundleType::Nsis | BundleType::App))
}

/// What is known of new versions.
pub(crate) struct Updates {
    /// Where a package waits for its installation.
    package: PathBuf,
    state: Mutex<State>,
    wanted: Notify,
}

struct State {
    view: UpdateView,
    ready: Option<Update>,
}

impl Updates {
    pub(crate) fn new(package: PathBuf) -> Self {
        let view = UpdateView::None {
            checked_ms: None,
            failed: false,
        };
        Self {
            package,
            state: Mutex::new(State { view, ready: None }),
            wanted: Notify::new(),
        }
    }

    pub(crate) fn view(&self) -> UpdateView {
        self.state().view.clone()
    }

    /// Looks now.
    pub(crate) fn look(&self) {
        self.wanted.notify_one();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks now and then as long as the program runs.
pub(crate) async fn watch(app: AppHandle) {
    let shell = app.state::<Shell>();
    // One of before is older than this program, or was not wanted.
    drop(std::fs::remove_file(&shell.updates.package));
    let mut wait = AFTER_START;
    loop {
        // That it is off is said before anybody waits for it.
        if let Plan::Off(why) = current_plan(&shell) {
            say(&shell, UpdateView::Off { why });
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shell.updates.wanted.notified() => {}
        }
        wait = BETWEEN;
        let Plan::Look(source) = current_plan(&shell) else {
            continue;
        };
        if let Some(view) = look(&app, &shell, &source).await {
            say(&shell, view);
        }
    }
}

/// As whoever administers this computer asks, then those who run the servers.
fn current_plan(shell: &Shell) -> Plan {
    let mut asked: Vec<_> = plan::of_this_computer().into_iter().collect();
    if let Ok(engine) = &shell.engine {
        asked.extend(engine.update_policies());
    }
    plan::plan(plan::BUILT_IN, &asked)
}

fn say(shell: &Shell, view: UpdateView) {
    let mut state = shell.updates.state();
    if state.view != view {
        state.view = view.clone();
        drop(state);
        shell
            .events
            .send(ShellEvent::UpdateChanged { update: view });
    }
}

/// One look; nothing to say if it failed and something is ready.
async fn look(app: &AppHandle, shell: &Shell, source: &Source) -> Option<UpdateView> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::info!(%error, "no new version could be looked for");
        // What waits already goes on waiting.
        shell
            .updates
            .state()
            .ready
            .is_none()
            .then(|| UpdateView::None {
                checked_ms: Some(clock::now_ms()),
                failed: true,
            })
    };
    let host = source.url.host_str().unwrap_or_default();
    let proxy = match &shell.engine {
        Ok(engine) => engine.proxy_address(host).await,
        Err(error) => Err(error.clone()),
    };
    let proxy = match proxy {
        Ok(proxy) => proxy,
        Err(error) => return failed(&error),
    };
    let found = match find(app, source, proxy, env!("CARGO_PKG_VERSION")).await {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let (version, package) = match found {
        Found::Wanted { version, package } => (version.to_string(), package),
        Found::HeldBack(version) => {
            shell.updates.state().ready = None;
            return Some(UpdateView::HeldBack {
                version: version.to_string(),
            });
        }
        Found::Nothing => {
            shell.updates.state().ready = None;
            return Some(UpdateView::None {
                checked_ms: Some(clock::now_ms()),
                failed: false,
            });
        }
    };
    let update = match (installs(bundle_type()), package) {
        (false, _) => return Some(UpdateView::Available { version }),
        (true, Some(update)) => update,
        (true, None) => return failed(&"no package for this system"),
    };
    let waits = shell
        .updates
        .state()
        .ready
        .as_ref()
        .map(|one| one.version.clone());
    if waits.as_ref() == Some(&version) {
        // Meanwhile it may have been said that nothing is looked for.
        return Some(UpdateView::Ready { version });
    }
    let fetched = match fetch(&update, MAX_BYTES).await {
        Ok(bytes) => keep(&shell.updates.package, bytes).await,
        Err(error) => return failed(&error),
    };
    if let Err(error) = fetched {
        return failed(&error);
    }
    shell.updates.state().ready = Some(*update);
    Some(UpdateView::Ready { version })
}

/// What is offered.
enum Found {
    /// No version that is newer.
    Nothing,
    /// One that is newer, and later than whoever administers allows.
    HeldBack(Version),
    /// One that is newer and wanted.
    Wanted {
        version: Version,
        /// None if nothing for this system is offered.
        package: Option<Box<Update>>,
    },
}

/// Asks what there is.
async fn find<R: Runtime>(
    app: &AppHandle<R>,
    source: &Source,
    proxy: Option<Zeroizing<String>>,
    current: &str,
) -> Result<Found, Error> {
    let current: Version = current.parse()?;
    let seen = Arc::new(Mutex::new(None));
    let updater = updater(app, source, proxy, current, Arc::clone(&seen))?;
    let package = match updater.check().await {
        Ok(package) => package,
        Err(Error::TargetNotFound(_) | Error::TargetsNotFound(_)) => None,
        Err(error) => return Err(error),
    };
    let package = package.map(Box::new);
    let newer = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(match newer {
        None => Found::Nothing,
        Some(version) if source.allows(&version) => Found::Wanted { version, package },
        Some(version) => Found::HeldBack(version),
    })
}

fn updater<R: Runtime>(
    app: &AppHandle<R>,
    source: &Source,
    proxy: Option<Zeroizing<String>>,
    current: Version,
    seen: Arc<Mutex<Option<Version>>>,
) -> Result<Updater, Error> {
    let wanted = source.clone();
    let builder = app
        .updater_builder()
        .endpoints(vec![source.url.clone()])?
        .pubkey(source.key.clone())
        .timeout(PATIENCE)
        .version_comparator(move |_, release| {
            let version = release.version;
            let is_newer = version > current;
            let is_wanted = is_newer && wanted.allows(&version);
            if is_newer {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
            }
            is_wanted
        });
    match proxy {
        Some(proxy) => builder.proxy(proxy.parse()?),
        // The engine has asked the system already.
        None => builder.no_proxy(),
    }
    .build()
}

/// Fetches a package whose signature is right and names this version.
async fn fetch(update: &Update, limit: usize) -> Result<Vec<u8>, Error> {
    let too_large = Notify::new();
    let mut bytes = 0_usize;
    let fetched = update.download(
        |chunk, _| {
            bytes = bytes.saturating_add(chunk);
            if bytes > limit {
                too_large.notify_one();
            }
        },
        || {},
    );
    let refused = || Error::Network("the package is too large".to_owned());
    tokio::select! {
        biased;
        () = too_large.notified() => Err(refused()),
        fetched = fetched => match fetched {
            // It may have come in one piece.
            Ok(bytes) if bytes.len() > limit => Err(refused()),
            fetched => fetched,
        },
    }
}

async fn keep(path: &Path, bytes: Vec<u8>) -> std::io::Result<()> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || paths::write_atomically(&path, &bytes))
        .await
        .map_err(std::io::Error::other)?
}

/// Installs what is ready and starts it. Returns only if there is nothing, or if what
/// waits on the disk is not what was proven.
///
/// # Errors
/// [`ErrorCode::NotFound`]; [`ErrorCode::NotAllowed`] where it was turned off since, or
/// pinned to an earlier version.
pub(crate) async fn install(app: &AppHandle) -> Result<(), ApiError> {
    let shell = app.state::<Shell>();
    let plan = current_plan(&shell);
    if let Plan::Off(_) = plan {
        return Err(ApiError::new(ErrorCode::NotAllowed).detail("updates are off"));
    }
    let gone = |error: &dyn std::fmt::Display| ApiError::new(ErrorCode::NotFound).detail(error);
    let update = shell.updates.state().ready.take();
    let update = update.ok_or_else(|| gone(&"nothing waits to be installed"))?;
    if !plan.still_allows(&update.version) {
        // What is said of new versions is to be true again.
        shell.updates.look();
        return Err(ApiError::new(ErrorCode::NotAllowed).detail("pinned to an earlier version"));
    }
    let path = shell.updates.package.clone();
    let proven = tokio::task::spawn_blocking(move || {
        let bytes = std::fs::read(path)?;
        update.verify(&bytes)?;
        Ok::<_, Error>((update, bytes))
    });
    let (update, bytes) = proven
        .await
        .map_err(|error| gone(&error))?
        .map_err(|error| gone(&error))?;
    // The new one begins with the arguments of this one.
    if let Err(error) = std::fs::write(shell.paths.after_update(), b"") {
        tracing::warn!(%error, "the new version may start without its window");
    }
    // On Windows the installer ends this process.
    shell.close().await;
    let installed = tokio::task::spawn_blocking(move || update.install(bytes)).await;
    match installed {
        Ok(Ok(())) => tracing::info!("a new version is installed"),
        Ok(Err(error)) => tracing::warn!(%error, "the new version is not installed"),
        Err(error) => tracing::warn!(%error, "the new version is not installed"),
    }
    tauri::process::restart(&app.env())
}
