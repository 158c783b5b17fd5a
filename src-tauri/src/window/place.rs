//! Where the window was, and where it may come back: each set of screens has a
//! place of its own, and no place may be one that cannot be seen.

use serde::{Deserialize, Serialize};

/// So many sets of screens are remembered: home, office, meeting rooms.
const MAX_SETS: usize = 8;
/// So much of the title bar has to lie on a screen, in physical pixels.
const GRIP: i64 = 100;
/// Smallest size that is believed, in physical pixels.
const MIN_SIZE: u32 = 200;

/// A part of the desktop, in physical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Where a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its outer corner and inner size while it is not maximized.
    pub(crate) area: Area,
    pub(crate) maximized: bool,
}

/// The places by sets of screens, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    #[serde(default)]
    sets: Vec<(Vec<Area>, Place)>,
}

impl Places {
    /// Keeps a place.
    pub(crate) fn remember(&mut self, screens: &[Area], place: Place) {
        let screens = sorted(screens);
        self.sets.retain(|(known, _)| *known != screens);
        self.sets.insert(0, (screens, place));
        self.sets.truncate(MAX_SETS);
    }

    /// Where to put the window on these screens; `None`: in the middle, as new.
    pub(crate) fn choose(&self, screens: &[Area]) -> Option<Place> {
        let screens = sorted(screens);
        let known = self.sets.iter().find(|(known, _)| *known == screens);
        let (_, place) = known.or_else(|| self.sets.first())?;
        fit(*place, &screens)
    }
}

/// Size of a window that was never open, in pixels at 100 %.
pub(super) const FIRST_SIZE: (f64, f64) = (1080.0, 720.0);

/// Its size in pixels of a screen, if that is too small for it: nine tenths of the
/// screen, so that title bar and panels have room.
pub(super) fn first_size(scale: f64, width: u32, height: u32) -> Option<(u32, u32)> {
    let room = |side: u32| side / 10 * 9;
    let fits = |wanted: f64, side: u32| wanted * scale <= f64::from(room(side));
    if fits(FIRST_SIZE.0, width) && fits(FIRST_SIZE.1, height) {
        return None;
    }
    let side = |wanted: f64, side: u32| {
        if fits(wanted, side) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "smaller than the screen, which is a u32"
            )]
            let pixels = (wanted * scale) as u32;
            pixels
        } else {
            room(side)
        }
    };
    Some((side(FIRST_SIZE.0, width), side(FIRST_SIZE.1, height)))
}

/// The place of a new window in the middle of a screen.
pub(super) fn in_the_middle(screen: Area, scale: f64) -> Area {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size that fits on a screen"
    )]
    let wanted = || ((FIRST_SIZE.0 * scale) as u32, (FIRST_SIZE.1 * scale) as u32);
    let (width, height) = first_size(scale, screen.width, screen.height).unwrap_or_else(wanted);
    let middle = |from: i32, side: u32, size: u32| {
        from.saturating_add_unsigned(side.saturating_sub(size) / 2)
    };
    Area {
        x: middle(screen.x, screen.width, width),
        y: middle(screen.y, screen.height, height),
        width,
        height,
    }
}

fn sorted(screens: &[Area]) -> Vec<Area> {
    let mut screens = screens.to_vec();
    screens.sort_by_key(|screen| (screen.x, screen.y, screen.width, screen.height));
    screens
}

/// The place, no larger than the screen that holds its title bar; `None` if none does.
fn fit(place: Place, screens: &[Area]) -> Option<Place> {
    let screen = screens
        .iter()
        .max_by_key(|screen| grip(place.area, **screen))?;
    if grip(place.area, *screen) < GRIP * GRIP {
        return None;
    }
    let area = Area {
        width: place.area.width.clamp(MIN_SIZE, screen.width.max(MIN_SIZE)),
        height: place
            .area
            .height
            .clamp(MIN_SIZE, screen.height.max(MIN_SIZE)),
        ..place.area
    };
    Some(Place { area, ..place })
}

