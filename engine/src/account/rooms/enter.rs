//! Getting into a room (XEP-0045, section 7.2), and reading what was missed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::state::{Entered, Stage};
use super::{discovery, hear, keep, settings};
use crate::account::handle::{AskError, Handle};
use crate::account::sync::{archive, displayed};
use crate::account::{Shared, supervisor};
use crate::api::LeftWhy;
use crate::connection::ConnectError;
use crate::inbound::room::Seat;
use crate::store::StoreError;
use crate::store::rooms::{self, Room, members};

/// Nicknames that are tried where one is taken.
const MAX_NICKS: usize = 5;
/// Messages that a room without an archive gives to whoever comes.
const HISTORY: &str = "50";
/// Silence after which a room is asked whether it has us (XEP-0410, section 3.1).
const SILENCE: Duration = Duration::from_secs(15 * 60);

/// Joins a room that is in the cache. What the room is like has to be known.
pub(super) async fn enter(
    shared: &Arc<Shared>,
    handle: &Handle,
    room: &Room,
    is_new: bool,
) -> Result<Entered, AskError> {
    let mut entered = ask_in(shared, handle, room).await?;
    let stay = shared.rooms.stay(&room.address).unwrap_or_default();
    let is_made = entered.created && is_new;
    if entered.created && !is_new {
        // It went when the last one left, and is there again: as its service
        // makes them.
        if let Err(error) = settings::accept_defaults(handle, &room.address).await {
            tracing::info!(%error, "room as it is");
        }
    }
    let members = std::mem::take(&mut entered.members);
    let (us, asked) = (entered.clone(), room.clone());
    let written = shared
        .store
        .write(move |tx| {
            members::put(tx, &asked.address, &members)?;
            let known = rooms::get(tx, &asked.address)?.unwrap_or_default();
            let now = Room {
                nick: us.nick,
                affiliation: us.affiliation,
                role: us.role,
                occupant_id: us.occupant_id,
                left: None,
                subject: known.subject,
                bookmarked: known.bookmarked,
                ..asked
            };
            rooms::put(tx, &now)
        })
        .await;
    if let Err(error) = written {
        tracing::error!(%error, "room not noted");
    }
    shared.room_changed(&room.address);
    shared.conversations_changed();
    // Beside this: whoever joins sees the room at once.
    tokio::spawn(catch_up(
        Arc::clone(shared),
        handle.clone(),
        room.address.clone(),
        stay,
        match (is_made, room.has_archive()) {
            (true, _) => Archive::New,
            (false, false) => Archive::None,
            (false, true) => Archive::Read { tries: 0 },
        },
    ));
    Ok(entered)
}

/// Asks until a nickname is free.
async fn ask_in(shared: &Shared, handle: &Handle, room: &Room) -> Result<Entered, AskError> {
    let mut nick = room.nick.clone();
    for attempt in 2..=MAX_NICKS + 1 {
        let entering = shared
            .rooms
            .begin(&room.address, &nick, room.has_archive(), Instant::now())
            .ok_or_else(|| StanzaError::from(Condition::ResourceConstraint))?;
        handle.send(join(room, &nick)).await?;
        let outcome = match timeout(shared.timeouts.answer, entering).await {
            Ok(Ok(outcome)) => outcome.map_err(AskError::from),
            Ok(Err(_)) => Err(AskError::NotConnected),
            Err(_) => Err(AskError::TimedOut),
        };
        match outcome {
            Ok(entered) => return Ok(entered),
            Err(AskError::Refused(error))
                if error.condition == Condition::Conflict && attempt <= MAX_NICKS =>
            {
                nick = format!("{} {attempt}", room.nick);
            }
            Err(error) => {
                shared.rooms.forget(&room.address);
                return Err(error);
            }
        }
    }
    shared.rooms.forget(&room.address);
    Err(StanzaError::from(Condition::Conflict).into())
}

fn join(room: &Room, nick: &str) -> Element {
    let history = build("history", ns::MUC);
    // What the archive has need not be sent.
    let history = if room.has_archive() {
        history.attr("maxchars", "0")
    } else {
        history.attr("maxstanzas", HISTORY)
    };
    let mut muc = build("x", ns::MUC).child(history);
    if let Some(password) = &room.password {
        muc = muc.child(build("password", ns::MUC).text(password));
    }
    build("presence", ns::CLIENT)
        .attr("to", format!("{}/{nick}", room.address))
        .child(muc)
        .done()
}

/// Reads the archive of a room that could not be read, or that is new. Where there is
/// none any more, what was missed is among the last words that a room without one gives
/// to whoever comes.
pub(super) async fn read_again(shared: &Arc<Shared>, handle: &Handle, room: String, tries: u32) {
    let of = room.clone();
    let known = shared.store.read(move |db| rooms::get(db, &of)).await;
    let Ok(Some(known)) = known else { return };
    if !known.has_archive() {
        if shared.rooms.lost_its_archive(&room) {
            tracing::info!(account = shared.id, "a room has no archive any more");
            shared.rooms.join_soon(room);
        }
        return;
    }
    let Some(stay) = shared.rooms.read_again(&room) else {
        return;
    };
    catch_up(
        Arc::clone(shared),
        handle.clone(),
        room,
        stay,
        Archive::Read { tries },
    )
    .await;
}

/// What there is to be read.
#[derive(Debug, Clone, Copy)]
enum Archive {
    /// The room keeps none.
    None,
    /// It was just made: there is nothing that could be missing.
    New,
    /// What it has; so often that failed.
    Read { tries: u32 },
}

