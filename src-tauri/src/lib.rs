//! The desktop shell. It maps the engine's calls to commands and the engine's
//! changes to events, and does what only a desktop can do: window, keyring,
//! notifications, a single process per profile, the built-in server.
//! No decision about chats is made here.

#[cfg(target_os = "macos")]
mod app_menu;
mod args;
mod bench;
mod clock;
mod commands;
#[cfg(test)]
mod configuration;
pub mod contract;
mod display;
mod drag_out;
mod embedded_server;
mod ending;
mod events;
mod external;
mod files;
mod forward;
mod links;
mod lock;
mod logging;
mod notifications;
mod paths;
mod screen;
mod session;
mod settings;
mod shortcut;
mod single_instance;
mod start_at_login;
mod state;
mod system_sign_in;
mod texts;
mod tray;
mod updates;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use engine::api::{ApiError, ErrorCode};
use engine::{Engine, EngineConfig, OpenError, Proxy, SystemProxies};
use tauri::{AppHandle, Manager, RunEvent};

use crate::args::Args;
use crate::contract::{Settings, ShellEvent};
use crate::paths::Paths;
use crate::settings::SettingsFile;
use crate::single_instance::Answer;
use crate::state::Shell;

const IDENTIFIER: &str = "im.startalk.desktop";

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let mut args = Args::parse();
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

    if bench::is_empty_window_wanted() {
        return bench::empty_window(&paths).unwrap_or(ExitCode::FAILURE);
    }
    window::collect_often();
    if std::fs::remove_file(paths.after_update()).is_ok() {
        args.begin_anew();
    }
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
    let opening = runtime.spawn(open_engine(paths.clone(), folders_made));
    // Takes about as long as the caches do, and must be done on this thread.
    let display = display::look();
    let engine = runtime
        .block_on(opening)
        .unwrap_or_else(|error| Err(ApiError::new(ErrorCode::Internal).detail(error)));
    if let Err(error) = display {
        tracing::error!(%error, "no display");
        if let Ok(engine) = &engine {
            runtime.block_on(engine.close());
        }
        let settings = SettingsFile::open(paths.settings()).get();
        texts::print_error(texts::no_display(&settings));
        return ExitCode::FAILURE;
    }
    let shell = Shell::new(paths, &args, engine);
    if let Some(link) = args.link.as_deref() {
        open_link(&shell, link);
    }
    match start_app(shell, &args) {
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

/// Opens the engine, if the folders of the profile could be made.
async fn open_engine(paths: Paths, folders: std::io::Result<()>) -> Result<Engine, ApiError> {
    folders.map_err(|error| profile_folder_error(&paths, &error))?;
    let config = EngineConfig {
        proxy: Proxy::System(Arc::new(SystemProxies)),
        device_name: engine::this_device(),
        ..EngineConfig::new(paths.profile())
    };
    Engine::open(config).await.map_err(|error| match error {
        OpenError::ProfileInUse => ApiError::new(ErrorCode::ProfileInUse)
            .value("path", paths.profile().display())
            .detail(error),
        other => profile_folder_error(&paths, &other),
    })
}

fn profile_folder_error(paths: &Paths, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::ProfileFolder)
        .value("path", paths.profile().display())
        .detail(error)
}

