//! System packages. On Debian and Ubuntu they are installed; elsewhere we look whether
//! what they bring is there, and say what is needed if it is not.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Error, Result, bail};

use super::Need;
use crate::process;
use crate::project::Project;

/// To compile the app and start it.
pub(crate) const BUILD_PACKAGES: &[&str] = &[
    "build-essential",
    "pkg-config",
    "perl", // OpenSSL, which SQLCipher uses, is configured by it
    "file",
    "libdbus-1-dev",
    "libwebkit2gtk-4.1-dev",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
    "libxdo-dev",
];

/// To drive the real window without a screen, with a real keyring and real
/// notifications, real input methods, a screen reader, a clipboard and a microphone.
pub(crate) const TEST_PACKAGES: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "weston",
    "openbox",
    "xdotool",
    "x11-utils",
    "xsettingsd",
    "ibus",
    "ibus-gtk3",
    "ibus-libpinyin",
    "ibus-table-wubi",
    "ibus-chewing",
    "ibus-anthy",
    "ibus-hangul",
    "at-spi2-core",
    "orca",
    "xclip",
    "pulseaudio",
    "imagemagick",
    "dbus",
    "dbus-x11",
    "gnome-keyring",
    "libsecret-tools",
    "dunst",
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
];

/// A browser for the UI's tests of layout and scrolling.
pub(crate) const BROWSER_PACKAGES: &[&str] = &["chromium"];

/// To install and remove packages of the other kind.
pub(crate) const PACKAGE_PACKAGES: &[&str] = &["rpm"];

/// To check code for other systems: a compiler with the source of its library.
pub(crate) const CROSS_PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "gcc-mingw-w64-x86-64",
];

/// Other people's clients and servers, to talk to ours and to be compared with it.
pub(crate) const SERVER_PACKAGES: &[&str] = &[
    "python3-venv",
    "prosody",
    "lua-dbi-sqlite3", // Prosody's archive in SQLite
    "ejabberd",
    "erlang-p1-sqlite3", // ejabberd's
    "go-sendxmpp",
    "profanity",
    "tmux", // to drive profanity
];

/// What the packages above bring, for systems whose package names we do not know.
const BUILD_LIBRARIES: &[&str] = &[
    "dbus-1",
    "webkit2gtk-4.1",
    "ayatana-appindicator3-0.1",
    "librsvg-2.0",
];
const TEST_PROGRAMS: &[&str] = &[
    "WebKitWebDriver",
    "Xvfb",
    "weston",
    "dbus-run-session",
    "gnome-keyring-daemon",
    "dunst",
    "ibus-daemon",
    "orca",
    "pulseaudio",
    "xclip",
    "xsettingsd",
    "import",
];
const SERVER_PROGRAMS: &[&str] = &["prosody", "erl", "go-sendxmpp", "profanity", "tmux"];

/// Runs as root. A package that brings a daemon must leave none running and none
/// enabled: the tests start their own, on their own ports.
const INSTALL_SCRIPT: &str = r#"
set -e
export DEBIAN_FRONTEND=noninteractive
trap 'exit 130' INT TERM
if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
fi
apt-get -q update || echo 'The package lists are not fresh; trying with the old ones.' >&2
apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 install "$@"
for daemon in prosody ejabberd; do
    case " $* " in *" $daemon "*)
        if command -v systemctl > /dev/null; then systemctl disable "$daemon" || true; fi ;;
    esac
done
"#;

/// Makes sure of the system packages among `needs`.
pub(super) fn ensure(project: &Project, needs: &[Need]) -> Vec<(Need, Error)> {
    let mut failures = Vec::new();
    for need in [
        Need::BuildPackages,
        Need::TestPackages,
        Need::BrowserPackages,
        Need::PackagePackages,
        Need::CrossPackages,
        Need::ServerPackages,
    ] {
        if !needs.contains(&need) {
            continue;
        }
        let result = if !cfg!(target_os = "linux") {
            Ok(())
        } else if is_debian() {
            ensure_debian(project, need)
        } else {
            look(project, need)
        };
        if let Err(error) = result {
            failures.push((need, error));
        }
    }
    failures
}

