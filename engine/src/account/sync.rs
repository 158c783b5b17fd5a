//! What is done beside sending and receiving while a session runs. Each topic is
//! a file; all of them ask through the [`Handle`] and write into the cache.

pub(super) mod archive;
pub(super) mod blocking;
pub(super) mod capabilities;
mod clock;
mod decisions;
pub(super) mod displayed;
pub(super) mod pep;
pub(super) mod presence;
pub(super) mod profiles;
pub(super) mod roster;

use std::collections::HashSet;
use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::ns;

use super::handle::{AskError, Handle};
use super::people::manager::Managers;
use super::{Shared, rooms};
use crate::connection::ConnectError;
use crate::store::archive::OWN;

/// How a session has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    /// It is the old one.
    pub(super) resumed: bool,
    /// Carbons were enabled while signing in.
    pub(super) carbons: bool,
}

impl Began {
    /// What the old session had, it still has.
    pub(super) const RESUMED: Self = Self {
        resumed: true,
        carbons: true,
    };
}

/// Runs beside the session; an error ends that. What a resumed session still has
/// need not be asked again.
pub(super) async fn run(
    shared: &Arc<Shared>,
    handle: Handle,
    began: Began,
) -> Result<(), ConnectError> {
    tokio::try_join!(
        catch_up(shared, &handle, began),
        presence::follow(shared, &handle),
        displayed::follow(shared, &handle),
        decisions::follow(shared, &handle),
        capabilities::follow(shared, &handle),
    )
    .map(drop)
}

async fn catch_up(shared: &Arc<Shared>, handle: &Handle, began: Began) -> Result<(), ConnectError> {
    // Whoever looks at a gap meanwhile need not ask for it as well.
    let filling = shared.filling.lock().await;
    let history = async {
        let _filling = filling;
        archive::fill(shared, handle, OWN, archive::Reach::History).await?;
        Ok(displayed::has_all(shared, None).await?)
    };
    if began.resumed {
        presence::resumed(shared, handle).await?;
        shared.people.displayed_bell.notify_one();
        shared.people.decided_bell.notify_one();
        let rooms = rooms::run(shared, handle, true);
        return tokio::try_join!(history, rooms).map(drop);
    }
    shared.rooms.reset();
    shared.people.set_managers(Managers::Unknown);
    tokio::try_join!(
        roster::fetch(shared, handle),
        roster::fetch_delimiter(shared, handle),
        blocking::fetch(shared, handle),
        carbons(handle, began),
    )?;
    presence::begin(shared, handle).await?;
    // How far was read elsewhere comes before the messages, and of what the user wants
    // to be told: what was seen there, or is silent, needs no notification here. And it
    // comes after our presence: what is published before that nobody tells us.
    tokio::try_join!(
        displayed::fetch(shared, handle),
        decisions::fetch(shared, handle)
    )?;
    let follows = archive::newest(shared, handle, OWN).await?;
    handle.caught_up(follows, HashSet::new()).await?;
    shared.people.displayed_bell.notify_one();
    shared.people.decided_bell.notify_one();
    let rooms = rooms::run(shared, handle, false);
    let clock = clock::compare(shared, handle);
    tokio::try_join!(history, rooms, clock).map(drop)
}

/// XEP-0280.
async fn carbons(handle: &Handle, began: Began) -> Result<(), ConnectError> {
    if began.carbons {
        return Ok(());
    }
    let carbons = build("enable", ns::CARBONS).done();
    match handle.ask("set", None, carbons).await {
        Ok(_) => Ok(()),
        Err(error) => or_end(error, "no carbons there"),
    }
}

/// Reads again what the archive has that came lately: what crossed is put into the
/// order that it has there.
pub(super) async fn order(shared: &Arc<Shared>, handle: Handle) -> Result<(), ConnectError> {
    let (follows, read) = archive::order(shared, &handle).await?;
    Ok(handle.caught_up(follows, read).await?)
}

/// A server that says no can be lived with; one that says nothing cannot.
fn or_end(error: AskError, what: &str) -> Result<(), ConnectError> {
    match error {
        AskError::Refused(error) => {
            tracing::info!(%error, "{what}");
            Ok(())
        }
        other => Err(other.into()),
    }
}

/// What is nice to have and does not come is done without.
fn or_go_on(error: AskError, what: &str) -> Result<(), ConnectError> {
    match error {
        AskError::NotConnected => Err(error.into()),
        error => {
            tracing::info!(%error, "{what}");
            Ok(())
        }
    }
}
