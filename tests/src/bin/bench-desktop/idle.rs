//! Processor time while nothing happens, of all processes of the app.

use std::time::{Duration, Instant};

use system_tests::processes::{processor_ms, tree};
use system_tests::window::{App, Desktop};

use crate::Plan;
use crate::table::Table;

/// Its folder on the desktop.
pub(crate) const NAME: &str = "idle";
/// What a start still has to do is done by then.
const SETTLE: Duration = Duration::from_secs(15);
/// Of one core.
const LEAST_PERCENT: f64 = 0.5;

/// With three accounts online, the window open and then hidden.
pub(crate) async fn measure(desktop: &Desktop, plan: &Plan, table: &mut Table) {
    let app = App::start(desktop, NAME, "zh_CN", &[]).await;
    app.wait_ready("main").await;
    let open = of(&app, plan).await;
    app.close_window().await;
    let hidden = of(&app, plan).await;
    for (what, percent) in [("open", open), ("hidden", hidden)] {
        table.row(
            &format!("processor of an idle app with three accounts, window {what}"),
            "%",
            percent,
            Some(LEAST_PERCENT),
            format!("of one core, over {} s", plan.idle),
        );
    }
    app.kill();
}

async fn of(app: &App, plan: &Plan) -> f64 {
    tokio::time::sleep(SETTLE).await;
    let taken = || -> u64 { tree(app.process()).into_iter().map(processor_ms).sum() };
    let (before, began) = (taken(), Instant::now());
    tokio::time::sleep(Duration::from_secs(plan.idle.into())).await;
    let taken = u32::try_from(taken().saturating_sub(before)).unwrap_or(u32::MAX);
    f64::from(taken) / 10.0 / began.elapsed().as_secs_f64()
}
