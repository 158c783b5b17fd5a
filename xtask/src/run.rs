//! `run` and `dev`: the app on this machine.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

/// Where Vite serves the UI while developing; `devUrl` in `src-tauri/tauri.conf.json`.
const DEV_PORT: u16 = 5173;
const DEV_SERVER_PATIENCE: Duration = Duration::from_secs(60);

/// `cargo xtask run`.
pub(crate) fn run(project: &Project, args: Args) -> Result<ExitCode> {
    let passed_on = args.finish_passing_on()?;
    if !has_display() {
        return demo(project, &passed_on);
    }
    install::require(project, Need::RUN)?;
    process::run(&mut project.npm(["run", "build", "-w", "ui"]))?;
    build(project, "startalk", &[])?;
    let mut app = program(project, "startalk");
    exit_code(app.args(passed_on))
}

/// No window can open here, so the other half of the product is shown.
fn demo(project: &Project, passed_on: &[String]) -> Result<ExitCode> {
    println!("No display was found (DISPLAY and WAYLAND_DISPLAY are not set), so the window");
    println!("cannot open here. Starting a demo server instead, with a fresh team in it.");
    println!("Ctrl-C stops it.\n");
    // The server has no window, so the UI and its packages are not needed.
    install::require(project, &[Need::BuildPackages])?;
    build(project, "startalk-server", &[])?;
    let mut server = program(project, "startalk-server");
    exit_code(server.arg("demo").args(passed_on))
}

/// `cargo xtask dev`.
pub(crate) fn dev(project: &Project, args: Args) -> Result<ExitCode> {
    let passed_on = args.finish_passing_on()?;
    install::require(project, Need::RUN)?;
    if !has_display() {
        bail!("no display was found (DISPLAY and WAYLAND_DISPLAY are not set)");
    }
    if dev_server_answers() {
        bail!("something listens on port {DEV_PORT} already; is another dev loop running?");
    }
    // Without `custom-protocol` the window loads the UI from Vite.
    build(project, "startalk", &["--no-default-features"])?;
    let mut vite = DevServer::start(project)?;
    vite.wait_until_it_answers()?;
    let mut app = program(project, "startalk");
    exit_code(app.args(passed_on))
}

/// Builds one program, with the features that the whole workspace asks for, as in the
/// tests: so nothing is compiled twice.
fn build(project: &Project, binary: &str, more: &[&str]) -> Result<()> {
    let mut command = project.cargo(["build", "--workspace", "--bin", binary]);
    process::run(command.args(more))
}

/// A built program, with the environment and folder of whoever called us.
fn program(project: &Project, name: &str) -> Command {
    Command::new(project.binary("debug", name))
}

fn exit_code(command: &mut Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("`{}` cannot be started", process::describe(command)))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn dev_server_answers() -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, DEV_PORT)).is_ok()
        || TcpStream::connect(("localhost", DEV_PORT)).is_ok()
}

/// Vite, ended together with the loop.
struct DevServer(Child);

impl DevServer {
    /// Not by npm: that would be the process we end, with Vite living on below it.
    fn start(project: &Project) -> Result<Self> {
        let ui = project.root().join("ui");
        let script = [ui.as_path(), project.root()]
            .map(|folder| folder.join("node_modules/vite/bin/vite.js"))
            .into_iter()
            .find(|script| script.is_file())
            .context("Vite is not among the npm packages")?;
        let child = project
            .command("node")
            .arg(script)
            .current_dir(ui)
            .stdin(Stdio::null())
            .spawn()
            .context("Vite cannot be started")?;
        Ok(Self(child))
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let start = Instant::now();
        while !dev_server_answers() {
            if let Some(status) = self.0.try_wait()? {
                bail!("Vite ended at once ({status})");
            }
            if start.elapsed() > DEV_SERVER_PATIENCE {
                bail!("Vite does not answer on port {DEV_PORT}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // It may be gone already, by the Ctrl-C that also reached us.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
