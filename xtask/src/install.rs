//! Installs what is missing, and is quick where nothing is.

mod node;
mod python;
mod rust;
mod system;

use std::process::ExitCode;

use anyhow::{Error, Result, bail};

use crate::args::Args;
use crate::project::Project;

pub(crate) use node::{MINIMUM as MINIMUM_NODE, version as node_version};
pub(crate) use python::interpreter as python_interpreter;
pub(crate) use rust::{CARGO_DENY, TAURI_DRIVER, Tool, nextest_version};
pub(crate) use system::{
    BROWSER_PACKAGES, BUILD_PACKAGES, PACKAGE_PACKAGES, SERVER_PACKAGES, TEST_PACKAGES, is_debian,
    missing as missing_packages, root_prefix,
};

/// Something a command or a step cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// System packages to compile and start the desktop app.
    BuildPackages,
    /// System packages to drive it without a screen.
    TestPackages,
    /// A browser, to look at parts of the UI without the app.
    BrowserPackages,
    /// System packages to try our packages with.
    PackagePackages,
    /// System packages to check our code for other systems.
    CrossPackages,
    /// System packages with other people's clients and servers.
    ServerPackages,
    /// rustfmt and clippy.
    RustComponents,
    /// Node and the npm packages of the UI.
    NodePackages,
    Nextest,
    CargoDeny,
    TauriDriver,
    /// Python with a third-party XMPP client.
    Python,
    /// Third-party XMPP clients from npm.
    NodeClients,
}

impl Need {
    /// What `cargo xtask run` needs.
    pub(crate) const RUN: &[Self] = &[Self::BuildPackages, Self::NodePackages];

    /// What all steps of `cargo xtask test` need.
    pub(crate) const TEST: &[Self] = &[
        Self::BuildPackages,
        Self::TestPackages,
        Self::BrowserPackages,
        Self::PackagePackages,
        Self::ServerPackages,
        Self::RustComponents,
        Self::NodePackages,
        Self::Nextest,
        Self::CargoDeny,
        Self::TauriDriver,
        Self::Python,
        Self::NodeClients,
    ];

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::BuildPackages => "system packages to build the app",
            Self::TestPackages => "system packages to test the app",
            Self::BrowserPackages => "a browser to test the UI",
            Self::PackagePackages => "system packages to try our packages",
            Self::CrossPackages => "system packages to check code for other systems",
            Self::ServerPackages => "system packages to test the server",
            Self::RustComponents => "rustfmt and clippy",
            Self::NodePackages => "npm packages",
            Self::Nextest => "cargo-nextest",
            Self::CargoDeny => "cargo-deny",
            Self::TauriDriver => "tauri-driver",
            Self::Python => "Python packages for the interop tests",
            Self::NodeClients => "npm packages for the interop tests",
        }
    }
}

/// `cargo xtask install`.
pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let wanted = args.list("--for")?;
    args.finish()?;
    let needs = match wanted.first().map(String::as_str) {
        None | Some("test") => Need::TEST,
        Some("run") => Need::RUN,
        Some(other) => bail!("--for takes `run` or `test`, not `{other}`"),
    };
    require(project, needs)?;
    println!("Everything is there.");
    Ok(ExitCode::SUCCESS)
}

/// Installs all of it, or is an error that names each thing which could not be.
pub(crate) fn require(project: &Project, needs: &[Need]) -> Result<()> {
    let failures = ensure(project, needs);
    match describe_failures(&failures) {
        Some(text) => bail!("{text}"),
        None => Ok(()),
    }
}

/// Installs what it can and returns what it could not, so that steps which need
/// nothing of that can still run.
pub(crate) fn ensure(project: &Project, needs: &[Need]) -> Vec<(Need, Error)> {
    let mut failures = Vec::new();
    // Packages come first: the tools below need a compiler, and npm may as well.
    for (need, error) in system::ensure(project, needs) {
        failures.push((need, error));
    }
    for &need in needs {
        let result = match need {
            Need::BuildPackages
            | Need::TestPackages
            | Need::BrowserPackages
            | Need::PackagePackages
            | Need::CrossPackages
            | Need::ServerPackages => continue,
            Need::RustComponents => rust::ensure_components(project),
            Need::NodePackages => node::ensure(project),
            Need::Nextest => rust::ensure_nextest(project),
            Need::CargoDeny => CARGO_DENY.ensure(project),
            Need::TauriDriver => TAURI_DRIVER.ensure(project),
            Need::Python => python::ensure(project),
            Need::NodeClients => node::ensure_clients(project),
        };
        if let Err(error) = result {
            failures.push((need, error));
        }
    }
    rust::remove_build_folder(project);
    failures
}

/// One sentence for each failure; `None` without any.
pub(crate) fn describe_failures(failures: &[(Need, Error)]) -> Option<String> {
    let lines: Vec<String> = failures
        .iter()
        .map(|(need, error)| format!("{}: {error:#}", need.describe()))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
