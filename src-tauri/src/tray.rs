//! The icon in the system's tray, its menu, and the badge on the task bar.
//!
//! All of it is made anew from the engine whenever something changes that it
//! shows, so it cannot fall out of step with the list.

pub(crate) mod badge;
#[cfg(target_os = "linux")]
mod launcher;
mod menu;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::api::{
    AccountView, ConversationFilter, ConversationRequest, ConversationView, OwnPresenceView,
    OwnShow, PeopleRequest, Request, Response,
};
use tauri::image::Image;
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};
use tokio::sync::Notify;

use crate::clock;
use crate::state::Shell;
use crate::window;

const ID: &str = "startalk";
/// Changes that come together are shown together.
const SETTLE: Duration = Duration::from_millis(200);
/// How often a desktop without a tray is asked again: it may have one later, as
/// when the session is still starting.
const ASK_AGAIN: Duration = Duration::from_secs(20);
/// Rows that are read at a time to be counted.
const PAGE: u32 = 500;
/// So many accounts and pages are counted at most.
const MAX_PAGES: u32 = 20;

/// Tells the tray that something changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tray {
    changed: Arc<Notify>,
    is_there: Arc<AtomicBool>,
}

impl Tray {
    /// Something that it shows may have changed.
    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }

    /// Whether the desktop shows it.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    /// Keeps icon, menu and badge true until the program ends.
    pub(crate) async fn run(self, app: AppHandle) {
        let mut icon = None;
        let mut shown = None;
        #[cfg(target_os = "linux")]
        let mut launcher = launcher::Launcher::default();
        loop {
            let model = model(&app).await;
            if icon.is_none() {
                icon = self.make(&app);
                shown = None;
            }
            if shown.as_ref() != Some(&model) {
                show(&app, icon.as_ref(), &model);
                #[cfg(target_os = "linux")]
                launcher.show(model.badge).await;
                shown = Some(model);
            }
            let is_quiet = shown.as_ref().is_some_and(|model: &Model| model.is_quiet);
            let changed = self.changed.notified();
            if icon.is_some() && !is_quiet {
                changed.await;
            } else {
                // Quiet hours end by themselves, and a tray comes by itself.
                drop(tokio::time::timeout(ASK_AGAIN, changed).await);
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    fn make(&self, app: &AppHandle) -> Option<TrayIcon> {
        let made = TrayIconBuilder::with_id(ID)
            .title("Startalk")
            .tooltip("Startalk")
            .show_menu_on_left_click(false)
            .on_menu_event(|app, event| menu::chosen(app, event.id().as_ref()))
            .on_tray_icon_event(|tray, event| {
                if let TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                } = event
                {
                    window::toggle(tray.app_handle());
                }
            })
            .build(app);
        match made {
            Ok(icon) => {
                self.is_there.store(true, Ordering::Relaxed);
                Some(icon)
            }
            Err(error) => {
                tracing::info!(%error, "this desktop shows no tray icon");
                None
            }
        }
    }
}

/// All that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    badge: u32,
    /// The newest of the rows that are counted, with their accounts.
    unread: Vec<(String, ConversationView)>,
    /// None without an account.
    presence: Option<OwnShow>,
    quiet_until_ms: Option<i64>,
    is_quiet: bool,
    words: menu::Words,
}

async fn model(app: &AppHandle) -> Model {
    let shell = app.state::<Shell>();
    let settings = shell.settings.get();
    let mut model = Model {
        badge: 0,
        unread: Vec::new(),
        presence: None,
        quiet_until_ms: settings.notifications.quiet_until_ms,
        is_quiet: crate::notifications::is_quiet(
            &settings.notifications,
            clock::now_ms(),
            clock::local(),
        ),
        words: menu::Words::of(&settings),
    };
    for account in accounts(&shell).await {
        if model.presence.is_none() {
            model.presence = own_presence(&shell, &account.id).await;
        }
        let rows = unread(&shell, &account.id).await;
        model.badge = model.badge.saturating_add(badge::count(&rows));
        // Who locks the window hides who writes, too.
        if shell.lock.is_locked() {
            continue;
        }
        let rows = rows.into_iter().filter(badge::shows_number);
        model
            .unread
            .extend(rows.map(|row| (account.id.clone(), row)));
    }
    model
        .unread
        .sort_by_key(|(_, row)| std::cmp::Reverse(row.last_activity_ms));
    model.unread.truncate(menu::MAX_UNREAD);
    model
}

async fn accounts(shell: &Shell) -> Vec<AccountView> {
    match ask(shell, Request::Overview).await {
        Some(Response::Overview(overview)) => overview
            .accounts
            .into_iter()
            .filter(|account| account.unlocked)
            .collect(),
        _ => Vec::new(),
    }
}

async fn unread(shell: &Shell, account: &str) -> Vec<ConversationView> {
    let mut rows = Vec::new();
    for page in 0..MAX_PAGES {
        let request = ConversationRequest::Page {
            account: account.to_owned(),
            which: ConversationFilter::Unread,
            skip: page * PAGE,
            limit: PAGE,
        };
        let Some(Response::ConversationPage(found)) =
            ask(shell, Request::Conversation(request)).await
        else {
            break;
        };
        let is_last = found.rows.len() < PAGE as usize;
        rows.extend(found.rows);
        if is_last {
            break;
        }
    }
    rows
}

async fn own_presence(shell: &Shell, account: &str) -> Option<OwnShow> {
    let request = PeopleRequest::OwnPresence {
        account: account.to_owned(),
    };
    match ask(shell, Request::People(request)).await {
        Some(Response::OwnPresence(own)) => Some(own.show),
        _ => None,
    }
}

/// Shows all accounts so; what each says with it stays.
async fn set_presence(app: &AppHandle, show: OwnShow) {
    let shell = app.state::<Shell>();
    for account in accounts(&shell).await {
        let own = PeopleRequest::OwnPresence {
            account: account.id.clone(),
        };
        let status = match ask(&shell, Request::People(own)).await {
            Some(Response::OwnPresence(own)) => own.status,
            _ => String::new(),
        };
        let request = PeopleRequest::SetPresence {
            account: account.id,
            presence: OwnPresenceView { show, status },
        };
        ask(&shell, Request::People(request)).await;
    }
    shell.tray.changed();
}

async fn ask(shell: &Shell, request: Request) -> Option<Response> {
    match shell.engine().ok()?.handle(request).await {
        Ok(response) => Some(response),
        Err(error) => {
            tracing::debug!(%error, "not known in the tray");
            None
        }
    }
}

fn show(app: &AppHandle, icon: Option<&TrayIcon>, model: &Model) {
    if let Some(icon) = icon {
        let done = menu::build(app, model)
            .and_then(|menu| icon.set_menu(Some(menu)))
            .and_then(|()| icon.set_tooltip(Some(model.words.tooltip(model.badge))))
            .and_then(|()| icon.set_icon(picture(app, model.badge > 0)));
        if let Err(error) = done {
            tracing::warn!(%error, "tray not brought up to date");
        }
    }
    #[cfg(not(target_os = "linux"))]
    window::set_badge(app, model.badge);
}

/// The program's icon, with a dot if something waits.
fn picture(app: &AppHandle, dot: bool) -> Option<Image<'static>> {
    let icon = app.default_window_icon()?;
    let rgba = if dot {
        badge::with_dot(icon.rgba(), icon.width(), icon.height())
    } else {
        icon.rgba().to_vec()
    };
    Some(Image::new_owned(rgba, icon.width(), icon.height()))
}
