//! Where things are: the workspace, its target folder, the tools kept in it.

use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// Folder of the TypeScript generated from Rust types, from the workspace root.
pub(crate) const GENERATED_TYPES: &str = "ui/src/lib/rpc/generated";

/// The checkout that this command works on.
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
    /// Nobody is watching: no colours, no questions.
    ci: bool,
    colour: bool,
}

impl Project {
    /// Finds the workspace this binary was started from by `cargo run`.
    pub(crate) fn find() -> Result<Self> {
        // The folder may have moved since compilation, so what cargo says now goes first.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("xtask does not lie inside a workspace")?
            .to_path_buf();
        let ci = env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        let plain = ci || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Ok(Self {
            target: target_folder(&root)?,
            root,
            ci,
            colour: !plain && std::io::stdout().is_terminal(),
        })
    }

    /// The workspace root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder, honouring `CARGO_TARGET_DIR`.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Programs that only development needs, built by `cargo install`.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where cargo puts a program of this workspace.
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// Whether this run must not ask anything.
    pub(crate) fn ci(&self) -> bool {
        self.ci
    }

    /// Wraps text in a terminal colour, where the terminal shows any.
    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A program started in the workspace root, with the environment every step gets.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(windows_name(program));
        command.current_dir(&self.root).env("PATH", self.path());
        // What `cargo run` says about this crate is not for the cargo below: build
        // scripts that watch these variables (ring's does) would run again each time.
        for (name, _) in env::vars_os() {
            let about_us = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_")
                    || name.starts_with("CARGO_MANIFEST_")
                    || name == "CARGO_BIN_NAME"
                    || name == "CARGO_CRATE_NAME"
                    || name == "CARGO_PRIMARY_PACKAGE"
            });
            if about_us {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TARGET_DIR", &self.target);
        if self.colour {
            command
                .env("CARGO_TERM_COLOR", "always")
                .env("FORCE_COLOR", "1");
        } else {
            command
                .env("CARGO_TERM_COLOR", "never")
                .env("NO_COLOR", "1")
                .env_remove("FORCE_COLOR");
        }
        command
    }

    /// `cargo` with its first words.
    pub(crate) fn cargo<const N: usize>(&self, words: [&str; N]) -> Command {
        let mut command = self.command("cargo");
        command.args(words);
        command
    }

    /// `npm` with its first words.
    pub(crate) fn npm<const N: usize>(&self, words: [&str; N]) -> Command {
        let mut command = self.command("npm");
        command.args(words);
        command
    }

    /// The search path with our own tools in front.
    fn path(&self) -> OsString {
        let old = env::var_os("PATH").unwrap_or_default();
        let parts = std::iter::once(self.tools().join("bin")).chain(env::split_paths(&old));
        env::join_paths(parts).unwrap_or(old)
    }
}

/// `CARGO_TARGET_DIR`, or the folder this very program was built into (which also
/// follows `build.target-dir`), or `target`.
fn target_folder(root: &Path) -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        return std::path::absolute(&folder).context("CARGO_TARGET_DIR is not a usable path");
    }
    let of_this_program = env::current_exe().ok().and_then(|program| {
        let profile = program.parent()?;
        (profile.file_name()? == "debug").then(|| profile.parent().map(Path::to_path_buf))?
    });
    Ok(of_this_program.unwrap_or_else(|| root.join("target")))
}

/// On Windows npm and npx are scripts that are found only by their full name.
fn windows_name(program: &str) -> String {
    if cfg!(windows) && matches!(program, "npm" | "npx") {
        format!("{program}.cmd")
    } else {
        program.to_owned()
    }
}
