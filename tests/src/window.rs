//! The real app in a real window: a private display, session bus and keyring,
//! driven by WebDriver.

mod app;
mod desktop;
mod devices;
mod input_method;
mod keyboard;
mod screen;
mod screen_reader;
mod script;
mod session;
mod team;
mod wayland;

pub use app::{App, test_id};
pub use desktop::{Desktop, KeyringKind, Screen};
pub use input_method::PINYIN;
pub use session::Session;
pub use team::{Colleague, join_as, start_team};
