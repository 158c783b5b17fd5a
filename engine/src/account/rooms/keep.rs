//! Keeps us in our rooms as long as a session runs: joins them, asks those that
//! have become silent whether they have us (XEP-0410), joins again, and reads the
//! archives that did not answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};
use xmpp_core::element::build;
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::enter::{self, patience};
use super::state::Stage;
use super::{bookmarks, discovery};
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::connection::ConnectError;
use crate::store::rooms;

/// Things that are done at once.
const AT_ONCE: usize = 8;
/// First wait before a room is tried again; doubles.
const AGAIN: Duration = Duration::from_secs(15);
/// Longest wait.
const AT_MOST: Duration = Duration::from_secs(15 * 60);
/// After a resumption all rooms are asked within this time.
const DOUBT: Duration = Duration::from_secs(3);

enum Work {
    Join(String, u32),
    Read(String, u32),
    Ping(String),
    Look(String),
    Leave(String),
    Note(String),
    /// Read the bookmarks, which failed so often.
    Bookmarks(u32),
}

/// Runs as long as the session.
pub(in crate::account) async fn run(
    shared: &Arc<Shared>,
    handle: &Handle,
    resumed: bool,
) -> Result<(), ConnectError> {
    if resumed {
        // A room may have lost us while the connection was gone.
        let soon = || DOUBT.mul_f64(shared.clock.random_fraction());
        shared.rooms.doubt(soon, Instant::now());
        for room in shared.rooms.unfinished() {
            shared.rooms.forget(&room);
        }
        for room in shared.rooms.behind() {
            shared.rooms.order(|errands| {
                errands.read.insert(room, (Instant::now(), 0));
            });
        }
    }
    // The connection before may have ended on the way to here, or on the way into
    // a room.
    if !shared.rooms.are_bookmarks_read() && !bookmarks::fetch(shared, handle).await? {
        // Until then we are in those that are known here.
        read_bookmarks_later(shared, 0);
    }
    for room in shared.store.read(rooms::all).await? {
        if resumed && room.bookmarked && room.unnoted {
            // It may have been on its way.
            shared.rooms.note(&room.address);
        }
        if room.is_wanted() && !shared.rooms.knows(&room.address) {
            want(shared, room.address, Duration::ZERO, 0);
        }
    }
    let mut running = FuturesUnordered::new();
    let mut waiting = std::collections::VecDeque::new();
    loop {
        let now = Instant::now();
        let (errands, next_errand) = shared.rooms.errands(now);
        waiting.extend(errands.leave.into_iter().map(Work::Leave));
        let joins = errands.join.into_iter();
        waiting.extend(joins.map(|(room, (_, tries))| Work::Join(room, tries)));
        let reads = errands.read.into_iter();
        waiting.extend(reads.map(|(room, (_, tries))| Work::Read(room, tries)));
        waiting.extend(errands.look.into_iter().map(Work::Look));
        waiting.extend(errands.note.into_iter().map(Work::Note));
        waiting.extend(errands.bookmarks.map(|(_, tries)| Work::Bookmarks(tries)));
        let (silent, next_ping) = shared.rooms.silent(now);
        for room in silent {
            // Not again before this one has its answer.
            shared.rooms.alive(&room, now, patience(shared));
            waiting.push_back(Work::Ping(room));
        }
        while running.len() < AT_ONCE
            && let Some(work) = waiting.pop_front()
        {
            running.push(carry_out(shared, handle, work));
        }
        let next = next_errand.into_iter().chain(next_ping).min();
        tokio::select! {
            () = shared.rooms.bell.notified() => {}
            Some(()) = running.next(), if !running.is_empty() => {}
            () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
        }
    }
}

fn want(shared: &Shared, room: String, wait: Duration, tries: u32) {
    shared.rooms.order(|errands| {
        errands.join.insert(room, (Instant::now() + wait, tries));
    });
}

async fn carry_out(shared: &Arc<Shared>, handle: &Handle, work: Work) {
    match work {
        Work::Join(room, tries) => join(shared, handle, room, tries).await,
        Work::Read(room, tries) => enter::read_again(shared, handle, room, tries).await,
        Work::Ping(room) => ping(shared, handle, room).await,
        Work::Look(room) => look(shared, handle, room).await,
        Work::Note(room) => {
            let of = room.clone();
            let known = shared.store.read(move |db| rooms::get(db, &of)).await;
            if let Ok(Some(known)) = known
                && known.bookmarked
                && known.unnoted
            {
                bookmarks::note(shared, handle, &known).await;
            }
        }
        Work::Bookmarks(tries) => read_bookmarks(shared, handle, tries).await,
        Work::Leave(room) => {
            if let Some((nick, ..)) = shared.rooms.us(&room) {
                shared.rooms.forget(&room);
                drop(handle.send(goodbye(&room, &nick)).await);
                shared.room_changed(&room);
            }
        }
    }
}

