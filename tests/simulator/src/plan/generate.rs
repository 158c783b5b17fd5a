//! From a seed to a plan.

mod stories;

use std::collections::VecDeque;

use super::{Action, Change, Decision, Managing, Plan, Room, Step, account_of};
use crate::dice::Dice;
use crate::flavour::Flavour;
use crate::world::{Cut, Direction, Lost};

const PEOPLE: [&str; 3] = ["anna", "bela", "carl"];
/// What people call themselves in rooms: some as others are called.
const NICKS: [&str; 5] = ["anna", "bela", "nan", "nan", "kit"];

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
        let rooms = rooms(&people, &mut dice);
        let mut thrower = Thrower {
            people,
            rooms: rooms.clone(),
            devices: devices.clone(),
            dice,
            joined: false,
            changed: None,
            decided: None,
            coming: VecDeque::new(),
        };
        let count = thrower.dice.between(8, 32);
        let steps = (0..count).map(|_| thrower.step()).collect();
        Self {
            seed,
            flavour,
            rooms,
            devices,
            steps,
        }
    }
}

/// In half of the plans there is a room; not everybody is in it from the
/// beginning.
fn rooms(people: &[&str], dice: &mut Dice) -> Vec<Room> {
    if dice.one_in(2) {
        return Vec::new();
    }
    let mut members: Vec<String> = people.iter().map(|person| (*person).to_owned()).collect();
    let owner = dice.index(members.len());
    members.swap(0, owner);
    if dice.one_in(4) {
        members.pop();
    }
    vec![Room {
        name: "tea".to_owned(),
        members,
    }]
}

/// Throws steps.
struct Thrower<'a> {
    people: Vec<&'a str>,
    rooms: Vec<Room>,
    devices: Vec<String>,
    dice: Dice,
    /// Whether a device has come later.
    joined: bool,
    /// What was done to a message last: often it is not left at that.
    changed: Option<Action>,
    /// The device and the conversation of the last decision.
    decided: Option<(String, String)>,
    /// The rest of a story.
    coming: VecDeque<Step>,
}

