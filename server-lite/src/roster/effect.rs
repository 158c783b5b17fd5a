//! What follows a change of rosters once it is on disk.

use xmpp_core::element::build;
use xmpp_core::ns;

use super::Rosters;
use crate::router::{Outgoing, Router};

/// One thing that follows.
#[derive(Debug)]
pub(super) enum Effect {
    /// From now on `viewer` sees `owner`, or no longer.
    Sees {
        owner: String,
        viewer: String,
        sees: bool,
    },
    /// For sessions that have asked for the roster (interested resources).
    Interested { user: String, stanza: Outgoing },
    /// For available sessions.
    Available { user: String, stanza: Outgoing },
    /// The viewer gets the presences of the owner.
    Show { owner: String, viewer: String },
    /// The owner becomes unavailable for the viewer.
    Hide { owner: String, viewer: String },
}

impl Effect {
    /// Owner and viewer, if one shows themselves to the other now.
    pub(super) fn shows(&self) -> Option<(String, String)> {
        match self {
            Self::Show { owner, viewer } => Some((owner.clone(), viewer.clone())),
            _ => None,
        }
    }

    /// Makes it so. It only fills queues.
    pub(super) fn happen(self, rosters: &Rosters, router: &Router) {
        match self {
            Self::Sees {
                owner,
                viewer,
                sees,
            } => {
                if !rosters.shared {
                    rosters.with(|known| known.see(&owner, &viewer, sees));
                }
            }
            Self::Interested { user, stanza } => {
                router.deliver(&user, &stanza, |entry| entry.wants_roster);
            }
            Self::Available { user, stanza } => {
                router.deliver(&user, &stanza, |entry| entry.presence.is_some());
            }
            Self::Show { owner, viewer } => {
                for (_, presence) in router.shown_by(&owner) {
                    let presence = presence.to(&rosters.bare(&viewer));
                    router.deliver(&viewer, &presence, |entry| entry.presence.is_some());
                }
            }
            Self::Hide { owner, viewer } => {
                for (resource, _) in router.shown_by(&owner) {
                    let from = format!("{}/{resource}", rosters.bare(&owner));
                    if let Some(gone) = unavailable(&from) {
                        let gone = gone.to(&rosters.bare(&viewer));
                        router.deliver(&viewer, &gone, |entry| entry.presence.is_some());
                    }
                }
            }
        }
    }
}

/// Says that a session is gone (RFC 6121, section 4.5).
pub(crate) fn unavailable(from: &str) -> Option<Outgoing> {
    let presence = build("presence", ns::CLIENT)
        .attr("from", from)
        .attr("type", "unavailable");
    Outgoing::of(&presence.done())
}
