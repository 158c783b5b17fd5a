//! What the list says of conversations: what is unread, and what the user has
//! decided.

use super::record::Record;
use super::shown::names;
use super::truth::Entry;
use super::{Failure, Kind, failure};
use crate::device::{Device, Row};

/// All devices of an account count what came after the newest message that was
/// seen on any of them.
pub(super) fn unread(
    device: &Device,
    with: &str,
    row: &Row,
    truth: &[Entry],
    record: &Record,
    failures: &mut Vec<Failure>,
) {
    if device.came_later || record.has_moved(&device.account, with) {
        // Up to where the others have read is known to it only if somebody
        // has read anything; and what was before it is no news.
        return;
    }
    let behind = |told: bool| {
        let seen = truth.iter().rposition(|entry| {
            record.seen.iter().any(|seen| {
                seen.by == device.account
                    && seen.with == with
                    && seen.key == entry.key
                    && (seen.told || !told)
            })
        });
        let later = truth.iter().skip(seen.map_or(0, |place| place + 1));
        later.filter(|entry| entry.author != device.account && !entry.retracted)
    };
    let is_mention = |entry: &&Entry| names(&entry.text, &device.account);
    let counts = [
        (
            "unread",
            row.unread,
            behind(false).count(),
            behind(true).count(),
        ),
        (
            "unread mentions",
            row.mentions,
            behind(false).filter(is_mention).count(),
            behind(true).filter(is_mention).count(),
        ),
    ];
    // Who is named depends on how they were called then.
    let counted = if record.was_renamed(with) { 1 } else { 2 };
    for (what, count, least, most) in counts.into_iter().take(counted) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count < least || count > most {
            let name = &device.name;
            let text = format!("{name}: {with} has {count} {what}, not {least} to {most}");
            failures.push(failure(Kind::Unread, text));
        }
    }
    let newest = truth.last().map_or("", |entry| entry.text.as_str());
    if row.preview != newest {
        let text = format!(
            "{}: {with} ends in {:?}, not {newest:?}",
            device.name, row.preview
        );
        failures.push(failure(Kind::Order, text));
    }
}

/// What was decided is kept; what was put away comes back with news. Whether it is
/// muted holds for all devices (XEP-0492).
pub(super) fn decided(
    device: &Device,
    with: &str,
    row: &Row,
    truth: &[Entry],
    record: &Record,
    muted: Option<bool>,
    failures: &mut Vec<Failure>,
) {
    let mut fail = |text: &str| {
        let text = format!("{}: {with} {text}", device.name);
        failures.push(failure(Kind::Decision, text));
    };
    let of = (device.name.clone(), with.to_owned());
    let decided = record.decided.get(&of).cloned().unwrap_or_default();
    if muted.unwrap_or(decided.muted) != row.muted {
        fail(if row.muted {
            "is muted"
        } else {
            "is not muted"
        });
    }
    match &decided.put_away {
        None if row.put_away => fail("is put away"),
        None => {}
        Some(known) => {
            let is_news = |entry: &&Entry| !known.contains(&entry.key);
            let news: Vec<&Entry> = truth.iter().filter(is_news).collect();
            // What is still unread has come as news; what was read or silent
            // meanwhile may have been none.
            let first_unread = truth.len().saturating_sub(row.unread as usize);
            let is_back = row.unread > 0
                && !record.was_muted(&device.account, with)
                && truth.iter().skip(first_unread).all(|entry| {
                    is_news(&entry) && entry.author != device.account && !entry.retracted
                });
            if news.is_empty() && !row.put_away {
                fail("was put away");
            }
            if is_back && row.put_away {
                fail("has something new and is still put away");
            }
        }
    }
    // Whoever sees something of it later takes the mark away; on another device, at
    // some time.
    let (here, elsewhere) = record.looks(&device.name, with);
    match decided.marked {
        None if row.marked_unread => fail("is marked as unread"),
        Some(then) if then == here && elsewhere == 0 && !row.marked_unread => {
            fail("was marked as unread")
        }
        _ => {}
    }
}
