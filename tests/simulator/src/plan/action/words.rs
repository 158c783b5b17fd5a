//! What happens, as words: a verb, a device, and what else there is to say.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::{Action, Change, Decision, Managing};
use crate::world::{Cut, Direction, Lost};

const CUTS: [(&str, Cut); 3] = [
    ("both", Cut::Both),
    ("device", Cut::Device),
    ("server", Cut::Server),
];
const DIRECTIONS: [(&str, Direction); 2] = [("up", Direction::Up), ("down", Direction::Down)];
const LOST: [(&str, Lost); 3] = [("up", Lost::Up), ("down", Lost::Down), ("both", Lost::Both)];
const DECISIONS: [(&str, Decision); 5] = [
    ("mute", Decision::Mute),
    ("unmute", Decision::Unmute),
    ("put-away", Decision::PutAway),
    ("take-out", Decision::TakeOut),
    ("mark-unread", Decision::MarkUnread),
];
const MANAGING: [(&str, Managing); 3] = [
    ("kick", Managing::Kick),
    ("ban", Managing::Ban),
    ("unban", Managing::Unban),
];
const TOLD: [(&str, bool); 2] = [("told", true), ("silent", false)];
/// For no emojis.
const NONE: &str = "-";

impl Action {
    /// The words that plans may begin with.
    #[cfg(test)]
    pub(crate) const VERBS: [&str; 37] = [
        "send",
        "mention",
        "reply",
        "edit",
        "react",
        "retract",
        "moderate",
        "read",
        "mute",
        "unmute",
        "put-away",
        "take-out",
        "mark-unread",
        "type",
        "block",
        "unblock",
        "enter",
        "leave",
        "nick",
        "kick",
        "ban",
        "unban",
        "scatter",
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
}

/// The word for a choice.
fn word<T: PartialEq>(choices: &[(&'static str, T)], of: &T) -> &'static str {
    let found = choices.iter().find(|(_, choice)| choice == of);
    found.map_or("", |(word, _)| word)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { device, to, count } => write!(f, "send {device} {to} {count}"),
            Self::Mention { device, to, whom } => write!(f, "mention {device} {to} {whom}"),
            Self::Reply { device, to, place } => write!(f, "reply {device} {to} {place}"),
            Self::Change {
                device,
                with,
                place,
                what,
            } => match what {
                Change::Edit => write!(f, "edit {device} {with} {place}"),
                Change::React(emojis) if emojis.is_empty() => {
                    write!(f, "react {device} {with} {place} {NONE}")
                }
                Change::React(emojis) => {
                    write!(f, "react {device} {with} {place} {}", emojis.join(","))
                }
                Change::Retract => write!(f, "retract {device} {with} {place}"),
                Change::Moderate => write!(f, "moderate {device} {with} {place}"),
            },
            Self::Read { device, with } => write!(f, "read {device} {with}"),
            Self::Decide { device, with, what } => {
                write!(f, "{} {device} {with}", word(&DECISIONS, what))
            }
            Self::Type { device, to } => write!(f, "type {device} {to}"),
            Self::Block {
                device,
                whom,
                blocks,
            } => {
                let verb = if *blocks { "block" } else { "unblock" };
                write!(f, "{verb} {device} {whom}")
            }
            Self::Enter { device, room } => write!(f, "enter {device} {room}"),
            Self::Leave { device, room } => write!(f, "leave {device} {room}"),
            Self::Nick { device, room, nick } => write!(f, "nick {device} {room} {nick}"),
            Self::Manage {
                device,
                room,
                whom,
                what,
            } => write!(f, "{} {device} {room} {whom}", word(&MANAGING, what)),
            Self::Scatter { room, told } => write!(f, "scatter {room} {}", word(&TOLD, told)),
            Self::Join { device } => write!(f, "join {device}"),
            Self::Cut { device, who } => write!(f, "cut {device} {}", word(&CUTS, who)),
            Self::CutAfter {
                device,
                direction,
                bytes,
            } => {
                let direction = word(&DIRECTIONS, direction);
                write!(f, "cut-after {device} {direction} {bytes}")
            }
            Self::Stall { device, ms } => write!(f, "stall {device} {ms}"),
            Self::Lose { device, which, ms } => {
                write!(f, "lose {device} {} {ms}", word(&LOST, which))
            }
            Self::Slow { device, ms, piece } => write!(f, "slow {device} {ms} {piece}"),
            Self::Offline { device } => write!(f, "offline {device}"),
            Self::Online { device } => write!(f, "online {device}"),
            Self::Roam { device } => write!(f, "roam {device}"),
            Self::Clock { device, ms } => write!(f, "clock {device} {ms}"),
            Self::Kill { device, ms } => write!(f, "kill {device} {ms}"),
            Self::Close { device, ms } => write!(f, "close {device} {ms}"),
            Self::Forget { device } => write!(f, "forget {device}"),
            Self::Restart { ms, told } => write!(f, "restart {ms} {}", word(&TOLD, told)),
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
        match verb.as_str() {
            "restart" => {
                return Ok(Self::Restart {
                    ms: words.number()?,
                    told: words.one_of(&TOLD)?,
                });
            }
            "scatter" => {
                return Ok(Self::Scatter {
                    room: words.text()?,
                    told: words.one_of(&TOLD)?,
                });
            }
            _ => {}
        }
        let device = words.text()?;
        if let Some((_, what)) = DECISIONS.iter().find(|(name, _)| *name == verb) {
            return Ok(Self::Decide {
                device,
                with: words.text()?,
                what: *what,
            });
        }
        if let Some((_, what)) = MANAGING.iter().find(|(name, _)| *name == verb) {
            return Ok(Self::Manage {
                device,
                room: words.text()?,
                whom: words.text()?,
                what: *what,
            });
        }
        Ok(match verb.as_str() {
            "nick" => Self::Nick {
                device,
                room: words.text()?,
                nick: words.text()?,
            },
            "send" => Self::Send {
                device,
                to: words.text()?,
                count: words.number()?,
            },
            "mention" => Self::Mention {
                device,
                to: words.text()?,
                whom: words.text()?,
            },
            "reply" => Self::Reply {
                device,
                to: words.text()?,
                place: words.number()?,
            },
            "edit" | "react" | "retract" | "moderate" => Self::Change {
                device,
                with: words.text()?,
                place: words.number()?,
                what: change(&verb, &mut words)?,
            },
            "read" => Self::Read {
                device,
                with: words.text()?,
            },
            "type" => Self::Type {
                device,
                to: words.text()?,
            },
            "block" | "unblock" => Self::Block {
                device,
                whom: words.text()?,
                blocks: verb == "block",
            },
            "enter" => Self::Enter {
                device,
                room: words.text()?,
            },
            "leave" => Self::Leave {
                device,
                room: words.text()?,
            },
            "join" => Self::Join { device },
            "cut" => Self::Cut {
                device,
                who: words.one_of(&CUTS)?,
            },
            "cut-after" => Self::CutAfter {
                device,
                direction: words.one_of(&DIRECTIONS)?,
                bytes: words.number()?,
            },
            "stall" => Self::Stall {
                device,
                ms: words.number()?,
            },
            "lose" => Self::Lose {
                device,
                which: words.one_of(&LOST)?,
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

fn change(verb: &str, words: &mut Words<'_>) -> Result<Change> {
    Ok(match verb {
        "edit" => Change::Edit,
        "retract" => Change::Retract,
        "moderate" => Change::Moderate,
        _ => {
            let emojis = words.text()?;
            let emojis = emojis.split(',').filter(|emoji| *emoji != NONE);
            Change::React(emojis.map(str::to_owned).collect())
        }
    })
}
