//! XEP-0082: date and time profiles, in milliseconds since the Unix epoch.

use jiff::Timestamp;

/// `2026-11-23T08:05:09.123Z`. A time outside the years 1 to 9999 becomes the
/// nearest one inside.
#[must_use]
pub fn format_ms(ms: i64) -> String {
    let limit = if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    format!("{:.3}", Timestamp::from_millisecond(ms).unwrap_or(limit))
}

/// Reads any XEP-0082 `DateTime`; `None` if it is not one.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    text.trim()
        .parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_with_milliseconds() {
        for ms in [0, 1, 999, 1_795_000_000_123, -1] {
            assert_eq!(parse_ms(&format_ms(ms)), Some(ms), "{ms}");
        }
        assert_eq!(format_ms(1_000), "1970-01-01T00:00:01.000Z");
    }

    #[test]
    fn reads_offsets_and_refuses_nonsense() {
        assert_eq!(parse_ms("1969-07-21T02:56:15Z"), Some(-14_159_025_000));
        assert_eq!(parse_ms("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_ms("1970-01-01T00:00:00.5Z"), Some(500));
        for bad in ["", "yesterday", "1970-13-01T00:00:00Z", "1970-01-01"] {
            assert_eq!(parse_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn never_panics_at_the_edges() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(format_ms(ms).ends_with('Z'));
        }
    }
}
