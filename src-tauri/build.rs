//! Checks the configuration and capabilities, and embeds the built UI.

fn main() {
    tauri_build::build();
}
