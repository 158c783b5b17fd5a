//! Whether all that users did has reached the archives.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Changed, Record, Sent};
use super::truth::{self, Entry};
use super::{Failure, Kind, failure};
use crate::server::{Server, address};

/// Everything that was sent is there, in the sender's order, and reads as it was
/// changed to last.
///
/// `refused` are the keys of messages of which their authors are told that they did not
/// arrive.
pub(super) fn judge(
    server: &Server,
    record: &Record,
    refused: &BTreeSet<String>,
    failures: &mut Vec<Failure>,
) {
    // The last of each sending device, by conversation.
    let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for sent in &record.sent {
        let truth = truth::of(server, &sent.from, &sent.to);
        let place = truth.iter().position(|entry| entry.key == sent.key);
        let changed = record.changed.get(&sent.key).cloned().unwrap_or_default();
        let Some((place, entry)) = place.and_then(|place| Some((place, truth.get(place)?))) else {
            let is_told = refused.contains(&sent.key) && record.has_left(&sent.from, &sent.to);
            if !changed.retracted && !is_told && !may_be_missing(server, record, sent) {
                failures.push(failure(Kind::Lost, format!("{} never arrived", sent.key)));
            }
            continue;
        };
        let before = last.insert((&sent.device, &sent.to), place);
        if before.is_some_and(|before| before > place) {
            let text = format!("{} stands before what was sent earlier", sent.key);
            failures.push(failure(Kind::SenderOrder, text));
        }
        if may_be_missing(server, record, sent) {
            continue;
        }
        if !sent.to.starts_with('#') {
            let theirs = truth::of(server, &sent.to, &sent.from);
            if !theirs.iter().any(|entry| entry.key == sent.key) {
                let text = format!("{} never arrived at {}", sent.key, sent.to);
                failures.push(failure(Kind::Lost, text));
            }
        }
        changes(record, sent, &changed, entry, failures);
    }
}

/// Somebody has refused it, or its author is not in the room.
fn may_be_missing(server: &Server, record: &Record, sent: &Sent) -> bool {
    if sent.to.starts_with('#') {
        let account = server.accounts.get(&sent.from);
        return record.was_put_out(&sent.from, &sent.to)
            || !account
                .is_some_and(|account| account.rooms().contains(&address(&sent.to).as_str()));
    }
    record.was_blocked(&sent.from, &sent.to)
}

fn changes(
    record: &Record,
    sent: &Sent,
    changed: &Changed,
    entry: &Entry,
    failures: &mut Vec<Failure>,
) {
    let key = &sent.key;
    let mut fail = |kind, text: String| failures.push(failure(kind, text));
    if entry.retracted != changed.retracted {
        match (entry.retracted, changed.moderated) {
            (true, true) => {}
            (true, false) => fail(Kind::Retracted, format!("nobody has taken {key} back")),
            (false, _) => fail(Kind::Retracted, format!("{key} was taken back")),
        }
    }
    if entry.retracted {
        return;
    }
    let mut texts = changed
        .edits
        .values()
        .chain((changed.edits.is_empty()).then_some(&sent.text));
    if !texts.any(|text| *text == entry.text) {
        let text = format!(
            "{key} says {:?}, not one of {:?}",
            entry.text, changed.edits
        );
        fail(Kind::Edited, text);
    }
    let nobody = BTreeMap::new();
    let accounts: BTreeSet<&String> = changed
        .reactions
        .keys()
        .chain(entry.reactions.keys())
        .collect();
    for account in accounts {
        let has = entry.reactions.get(account).cloned().unwrap_or_default();
        let asked = changed.reactions.get(account).unwrap_or(&nobody);
        let is_left = sent.to.starts_with('#') && record.has_moved(account, &sent.to);
        if !is_left && !asked.values().any(|emojis| *emojis == has) {
            let text = format!("{account} reacts to {key} with {has:?}, not one of {asked:?}");
            fail(Kind::Reactions, text);
        }
    }
}
