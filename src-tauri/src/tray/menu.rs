//! The menu behind the icon.

use engine::api::OwnShow;
use tauri::menu::{CheckMenuItemBuilder, Menu, MenuBuilder, SubmenuBuilder};
use tauri::{AppHandle, Manager, Wry};

use super::{Model, badge, set_presence};
use crate::clock;
use crate::contract::{Settings, ShellEvent};
use crate::state::Shell;
use crate::{commands, texts, window};

/// So many conversations are listed.
pub(super) const MAX_UNREAD: usize = 8;
/// Longest name in the menu, in characters.
const MAX_NAME: usize = 40;

const SHOW: &str = "show";
const QUIT: &str = "quit";
const LOCK: &str = "lock";
const QUIET_HOUR: &str = "quiet-hour";
const QUIET_MORNING: &str = "quiet-morning";
const QUIET_OFF: &str = "quiet-off";
const OPEN: &str = "open:";
const PRESENCE: [(&str, OwnShow); 3] = [
    ("presence-available", OwnShow::Available),
    ("presence-away", OwnShow::Away),
    ("presence-dnd", OwnShow::DoNotDisturb),
];

/// The words of the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    chinese: bool,
}

impl Words {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            chinese: texts::is_chinese(settings),
        }
    }

    fn pick(self, english: &'static str, chinese: &'static str) -> &'static str {
        if self.chinese { chinese } else { english }
    }

    pub(super) fn tooltip(self, badge: u32) -> String {
        match (badge, self.chinese) {
            (0, _) => "Startalk".to_owned(),
            (_, true) => format!("Startalk：{badge} 条未读消息"),
            (1, false) => "Startalk: 1 unread message".to_owned(),
            (_, false) => format!("Startalk: {badge} unread messages"),
        }
    }
}

pub(super) fn build(app: &AppHandle, model: &Model) -> tauri::Result<Menu<Wry>> {
    let words = model.words;
    let mut menu = MenuBuilder::new(app).text(SHOW, words.pick("Show or hide", "显示或隐藏"));
    if !model.unread.is_empty() {
        menu = menu.separator();
        for (account, row) in &model.unread {
            let id = format!("{OPEN}{account}:{}", row.id);
            let name = short(&row.name);
            menu = menu.text(id, format!("{name}  ({})", badge::text(row.unread)));
        }
    }
    menu = menu.separator();
    if let Some(current) = model.presence {
        let mut status = SubmenuBuilder::new(app, words.pick("Status", "状态"));
        let names = [
            words.pick("Available", "在线"),
            words.pick("Away", "离开"),
            words.pick("Do not disturb", "请勿打扰"),
        ];
        for ((id, show), name) in PRESENCE.into_iter().zip(names) {
            let item = CheckMenuItemBuilder::with_id(id, name)
                .checked(show == current)
                .build(app)?;
            status = status.item(&item);
        }
        menu = menu.item(&status.build()?);
    }
    let title = if model.is_quiet {
        words.pick("Notifications: off for now", "通知：暂时关闭")
    } else {
        words.pick("Notifications: on", "通知：开启")
    };
    let mut quiet = SubmenuBuilder::new(app, title)
        .text(QUIET_HOUR, words.pick("Off for an hour", "关闭一小时"))
        .text(
            QUIET_MORNING,
            words.pick("Off until the morning", "关闭到明早"),
        );
    if model.quiet_until_ms.is_some() && model.is_quiet {
        quiet = quiet.text(QUIET_OFF, words.pick("On again", "重新开启"));
    }
    menu.item(&quiet.build()?)
        .text(LOCK, words.pick("Lock the window", "锁定窗口"))
        .separator()
        .text(QUIT, texts::quit(words.chinese))
        .build()
}

/// An entry was chosen.
pub(super) fn chosen(app: &AppHandle, id: &str) {
    match id {
        SHOW => window::toggle(app),
        QUIT => app.exit(0),
        LOCK => {
            if commands::lock_now(app).is_err() {
                // There is no secret yet: the settings are where one is chosen.
                window::raise(app);
            }
        }
        QUIET_HOUR => quiet_until(app, Some(clock::now_ms() + 3_600_000)),
        QUIET_MORNING => quiet_until(app, Some(clock::next_morning_ms())),
        QUIET_OFF => quiet_until(app, None),
        _ => {
            if let Some((_, show)) = PRESENCE.into_iter().find(|(known, _)| *known == id) {
                let app = app.clone();
                tauri::async_runtime::spawn(async move { set_presence(&app, show).await });
            } else if let Some((account, conversation)) =
                id.strip_prefix(OPEN).and_then(|rest| rest.split_once(':'))
            {
                window::raise(app);
                let event = ShellEvent::OpenConversation {
                    account: account.to_owned(),
                    conversation: conversation.to_owned(),
                    message: None,
                };
                app.state::<Shell>().events.send_or_keep(event);
            }
        }
    }
}

fn quiet_until(app: &AppHandle, until: Option<i64>) {
    let shell = app.state::<Shell>();
    let mut settings = shell.settings.get();
    settings.notifications.quiet_until_ms = until;
    if let Err(error) = shell.settings.set(settings.clone()) {
        tracing::warn!(%error, "settings not written");
    }
    shell.events.send(ShellEvent::SettingsChanged { settings });
    shell.tray.changed();
}

/// A name of at most [`MAX_NAME`] characters. In menus `&` marks a letter to be
/// pressed; doubled it is itself.
fn short(name: &str) -> String {
    let mut short: String = name.chars().take(MAX_NAME).collect();
    if name.chars().nth(MAX_NAME).is_some() {
        short.push('…');
    }
    short.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u86_names_are_short_and_no_shortcuts() {
        assert_eq!(short("Müller & Söhne"), "Müller && Söhne");
        let long = "长".repeat(50);
        assert_eq!(short(&long).chars().count(), MAX_NAME + 1);
    }

    #[test]
    fn u82_the_tooltip_says_the_number() {
        let tooltip = |chinese, badge| Words { chinese }.tooltip(badge);
        assert_eq!(tooltip(false, 0), "Startalk");
        assert_eq!(tooltip(false, 1), "Startalk: 1 unread message");
        assert_eq!(tooltip(false, 120), "Startalk: 120 unread messages");
        assert_eq!(tooltip(true, 3), "Startalk：3 条未读消息");
    }
}