/// How much of the title bar lies on the screen; none if too little of either side.
fn grip(area: Area, screen: Area) -> i64 {
    let overlap = |from: i32, size: i64, screen_from: i32, screen_size: u32| {
        let start = i64::from(from).max(i64::from(screen_from));
        let end = (i64::from(from) + size).min(i64::from(screen_from) + i64::from(screen_size));
        end - start
    };
    let width = overlap(area.x, i64::from(area.width), screen.x, screen.width);
    let height = overlap(area.y, GRIP, screen.y, screen.height);
    if width < GRIP || height < GRIP {
        0
    } else {
        width * height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u05_a_window_that_was_never_but_maximized_has_a_place_to_go_back_to() {
        let screen = area(-1920, 0, 1920, 1080);
        let new = in_the_middle(screen, 1.0);
        assert_eq!(new, area(-1500, 180, 1080, 720));
        assert_eq!(
            in_the_middle(area(0, 0, 1280, 800), 2.0),
            area(64, 40, 1152, 720)
        );
        let mut places = Places::default();
        let maximized = Place {
            area: new,
            maximized: true,
        };
        places.remember(&[screen], maximized);
        assert_eq!(places.choose(&[screen]), Some(maximized));
    }

    #[test]
    fn u04_a_new_window_is_no_larger_than_its_screen() {
        assert_eq!(first_size(1.0, 1280, 800), None);
        assert_eq!(first_size(2.0, 2560, 1600), None);
        assert_eq!(first_size(2.0, 1280, 800), Some((1152, 720)));
        assert_eq!(first_size(1.0, 1280, 600), Some((1080, 540)));
    }

    const LAPTOP: Area = area(0, 0, 1920, 1080);
    const DESK: Area = area(1920, -200, 2560, 1440);

    const fn area(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    const fn place(x: i32, y: i32, width: u32, height: u32) -> Place {
        Place {
            area: area(x, y, width, height),
            maximized: false,
        }
    }

    #[test]
    fn u05_each_set_of_screens_has_its_place() {
        let mut places = Places::default();
        assert_eq!(places.choose(&[LAPTOP]), None, "nothing is known");
        let (alone, docked) = (place(100, 80, 900, 700), place(2200, 0, 1400, 1000));
        places.remember(&[LAPTOP], alone);
        places.remember(&[DESK, LAPTOP], docked);
        assert_eq!(places.choose(&[LAPTOP, DESK]), Some(docked));
        assert_eq!(places.choose(&[LAPTOP]), Some(alone));
        let json = serde_json::to_vec(&places).unwrap();
        assert_eq!(serde_json::from_slice::<Places>(&json).unwrap(), places);
    }

    #[test]
    fn u05_a_place_on_a_screen_that_is_gone_is_the_middle() {
        let mut places = Places::default();
        places.remember(&[LAPTOP, DESK], place(2200, 0, 1400, 1000));
        assert_eq!(places.choose(&[LAPTOP]), None);
        // On the screen, but its title bar cannot be reached.
        for (x, y) in [(1850, 100), (-850, 100), (100, 1000), (100, -40)] {
            let mut places = Places::default();
            places.remember(&[LAPTOP], place(x, y, 900, 700));
            assert_eq!(places.choose(&[LAPTOP]), None, "{x},{y}");
        }
        assert_eq!(places.choose(&[]), None, "no screen at all");
    }

    #[test]
    fn u05_a_window_is_no_larger_than_its_screen() {
        let mut places = Places::default();
        places.remember(&[DESK], place(10, 10, 9999, 9999));
        let chosen = places.choose(&[LAPTOP]).unwrap();
        assert_eq!(chosen.area, area(10, 10, 1920, 1080));
    }

    #[test]
    fn u05_few_sets_are_kept_and_nonsense_does_no_harm() {
        let mut places = Places::default();
        for n in 0..20 {
            places.remember(&[area(0, 0, 1000 + n, 1000)], place(1, 1, 800, 600));
        }
        assert_eq!(places.sets.len(), MAX_SETS);
        places.remember(&[LAPTOP], place(i32::MAX, i32::MIN, u32::MAX, 0));
        assert_eq!(places.choose(&[LAPTOP]), None);
    }
}
