//! The menu of the program, on top of the screen of macOS: Tauri's, with a Quit of our own.
//!
//! Tauri's Quit has the system end the program, which asks nobody and holds the screen
//! while all is closed.

use tauri::menu::{Menu, MenuItemBuilder, MenuItemKind};
use tauri::{AppHandle, Manager, Wry};

use crate::state::Shell;
use crate::texts;

/// Not that of the tray, which hears of the choices in this menu, too.
const QUIT: &str = "menu-quit";

/// Makes it, in the language of now.
///
/// # Errors
/// As Tauri.
pub(crate) fn build(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::default(app)?;
    let items = menu.items()?;
    // The first is that of the program, and Quit the last in it.
    if let Some(program) = items.first().and_then(MenuItemKind::as_submenu) {
        if let Some(quit) = program.items()?.last() {
            program.remove(quit)?;
        }
        let is_chinese = texts::is_chinese(&app.state::<Shell>().settings.get());
        let quit = MenuItemBuilder::with_id(QUIT, texts::quit(is_chinese))
            .accelerator("Cmd+Q")
            .build(app)?;
        program.append(&quit)?;
    }
    Ok(menu)
}

/// An entry was chosen.
pub(crate) fn chosen(app: &AppHandle, id: &str) {
    if id == QUIT {
        app.exit(0);
    }
}
