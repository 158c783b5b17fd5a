//! How long things took, in words.

use std::time::Duration;

/// `4.2s`, `1m 03s`, `1h 02m`.
pub(crate) fn spell(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1}s", time.as_secs_f64())
    } else if seconds < 3600 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_seconds_minutes_hours() {
        assert_eq!(spell(Duration::from_millis(4210)), "4.2s");
        assert_eq!(spell(Duration::from_secs(63)), "1m 03s");
        assert_eq!(spell(Duration::from_secs(3720)), "1h 02m");
    }
}
