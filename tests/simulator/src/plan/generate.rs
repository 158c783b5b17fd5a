//! From a seed to a plan.

use super::{Action, Plan, Step, account_of};
use crate::dice::Dice;
use crate::flavour::Flavour;
use crate::world::{Cut, Direction, Lost};

const PEOPLE: [&str; 3] = ["anna", "bela", "carl"];

impl Plan {
    /// The plan of a seed, always the same.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "plan", 0);
        let flavour = Flavour::throw(&mut dice);
        let people = if dice.one_in(3) { 3 } else { 2 };
        let people: Vec<&str> = PEOPLE.into_iter().take(people).collect();
        let mut devices = Vec::new();
        for person in &people {
            for number in 1..=dice.pick(&[1, 1, 2, 2, 3]) {
                devices.push(format!("{person}{number}"));
            }
        }
        let mut thrower = Thrower {
            people,
            devices: devices.clone(),
            dice,
            joined: false,
        };
        let count = thrower.dice.between(8, 32);
        let steps = (0..count).map(|_| thrower.step()).collect();
        Self {
            seed,
            flavour,
            devices,
            steps,
        }
    }
}

/// Throws steps.
struct Thrower<'a> {
    people: Vec<&'a str>,
    devices: Vec<String>,
    dice: Dice,
    /// Whether a device has come later.
    joined: bool,
}

impl Thrower<'_> {
    fn step(&mut self) -> Step {
        // Bursts of things that happen nearly at once, and quiet times.
        let longest = self
            .dice
            .pick(&[5, 5, 60, 60, 700, 700, 5_000, 40_000, 400_000]);
        Step {
            after_ms: self.dice.below(longest),
            action: self.action(),
        }
    }

    fn device(&mut self) -> String {
        self.dice.pick(&self.devices)
    }

    fn other(&mut self, device: &str) -> String {
        let others: Vec<String> = self
            .people
            .iter()
            .filter(|person| **person != account_of(device))
            .map(|person| (*person).to_owned())
            .collect();
        self.dice.pick(&others)
    }

    fn action(&mut self) -> Action {
        let device = self.device();
        let other = self.other(&device);
        let dice = &mut self.dice;
        // A time in which something is not there.
        let longest = dice.pick(&[20, 1_000, 1_000, 10_000, 100_000, 700_000]);
        let ms = dice.below(longest);
        match dice.below(100) {
            0..36 => Action::Send {
                device,
                to: other,
                count: dice.pick(&[1, 1, 1, 2, 3, 6]),
            },
            36..48 => Action::Read {
                device,
                with: other,
            },
            48..50 => Action::Type { device, to: other },
            50..56 => Action::Cut {
                device,
                who: match dice.below(3) {
                    0 => Cut::Both,
                    1 => Cut::Device,
                    _ => Cut::Server,
                },
            },
            56..64 => Action::CutAfter {
                device,
                direction: if dice.one_in(2) {
                    Direction::Up
                } else {
                    Direction::Down
                },
                bytes: dice.below(1_500),
            },
            64..67 => Action::Stall { device, ms },
            67..73 => Action::Lose {
                device,
                which: match dice.below(3) {
                    0 => Lost::Up,
                    1 => Lost::Down,
                    _ => Lost::Both,
                },
                ms: ms.min(200_000),
            },
            73..76 => Action::Slow {
                device,
                ms: dice.pick(&[0, 5, 40, 300, 2_000]),
                piece: dice.pick(&[0, 0, 0, 400, 60]),
            },
            76..80 => Action::Offline { device },
            80..84 => Action::Online { device },
            84..87 => Action::Roam { device },
            87..88 => Action::Clock {
                device,
                ms: dice.pick(&[-7_200_000, -90_000, -1_500, 1_500, 90_000, 7_200_000]),
            },
            88..92 => Action::Kill { device, ms },
            92..94 => Action::Close { device, ms },
            94..96 => Action::Forget { device },
            96..99 => Action::Restart {
                ms: ms.min(100_000),
                told: dice.one_in(2),
            },
            _ if self.joined => Action::Online { device },
            _ => {
                self.joined = true;
                let device = format!("{}9", account_of(&device));
                self.devices.push(device.clone());
                Action::Join { device }
            }
        }
    }
}
