//! The few sentences that are said outside the window, in both languages.

use crate::contract::{Language, Settings};

/// A second start on a profile that is open.
pub(crate) fn already_open(settings: &Settings) -> &'static str {
    if is_chinese(settings) {
        "Startalk 已经打开，已为你切换到它的窗口。"
    } else {
        "Startalk is already open; its window was brought to the front."
    }
}

/// Started where no window can be opened.
pub(crate) fn no_display(settings: &Settings) -> &'static str {
    if is_chinese(settings) {
        "没有可用的显示器（DISPLAY 和 WAYLAND_DISPLAY 都无法使用）。请在图形桌面中启动 Startalk。"
    } else {
        "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY works). \
         Please start Startalk on a graphical desktop."
    }
}

/// What ends the program, in menus.
pub(crate) fn quit(is_chinese: bool) -> &'static str {
    if is_chinese {
        "退出 Startalk"
    } else {
        "Quit Startalk"
    }
}

/// Whether the user reads Chinese.
pub(crate) fn is_chinese(settings: &Settings) -> bool {
    match settings.language {
        Language::SimplifiedChinese => true,
        Language::English => false,
        Language::System => sys_locale::get_locale().is_some_and(|tag| tag.starts_with("zh")),
    }
}

/// To standard error, for whoever started the program from a terminal.
#[expect(clippy::print_stderr, reason = "there is no window to say it in")]
pub(crate) fn print_error(sentence: &str) {
    eprintln!("startalk: {sentence}");
}
