//! Figures beside their aims.

use std::fmt::Display;

/// Rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<String>,
}

impl Table {
    /// A figure that should be no more than its aim, where it has one.
    pub(crate) fn row(
        &mut self,
        what: &str,
        unit: &str,
        measured: f64,
        aim: Option<f64>,
        more: impl Display,
    ) {
        let (aim, verdict) = match aim {
            None => (String::new(), ""),
            Some(aim) if measured <= aim => (format!("{aim} {unit}"), "ok"),
            Some(aim) => (format!("{aim} {unit}"), "**missed**"),
        };
        let row = format!(
            "| {what} | {aim} | {} {unit} | {verdict} | {more} |",
            shown(measured)
        );
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// The median of many figures, and from where to where they go.
    pub(crate) fn median(&mut self, what: &str, unit: &str, all: &[f64], aim: Option<f64>) {
        let mut all = all.to_vec();
        all.sort_by(f64::total_cmp);
        let more = format!(
            "median of {}, {} to {}",
            all.len(),
            shown(all[0]),
            shown(all[all.len() - 1])
        );
        self.row(what, unit, all[all.len() / 2], aim, more);
    }

    /// As Markdown.
    pub(crate) fn print(&self) -> String {
        format!(
            "| what | aim | measured | | |\n| --- | ---: | ---: | --- | --- |\n{}\n",
            self.rows.join("\n")
        )
    }
}

fn shown(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