pub(crate) fn is_debian() -> bool {
    Path::new("/usr/bin/dpkg-query").exists() && Path::new("/usr/bin/apt-get").exists()
}

fn packages(need: Need) -> &'static [&'static str] {
    match need {
        Need::TestPackages => TEST_PACKAGES,
        Need::BrowserPackages => BROWSER_PACKAGES,
        Need::PackagePackages => PACKAGE_PACKAGES,
        Need::CrossPackages => CROSS_PACKAGES,
        Need::ServerPackages => SERVER_PACKAGES,
        _ => BUILD_PACKAGES,
    }
}

fn ensure_debian(project: &Project, need: Need) -> Result<()> {
    let missing = missing(packages(need))?;
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing system packages: {}", missing.join(" "));
    let mut command = match root_prefix(project.ci())? {
        None => Command::new("sh"),
        Some(sudo) => {
            let mut command = Command::new("sudo");
            command.args(sudo).arg("sh");
            command
        }
    };
    let status = command
        .args(["-c", INSTALL_SCRIPT, "sh"])
        .args(&missing)
        .status()
        .context("the package manager cannot be started")?;
    if !status.success() {
        bail!(
            "apt-get could not install them; the text above says why. Needed: {}",
            missing.join(" ")
        );
    }
    Ok(())
}

/// Those of the packages that dpkg does not hold as installed. `None` of them on
/// systems without dpkg.
pub(crate) fn missing(packages: &[&'static str]) -> Result<Vec<&'static str>> {
    if !is_debian() {
        return Ok(Vec::new());
    }
    // The exit code is 1 when any name is unknown; what it prints is still right.
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(packages)
        .output()
        .context("dpkg-query cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(not_installed(packages, &text))
}

fn not_installed(packages: &[&'static str], dpkg_says: &str) -> Vec<&'static str> {
    packages
        .iter()
        .copied()
        .filter(|package| {
            !dpkg_says
                .lines()
                .any(|line| line.split_once(' ') == Some((package, "installed")))
        })
        .collect()
}

/// How to become root: `None` if we are, else the arguments of sudo.
pub(crate) fn root_prefix(ci: bool) -> Result<Option<&'static [&'static str]>> {
    let user = process::read(Command::new("id").arg("-u"))?;
    if user.trim() == "0" {
        return Ok(None);
    }
    if !process::succeeds(Command::new("sudo").arg("--version")) {
        bail!("installing packages needs root or sudo, and neither is there");
    }
    Ok(Some(if ci { &["-n"] } else { &[] }))
}

/// Not Debian: is what the packages bring there?
fn look(project: &Project, need: Need) -> Result<()> {
    let not_on_path = |programs: &[&'static str]| {
        let programs = programs.iter().copied();
        programs.filter(|program| !on_path(program)).collect()
    };
    let missing: Vec<&str> = match need {
        Need::TestPackages => not_on_path(TEST_PROGRAMS),
        // Under its own name or another.
        Need::BrowserPackages if on_path("chromium-browser") || on_path("google-chrome") => {
            Vec::new()
        }
        Need::BrowserPackages => not_on_path(BROWSER_PACKAGES),
        Need::PackagePackages => not_on_path(PACKAGE_PACKAGES),
        Need::ServerPackages => not_on_path(SERVER_PROGRAMS),
        _ => BUILD_LIBRARIES
            .iter()
            .copied()
            .filter(|library| {
                !process::succeeds(project.command("pkg-config").args(["--exists", library]))
            })
            .collect(),
    };
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "not found: {}. This system is not Debian or Ubuntu, so please install what \
         matches these Debian packages: {}",
        missing.join(", "),
        packages(need).join(" ")
    )
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_counts_as_installed() {
        let says = "perl installed\nfile config-files\nxvfb not-installed\n";
        assert_eq!(
            not_installed(&["perl", "file", "xvfb", "dunst"], says),
            ["file", "xvfb", "dunst"]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn looks_along_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
