//! The figures as a table that can go into a document as it is.

use std::fmt::Write;
use std::time::Duration;

use super::Figures;

struct Row {
    what: &'static str,
    value: fn(&Figures) -> f64,
    digits: usize,
    /// Whether more is better.
    more: bool,
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

const ROWS: &[Row] = &[
    Row {
        what: "start to first answer, ms",
        value: |figures| milliseconds(figures.start),
        digits: 0,
        more: false,
    },
    Row {
        what: "memory with nobody on, MB",
        value: |figures| figures.memory as f64 / 1e6,
        digits: 1,
        more: false,
    },
    Row {
        what: "memory of an idle session, plain, kB",
        value: |figures| figures.session_clear as f64 / 1e3,
        digits: 1,
        more: false,
    },
    Row {
        what: "memory of an idle session, TLS, kB",
        value: |figures| figures.session_tls as f64 / 1e3,
        digits: 1,
        more: false,
    },
    Row {
        what: "sign-ins for a processor second",
        value: |figures| figures.logins.per_processor_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "sign-ins in a second",
        value: |figures| figures.logins.per_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "messages for a processor second",
        value: |figures| figures.messages.per_processor_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "messages in a second",
        value: |figures| figures.messages.per_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "latency of a message, median, ms",
        value: |figures| milliseconds(figures.latency),
        digits: 2,
        more: false,
    },
    Row {
        what: "latency of a message, 99 of 100, ms",
        value: |figures| milliseconds(figures.slow),
        digits: 2,
        more: false,
    },
    Row {
        what: "room deliveries for a processor second",
        value: |figures| figures.fan_out.per_processor_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "room deliveries in a second",
        value: |figures| figures.fan_out.per_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "archived messages read for a processor second",
        value: |figures| figures.paging.per_processor_second,
        digits: 0,
        more: true,
    },
    Row {
        what: "archived messages read in a second",
        value: |figures| figures.paging.per_second,
        digits: 0,
        more: true,
    },
];

/// One column for each server; after each figure of another's, how many times
/// better ours is (below 1: worse).
#[must_use]
pub fn print(all: &[Figures]) -> String {
    let mut text = String::from("| |");
    for figures in all {
        write!(text, " {} |", figures.name).expect("text");
    }
    text.push_str("\n| --- |");
    text.push_str(&" ---: |".repeat(all.len()));
    for row in ROWS {
        write!(text, "\n| {} |", row.what).expect("text");
        let ours = all.first().map(row.value);
        for (n, figures) in all.iter().enumerate() {
            let value = (row.value)(figures);
            write!(text, " {value:.*}", row.digits).expect("text");
            if let (Some(ours), true) = (ours, n > 0) {
                let ratio = if row.more { ours / value } else { value / ours };
                write!(text, " ({ratio:.1}×)").expect("text");
            }
            text.push_str(" |");
        }
    }
    text.push('\n');
    text
}
