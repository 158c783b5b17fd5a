//! `cargo xtask doctor`: what is here and what is missing.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::install::{self, Need, Tool};
use crate::process;
use crate::project::Project;

pub(crate) fn run(project: &Project, args: Args) -> Result<ExitCode> {
    args.finish()?;
    let mut lines = Lines {
        project,
        missing: 0,
    };
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    for (name, command) in [("rustc", "rustc"), ("cargo", "cargo"), ("npm", "npm")] {
        let text = process::read(project.command(command).arg("--version")).ok();
        lines.add(name, text.map(first_line), "");
    }
    lines.add(
        "node",
        install::node_version(project),
        &format!(
            "version {} or newer, https://nodejs.org",
            install::MINIMUM_NODE
        ),
    );
    for (name, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let text = process::read(&mut project.cargo([command, "--version"])).ok();
        lines.add(
            name,
            text.map(first_line),
            &format!("rustup component add {name}"),
        );
    }
    for (need, packages) in [
        (Need::BuildPackages, install::BUILD_PACKAGES),
        (Need::TestPackages, install::TEST_PACKAGES),
        (Need::BrowserPackages, install::BROWSER_PACKAGES),
        (Need::PackagePackages, install::PACKAGE_PACKAGES),
        (Need::ServerPackages, install::SERVER_PACKAGES),
    ] {
        let missing = install::missing_packages(packages)?;
        let found = missing.is_empty().then(|| "all there".to_owned());
        lines.add(need.describe(), found, &missing.join(" "));
    }
    lines.add("cargo-nextest", install::nextest_version(project), "");
    for tool in [install::CARGO_DENY, install::TAURI_DRIVER] {
        let Tool { name, version } = tool;
        let found = tool.is_installed(project).then(|| version.to_owned());
        lines.add(name, found, version);
    }
    let folder = |path: &str| {
        let there = project.root().join(path).exists();
        there.then(|| "there".to_owned())
    };
    lines.add("npm packages", folder("node_modules"), "");
    lines.add(
        "XMPP clients from npm",
        folder("tests/interop/node/node_modules"),
        "",
    );
    lines.add("built UI", folder("ui/dist/index.html"), "");
    lines.add(
        "Python environment",
        install::python_interpreter(project)
            .exists()
            .then(|| "there".to_owned()),
        "",
    );
    println!("\nTarget folder: {}", project.target().display());
    if lines.missing > 0 {
        println!("`cargo xtask install` installs what is missing.");
    }
    Ok(ExitCode::SUCCESS)
}

struct Lines<'a> {
    project: &'a Project,
    missing: usize,
}

impl Lines<'_> {
    /// One line: what was found, or what is wanted.
    fn add(&mut self, name: &str, found: Option<String>, wanted: &str) {
        let text = match found {
            Some(text) => self.project.paint("32", &text),
            None => {
                self.missing += 1;
                self.project
                    .paint("31", format!("missing {wanted}").trim_end())
            }
        };
        println!("  {name:<34} {text}");
    }
}
