//! When the user wants to be left alone. The desktop's own "do not disturb" is
//! kept by the desktop: our notifications never claim to be urgent.

use crate::clock::Wall;
use crate::contract::{NotificationSettings, QuietHours};

/// Whether there are no notifications now.
pub(crate) fn is_quiet(settings: &NotificationSettings, now_ms: i64, wall: Wall) -> bool {
    !settings.enabled
        || settings.quiet_until_ms.is_some_and(|until| now_ms < until)
        || settings
            .quiet_hours
            .as_ref()
            .is_some_and(|hours| within(hours, wall))
}

fn within(hours: &QuietHours, wall: Wall) -> bool {
    let begins_on = |day: usize| hours.days.get(day).copied().unwrap_or(false);
    let yesterday = (wall.day + 6) % 7;
    let (from, to) = (hours.from_minute, hours.to_minute);
    if from <= to {
        begins_on(wall.day) && (from..to).contains(&wall.minute)
    } else {
        (begins_on(wall.day) && wall.minute >= from) || (begins_on(yesterday) && wall.minute < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: usize, hour: u16, minute: u16) -> Wall {
        Wall {
            day,
            minute: hour * 60 + minute,
        }
    }

    #[test]
    fn u81_quiet_hours_may_go_over_midnight_and_know_the_day() {
        // Monday to Friday, from 19:00 to 8:30.
        let hours = QuietHours {
            from_minute: 19 * 60,
            to_minute: 8 * 60 + 30,
            days: [true, true, true, true, true, false, false],
        };
        let settings = NotificationSettings {
            quiet_hours: Some(hours),
            ..NotificationSettings::default()
        };
        for (wall, quiet) in [
            (at(0, 18, 59), false),
            (at(0, 19, 0), true),
            (at(1, 8, 29), true),
            (at(1, 8, 30), false),
            (at(5, 8, 0), true),    // the night from Friday
            (at(5, 19, 30), false), // Saturday evening
            (at(0, 7, 0), false),   // the night from Sunday
        ] {
            assert_eq!(is_quiet(&settings, 0, wall), quiet, "{wall:?}");
        }
    }

    #[test]
    fn u81_quiet_hours_within_a_day() {
        let noon = QuietHours {
            from_minute: 720,
            to_minute: 780,
            days: [true; 7],
        };
        assert!(within(&noon, at(3, 12, 0)) && !within(&noon, at(3, 13, 0)));
        let never = QuietHours {
            from_minute: 720,
            to_minute: 720,
            days: [true; 7],
        };
        assert!((0..1440).all(|minute| !within(&never, Wall { day: 0, minute })));
    }

    #[test]
    fn u81_quiet_for_a_while_ends_by_itself() {
        let settings = NotificationSettings {
            quiet_until_ms: Some(1_000),
            ..NotificationSettings::default()
        };
        assert!(is_quiet(&settings, 999, at(0, 9, 0)));
        assert!(!is_quiet(&settings, 1_000, at(0, 9, 0)));
        let off = NotificationSettings {
            enabled: false,
            ..NotificationSettings::default()
        };
        assert!(is_quiet(&off, 0, at(0, 9, 0)));
    }
}
