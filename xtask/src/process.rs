//! Starting other programs, showing what they print, and keeping what is counted later.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Bytes of a step's output that are kept for counting. Summaries come last, so the
/// end is kept; a failing run of a few hundred tests stays well below this.
const KEPT_OUTPUT: usize = 4 * 1024 * 1024;

/// How a program ended, and the end of what it printed.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

/// Runs a program with our own terminal; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("`{}` cannot be started", describe(command)))?;
    ensure_success(command, status)
}

/// Runs a program, passes its output through while it comes, and keeps the end of it.
pub(crate) fn run_and_keep(command: &mut Command) -> Result<Finished> {
    let (mut reader, writer) = std::io::pipe().context("no pipe")?;
    let copy = writer.try_clone().context("no pipe")?;
    let child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(copy)
        .spawn();
    // The command holds our ends of the pipe: without this the reading never ends.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = child.with_context(|| format!("`{}` cannot be started", describe(command)))?;

    let mut kept = Vec::new();
    let mut chunk = [0; 16 * 1024];
    let mut terminal = std::io::stdout();
    loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("the output cannot be read"),
        };
        let fresh = chunk.get(..length).unwrap_or_default();
        // A closed terminal must not stop the tests half way.
        let _ = terminal.write_all(fresh).and_then(|()| terminal.flush());
        kept.extend_from_slice(fresh);
        if kept.len() > 2 * KEPT_OUTPUT {
            kept.drain(..kept.len() - KEPT_OUTPUT);
        }
    }
    let status = child.wait().context("the end of a program was missed")?;
    Ok(Finished {
        status,
        text: String::from_utf8_lossy(&kept).into_owned(),
    })
}

/// Runs a program in silence and returns what it printed on standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` cannot be started", describe(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}`: {}", describe(command), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program starts and ends well; nothing is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// An error that names the command, unless it ended well.
pub(crate) fn ensure_success(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", describe(command))
}

/// The command as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        if argument.contains([' ', '(', '|', '"']) {
            text.push_str(&format!(" '{argument}'"));
        } else {
            text.push(' ');
            text.push_str(&argument);
        }
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_streams_and_the_status() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let finished = run_and_keep(&mut command).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert!(finished.text.contains("out") && finished.text.contains("err"));
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 2"])).unwrap_err();
        assert!(error.to_string().contains("sh -c 'exit 2'"), "{error}");
        assert!(read(&mut Command::new("no-such-program")).is_err());
    }
}
