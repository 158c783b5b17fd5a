//! The things that can happen, and their words.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use crate::world::{Cut, Direction, Lost};

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// A device writes so many messages to somebody.
    Send {
        device: String,
        to: String,
        count: u64,
    },
    /// Its user sees the newest message of a conversation.
    Read { device: String, with: String },
    /// Its user types.
    Type { device: String, to: String },
    /// A device is added to its account.
    Join { device: String },
    /// Its connections break.
    Cut { device: String, who: Cut },
    /// Its connection breaks after so many more bytes.
    CutAfter {
        device: String,
        direction: Direction,
        bytes: u64,
    },
    /// Nothing moves for a while.
    Stall { device: String, ms: u64 },
    /// Bytes vanish until the connection breaks.
    Lose {
        device: String,
        which: Lost,
        ms: u64,
    },
    /// From here on its network is so slow, and so finely cut.
    Slow { device: String, ms: u64, piece: u64 },
    /// It has no network.
    Offline { device: String },
    /// It has one again.
    Online { device: String },
    /// It comes into another network: the old connection is silent.
    Roam { device: String },
    /// Its clock is set, forward or back, in milliseconds.
    Clock { device: String, ms: i64 },
    /// The program is killed and is back after a while.
    Kill { device: String, ms: u64 },
    /// The program is closed and is back after a while.
    Close { device: String, ms: u64 },
    /// The server does not know the session of the device any more.
    Forget { device: String },
    /// The server ends without a word and is back after a while; devices notice
    /// or do not.
    Restart { ms: u64, told: bool },
}

impl Action {
    /// The words that plans may begin with.
    #[cfg(test)]
    pub(crate) const VERBS: [&str; 17] = [
        "send",
        "read",
        "type",
        "join",
        "cut",
        "cut-after",
        "stall",
        "lose",
        "slow",
        "offline",
        "online",
        "roam",
        "clock",
        "kill",
        "close",
        "forget",
        "restart",
    ];

    /// Whom it concerns.
    pub(crate) fn device(&self) -> Option<&str> {
        match self {
            Self::Send { device, .. }
            | Self::Read { device, .. }
            | Self::Type { device, .. }
            | Self::Join { device }
            | Self::Cut { device, .. }
            | Self::CutAfter { device, .. }
            | Self::Stall { device, .. }
            | Self::Lose { device, .. }
            | Self::Slow { device, .. }
            | Self::Offline { device }
            | Self::Online { device }
            | Self::Roam { device }
            | Self::Clock { device, .. }
            | Self::Kill { device, .. }
            | Self::Close { device, .. }
            | Self::Forget { device } => Some(device),
            Self::Restart { .. } => None,
        }
    }

    /// The account at the other end.
    pub(crate) fn other(&self) -> Option<&str> {
        match self {
            Self::Send { to, .. } | Self::Type { to, .. } => Some(to),
            Self::Read { with, .. } => Some(with),
            _ => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { device, to, count } => write!(f, "send {device} {to} {count}"),
            Self::Read { device, with } => write!(f, "read {device} {with}"),
            Self::Type { device, to } => write!(f, "type {device} {to}"),
            Self::Join { device } => write!(f, "join {device}"),
            Self::Cut { device, who } => {
                let who = match who {
                    Cut::Both => "both",
                    Cut::Device => "device",
                    Cut::Server => "server",
                };
                write!(f, "cut {device} {who}")
            }
            Self::CutAfter {
                device,
                direction,
                bytes,
            } => {
                let direction = match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                };
                write!(f, "cut-after {device} {direction} {bytes}")
            }
            Self::Stall { device, ms } => write!(f, "stall {device} {ms}"),
            Self::Lose { device, which, ms } => {
                let which = match which {
                    Lost::Up => "up",
                    Lost::Down => "down",
                    Lost::Both => "both",
                };
                write!(f, "lose {device} {which} {ms}")
            }
            Self::Slow { device, ms, piece } => write!(f, "slow {device} {ms} {piece}"),
            Self::Offline { device } => write!(f, "offline {device}"),
            Self::Online { device } => write!(f, "online {device}"),
            Self::Roam { device } => write!(f, "roam {device}"),
            Self::Clock { device, ms } => write!(f, "clock {device} {ms}"),
            Self::Kill { device, ms } => write!(f, "kill {device} {ms}"),
            Self::Close { device, ms } => write!(f, "close {device} {ms}"),
            Self::Forget { device } => write!(f, "forget {device}"),
            Self::Restart { ms, told } => {
                write!(f, "restart {ms} {}", if *told { "told" } else { "silent" })
            }
        }
    }
}

/// The words of an action, taken one by one.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn text(&mut self) -> Result<String> {
        Ok(self.0.next().context("a word is missing")?.to_owned())
    }

    fn number<T: FromStr>(&mut self) -> Result<T> {
        let word = self.text()?;
        word.parse()
            .map_err(|_| anyhow::anyhow!("`{word}` is no number"))
    }

    fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Result<T> {
        let word = self.text()?;
        let found = choices.iter().find(|(name, _)| *name == word);
        Ok(found.with_context(|| format!("`{word}` is not known"))?.1)
    }
}

impl FromStr for Action {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut words = Words(text.split_whitespace());
        let verb = words.text()?;
        if verb == "restart" {
            return Ok(Self::Restart {
                ms: words.number()?,
                told: words.one_of(&[("told", true), ("silent", false)])?,
            });
        }
        let device = words.text()?;
        Ok(match verb.as_str() {
            "send" => Self::Send {
                device,
                to: words.text()?,
                count: words.number()?,
            },
            "read" => Self::Read {
                device,
                with: words.text()?,
            },
            "type" => Self::Type {
                device,
                to: words.text()?,
            },
            "join" => Self::Join { device },
            "cut" => Self::Cut {
                device,
                who: words.one_of(&[
                    ("both", Cut::Both),
                    ("device", Cut::Device),
                    ("server", Cut::Server),
                ])?,
            },
            "cut-after" => Self::CutAfter {
                device,
                direction: words.one_of(&[("up", Direction::Up), ("down", Direction::Down)])?,
                bytes: words.number()?,
            },
            "stall" => Self::Stall {
                device,
                ms: words.number()?,
            },
            "lose" => Self::Lose {
                device,
                which: words.one_of(&[
                    ("up", Lost::Up),
                    ("down", Lost::Down),
                    ("both", Lost::Both),
                ])?,
                ms: words.number()?,
            },
            "slow" => Self::Slow {
                device,
                ms: words.number()?,
                piece: words.number()?,
            },
            "offline" => Self::Offline { device },
            "online" => Self::Online { device },
            "roam" => Self::Roam { device },
            "clock" => Self::Clock {
                device,
                ms: words.number()?,
            },
            "kill" => Self::Kill {
                device,
                ms: words.number()?,
            },
            "close" => Self::Close {
                device,
                ms: words.number()?,
            },
            "forget" => Self::Forget { device },
            _ => bail!("nothing is called `{verb}`"),
        })
    }
}
