//! The window with the keyboard alone, as a person has it: the keys go through the
//! display, not through WebDriver.

use super::App;

/// More elements than any screen has between two that belong together.
const MOST_TABS: usize = 80;

impl App {
    /// The test id of what has the focus; empty without one.
    pub async fn focused(&self) -> String {
        let ids = self
            .texts_by("return [document.activeElement?.dataset.testid ?? '']")
            .await;
        ids.into_iter().next().unwrap_or_default()
    }

    /// Waits until this has the focus.
    pub async fn wait_focus(&self, id: &str) {
        self.until(&format!("{id} has the focus"), async || {
            self.focused().await == id
        })
        .await;
    }

    /// Presses Tab until this has the focus.
    ///
    /// # Panics
    /// If the way there is longer than any screen.
    pub async fn tab_to(&self, id: &str) {
        self.wait_for(&super::test_id(id)).await;
        for _ in 0..MOST_TABS {
            if self.focused().await == id {
                return;
            }
            self.run("window.beforeTab = document.activeElement", vec![])
                .await;
            self.press("Tab");
            let moved = "return Number(document.activeElement !== window.beforeTab)";
            self.until("the focus moves on", async || {
                self.number(moved).await == Some(1.0)
            })
            .await;
        }
        self.shot("failed").await;
        panic!("{id} cannot be reached by Tab");
    }

    /// Waits until the quick switcher offers this first.
    pub async fn wait_offered(&self, name: &str) {
        self.until(&format!("{name} is found"), async || {
            let found = self.texts(&super::test_id("switcher-entry")).await;
            found.first().is_some_and(|first| first.contains(name))
        })
        .await;
    }

    /// Types letters and signs of an English keyboard.
    ///
    /// # Panics
    /// If they cannot be typed.
    pub fn type_keys_of(&self, text: &str) {
        let typed = self
            .x11("xdotool", &["type", "--delay", "20", text])
            .status();
        assert!(typed.is_ok_and(|status| status.success()), "{text}");
    }
}
