//! Whether a device shows what the archive comes to.

use std::collections::{BTreeMap, BTreeSet};

use engine::api::DeliveryState;

use super::truth::Entry;
use super::{Failure, Kind, failure};
use crate::device::Shown;
use crate::server::address;

/// A conversation on a device.
pub(super) struct Place<'a> {
    pub(super) device: &'a str,
    pub(super) account: &'a str,
    /// The other account, or the room.
    pub(super) with: &'a str,
    /// Whether people went by other names there: then nobody knows whom a text names.
    pub(super) is_renamed: bool,
    /// Whether some of it may be missing, and what was said about messages: it
    /// has been refused, or somebody is not in the room.
    pub(super) is_partial: bool,
    /// Whether the room may have refused what was said in it.
    pub(super) may_be_refused: bool,
}

/// A message as it has to look.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    incoming: bool,
    text: String,
    retracted: bool,
    mentions_me: bool,
    reactions: BTreeMap<String, (u32, bool)>,
}

/// Whether a text names somebody.
pub(super) fn names(text: &str, account: &str) -> bool {
    text.split(' ')
        .any(|word| word.strip_prefix('@') == Some(account))
}

fn wanted(entry: &Entry, account: &str) -> Line {
    let incoming = entry.author != account;
    let mut reactions: BTreeMap<String, (u32, bool)> = BTreeMap::new();
    for (by, emojis) in &entry.reactions {
        for emoji in emojis {
            let (count, mine) = reactions.entry(emoji.clone()).or_default();
            *count += 1;
            *mine |= by == account;
        }
    }
    Line {
        incoming,
        text: entry.text.clone(),
        retracted: entry.retracted,
        mentions_me: incoming && names(&entry.text, account),
        reactions,
    }
}

fn found(shown: &Shown) -> Line {
    Line {
        incoming: shown.incoming,
        text: shown.text.clone(),
        retracted: shown.retracted,
        mentions_me: shown.mentions_me,
        reactions: shown.reactions.clone(),
    }
}

/// Compares; gives whether all is as it has to be.
pub(super) fn compare(
    place: &Place<'_>,
    truth: &[Entry],
    shown: &[Shown],
    failures: &mut Vec<Failure>,
) -> bool {
    let before = failures.len();
    let here = format!("{} in {}", place.device, place.with);
    let mut fail = |kind, text: String| failures.push(failure(kind, format!("{here}: {text}")));
    let by_key: BTreeMap<&str, &Entry> = truth
        .iter()
        .map(|entry| (entry.key.as_str(), entry))
        .collect();
    // What was refused stands where it was written.
    let shown: Vec<&Shown> = shown
        .iter()
        .filter(|one| {
            let is_stuck = matches!(
                one.delivery,
                Some(DeliveryState::Waiting | DeliveryState::Failed { .. })
            );
            let is_refused = matches!(one.delivery, Some(DeliveryState::Failed { .. }));
            !(place.is_partial && is_stuck || place.may_be_refused && is_refused)
        })
        .collect();
    let mut seen = BTreeSet::new();
    for one in shown.iter().filter(|one| !one.retracted) {
        let key = one.key();
        if !seen.insert(key) {
            fail(Kind::Twice, format!("{key} stands there twice"));
        }
        match by_key.get(key) {
            None => fail(Kind::Unknown, format!("{} was never sent", one.text)),
            Some(entry) if entry.retracted && !place.is_partial => {
                fail(Kind::Retracted, format!("{key} was taken back"));
            }
            Some(_) => {}
        }
    }
    if place.is_partial {
        let order = shown
            .iter()
            .filter(|one| !one.retracted)
            .map(|one| one.key());
        let mut all = truth.iter().map(|entry| entry.key.as_str());
        let is_part = order.clone().all(|key| all.any(|other| other == key));
        if !is_part && failures.len() == before {
            let order: Vec<&str> = order.collect();
            let keys: Vec<&String> = truth.iter().map(|entry| &entry.key).collect();
            let text = format!("{here}\n  shows {order:?}\n  not   {keys:?}");
            failures.push(failure(Kind::Order, text));
        }
        return false;
    }
    for entry in truth.iter().filter(|entry| !entry.retracted) {
        if !seen.contains(entry.key.as_str()) {
            fail(Kind::Lost, entry.key.clone());
        }
    }
    if failures.len() > before {
        return false;
    }
    let keys: Vec<&str> = shown.iter().map(|one| one.key()).collect();
    let wanted_keys: Vec<&str> = truth
        .iter()
        .map(|entry| {
            if entry.retracted {
                ""
            } else {
                entry.key.as_str()
            }
        })
        .collect();
    if keys != wanted_keys {
        let mut sorted = [keys.clone(), wanted_keys.clone()];
        sorted.iter_mut().for_each(|keys| keys.sort_unstable());
        let [one, other] = sorted;
        let kind = if one == other {
            Kind::Order
        } else {
            Kind::Retracted
        };
        let text = format!("{here}\n  shows {keys:?}\n  not   {wanted_keys:?}");
        failures.push(failure(kind, text));
        return false;
    }
    for (entry, one) in truth.iter().zip(&shown) {
        line(place, entry, one, failures);
        let answered = one.reply.map(|id| {
            let mut shown = shown.iter();
            shown.position(|other| Some(other.id) == id)
        });
        if answered != entry.reply.map(Some) {
            let key = &entry.key;
            let text = format!("{here}: {key} answers {answered:?}, not {:?}", entry.reply);
            failures.push(failure(Kind::Reply, text));
        }
    }
    failures.len() == before
}

fn line(place: &Place<'_>, entry: &Entry, shown: &Shown, failures: &mut Vec<Failure>) {
    let (mut wanted, found) = (wanted(entry, place.account), found(shown));
    if place.is_renamed {
        wanted.mentions_me = found.mentions_me;
    }
    let here = format!("{} in {}: {}", place.device, place.with, entry.key);
    let mut fail = |kind, text: String| failures.push(failure(kind, format!("{here} {text}")));
    if wanted != found {
        let kind = if wanted.text != found.text {
            Kind::Edited
        } else if wanted.reactions != found.reactions {
            Kind::Reactions
        } else {
            Kind::Unknown
        };
        fail(kind, format!("is\n  {found:?}\nnot\n  {wanted:?}"));
    }
    let nick = format!("{}/{}", address(place.with), entry.nick);
    let is_author = shown.author == address(&entry.author)
        || wanted.incoming && place.with.starts_with('#') && shown.author == nick;
    if !is_author {
        fail(Kind::Unknown, format!("is by {}", shown.author));
    }
    let is_sent = matches!(
        shown.delivery,
        Some(DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Read)
    );
    if wanted.incoming == shown.delivery.is_some() || !wanted.incoming && !is_sent {
        fail(Kind::Unsent, format!("is {:?}", shown.delivery));
    }
}
