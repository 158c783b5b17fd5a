//! What has to be true once nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Result;
use engine::api::DeliveryState;
use xmpp_core::ns;

use crate::device::{Device, Shown};
use crate::server::address;
use crate::world::World;

/// A message that an engine has taken.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Account.
    pub(crate) from: String,
    pub(crate) device: String,
    /// Account.
    pub(crate) to: String,
    pub(crate) text: String,
}

/// Messages up to here were seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Account.
    pub(crate) by: String,
    /// The other account.
    pub(crate) with: String,
    /// The newest of them.
    pub(crate) text: String,
    /// Whether the other devices have to learn of it. One that came later does
    /// not know what of the history it found was news to anybody.
    pub(crate) told: bool,
}

/// What users have done.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// In the order in which it was sent.
    pub(crate) sent: Vec<Sent>,
    pub(crate) seen: Vec<Seen>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It never comes to rest, or somebody never comes online.
    Restless,
    /// The engine broke a rule of the protocol.
    Protocol,
    /// A message is missing somewhere.
    Lost,
    /// A message shows twice.
    Twice,
    /// A message that nobody has sent.
    Unknown,
    /// What one device sent shows in another order.
    SenderOrder,
    /// Devices of one account show another order.
    Order,
    /// A message is neither sent nor refused.
    Unsent,
    /// Devices of one account count unread messages differently, or wrongly.
    Unread,
}

/// The first thing that is wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What.
    pub kind: Kind,
    /// Where.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.text)
    }
}

/// What all devices show: by device, by conversation.
type Look = Vec<(String, BTreeMap<String, (u32, Vec<Shown>)>)>;

/// Looks at everything that devices show.
pub(crate) async fn look(devices: &[Device]) -> Result<Look> {
    let mut all = Vec::new();
    for device in devices {
        let mut shown = BTreeMap::new();
        if device.id().await.is_some() {
            for conversation in device.conversations().await? {
                let messages = device.conversation(&conversation.id).await?;
                shown.insert(conversation.id, (conversation.unread, messages));
            }
        }
        all.push((device.name.clone(), shown));
    }
    Ok(all)
}

/// Judges; gives the worst that is wrong.
pub(crate) async fn judge(
    devices: &[Device],
    record: &Record,
    world: &World,
) -> Result<Option<Failure>> {
    let look = look(devices).await?;
    let mut failures = Vec::new();
    for complaint in &world.state().server.complaints {
        failures.push(failure(Kind::Protocol, complaint.clone()));
    }
    for (device, (name, shown)) in devices.iter().zip(&look) {
        messages(&device.account, name, shown, record, &mut failures);
        order(&device.account, name, shown, world, &mut failures);
        let badge = device.badge().await?;
        let sum: u32 = shown.values().map(|(unread, _)| unread).sum();
        if badge != sum {
            let text = format!("{name}: {badge} unread, but {sum} in the list");
            failures.push(failure(Kind::Unread, text));
        }
    }
    unread(devices, &look, record, &mut failures);
    failures.sort_by_key(|failure| failure.kind);
    Ok(failures.into_iter().next())
}

fn failure(kind: Kind, text: String) -> Failure {
    Failure { kind, text }
}

/// Everything that was sent is there once, in the sender's order, and nothing
/// else is.
fn messages(
    account: &str,
    name: &str,
    shown: &BTreeMap<String, (u32, Vec<Shown>)>,
    record: &Record,
    failures: &mut Vec<Failure>,
) {
    let mut known = BTreeSet::new();
    // The last of each sending device, by conversation.
    let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for sent in &record.sent {
        let is_mine = sent.from == account;
        if !is_mine && sent.to != account {
            continue;
        }
        known.insert(sent.text.as_str());
        let other = if is_mine { &sent.to } else { &sent.from };
        let conversation = address(other);
        let messages = shown
            .get(&conversation)
            .map_or(&[][..], |(_, messages)| messages);
        let places: Vec<usize> = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| {
                message.text == sent.text && message.author == address(&sent.from)
            })
            .map(|(place, _)| place)
            .collect();
        let text = &sent.text;
        match places.as_slice() {
            [] => failures.push(failure(Kind::Lost, format!("{text} on {name}"))),
            [place] => {
                let before = last.insert((sent.device.as_str(), other.as_str()), *place);
                if before.is_some_and(|before| before > *place) {
                    let text = format!("{text} on {name} stands before what was sent earlier");
                    failures.push(failure(Kind::SenderOrder, text));
                }
                let delivery = messages.get(*place).and_then(|m| m.delivery.as_ref());
                let is_unsent = matches!(
                    delivery,
                    Some(DeliveryState::Waiting | DeliveryState::Failed { .. })
                );
                if is_unsent || is_mine && delivery.is_none() {
                    let text = format!("{text} on {name}: {delivery:?}");
                    failures.push(failure(Kind::Unsent, text));
                }
            }
            _ => {
                let text = format!("{text} on {name}: {} times", places.len());
                failures.push(failure(Kind::Twice, text));
            }
        }
    }
    for message in shown.values().flat_map(|(_, messages)| messages) {
        if !known.contains(message.text.as_str()) {
            let text = format!("{} on {name}", message.text);
            failures.push(failure(Kind::Unknown, text));
        }
    }
}

/// Every device shows the order of the archive.
fn order(
    account: &str,
    name: &str,
    shown: &BTreeMap<String, (u32, Vec<Shown>)>,
    world: &World,
    failures: &mut Vec<Failure>,
) {
    let state = world.state();
    let Some(archive) = state.server.accounts.get(account) else {
        return;
    };
    for (conversation, (_, messages)) in shown {
        let mut there = BTreeSet::new();
        let archived: Vec<String> = archive
            .archive
            .iter()
            .map(|archived| &archived.message)
            .filter(|message| {
                ["from", "to"].iter().any(|end| {
                    let bare = message.attr(*end).and_then(|jid| jid.split('/').next());
                    bare == Some(conversation)
                })
            })
            .filter_map(|message| message.get_child("body", ns::CLIENT))
            .map(xmpp_core::Element::text)
            // What stands there twice is found elsewhere.
            .filter(|text| there.insert(text.clone()))
            .collect();
        let texts: Vec<&str> = messages
            .iter()
            .map(|message| message.text.as_str())
            .collect();
        if texts != archived {
            let text = format!("{name}: {conversation}\n  shows {texts:?}\n  not   {archived:?}");
            failures.push(failure(Kind::Order, text));
        }
    }
}

/// All devices of an account count what came after the newest message that was
/// seen on any of them.
fn unread(devices: &[Device], look: &Look, record: &Record, failures: &mut Vec<Failure>) {
    for (device, (name, shown)) in devices.iter().zip(look) {
        if device.came_later {
            // Up to where the others have read is known to it only if somebody
            // has read anything; and what was before it is no news.
            continue;
        }
        for (conversation, (unread, messages)) in shown {
            let incoming_after = |told: bool| {
                let seen = messages.iter().rposition(|message| {
                    record.seen.iter().any(|seen| {
                        seen.by == device.account
                            && address(&seen.with) == *conversation
                            && seen.text == message.text
                            && (seen.told || !told)
                    })
                });
                let later = messages.iter().skip(seen.map_or(0, |place| place + 1));
                later.filter(|message| message.incoming).count()
            };
            let (least, most) = (incoming_after(false), incoming_after(true));
            let unread = usize::try_from(*unread).unwrap_or(usize::MAX);
            if unread < least || unread > most {
                let text =
                    format!("{name}: {conversation} has {unread} unread, not {least} to {most}");
                failures.push(failure(Kind::Unread, text));
            }
        }
    }
}