impl Thrower<'_> {
    fn step(&mut self) -> Step {
        if self.coming.is_empty() && self.dice.one_in(15) {
            self.coming = self.story().into();
        }
        if let Some(step) = self.coming.pop_front() {
            return step;
        }
        // Bursts of things that happen nearly at once, and quiet times.
        let longest = self
            .dice
            .pick(&[5, 5, 60, 60, 700, 700, 5_000, 40_000, 400_000]);
        Step {
            after_ms: self.dice.below(longest),
            action: self.action(),
        }
    }

    fn person(&mut self, other_than: &str) -> String {
        let others: Vec<String> = self
            .people
            .iter()
            .filter(|person| **person != other_than)
            .map(|person| (*person).to_owned())
            .collect();
        self.dice.pick(&others)
    }

    /// A room, or nothing where there is none.
    fn room(&mut self) -> Option<String> {
        let room = self.rooms.get(self.dice.index(self.rooms.len()))?;
        Some(format!("#{}", room.name))
    }

    fn conversation(&mut self, device: &str) -> String {
        let in_room = self.dice.one_in(2);
        let room = self.room().filter(|_| in_room);
        room.unwrap_or_else(|| self.person(account_of(device)))
    }

    fn action(&mut self) -> Action {
        let device = self.dice.pick(&self.devices);
        match self.dice.below(100) {
            0..58 => self.doing(device),
            _ => self.fault(device),
        }
    }

    /// What a user does.
    fn doing(&mut self, device: String) -> Action {
        let with = self.conversation(&device);
        let whom = self.person(account_of(&device));
        let place = self.dice.pick(&[0, 0, 0, 1, 1, 2, 5]);
        match self.dice.below(100) {
            0..5 => Action::Reply {
                device,
                to: with,
                place,
            },
            5..40 => Action::Send {
                device,
                to: with,
                count: self.dice.pick(&[1, 1, 1, 2, 3, 6]),
            },
            40..44 => Action::Mention {
                device,
                to: with,
                whom,
            },
            44..60 => Action::Read { device, with },
            60..76 => {
                let again = self.changed.take().filter(|_| self.dice.one_in(2));
                let action = match again {
                    Some(last) => self.again(last),
                    None => Action::Change {
                        device,
                        with,
                        place,
                        what: self.change(),
                    },
                };
                self.changed = Some(action.clone());
                action
            }
            76..84 => {
                let again = self.decided.take().filter(|_| self.dice.one_in(2));
                let (device, with) = again.unwrap_or((device, with));
                self.decided = Some((device.clone(), with.clone()));
                Action::Decide {
                    device,
                    with,
                    what: match self.dice.below(5) {
                        0 => Decision::Mute,
                        1 => Decision::Unmute,
                        2 => Decision::PutAway,
                        3 => Decision::TakeOut,
                        _ => Decision::MarkUnread,
                    },
                }
            }
            84..87 => Action::Type { device, to: with },
            87..90 => Action::Block {
                device,
                whom,
                blocks: !self.dice.one_in(3),
            },
            _ => match self.room() {
                None => Action::Read { device, with },
                Some(room) => match self.dice.below(16) {
                    0..4 => Action::Change {
                        device,
                        with: room,
                        place,
                        what: Change::Moderate,
                    },
                    4..7 => Action::Enter { device, room },
                    7 => Action::Leave { device, room },
                    8..12 => Action::Nick {
                        device,
                        room,
                        nick: self.dice.pick(&NICKS.map(str::to_owned)),
                    },
                    12..14 => Action::Manage {
                        device: self.owned(device, &room),
                        room,
                        whom,
                        what: self.managing(),
                    },
                    _ => Action::Scatter {
                        room,
                        told: self.dice.one_in(2),
                    },
                },
            },
        }
    }

    /// Mostly it is the owner who does something about others.
    fn owned(&mut self, device: String, room: &str) -> String {
        let rooms = self.rooms.iter();
        let owner = rooms
            .filter(|known| Some(known.name.as_str()) == room.strip_prefix('#'))
            .find_map(|room| room.members.first())
            .cloned();
        let theirs = |device: &&String| Some(account_of(device)) == owner.as_deref();
        let theirs: Vec<String> = self.devices.iter().filter(theirs).cloned().collect();
        match theirs.is_empty() || self.dice.one_in(6) {
            true => device,
            false => self.dice.pick(&theirs),
        }
    }

    fn managing(&mut self) -> Managing {
        match self.dice.below(4) {
            0..2 => Managing::Kick,
            2 => Managing::Ban,
            _ => Managing::Unban,
        }
    }

    fn change(&mut self) -> Change {
        match self.dice.below(9) {
            0..4 => Change::Edit,
            4..7 => {
                let some = ["👍", "❤", "🎉"].into_iter();
                let some = some.filter(|_| self.dice.one_in(2));
                Change::React(some.map(str::to_owned).collect())
            }
            _ => Change::Retract,
        }
    }

    /// The same thing is done again, to the same message or so: other emojis, or
    /// another text.
    fn again(&mut self, mut last: Action) -> Action {
        if let Action::Change {
            what: Change::React(emojis),
            ..
        } = &mut last
        {
            let others = ["👍", "🎉"].map(str::to_owned).to_vec();
            *emojis = if self.dice.one_in(2) {
                Vec::new()
            } else {
                others
            };
        }
        last
    }

    /// What goes wrong.
    fn fault(&mut self, device: String) -> Action {
        let dice = &mut self.dice;
        // A time in which something is not there.
        let longest = dice.pick(&[20, 1_000, 1_000, 10_000, 100_000, 700_000]);
        let ms = dice.below(longest);
        match dice.below(50) {
            0..6 => Action::Cut {
                device,
                who: match dice.below(3) {
                    0 => Cut::Both,
                    1 => Cut::Device,
                    _ => Cut::Server,
                },
            },
            6..14 => Action::CutAfter {
                device,
                direction: if dice.one_in(2) {
                    Direction::Up
                } else {
                    Direction::Down
                },
                bytes: dice.below(1_500),
            },
            14..17 => Action::Stall { device, ms },
            17..23 => Action::Lose {
                device,
                which: match dice.below(3) {
                    0 => Lost::Up,
                    1 => Lost::Down,
                    _ => Lost::Both,
                },
                ms: ms.min(200_000),
            },
            23..26 => Action::Slow {
                device,
                ms: dice.pick(&[0, 5, 40, 300, 2_000]),
                piece: dice.pick(&[0, 0, 0, 400, 60]),
            },
            26..30 => Action::Offline { device },
            30..34 => Action::Online { device },
            34..37 => Action::Roam { device },
            37..38 => Action::Clock {
                device,
                ms: dice.pick(&[-7_200_000, -90_000, -1_500, 1_500, 90_000, 7_200_000]),
            },
            38..42 => Action::Kill { device, ms },
            42..44 => Action::Close { device, ms },
            44..46 => Action::Forget { device },
            46..49 => Action::Restart {
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
