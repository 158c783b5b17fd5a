//! What servers do in different ways, all of them allowed: each plan has a
//! server of its own kind.

use std::fmt;
use std::str::FromStr;

use crate::dice::Dice;

/// When a server says what it has handled (XEP-0198, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Acknowledging {
    /// It answers a request in its place among the stanzas.
    #[default]
    InOrder,
    /// As [`Acknowledging::InOrder`], and without being asked.
    Unasked,
    /// It answers a request at once, although what came before is not on disk
    /// yet and so does not count.
    AtOnce,
}

/// The kind of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flavour {
    pub(crate) acknowledging: Acknowledging,
    /// How long a session can be resumed, in milliseconds; 0 for not at all.
    pub(crate) resume_ms: u64,
    /// Whether a refused resumption says what was handled (XEP-0198, section 5).
    pub(crate) failed_h: bool,
    /// Stanzas after which the server asks what the client has handled.
    pub(crate) ask_every: u64,
    /// Largest page of the archive.
    pub(crate) page: usize,
    /// From a stanza's arrival to its being on disk, in milliseconds.
    pub(crate) commit_ms: u64,
    /// Whether messages are also kept for who is away (XEP-0160).
    pub(crate) offline: bool,
    /// Whether the copy of what another device sent has the archive's id.
    pub(crate) carbon_ids: bool,
    /// Whether a message for the bare address goes to all devices, rather than
    /// to one of them with copies to the others (XEP-0280).
    pub(crate) to_all: bool,
    /// Whether archives keep a mark in the place of what was taken back (XEP-0424,
    /// section 4).
    pub(crate) tombstones: bool,
    /// Whether rooms hide who is who.
    pub(crate) anonymous: bool,
    /// Whether rooms name people (XEP-0421).
    pub(crate) occupant_ids: bool,
}

impl Default for Flavour {
    fn default() -> Self {
        Self {
            acknowledging: Acknowledging::InOrder,
            resume_ms: 300_000,
            failed_h: false,
            ask_every: 3,
            page: 100,
            commit_ms: 2,
            offline: false,
            carbon_ids: true,
            to_all: true,
            tombstones: false,
            anonymous: false,
            occupant_ids: true,
        }
    }
}

impl Flavour {
    pub(crate) fn throw(dice: &mut Dice) -> Self {
        use Acknowledging::{AtOnce, InOrder, Unasked};
        Self {
            acknowledging: dice.pick(&[InOrder, InOrder, Unasked, AtOnce]),
            resume_ms: dice.pick(&[0, 4_000, 30_000, 300_000, 300_000]),
            failed_h: dice.one_in(2),
            ask_every: dice.pick(&[1, 3, 10, 1000]),
            page: dice.pick(&[1, 2, 3, 5, 20, 100]),
            commit_ms: dice.pick(&[0, 2, 20, 300]),
            offline: dice.one_in(3),
            carbon_ids: !dice.one_in(3),
            to_all: !dice.one_in(3),
            tombstones: dice.one_in(3),
            anonymous: dice.one_in(3),
            occupant_ids: !dice.one_in(3),
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acknowledging = match self.acknowledging {
            Acknowledging::InOrder => "in-order",
            Acknowledging::Unasked => "unasked",
            Acknowledging::AtOnce => "at-once",
        };
        write!(
            f,
            "acks={acknowledging} resume={} failed-h={} ask={} page={} commit={} offline={} \
             carbon-ids={} to-all={} tombstones={} anonymous={} occupant-ids={}",
            self.resume_ms,
            self.failed_h,
            self.ask_every,
            self.page,
            self.commit_ms,
            self.offline,
            self.carbon_ids,
            self.to_all,
            self.tombstones,
            self.anonymous,
            self.occupant_ids
        )
    }
}

impl FromStr for Flavour {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut flavour = Self::default();
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "acks" => {
                    flavour.acknowledging = match value {
                        "in-order" => Acknowledging::InOrder,
                        "unasked" => Acknowledging::Unasked,
                        "at-once" => Acknowledging::AtOnce,
                        _ => anyhow::bail!("acks={value}"),
                    }
                }
                "resume" => flavour.resume_ms = value.parse()?,
                "failed-h" => flavour.failed_h = value.parse()?,
                "ask" => flavour.ask_every = value.parse()?,
                "page" => flavour.page = value.parse()?,
                "commit" => flavour.commit_ms = value.parse()?,
                "offline" => flavour.offline = value.parse()?,
                "carbon-ids" => flavour.carbon_ids = value.parse()?,
                "to-all" => flavour.to_all = value.parse()?,
                "tombstones" => flavour.tombstones = value.parse()?,
                "anonymous" => flavour.anonymous = value.parse()?,
                "occupant-ids" => flavour.occupant_ids = value.parse()?,
                _ => anyhow::bail!("a server has no {name}"),
            }
        }
        Ok(flavour)
    }
}
