//! What is done beside sending and receiving while a session runs. Each topic is
//! a file; all of them ask through the [`Handle`] and write into the cache.

pub(super) mod archive;
pub(super) mod roster;

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::ns;

use super::handle::{AskError, Handle};
use super::{Shared, features, rooms};
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
    // Whoever looks at a gap meanwhile need not ask for it as well.
    let filling = shared.filling.lock().await;
    let history = async {
        let _filling = filling;
        archive::fill(shared, &handle, OWN, archive::Reach::History).await
    };
    if began.resumed {
        let rooms = rooms::run(shared, &handle, true);
        return tokio::try_join!(history, rooms).map(drop);
    }
    shared.rooms.reset();
    roster::fetch(shared, &handle).await?;
    if !began.carbons {
        let carbons = build("enable", ns::CARBONS).done();
        if let Err(error) = handle.ask("set", None, carbons).await {
            or_end(error, "no carbons there")?;
        }
    }
    handle.send(features::presence()).await?;
    let follows = archive::newest(shared, &handle, OWN).await?;
    handle.caught_up(follows).await?;
    let rooms = rooms::run(shared, &handle, false);
    tokio::try_join!(history, rooms).map(drop)
}

/// Reads the newest page of the archive again: what crossed is put into the
/// order that it has there.
pub(super) async fn order(shared: &Arc<Shared>, handle: Handle) -> Result<(), ConnectError> {
    let follows = archive::newest(shared, &handle, OWN).await?;
    handle.caught_up(follows).await?;
    archive::fill(shared, &handle, OWN, archive::Reach::Missed).await
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
