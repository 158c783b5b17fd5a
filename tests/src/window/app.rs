//! One copy of the app, driven by WebDriver through `tauri-driver`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::Desktop;
use super::desktop::Display;
use crate::processes::{self, Guard};

/// Longest wait for something to show. A debug build on a busy two-core
/// machine needs seconds for what takes a moment elsewhere.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A running app.
pub struct App {
    pub(super) name: String,
    home: PathBuf,
    pub(super) client: Client,
    pub(super) shots: PathBuf,
    pub(super) display: Display,
    pub(super) process: u32,
    _driver: Guard,
}

impl App {
    /// Starts the app with its own home folder, in this language, and waits
    /// until its page has loaded.
    ///
    /// # Panics
    /// If a program is missing or the window does not come up.
    pub async fn start(desktop: &Desktop, name: &str, language: &str, arguments: &[&str]) -> Self {
        let program = processes::required("STARTALK_BIN");
        Self::start_with(desktop, program, name, language, arguments, &[]).await
    }

    /// As [`App::start`], this program and with these variables in its environment.
    ///
    /// # Panics
    /// If a program is missing or the window does not come up.
    pub async fn start_with(
        desktop: &Desktop,
        program: PathBuf,
        name: &str,
        language: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let (port, native_port) = (processes::free_port(), processes::free_port());
        let log = std::fs::File::create(desktop.folder().join(format!("{name}.driver.txt")))
            .expect("a log file");
        let driver = Guard::spawn(
            desktop
                .command(processes::required("TAURI_DRIVER"))
                .env("LANG", format!("{language}.UTF-8"))
                .env("LC_ALL", format!("{language}.UTF-8"))
                .env("LANGUAGE", language)
                .envs(environment.iter().copied())
                .args([
                    "--port",
                    &port.to_string(),
                    "--native-port",
                    &native_port.to_string(),
                ])
                .arg("--native-driver")
                .arg(processes::required("WEBKIT_DRIVER"))
                .stdout(log.try_clone().expect("a log file"))
                .stderr(Stdio::from(log)),
        );
        // The native driver comes up after the one before it; a request that
        // arrives between the two is lost.
        wait_for_port(native_port).await;
        wait_for_port(port).await;
        let home = desktop.app_home(name);
        let mut all = vec![
            "--home",
            home.to_str().expect("UTF-8"),
            "--server-bind",
            "127.0.0.1",
        ];
        all.extend(arguments);
        let capabilities = json!({
            "browserName": "wry",
            "tauri:options": { "application": program, "args": all }
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("{name}: no window: {error}"));
        let process = *processes::with_argument(home.to_str().expect("UTF-8"))
            .first()
            .expect("the app runs");
        let shots = processes::required("STARTALK_SHOTS");
        std::fs::create_dir_all(&shots).expect("folder for screenshots");
        let app = Self {
            name: name.to_owned(),
            home,
            client,
            shots,
            display: desktop.display.clone(),
            process,
            _driver: driver,
        };
        app.activate();
        app
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Its process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// The process that has its page, if there is one.
    #[must_use]
    pub fn page_process(&self) -> Option<u32> {
        let mut all = processes::tree(self.process).into_iter();
        // Cut off by the kernel after 15 letters.
        all.find(|id| processes::name(*id) == "WebKitWebProces")
    }

    /// The profile in its home folder.
    #[must_use]
    pub fn profile(&self) -> PathBuf {
        self.home.join("profile")
    }

    /// Waits for the page to be on this screen: `welcome`, `unlock` or `main`.
    pub async fn wait_ready(&self, screen: &str) {
        self.wait_for(&format!("body[data-ready={screen:?}]")).await;
    }

    /// Waits for an element to be on the screen.
    pub async fn wait_for(&self, css: &str) -> Element {
        let mut found = None;
        self.until(&format!("{css} is shown"), async || {
            let Ok(element) = self.client.find(Locator::Css(css)).await else {
                return false;
            };
            let shown = element.is_displayed().await.unwrap_or(false);
            found = Some(element);
            shown
        })
        .await;
        found.expect("was found")
    }

    /// Waits until no element fits.
    pub async fn wait_gone(&self, css: &str) {
        self.until(&format!("{css} is gone"), async || {
            self.count(css).await == 0
        })
        .await;
    }

    /// How many elements fit.
    pub async fn count(&self, css: &str) -> usize {
        self.client
            .find_all(Locator::Css(css))
            .await
            .map_or(0, |found| found.len())
    }

    /// Waits for a condition of the page; fails with a picture of it.
    ///
    /// # Panics
    /// If it does not come true in time.
    pub async fn until(&self, what: &str, mut is_true: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            if is_true().await {
                return;
            }
            if Instant::now() > end {
                self.shot("failed").await;
                let page = self.body_text().await;
                panic!(
                    "{0}: waited for: {what}\non the page:\n{page}\n{0}: waited for: {what}",
                    self.name
                );
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Clicks the element with this test id.
    pub async fn click(&self, id: &str) {
        self.click_css(&test_id(id)).await;
    }

    /// Clicks an element.
    ///
    /// # Panics
    /// If it cannot be clicked, for instance because something covers it.
    pub async fn click_css(&self, css: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let element = self.wait_for(css).await;
            match element.click().await {
                Ok(()) => return,
                // Redrawn between finding and clicking, or lost on the way.
                Err(error)
                    if Instant::now() < end
                        && (error.is_stale_element_reference() || lost(&error)) => {}
                Err(error) => {
                    self.shot("failed").await;
                    panic!("{}: click {css}: {error}", self.name);
                }
            }
        }
    }

    /// Types into the element with this test id, as from a keyboard. What no
    /// keyboard of the driver has (emoji) is inserted as an input method does.
    ///
    /// # Panics
    /// If it does not take the keys.
    pub async fn type_into(&self, id: &str, text: &str) {
        let mut keys = String::new();
        for c in text.chars() {
            if c <= '\u{FFFF}' {
                keys.push(c);
                continue;
            }
            self.type_keys(id, &std::mem::take(&mut keys)).await;
            let insert = "document.querySelector(arguments[0]).focus(); \
                          return document.execCommand('insertText', false, arguments[1])";
            let arguments = vec![test_id(id).into(), c.to_string().into()];
            let inserted = self.client.execute(insert, arguments).await;
            assert!(
                inserted.is_ok_and(|done| done == true),
                "{}: {c} not inserted",
                self.name
            );
        }
        self.type_keys(id, &keys).await;
    }

    async fn type_keys(&self, id: &str, keys: &str) {
        if keys.is_empty() {
            return;
        }
        for _ in 0..5 {
            let element = self.wait_for(&test_id(id)).await;
            match element.send_keys(keys).await {
                Ok(()) => return,
                // Never reached the driver: nothing was typed.
                Err(error) if lost(&error) => {}
                Err(error) => {
                    self.shot("failed").await;
                    panic!("{}: typing into {id}: {error}", self.name);
                }
            }
        }
        panic!("{}: the driver does not take keys for {id}", self.name);
    }

    /// Empties the field with this test id and types into it.
    pub async fn fill(&self, id: &str, text: &str) {
        for _ in 0..5 {
            let element = self.wait_for(&test_id(id)).await;
            match element.clear().await {
                Ok(()) => break,
                Err(error) => assert!(lost(&error), "{}: clearing {id}: {error}", self.name),
            }
        }
        self.type_into(id, text).await;
    }

    /// The text of an element as shown.
    pub async fn text(&self, css: &str) -> String {
        self.wait_for(css).await.text().await.unwrap_or_default()
    }

    /// The texts of all elements that fit, in their order.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        self.script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)",
            css,
        )
        .await
    }

    /// An attribute of all elements that fit, in their order.
    pub async fn attributes(&self, css: &str, attribute: &str) -> Vec<String> {
        let script = format!(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.getAttribute({attribute:?}) ?? '')"
        );
        self.script(&script, css).await
    }

