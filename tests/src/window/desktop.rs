//! A desktop of the test's own: X server, window manager, session bus and,
//! if wanted, a real Secret Service.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::processes::Guard;

/// Whether the desktop has a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyringKind {
    /// gnome-keyring with an unlocked default collection.
    Unlocked,
    /// A session bus on which nobody offers the Secret Service.
    Absent,
}

/// The screen of a desktop.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pixels for each that programs reckon with: 2 is 200 %.
    pub scale: u32,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 800,
            scale: 1,
        }
    }
}

/// What shows windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Display {
    /// As in `DISPLAY`.
    X11(String),
    /// As in `WAYLAND_DISPLAY`; there is no X server.
    Wayland(String),
}

/// A desktop that ends with the test.
pub struct Desktop {
    folder: TempDir,
    screen: Screen,
    /// Whether programs take text from the input method.
    pub(super) input_method: bool,
    /// Whether programs tell a screen reader what they show.
    pub(super) is_read_aloud: bool,
    pub(super) display: Display,
    bus: String,
    /// The process that tells programs of settings, if there is one.
    settings: Option<u32>,
    // Dropped in this order, the users of a thing before the thing.
    _programs: Vec<Guard>,
    _bus: Guard,
    _display: Guard,
}

impl Desktop {
    /// Starts everything; returns when it answers.
    ///
    /// # Panics
    /// If a program is missing; `cargo xtask test` installs them.
    #[must_use]
    pub fn start(keyring: KeyringKind) -> Self {
        Self::start_on(Screen::default(), keyring)
    }

