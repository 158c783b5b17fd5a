//! Who may do what with a node, and who is told of it (XEP-0060, section 4.5;
//! XEP-0163, section 4).

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, ErrorType, StanzaError};

use super::config::{Access, NodeConfig, Publish};
use crate::server::Server;
use crate::store::pep::{self, NodeRow};

/// A node with everything that decides.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(super) id: i64,
    /// Localpart of the account.
    pub(super) account: String,
    /// Bare address of the account.
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) config: NodeConfig,
    /// By bare address. Shared: every event of a change has the node with it.
    pub(super) affiliations: Arc<BTreeMap<String, String>>,
    /// Bare or full addresses.
    pub(super) subscribers: Arc<Vec<String>>,
}

impl Node {
    /// Reads what belongs to a node.
    pub(super) fn load(
        db: &Connection,
        server: &Server,
        account: &str,
        row: NodeRow,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            account: account.to_owned(),
            owner: server.bare(account),
            config: NodeConfig::from_json(&row.config),
            affiliations: Arc::new(pep::affiliations(db, row.id)?.into_iter().collect()),
            subscribers: Arc::new(pep::subscribers(db, row.id)?),
            id: row.id,
            name: row.node,
        })
    }

    /// Reads of a node what decides whether one person may read it.
    pub(super) fn load_for(
        db: &Connection,
        server: &Server,
        account: &str,
        row: NodeRow,
        user: &str,
    ) -> rusqlite::Result<Self> {
        let bare = server.bare(user);
        let affiliation = pep::affiliation(db, row.id, &bare)?;
        let affiliations = affiliation.map(|affiliation| (bare, affiliation));
        Ok(Self {
            account: account.to_owned(),
            owner: server.bare(account),
            config: NodeConfig::from_json(&row.config),
            affiliations: Arc::new(affiliations.into_iter().collect()),
            subscribers: Arc::default(),
            id: row.id,
            name: row.node,
        })
    }

    /// What somebody is to it, by bare address (section 4.1).
    pub(super) fn affiliation(&self, bare: &str) -> &str {
        if bare == self.owner {
            return "owner";
        }
        self.affiliations.get(bare).map_or("none", String::as_str)
    }

    /// Whether somebody (a localpart) may read it (sections 4.5 and 6.1.3).
    pub(super) fn may_read(&self, server: &Server, user: &str) -> Result<(), StanzaError> {
        let sees = || server.may_see_presence(&self.account, user);
        self.may_be_read(&server.bare(user), sees)
    }

    /// As [`Node::may_read`], by a bare address; `sees` is asked whether it is of
    /// somebody who sees the owner's presence.
    pub(super) fn may_be_read(
        &self,
        bare: &str,
        sees: impl Fn() -> bool,
    ) -> Result<(), StanzaError> {
        match self.affiliation(bare) {
            "owner" | "publisher" | "member" => return Ok(()),
            "outcast" => return Err(Condition::Forbidden.into()),
            _ => {}
        }
        let not_authorized = |detail| Err(of_pubsub(Condition::NotAuthorized, detail));
        match self.config.access {
            Access::Open => Ok(()),
            Access::Presence | Access::Roster if sees() => Ok(()),
            Access::Presence => not_authorized("presence-subscription-required"),
            Access::Roster => not_authorized("not-in-roster-group"),
            Access::Whitelist => Err(of_pubsub(Condition::NotAllowed, "closed-node")),
        }
    }

    /// Whether a colleague may write to it.
    pub(super) fn may_publish(&self, server: &Server, user: &str) -> Result<(), StanzaError> {
        let bare = server.bare(user);
        let may = match (self.affiliation(&bare), self.config.publish) {
            ("owner" | "publisher", _) => true,
            ("outcast", _) | (_, Publish::Publishers) => false,
            (_, Publish::Open) => self.may_read(server, user).is_ok(),
            (_, Publish::Subscribers) => self
                .subscribers
                .iter()
                .any(|address| address.split('/').next() == Some(&bare)),
        };
        if may {
            Ok(())
        } else {
            Err(Condition::Forbidden.into())
        }
    }
}

/// An error with a condition of XEP-0060.
pub(super) fn of_pubsub(condition: Condition, detail: &str) -> StanzaError {
    StanzaError::from(condition).with_detail(build(detail, ns::PUBSUB_ERRORS))
}

/// What this service does not do (section 5.1).
pub(super) fn unsupported(feature: &str) -> StanzaError {
    let detail = build("unsupported", ns::PUBSUB_ERRORS).attr("feature", feature);
    StanzaError::from(Condition::FeatureNotImplemented).with_detail(detail)
}

/// A request that lacks something.
pub(super) fn bad(detail: &str) -> StanzaError {
    of_pubsub(Condition::BadRequest, detail)
}

/// There is no room for it.
pub(super) fn full(what: &str) -> StanzaError {
    StanzaError {
        kind: ErrorType::Wait,
        ..StanzaError::from(Condition::ResourceConstraint).with_text(what)
    }
}