/// Reads what was missed, lets through what came meanwhile, and then what waits
/// to be sent. An archive that does not answer is read later: the conversation goes
/// on without.
async fn catch_up(shared: Arc<Shared>, handle: Handle, room: String, stay: u64, what: Archive) {
    let follows = match what {
        Archive::None => false,
        Archive::New => true,
        Archive::Read { .. } => match read_archive(&shared, &handle, &room).await {
            Ok(follows) => follows,
            Err(ConnectError::Lost(_)) => return,
            Err(error) => {
                tracing::info!(%error, "archive of a room");
                false
            }
        },
    };
    while let Some(held) = shared.rooms.caught_up(&room, stay, follows) {
        for (stanza, seat) in held {
            if !write(&shared, &handle, &seat, &stanza, follows).await {
                return;
            }
        }
    }
    // Whoever was put out meanwhile and has come in again reads it anew.
    if shared.rooms.stay(&room) != Some(stay) {
        return;
    }
    shared.rooms.alive(&room, Instant::now(), patience(&shared));
    // Whoever keeps the rooms looks when the next one is to be asked.
    shared.rooms.bell.notify_one();
    shared.outbox_bell.notify_one();
    shared.room_changed(&room);
    let Archive::Read { tries } = what else {
        shared.rooms.has_all(&room, stay);
        return;
    };
    let filled = {
        let _filling = shared.filling.lock().await;
        archive::fill(&shared, &handle, &room, archive::Reach::Missed).await
    };
    match filled {
        Ok(()) if shared.rooms.follows(&room, stay) => {
            shared.rooms.has_all(&room, stay);
            if let Err(error) = displayed::has_all(&shared, Some(&room)).await {
                tracing::error!(%error, "read positions");
            }
            return;
        }
        Ok(()) => {}
        // Whoever comes next sees that it is behind.
        Err(ConnectError::Lost(_)) => return,
        Err(error) => tracing::info!(%error, "archive of a room"),
    }
    keep::read_later(&shared, room, tries);
}

/// Writes a message that was held. A cache that refuses it (its disk may be full) is
/// tried again as long as the session runs: what follows cannot go before it. Whether
/// it is written.
async fn write(
    shared: &Shared,
    handle: &Handle,
    seat: &Seat,
    stanza: &Element,
    follows: bool,
) -> bool {
    let mut tries = 0;
    loop {
        match hear::take(shared, seat, stanza, follows).await {
            Ok(()) => return true,
            Err(StoreError::Closed) => return false,
            Err(error) => tracing::error!(%error, tries, "message of a room not written"),
        }
        tokio::select! {
            () = handle.ended() => return false,
            () = tokio::time::sleep(supervisor::backoff(shared, tries)) => tries += 1,
        }
    }
}

async fn read_archive(shared: &Shared, handle: &Handle, room: &str) -> Result<bool, ConnectError> {
    let follows = archive::newest(shared, handle, room).await?;
    let of = room.to_owned();
    // What we sent may be among what was missed.
    if shared
        .store
        .read(move |db| rooms::has_waiting(db, &of))
        .await?
    {
        archive::fill(shared, handle, room, archive::Reach::Missed).await?;
    }
    Ok(follows)
}

/// Silence after which a room is asked whether it has us: not all at once.
pub(super) fn patience(shared: &Shared) -> Duration {
    SILENCE.mul_f64(0.75 + shared.clock.random_fraction() / 2.0)
}

/// Joins a room of the cache if we are not in it, one at a time.
pub(super) async fn enter_known(
    shared: &Arc<Shared>,
    handle: &Handle,
    address: &str,
) -> Result<(), AskError> {
    let door = shared.rooms.door(address);
    let _one_at_a_time = door.lock().await;
    if matches!(shared.rooms.stage(address), Some(Stage::In | Stage::Behind)) {
        return Ok(());
    }
    let of = address.to_owned();
    let known = shared.store.read(move |db| rooms::get(db, &of)).await;
    let Ok(Some(mut room)) = known else {
        return Ok(());
    };
    if !room.is_wanted() {
        return Ok(());
    }
    // What was known may have changed while this device was away: whoever has not just
    // asked does so when we are in it.
    let mut is_known = false;
    if room.features.is_empty() {
        is_known = match discovery::look(shared, handle, &mut room).await {
            Ok(()) => true,
            // One of the kind that goes with its last occupant.
            // COMPAT: or one that tells strangers nothing of itself.
            Err(AskError::Refused(error)) => {
                tracing::debug!(%error, "what a room is like");
                false
            }
            Err(error) => return Err(error),
        };
    }
    enter(shared, handle, &room, false).await?;
    if !is_known {
        shared.rooms.look(address);
    }
    Ok(())
}

/// Why a room does not let us in for good; nothing if it may do so later.
pub(super) fn refusal(error: &StanzaError) -> Option<LeftWhy> {
    Some(match error.condition {
        Condition::NotAuthorized => LeftWhy::Password,
        Condition::Forbidden => LeftWhy::Banned,
        Condition::RegistrationRequired => LeftWhy::MembersOnly,
        Condition::Gone => LeftWhy::Destroyed,
        Condition::ServiceUnavailable
        | Condition::RemoteServerNotFound
        | Condition::RemoteServerTimeout
        | Condition::ResourceConstraint
        | Condition::InternalServerError
        | Condition::RecipientUnavailable
        // Locked by its owner, who sets it up just now (section 10.1.3).
        | Condition::ItemNotFound
        // Our nickname is that of a session of ours which the room still has.
        | Condition::Conflict
        | Condition::UndefinedCondition => return None,
        _ => LeftWhy::Refused,
    })
}