    /// As [`Desktop::start`], on this screen.
    ///
    /// # Panics
    /// If a program is missing; `cargo xtask test` installs them.
    #[must_use]
    pub fn start_on(screen: Screen, keyring: KeyringKind) -> Self {
        let folder = home_and_runtime();
        // The server picks a free display and writes its number.
        let (display_guard, number) = Guard::spawn_and_read_line(
            Command::new("Xvfb")
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    &format!("{}x{}x24", screen.width, screen.height),
                    "-nolisten",
                    "tcp",
                ])
                .stderr(Stdio::null()),
        );
        let display = Display::X11(format!(":{number}"));
        let mut desktop = Self::around(folder, screen, display, display_guard);
        // Without a window manager no window ever has the focus.
        let manager = Guard::spawn(
            desktop
                .command("openbox")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        desktop._programs.push(manager);
        if keyring == KeyringKind::Unlocked {
            desktop.start_keyring();
        }
        desktop
    }

    /// Everything but what a display needs besides itself.
    pub(super) fn around(folder: TempDir, screen: Screen, display: Display, server: Guard) -> Self {
        // No service files: nothing that happens to be installed starts by
        // itself, so that "no keyring" means none.
        let configuration = folder.path().join("bus.conf");
        std::fs::write(&configuration, bus_configuration(folder.path())).expect("written");
        let (bus_guard, bus) = Guard::spawn_and_read_line(
            Command::new("dbus-daemon")
                .arg(format!("--config-file={}", configuration.display()))
                .args(["--nofork", "--print-address=1"])
                .stderr(Stdio::null()),
        );
        Self {
            folder,
            screen,
            input_method: false,
            is_read_aloud: false,
            display,
            bus,
            settings: None,
            _programs: Vec::new(),
            _bus: bus_guard,
            _display: server,
        }
    }

    pub(super) fn start_keyring(&mut self) {
        let mut command = self.command("gnome-keyring-daemon");
        command
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("gnome-keyring-daemon is installed");
        // An empty password would make no default collection.
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(b"test\n")
            .expect("written");
        self._programs.push(Guard::from(child));
        self.wait_for_name("org.freedesktop.secrets");
    }

    /// Starts a notification service of the usual kind.
    ///
    /// # Panics
    /// If it is missing.
    pub fn start_notifications(&mut self) {
        let configuration = self.folder.path().join("dunstrc");
        std::fs::write(&configuration, "[global]\n    timeout = 0\n").expect("written");
        let service = Guard::spawn(
            self.command("dunst")
                .arg("-conf")
                .arg(configuration)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self._programs.push(service);
        self.wait_for_name("org.freedesktop.Notifications");
    }

    /// Starts what tells programs the scale of the screen while they run; those that
    /// start from now on listen to it.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_settings(&mut self) {
        self.write_scale(1);
        let settings = Guard::spawn(
            self.command("xsettingsd")
                .arg("-c")
                .arg(self.folder.path().join("xsettings"))
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.settings = Some(settings.id());
        self._programs.push(settings);
        wait("the settings", || {
            let owner = self.command("dump_xsettings").output();
            owner.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("Scaling"))
        });
    }

    /// The screen has another scale from now on, after [`Desktop::start_settings`].
    ///
    /// # Panics
    /// If that was not started.
    pub fn set_scale(&self, scale: u32) {
        self.write_scale(scale);
        crate::processes::signal(self.settings.expect("started"), "HUP");
    }

    fn write_scale(&self, scale: u32) {
        // A point in 1024ths, as it is without the scale.
        let settings = format!(
            "Gdk/WindowScalingFactor {scale}\nGdk/UnscaledDPI 98304\nXft/DPI {}\n",
            98304 * scale
        );
        std::fs::write(self.folder.path().join("xsettings"), settings).expect("written");
    }

    /// Address of the bus, which is session bus and system bus here.
    #[must_use]
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// Keeps a program until the desktop ends.
    pub(super) fn keep(&mut self, program: Guard) {
        self._programs.push(program);
    }

    pub(super) fn wait_for_name(&self, name: &str) {
        wait(&format!("{name} on the session bus"), || {
            let output = self
                .command("dbus-send")
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/",
                ])
                .arg("org.freedesktop.DBus.NameHasOwner")
                .arg(format!("string:{name}"))
                .output()
                .expect("dbus-send is installed");
            String::from_utf8_lossy(&output.stdout).contains("boolean true")
        });
    }

    /// A command that runs on this desktop and in its home folder.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus)
            .env("HOME", self.folder.path().join("home"))
            .env("XDG_RUNTIME_DIR", self.folder.path().join("runtime"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            // There is no GPU.
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("RUST_BACKTRACE", "1");
        match &self.display {
            Display::X11(name) => command.env("DISPLAY", name),
            Display::Wayland(name) => command.env("WAYLAND_DISPLAY", name),
        };
        if self.settings.is_none() {
            command.env("GDK_SCALE", self.screen.scale.to_string());
        }
        if !self.is_read_aloud {
            command.env("NO_AT_BRIDGE", "1").env("GTK_A11Y", "none");
        }
        if self.input_method {
            // Nothing of it is kept, and no settings of the machine are read.
            command.env("GTK_IM_MODULE", "ibus");
            command.env("GSETTINGS_BACKEND", "memory");
        }
        command
    }

    /// A folder for one copy of the app.
    #[must_use]
    pub fn app_home(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The share of the pixels in which two pictures of the same size differ.
    ///
    /// # Panics
    /// If one of them is no picture.
    #[must_use]
    pub fn difference(&self, one: &Path, other: &Path) -> f64 {
        let compared = self
            .command("compare")
            .args(["-metric", "AE"])
            .args([one, other])
            .arg("null:")
            .output()
            .expect("ImageMagick is installed");
        let count = String::from_utf8_lossy(&compared.stderr).into_owned();
        let size = self
            .command("identify")
            .args(["-format", "%[fx:w*h]"])
            .arg(one)
            .output()
            .expect("ImageMagick is installed");
        let size = String::from_utf8_lossy(&size.stdout).into_owned();
        let number = |text: &str| text.trim().parse::<f64>().expect("a number");
        number(&count) / number(&size)
    }

    /// A picture of the whole screen.
    pub fn screenshot(&self, path: &Path) {
        if matches!(self.display, Display::Wayland(_)) {
            return self.screenshot_of_wayland(path);
        }
        let taken = self
            .command("import")
            .args(["-window", "root"])
            .arg(path)
            .status();
        assert!(
            taken.is_ok_and(|status| status.success()),
            "screenshot {}",
            path.display()
        );
    }
}

/// The folders that programs have of their own.
pub(super) fn home_and_runtime() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("startalk-e2e-")
        .tempdir()
        .expect("a folder");
    for name in ["home", "runtime"] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).expect("a folder");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("mode");
    }
    folder
}

fn bus_configuration(folder: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        folder.join("runtime/bus").display()
    )
}

/// Waits for what a program of the desktop has to do, of which nothing tells.
pub(super) fn wait(what: &str, is_there: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_there() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("waited for {what}");
}
