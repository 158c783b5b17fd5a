//! The words of notifications, in both languages.

use crate::contract::Settings;
use crate::texts;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    English,
    Chinese,
}

impl Words {
    pub(crate) fn of(settings: &Settings) -> Self {
        if texts::is_chinese(settings) {
            Self::Chinese
        } else {
            Self::English
        }
    }

    fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    pub(crate) fn new_messages(self, count: u32) -> String {
        match (self, count) {
            (Self::English, 0 | 1) => "New message".to_owned(),
            (Self::English, _) => format!("{count} new messages"),
            (Self::Chinese, 0 | 1) => "有新消息".to_owned(),
            (Self::Chinese, _) => format!("{count} 条新消息"),
        }
    }

    pub(crate) fn messages_in(self, messages: u32, conversations: usize) -> String {
        match self {
            Self::English if conversations == 1 => self.new_messages(messages),
            Self::English => format!("{messages} new messages in {conversations} conversations"),
            Self::Chinese => format!("{conversations} 个会话有 {messages} 条新消息"),
        }
    }

    /// Who says what, in a room.
    pub(crate) fn says(self, author: &str, text: &str) -> String {
        match self {
            Self::English => format!("{author}: {text}"),
            Self::Chinese => format!("{author}：{text}"),
        }
    }

    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "no such action there")
    )]
    pub(crate) fn open(self) -> &'static str {
        self.pick("Open", "打开")
    }

    pub(crate) fn mark_read(self) -> &'static str {
        self.pick("Mark as read", "标为已读")
    }

    #[cfg(not(target_os = "windows"))]
    pub(crate) fn reply(self) -> &'static str {
        self.pick("Reply", "回复")
    }

    pub(crate) fn still_running(self, tray: bool) -> &'static str {
        if tray {
            self.pick(
                "Startalk is still running and will tell you of new messages. Its icon is in the system tray; quit it from there.",
                "Startalk 仍在运行，有新消息会通知你。图标在系统托盘中，可在那里退出。",
            )
        } else {
            self.pick(
                "Startalk is still running and will tell you of new messages. Start it again to see its window.",
                "Startalk 仍在运行，有新消息会通知你。再次启动即可打开窗口。",
            )
        }
    }
}