fn start_app(shell: Shell, args: &Args) -> anyhow::Result<ExitCode> {
    let hidden = args.hidden;
    let builder = tauri::Builder::default();
    #[cfg(target_os = "macos")]
    let builder =
        builder.on_web_content_process_terminate(|page| window::page_ended(page.app_handle()));
    #[cfg(target_os = "macos")]
    let builder = builder
        .menu(app_menu::build)
        .on_menu_event(|app, event| app_menu::chosen(app, event.id().as_ref()));
    let app = builder
        .manage(shell)
        .manage(commands::pasted::Pasted::default())
        .plugin(start_at_login::plugin(args))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_global_shortcut::Builder::new().build())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .invoke_handler(tauri::generate_handler![
            commands::engine_request,
            commands::subscribe,
            commands::shell_info,
            commands::settings_set,
            commands::lock_window,
            commands::lock_open,
            commands::lock_open_by_system,
            commands::lock_choose,
            commands::lock_let_system,
            commands::lock_view,
            commands::painted,
            commands::show_window,
            commands::quit,
            commands::desktop::attend,
            commands::desktop::announce,
            commands::desktop::zoom_set,
            commands::desktop::open_link,
            commands::files::file_ask_where,
            commands::files::file_stage_begin,
            commands::files::file_stage_write,
            commands::files::file_stage_end,
            commands::files::file_info,
            commands::files::file_read,
            commands::files::file_save,
            commands::files::file_open,
            commands::files::file_show,
            commands::drag::file_drag_ready,
            commands::drag::file_drag,
            commands::pasted::pasted_files,
            commands::pasted::pasted_read,
            commands::screen::screen_capture,
            commands::screen::picture_copy,
            commands::server::server_status,
            commands::server::server_create,
            commands::server::server_sign_in,
            commands::server::server_start,
            commands::server::server_stop,
            commands::server::server_invite,
            commands::updates::update_view,
            commands::updates::update_look,
            commands::updates::update_install,
        ])
        .setup(move |app| {
            set_up(app.handle(), hidden)?;
            Ok(())
        })
        .build(context())?;

    let mut closed = false;
    let code = app.run_return(move |app, event| match event {
        RunEvent::ExitRequested { api, code, .. } if !closed => {
            // The first request closes everything, then asks again.
            closed = true;
            api.prevent_exit();
            window::keep_place(app);
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                app.state::<Shell>().close().await;
                app.exit(code.unwrap_or(0));
            });
        }
        RunEvent::Exit => {
            // Where macOS ends the program (in the Dock, at signing out) nobody has asked
            // before. Else all is closed by now, or is waited for.
            if !closed {
                window::keep_place(app);
            }
            tauri::async_runtime::block_on(app.state::<Shell>().close());
        }
        RunEvent::WindowEvent { event, .. } => window::happened(app, &event),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for url in urls {
                open_link(&app.state::<Shell>(), url.as_str());
            }
            window::raise(app);
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::raise(app),
        _ => {}
    });
    tracing::info!(code, "end");
    Ok(if code == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Configuration, capabilities and the built UI, embedded once.
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Opens a link from outside, as far as it is one of ours.
fn open_link(shell: &Shell, link: &str) {
    match links::parse(link) {
        Some(link) => shell.events.open_link(link),
        // What it is may be private, and goes to no log.
        None => shell.events.send_or_keep(ShellEvent::LinkRefused),
    }
}

fn set_up(app: &AppHandle, hidden: bool) -> anyhow::Result<()> {
    let shell = app.state::<Shell>();
    let Settings { theme, desktop, .. } = shell.settings.get();
    window::open(app, theme, hidden)?;
    if shell.engine.is_ok() {
        let raised = app.clone();
        let listening = single_instance::listen(shell.paths.home(), move |link| {
            let shell = raised.state::<Shell>();
            if shell.is_ending() {
                return false;
            }
            if let Some(link) = link {
                open_link(&shell, &link);
            }
            window::raise(&raised);
            true
        });
        if let Err(error) = listening {
            tracing::warn!(%error, "a second start will not find this one");
        }
        if let Err(problem) = shortcut::apply(app, &desktop) {
            tracing::info!(?problem, "no shortcut for the window");
        }
        tauri::async_runtime::spawn(forward::engine_events(app.clone()));
        tauri::async_runtime::spawn(shell.tray.clone().run(app.clone()));
        tauri::async_runtime::spawn(session::watch(app.clone()));
        tauri::async_runtime::spawn(session::lock_when_idle(app.clone()));
        tauri::async_runtime::spawn(commands::look_for_system_sign_in(app.clone()));
        tauri::async_runtime::spawn(updates::watch(app.clone()));
    }
    tauri::async_runtime::spawn(session::watch_reader(app.clone()));
    tauri::async_runtime::spawn(forward::server_changes(app.clone()));
    tauri::async_runtime::spawn(forward::signals(app.clone()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        if let Ok(engine) = &shell.engine {
            shell.server.start_if_it_ran(engine).await;
        }
    });
    Ok(())
}
