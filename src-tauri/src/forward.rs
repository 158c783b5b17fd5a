//! What the engine, the built-in server and the system say, to where it belongs.

use engine::api::{ConnectionView, Event};
use tauri::{AppHandle, Manager};

use crate::contract::ShellEvent;
use crate::state::Shell;

/// From the engine to the window, to the notifications and to the tray.
pub(crate) async fn engine_events(app: AppHandle) {
    let shell = app.state::<Shell>();
    let Ok(engine) = &shell.engine else { return };
    let mut events = engine.subscribe();
    while let Some(event) = events.next().await {
        tell_the_desktop(&app, &shell, &event);
        // A locked window is told nothing: it asks for all when it is opened.
        if !shell.lock.is_locked() {
            shell.events.send(ShellEvent::Engine { event });
        }
    }
}

fn tell_the_desktop(app: &AppHandle, shell: &Shell, event: &Event) {
    let notifier = shell.notifier(app);
    match event {
        Event::Notify { notification } => notifier.arrived(notification.clone()),
        Event::ConversationsChanged { account } | Event::ConversationChanged { account, .. } => {
            notifier.changed(account);
            shell.tray.changed();
        }
        Event::ConnectionChanged {
            account,
            connection,
        } => {
            let catching_up = matches!(connection, ConnectionView::CatchingUp);
            notifier.catching_up(account, catching_up);
        }
        Event::AccountsChanged => {
            notifier.accounts_changed();
            shell.tray.changed();
        }
        Event::Lagged => shell.tray.changed(),
        _ => {}
    }
}

/// From the built-in server to the window.
pub(crate) async fn server_changes(app: AppHandle) {
    let shell = app.state::<Shell>();
    let mut changes = shell.server.watch();
    while changes.changed().await.is_ok() {
        let server = changes.borrow_and_update().clone();
        shell.events.send(ShellEvent::Server { server });
    }
}

/// A shutdown of the computer ends the app in good order too.
pub(crate) async fn signals(app: AppHandle) {
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
