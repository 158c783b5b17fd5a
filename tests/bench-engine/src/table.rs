//! Figures beside their aims.

/// Rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<String>,
}

impl Table {
    /// A figure that should be small.
    pub(crate) fn at_most(&mut self, what: &str, unit: &str, all: Vec<f64>, aim: Option<f64>) {
        self.row(what, unit, all, aim, |median, aim| median <= aim);
    }

    /// A figure that should be large.
    pub(crate) fn at_least(&mut self, what: &str, unit: &str, all: Vec<f64>, aim: Option<f64>) {
        self.row(what, unit, all, aim, |median, aim| median >= aim);
    }

    fn row(
        &mut self,
        what: &str,
        unit: &str,
        mut all: Vec<f64>,
        aim: Option<f64>,
        is_met: fn(f64, f64) -> bool,
    ) {
        all.sort_by(f64::total_cmp);
        let median = all.get(all.len() / 2).copied().unwrap_or(f64::NAN);
        let (least, most) = (
            all.first().copied().unwrap_or(f64::NAN),
            all.last().copied().unwrap_or(f64::NAN),
        );
        let verdict = match aim {
            None => "".to_owned(),
            Some(aim) if is_met(median, aim) => format!("{aim} | met"),
            Some(aim) => format!("{aim} | **missed**"),
        };
        let verdict = if verdict.is_empty() {
            " | ".to_owned()
        } else {
            verdict
        };
        let row = format!(
            "| {what} | {} {unit} | {}–{} | {verdict} |",
            shown(median),
            shown(least),
            shown(most)
        );
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// As Markdown.
    pub(crate) fn print(&self) -> String {
        format!(
            "| what | median | from–to | aim | |\n| --- | ---: | ---: | ---: | --- |\n{}",
            self.rows.join("\n")
        )
    }
}

fn shown(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A count as a number to reckon with.
pub(crate) fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
