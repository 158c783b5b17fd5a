//! A room that was not there before (XEP-0045, section 10.1), and one that is
//! there no more (section 10.9).

use std::sync::Arc;

use xmpp_core::stanza_error::{Condition, StanzaError};

use super::affiliation::Affiliation;
use super::config::RoomConfig;
use super::{MAX_ROOMS, Sender};
use crate::clock;
use crate::server::Server;
use crate::store::rooms::{self as rows, AffiliationRow, Made, RoomBounds, RoomRow};

fn internal(error: impl std::fmt::Display) -> StanzaError {
    tracing::error!(%error, "room not made");
    Condition::InternalServerError.into()
}

/// Makes the room, with its owner, if there is none; whether it did.
pub(super) async fn create_if_missing(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
) -> Result<bool, StanzaError> {
    let user = sender.user();
    if server.rooms.all(|rooms| rooms.contains_key(name)) {
        return Ok(false);
    }
    was_destroyed(server, &user, name).await?;
    let config = RoomConfig {
        locked: true,
        ..RoomConfig::default()
    };
    let row = RoomRow {
        name: name.to_owned(),
        config: serde_json::to_string(&config).map_err(internal)?,
        subject: None,
        vcard: None,
        secret: clock::random_secret().map_err(internal)?,
    };
    let owner = AffiliationRow {
        member: user,
        affiliation: Affiliation::Owner.as_str().to_owned(),
        nick: None,
        reason: None,
    };
    let bounds = RoomBounds {
        own: u32::try_from(server.config.limits.rooms_per_account).unwrap_or(u32::MAX),
        all: MAX_ROOMS,
    };
    let rooms = Arc::clone(&server.rooms);
    let (written, owner_row) = (row.clone(), owner.clone());
    let made = server.store.write_then(
        move |tx| rows::make(tx, &written, &owner_row, bounds, clock::now_ms()),
        move |made| {
            if made == Made::New {
                let room = super::read(&rooms.domain, row, vec![owner]);
                rooms.all(|all| all.insert(room.name.clone(), room));
            }
            made
        },
    );
    match made.await.map_err(internal)? {
        Made::New => Ok(true),
        Made::Exists => Ok(false),
        Made::Full => Err(Condition::ResourceConstraint.into()),
    }
}

/// Whoever comes to a room that was destroyed is told so, and where it went;
/// only who destroyed it may open it again.
async fn was_destroyed(server: &Arc<Server>, user: &str, name: &str) -> Result<(), StanzaError> {
    let asked = name.to_owned();
    let grave = server
        .store
        .read(move |db| rows::destroyed(db, &asked, clock::now_ms()))
        .await
        .map_err(internal)?;
    let Some(grave) = grave.filter(|grave| grave.by != user) else {
        return Ok(());
    };
    let mut error = StanzaError::from(Condition::Gone);
    error.moved_to = grave.venue.map(|venue| format!("xmpp:{venue}?join"));
    error.text = grave.reason;
    Err(error)
}
