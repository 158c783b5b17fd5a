//! The only place of the shell that reads the time.

use jiff::ZonedDateTime;

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Now, as the clock on the wall shows it.
pub(crate) fn local() -> Wall {
    Wall::of(&ZonedDateTime::now())
}

/// A time of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    /// Days since Monday.
    pub(crate) day: usize,
    /// Minutes since midnight.
    pub(crate) minute: u16,
}

impl Wall {
    fn of(time: &ZonedDateTime) -> Self {
        let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
        Self {
            day: usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or(0),
            minute: u16::try_from(minutes).unwrap_or(0),
        }
    }
}

/// The next eight in the morning, in milliseconds since the Unix epoch.
pub(crate) fn next_morning_ms() -> i64 {
    next_morning(&ZonedDateTime::now()).unwrap_or_else(|| now_ms() + 12 * 3_600_000)
}

fn next_morning(now: &ZonedDateTime) -> Option<i64> {
    let today = now.date().at(8, 0, 0, 0);
    let today = today.to_zoned_datetime(now.time_zone().clone()).ok()?;
    let morning = if *now < today {
        today
    } else {
        now.tomorrow()
            .ok()?
            .date()
            .at(8, 0, 0, 0)
            .to_zoned_datetime(now.time_zone().clone())
            .ok()?
    };
    Some(morning.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday_and_the_morning_at_eight() {
        let zone = jiff::tz::TimeZone::UTC;
        let at = |text: &str| {
            let time: jiff::civil::DateTime = text.parse().unwrap();
            time.to_zoned_datetime(zone.clone()).unwrap()
        };
        let sunday = at("2026-11-29T23:59:00");
        assert_eq!(
            Wall::of(&sunday),
            Wall {
                day: 6,
                minute: 1439
            }
        );
        assert_eq!(Wall::of(&at("2026-11-30T00:00:30")).day, 0);
        let next = |text: &str| next_morning(&at(text)).unwrap();
        assert_eq!(next("2026-11-30T07:59:00"), next("2026-11-29T21:00:00"));
        assert_eq!(
            next("2026-11-30T08:00:00"),
            at("2026-12-01T08:00:00").timestamp().as_millisecond()
        );
    }
}
