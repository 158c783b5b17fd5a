//! From the start of the process to the list painted from the cache.

use std::process::Stdio;
use std::time::{Duration, Instant};

use system_tests::processes::{self, Guard};
use system_tests::window::Desktop;

use crate::table::Table;
use crate::{NAME, Plan};

/// Longest wait for the paint.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn measure(desktop: &Desktop, plan: &Plan, table: &mut Table) {
    let times: Vec<f64> = (0..plan.starts).map(|_| once(desktop)).collect();
    let what = format!(
        "start to list painted, {} messages in the cache",
        plan.messages
    );
    table.median(&what, "ms", &times, Some(700.0));
}

fn once(desktop: &Desktop) -> f64 {
    let home = desktop.app_home(NAME);
    let painted = home.join("painted");
    drop(std::fs::remove_file(&painted));
    let began = Instant::now();
    let process = Guard::spawn(
        desktop
            .command(processes::required("STARTALK_BIN"))
            .arg("--home")
            .arg(&home)
            .env("STARTALK_BENCH", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    while !painted.exists() {
        assert!(began.elapsed() < PATIENCE, "nothing was painted");
        // Finer than what is measured; there is nothing to wait for but the file.
        std::thread::sleep(Duration::from_millis(1));
    }
    let milliseconds = began.elapsed().as_secs_f64() * 1_000.0;
    processes::signal(process.id(), "TERM");
    processes::wait_for_end(process.id(), PATIENCE);
    milliseconds
}
