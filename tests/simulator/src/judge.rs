//! What has to be true once nothing moves any more.

mod counts;
mod record;
mod sent;
mod shown;
mod truth;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use engine::api::{DeliveryState, RoomState};

use crate::device::{Device, Looked};
use crate::server::{DOMAIN, ROOMS, Server, address};
use crate::world::World;
pub(crate) use record::{Record, Seen, Sent};
use shown::Place;

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
    /// A message that nobody has sent, or not so.
    Unknown,
    /// A message was taken back, and is still there; or the other way round.
    Retracted,
    /// What one device sent shows in another order.
    SenderOrder,
    /// Devices of one account show another order.
    Order,
    /// A message does not say what it was changed to.
    Edited,
    /// A message has other reactions.
    Reactions,
    /// A message answers another one than that which its author answered.
    Reply,
    /// A message is neither sent nor refused.
    Unsent,
    /// A device is not in a room that its user wants to be in, or the other way
    /// round.
    Room,
    /// Devices of one account count unread messages differently, or wrongly.
    Unread,
    /// What the user decided about a conversation, or whom they blocked, is not
    /// so.
    Decision,
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

/// Looks at everything that devices show.
pub(crate) async fn look(devices: &[Device]) -> Result<Vec<Looked>> {
    let mut all = Vec::new();
    for device in devices {
        all.push(device.look().await?);
    }
    Ok(all)
}

/// Judges; gives the worst that is wrong.
pub(crate) async fn judge(
    devices: &[Device],
    record: &Record,
    world: &World,
) -> Result<Option<Failure>> {
    let looked = look(devices).await?;
    let state = world.state();
    let server = &state.server;
    let mut failures = Vec::new();
    for complaint in &server.complaints {
        failures.push(failure(Kind::Protocol, complaint.clone()));
    }
    let refused = refused(devices, &looked);
    sent::judge(server, record, &refused, &mut failures);
    for (device, looked) in devices.iter().zip(&looked) {
        conversations(device, looked, record, server, &mut failures);
        rooms(device, looked, record, server, &mut failures);
        let shown = looked
            .rows
            .values()
            .filter(|row| !row.muted && !row.put_away);
        let sum: u32 = shown.map(|row| row.unread).sum();
        if looked.badge != sum {
            let text = format!(
                "{}: {} unread, but {sum} in the list",
                device.name, looked.badge
            );
            failures.push(failure(Kind::Unread, text));
        }
        let blocked = server
            .accounts
            .get(&device.account)
            .map(|account| &account.blocked);
        if !blocked.into_iter().flatten().eq(&looked.blocked) {
            let text = format!(
                "{} blocks {:?}, not {blocked:?}",
                device.name, looked.blocked
            );
            failures.push(failure(Kind::Decision, text));
        }
    }
    failures.sort_by_key(|failure| failure.kind);
    Ok(failures.into_iter().next())
}

fn failure(kind: Kind, text: String) -> Failure {
    Failure { kind, text }
}

/// Keys of what devices show as refused: whoever wrote it knows.
fn refused(devices: &[Device], looked: &[Looked]) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    for (device, looked) in devices.iter().zip(looked) {
        let shown = looked.rows.values().flat_map(|row| &row.messages);
        let failed = shown.filter(|one| matches!(one.delivery, Some(DeliveryState::Failed { .. })));
        let own = failed.filter(|one| one.key().starts_with(&format!("{}-", device.name)));
        refused.extend(own.map(|one| one.key().to_owned()));
    }
    refused
}

/// The name of a conversation in plans.
fn name_of(conversation: &str) -> String {
    match conversation.split_once('@') {
        Some((name, ROOMS)) => format!("#{name}"),
        Some((name, DOMAIN)) => name.to_owned(),
        _ => conversation.to_owned(),
    }
}

fn conversations(
    device: &Device,
    looked: &Looked,
    record: &Record,
    server: &Server,
    failures: &mut Vec<Failure>,
) {
    let account = server.accounts.get(&device.account);
    let rooms = account.map(|account| account.rooms()).unwrap_or_default();
    let everybody = server
        .accounts
        .keys()
        .filter(|other| **other != device.account);
    let mut names: Vec<String> = looked.rows.keys().map(|id| name_of(id)).collect();
    names.extend(everybody.cloned());
    names.extend(rooms.iter().map(|room| name_of(room)));
    names.sort_unstable();
    names.dedup();
    for with in names {
        let truth = truth::of(server, &device.account, &with);
        let row = looked.rows.get(&address(&with));
        let is_partial = match with.starts_with('#') {
            true => {
                !rooms.contains(&address(&with).as_str())
                    || record.was_put_out(&device.account, &with)
            }
            false => record.was_blocked(&device.account, &with),
        };
        let place = Place {
            device: &device.name,
            account: &device.account,
            with: &with,
            is_renamed: record.was_renamed(&with),
            is_partial,
            may_be_refused: record.has_left(&device.account, &with),
        };
        let messages = row.map_or(&[][..], |row| &row.messages);
        let is_right = shown::compare(&place, &truth, messages, failures);
        if let Some(row) = row {
            if row.is_room != with.starts_with('#') {
                failures.push(failure(Kind::Room, format!("{with} on {}", device.name)));
            }
            if is_right {
                counts::unread(device, &with, row, &truth, record, failures);
                let muted = account.and_then(|account| account.is_muted(&address(&with)));
                counts::decided(device, &with, row, &truth, record, muted, failures);
            }
        }
    }
}

/// A device is in the rooms that its user wants to be in, and in no others.
fn rooms(
    device: &Device,
    looked: &Looked,
    record: &Record,
    server: &Server,
    failures: &mut Vec<Failure>,
) {
    let account = server.accounts.get(&device.account);
    let wanted = account.map(|account| account.rooms()).unwrap_or_default();
    let is_in = |room: &str| looked.rooms.get(room) == Some(&RoomState::Joined);
    for room in looked
        .rooms
        .keys()
        .map(String::as_str)
        .chain(wanted.iter().copied())
    {
        let name = name_of(room);
        let lets_in = name
            .strip_prefix('#')
            .and_then(|name| server.rooms.get(name))
            .is_none_or(|room| !room.outcasts.contains(&device.account));
        // Who was put out comes again when they want to.
        let may_be_out = record.was_put_out(&device.account, &name);
        let is_right = match is_in(room) {
            true => wanted.contains(&room) && lets_in,
            false => !wanted.contains(&room) || may_be_out,
        };
        if !is_right {
            let state = looked.rooms.get(room);
            let text = format!("{} in {room}: {state:?}", device.name);
            failures.push(failure(Kind::Room, text));
        }
    }
}
