//! The desktop shell. It maps the engine's calls to commands and the engine's
//! changes to events, and does what only a desktop can do: window, keyring,
//! notifications, a single process per profile, the built-in server.
//! No decision about chats is made here.

mod args;
mod commands;
pub mod contract;
mod embedded_server;
mod events;
mod logging;
mod notifications;
mod paths;
mod settings;
mod single_instance;
mod state;
mod texts;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use engine::api::{ApiError, ErrorCode, Event};
use engine::{Engine, EngineConfig, OpenError, Proxy, SystemProxies};
use tauri::{AppHandle, Manager, RunEvent};

use crate::args::Args;
use crate::contract::{Settings, ShellEvent};
use crate::embedded_server::EmbeddedServer;
use crate::notifications::Notifications;
use crate::paths::Paths;
use crate::settings::SettingsFile;
use crate::single_instance::Answer;
use crate::state::Shell;

const IDENTIFIER: &str = "im.startalk.desktop";

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let args = Args::parse();
    let Some(home) = args.home.clone().or_else(default_home) else {
        texts::print_error("no folder for application data; say one with --home");
        return ExitCode::FAILURE;
    };
    let paths = Paths::new(home);
    let folders = [
        paths.home().to_owned(),
        paths.profile(),
        paths.logs(),
        paths.webview(),
    ];
    let folders_made = folders
        .iter()
        .try_for_each(|folder| paths::create_private_dir(folder));

    if single_instance::knock(paths.home(), args.link.as_deref()) == Answer::Raised {
        texts::print_error(texts::already_open(
            &SettingsFile::open(paths.settings()).get(),
        ));
        return ExitCode::SUCCESS;
    }
    logging::start(&paths.logs());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "start");

    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("startalk")
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            texts::print_error(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let engine = match folders_made {
        Ok(()) => runtime.block_on(open_engine(&paths)),
        Err(error) => Err(profile_folder_error(&paths, &error)),
    };
    let settings = SettingsFile::open(paths.settings());
    let server = EmbeddedServer::new(paths.clone(), args.server_bind);
    let shell = Shell {
        paths,
        settings,
        events: events::Events::default(),
        server,
        engine,
        painted: std::sync::OnceLock::new(),
    };
    if let Some(link) = args.link {
        shell.events.open_link(link);
    }
    match start_app(shell) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            texts::print_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn default_home() -> Option<std::path::PathBuf> {
    let base = if cfg!(target_os = "windows") {
        std::env::var_os("LOCALAPPDATA").map(Into::into)
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        std::env::var_os("XDG_DATA_HOME")
            .map(std::path::PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
    };
    base.map(|base: std::path::PathBuf| base.join(IDENTIFIER))
}

async fn open_engine(paths: &Paths) -> Result<Engine, ApiError> {
    let config = EngineConfig {
        proxy: Proxy::System(Arc::new(SystemProxies)),
        ..EngineConfig::new(paths.profile())
    };
    Engine::open(config).await.map_err(|error| match error {
        OpenError::ProfileInUse => ApiError::new(ErrorCode::ProfileInUse)
            .value("path", paths.profile().display())
            .detail(error),
        other => profile_folder_error(paths, &other),
    })
}

fn profile_folder_error(paths: &Paths, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::ProfileFolder)
        .value("path", paths.profile().display())
        .detail(error)
}

fn start_app(shell: Shell) -> anyhow::Result<ExitCode> {
    let app = tauri::Builder::default()
        .manage(shell)
        .invoke_handler(tauri::generate_handler![
            commands::engine_request,
            commands::subscribe,
            commands::shell_info,
            commands::settings_set,
            commands::server_status,
            commands::server_create,
            commands::server_start,
            commands::server_stop,
            commands::server_invite,
            commands::painted,
            commands::show_window,
            commands::quit,
        ])
        .setup(|app| {
            set_up(app.handle())?;
            Ok(())
        })
        .build(tauri::generate_context!())?;

    let mut closed = false;
    let code = app.run_return(move |app, event| {
        if let RunEvent::ExitRequested { api, code, .. } = event
            && !closed
        {
            // The first request closes everything, then asks again.
            closed = true;
            api.prevent_exit();
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                app.state::<Shell>().close().await;
                app.exit(code.unwrap_or(0));
            });
        }
    });
    tracing::info!(code, "end");
    Ok(if code == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn set_up(app: &AppHandle) -> anyhow::Result<()> {
    let shell = app.state::<Shell>();
    let Settings { theme, .. } = shell.settings.get();
    window::open(app, &shell.paths, theme)?;
    if shell.engine.is_ok() {
        let raised = app.clone();
        let listening = single_instance::listen(shell.paths.home(), move |link| {
            if let Some(link) = link {
                raised.state::<Shell>().events.open_link(link);
            }
            window::raise(&raised);
        });
        if let Err(error) = listening {
            tracing::warn!(%error, "a second start will not find this one");
        }
        tauri::async_runtime::spawn(forward_engine_events(app.clone()));
    }
    tauri::async_runtime::spawn(forward_server_changes(app.clone()));
    tauri::async_runtime::spawn(exit_on_signal(app.clone()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        if let Ok(engine) = &shell.engine {
            shell.server.start_if_it_ran(engine).await;
        }
    });
    Ok(())
}

/// From the engine to the window, and to the desktop's notifications.
async fn forward_engine_events(app: AppHandle) {
    let shell = app.state::<Shell>();
    let Ok(engine) = &shell.engine else { return };
    let mut events = engine.subscribe();
    let notifications = Arc::new(Notifications::default());
    while let Some(event) = events.next().await {
        if let Event::Notify { notification } = &event
            && !window::is_focused(&app)
        {
            let (app, notification) = (app.clone(), notification.clone());
            let notifications = Arc::clone(&notifications);
            tauri::async_runtime::spawn_blocking(move || {
                let (account, conversation) = (
                    notification.account.clone(),
                    notification.conversation.clone(),
                );
                notifications.show(&notification, move || {
                    window::raise(&app);
                    let event = ShellEvent::OpenConversation {
                        account,
                        conversation,
                    };
                    app.state::<Shell>().events.send(event);
                });
            });
        }
        shell.events.send(ShellEvent::Engine { event });
    }
}

async fn forward_server_changes(app: AppHandle) {
    let shell = app.state::<Shell>();
    let mut changes = shell.server.watch();
    while changes.changed().await.is_ok() {
        let server = changes.borrow_and_update().clone();
        shell.events.send(ShellEvent::Server { server });
    }
}

/// A shutdown of the computer ends the app in good order too.
async fn exit_on_signal(app: AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut hang_up)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) else {
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    app.exit(0);
}