/// Reads the bookmarks, which the server could not give before, and joins what is new
/// among them.
async fn read_bookmarks(shared: &Shared, handle: &Handle, tries: u32) {
    if shared.rooms.are_bookmarks_read() {
        return;
    }
    match bookmarks::fetch(shared, handle).await {
        Ok(true) => {}
        Ok(false) => read_bookmarks_later(shared, tries),
        Err(ConnectError::Lost(_)) => return,
        Err(error) => {
            tracing::info!(%error, "bookmarks");
            read_bookmarks_later(shared, tries);
        }
    }
    match shared.store.read(rooms::all).await {
        Ok(all) => all
            .into_iter()
            .filter(|room| room.is_wanted() && !shared.rooms.knows(&room.address))
            .for_each(|room| shared.rooms.join_soon(room.address)),
        Err(error) => tracing::error!(%error, "rooms not joined"),
    }
}

fn read_bookmarks_later(shared: &Shared, tries: u32) {
    let at = Instant::now() + pause(shared, tries);
    shared
        .rooms
        .order(|errands| errands.bookmarks = Some((at, tries + 1)));
}

/// Asks what a room is like. An archive that was not there before is read.
async fn look(shared: &Shared, handle: &Handle, room: String) {
    let of = room.clone();
    let known = shared.store.read(move |db| rooms::get(db, &of)).await;
    let Ok(Some(mut known)) = known else { return };
    let had_archive = known.has_archive();
    if let Err(error) = discovery::look(shared, handle, &mut known).await {
        tracing::info!(%error, "what a room is like");
        return;
    }
    if known.has_archive() != had_archive {
        shared.rooms.order(|errands| {
            errands.read.insert(room, (Instant::now(), 0));
        });
    }
}

async fn join(shared: &Arc<Shared>, handle: &Handle, room: String, tries: u32) {
    let error = match enter::enter_known(shared, handle, &room).await {
        Ok(()) => return,
        Err(AskError::NotConnected) => return,
        Err(error) => error,
    };
    tracing::info!(account = shared.id, %error, tries, "room not joined");
    if let AskError::Refused(error) = &error
        && let Some(why) = enter::refusal(error)
    {
        let reason = error.text.clone().unwrap_or_default();
        let noted = shared.update_room(&room, move |room| room.left = Some((why, reason)));
        if let Err(error) = noted.await {
            tracing::error!(%error, "room not noted");
        }
        return;
    }
    shared.room_changed(&room);
    want(shared, room, pause(shared, tries), tries + 1);
}

/// Wait after so many failures: longer each time, and not for all at once.
fn pause(shared: &Shared, tries: u32) -> Duration {
    AGAIN
        .saturating_mul(2u32.saturating_pow(tries.min(10)))
        .min(AT_MOST)
        .mul_f64(0.5 + shared.clock.random_fraction())
}

/// The archive of a room is read again after a while.
pub(super) fn read_later(shared: &Shared, room: String, tries: u32) {
    let at = Instant::now() + pause(shared, tries);
    shared.rooms.order(|errands| {
        errands.read.insert(room, (at, tries + 1));
    });
}

/// XEP-0410, section 3.2.
async fn ping(shared: &Arc<Shared>, handle: &Handle, room: String) {
    let Some((nick, ..)) = shared.rooms.us(&room) else {
        return;
    };
    let to = format!("{room}/{nick}");
    let payload = build("ping", ns::PING).done();
    let is_in = match handle.ask("get", Some(&to), payload).await {
        Ok(_) => Some(true),
        Err(AskError::Refused(error)) => match error.condition {
            // A device of ours that knows no pings.
            Condition::ServiceUnavailable | Condition::FeatureNotImplemented => Some(true),
            Condition::RemoteServerNotFound | Condition::RemoteServerTimeout => None,
            _ => Some(false),
        },
        Err(_) => None,
    };
    match is_in {
        Some(true) => shared.rooms.alive(&room, Instant::now(), patience(shared)),
        // A refused message may have told us first.
        Some(false) if shared.rooms.stage(&room) != Some(Stage::In) => {}
        Some(false) => {
            tracing::info!(account = shared.id, "a room has lost us");
            shared.rooms.forget(&room);
            shared.room_changed(&room);
            want(shared, room, Duration::ZERO, 0);
        }
        // Nobody knows: asked again, sooner.
        None => {
            let sooner = AGAIN.mul_f64(1.0 + shared.clock.random_fraction());
            shared.rooms.alive(&room, Instant::now(), sooner);
        }
    }
}

/// XEP-0045, section 7.14.
pub(super) fn goodbye(room: &str, nick: &str) -> Element {
    build("presence", ns::CLIENT)
        .attr("to", format!("{room}/{nick}"))
        .attr("type", "unavailable")
        .done()
}
