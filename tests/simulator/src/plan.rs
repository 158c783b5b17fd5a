//! A plan: who is there, on what kind of server, and what happens to them.
//!
//! A plan is text, so that what a seed made can be read, shortened by hand and
//! run again:
//!
//! ```text
//! seed 7
//! server acks=in-order resume=300000 …
//! room tea bela anna
//! devices anna1 anna2 bela1
//! +120 send anna1 bela 2
//! +0 react bela1 anna 0 👍
//! +40 cut anna1 both
//! ```
//!
//! A device is the name of its account with a number. A room is there from the
//! beginning; who is first in it owns it, and it is called `#tea` below. Times are milliseconds
//! after the step before.

mod action;
mod generate;
mod shorten;

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use crate::flavour::Flavour;
pub(crate) use action::{Action, Change, Decision, Managing};

/// What happens, and how long after what happened before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) after_ms: u64,
    pub(crate) action: Action,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) name: String,
    /// The accounts that want to be in it at the beginning.
    pub(crate) members: Vec<String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(crate) seed: u64,
    pub(crate) flavour: Flavour,
    pub(crate) rooms: Vec<Room>,
    /// Those that are there from the beginning.
    pub(crate) devices: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// The account of a device.
pub(crate) fn account_of(device: &str) -> &str {
    device.trim_end_matches(|c: char| c.is_ascii_digit())
}

impl Plan {
    /// Every device, those that come later too.
    pub(crate) fn all_devices(&self) -> Vec<String> {
        let mut devices = self.devices.clone();
        for step in &self.steps {
            if let Some(device) = step.action.device()
                && !devices.iter().any(|known| known == device)
            {
                devices.push(device.to_owned());
            }
        }
        devices
    }

    /// Every account that somebody has or writes to.
    pub(crate) fn accounts(&self) -> Vec<String> {
        let devices = self.all_devices();
        let mut accounts: Vec<String> = devices
            .iter()
            .map(|device| account_of(device).to_owned())
            .chain(
                self.steps
                    .iter()
                    .filter_map(|step| step.action.other())
                    .filter(|other| !other.starts_with('#'))
                    .map(str::to_owned),
            )
            .chain(self.rooms.iter().flat_map(|room| room.members.clone()))
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "server {}", self.flavour)?;
        for room in &self.rooms {
            writeln!(f, "room {} {}", room.name, room.members.join(" "))?;
        }
        writeln!(f, "devices {}", self.devices.join(" "))?;
        for step in &self.steps {
            writeln!(f, "+{} {}", step.after_ms, step.action)?;
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut plan = Self {
            seed: 0,
            flavour: Flavour::default(),
            rooms: Vec::new(),
            devices: Vec::new(),
            steps: Vec::new(),
        };
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "seed" => plan.seed = rest.trim().parse().context("seed")?,
                "server" => plan.flavour = rest.parse()?,
                "room" => {
                    let mut words = rest.split_whitespace().map(str::to_owned);
                    plan.rooms.push(Room {
                        name: words.next().context("a room without a name")?,
                        members: words.collect(),
                    });
                }
                "devices" => plan.devices = rest.split_whitespace().map(str::to_owned).collect(),
                _ => {
                    let Some(after) = word.strip_prefix('+') else {
                        bail!("`{line}` is no line of a plan");
                    };
                    plan.steps.push(Step {
                        after_ms: after.parse().with_context(|| line.to_owned())?,
                        action: rest.parse().with_context(|| line.to_owned())?,
                    });
                }
            }
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_text() {
        for seed in 0..300 {
            let plan = Plan::of_seed(seed);
            let text = plan.to_string();
            assert_eq!(text.parse::<Plan>().unwrap(), plan, "{text}");
        }
        for bad in [
            "walk",
            "+1 fly anna1",
            "+x send anna1 bela 1",
            "+1 send anna1",
            "seed x",
            "room",
            "+1 scatter #tea",
        ] {
            assert!(bad.parse::<Plan>().is_err(), "{bad}");
        }
    }

    #[test]
    fn plans_of_before_there_were_rooms_are_read() {
        let plan = "seed 7\nserver acks=at-once resume=0 failed-h=true ask=1 page=2 commit=20 \
                    offline=true carbon-ids=false to-all=false\ndevices anna1 bela1\n\
                    +5 send anna1 bela 2\n+0 restart 100 told";
        let plan: Plan = plan.parse().unwrap();
        assert_eq!((plan.rooms.len(), plan.steps.len()), (0, 2));
        assert!(!plan.flavour.tombstones && plan.flavour.occupant_ids);
    }

    #[test]
    fn seeds_reach_every_action() {
        let mut verbs = std::collections::BTreeSet::new();
        for seed in 0..600 {
            for step in Plan::of_seed(seed).steps {
                let text = step.action.to_string();
                verbs.insert(text.split(' ').next().unwrap().to_owned());
            }
        }
        assert_eq!(verbs.len(), Action::VERBS.len(), "{verbs:?}");
    }

    #[test]
    fn who_is_there() {
        let plan = "devices anna1\n+1 send anna1 bela 1\n+1 join carl2\n+1 read anna1 #tea";
        let plan: Plan = plan.parse().unwrap();
        assert_eq!(plan.all_devices(), ["anna1", "carl2"]);
        assert_eq!(plan.accounts(), ["anna", "bela", "carl"]);
    }
}