    /// The value of a field.
    pub async fn value(&self, id: &str) -> String {
        let element = self.wait_for(&test_id(id)).await;
        element
            .prop("value")
            .await
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    async fn script(&self, script: &str, argument: &str) -> Vec<String> {
        let result = self.client.execute(script, vec![argument.into()]).await;
        serde_json::from_value(result.unwrap_or_default()).unwrap_or_default()
    }

    /// Gives a drawn picture to the file field with this test id, as a dialog of the
    /// system would.
    pub async fn give_picture(&self, id: &str, name: &str, width: u32, height: u32) {
        self.until("there is a field for files", async || {
            self.count(&test_id(id)).await > 0
        })
        .await;
        let give = "const [field, name, width, height] = arguments; \
                    const canvas = document.createElement('canvas'); \
                    canvas.width = width; canvas.height = height; \
                    const pen = canvas.getContext('2d'); \
                    pen.fillStyle = '#287a78'; pen.fillRect(0, 0, width, height); \
                    pen.fillStyle = '#f5c26b'; pen.fillRect(width / 4, height / 4, width / 2, height / 2); \
                    canvas.toBlob((blob) => { \
                        const given = new DataTransfer(); \
                        given.items.add(new File([blob], name, { type: 'image/png' })); \
                        const input = document.querySelector(field); \
                        input.files = given.files; \
                        input.dispatchEvent(new Event('change', { bubbles: true })); \
                    }, 'image/png')";
        let arguments = vec![test_id(id).into(), name.into(), width.into(), height.into()];
        if let Err(error) = self.client.execute(give, arguments).await {
            panic!("{}: no picture for {id}: {error}", self.name);
        }
    }

    async fn body_text(&self) -> String {
        self.script(
            "return [document.body.innerText, document.body.outerHTML.slice(0, 6000)]",
            "",
        )
        .await
        .join("\n")
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> String {
        let path = self.profile().join("logs/startalk.log");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Waits for its process to end.
    pub fn wait_for_end(&self) {
        processes::wait_for_end(self.process, PATIENCE);
    }

    /// Sets the size of the window.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client
            .set_window_size(width, height)
            .await
            .expect("resized");
    }

    /// Quits as from a menu and waits for the end.
    pub async fn quit(self) {
        drop(
            self.client
                .execute("window.__TAURI_INTERNALS__.invoke('quit')", vec![])
                .await,
        );
        processes::wait_for_end(self.process, Duration::from_secs(20));
    }

    /// Kills it as a power cut would.
    pub fn kill(self) {
        processes::signal(self.process, "KILL");
        processes::wait_for_end(self.process, Duration::from_secs(20));
    }
}

/// CSS for a test id.
#[must_use]
pub fn test_id(id: &str) -> String {
    format!("[data-testid={id:?}]")
}

async fn wait_for_port(port: u16) {
    let end = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(Instant::now() < end, "nothing listens on port {port}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a command was lost between `tauri-driver` and the native driver:
/// the latter closes idle connections just when the former uses one again. It
/// was not carried out then.
fn lost(error: &fantoccini::error::CmdError) -> bool {
    use fantoccini::error::CmdError;
    matches!(error, CmdError::Lost(_) | CmdError::Failed(_))
}
