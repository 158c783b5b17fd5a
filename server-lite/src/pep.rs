//! Personal eventing (XEP-0163): every account is a publish-subscribe service
//! (XEP-0060) for itself and its colleagues.
//!
//! Everything is read, decided and written in one job of the store, and told in
//! the order in which it was written.
//!
//! * `access`: who may do what
//! * `config`: what a node is
//! * `publish`, `read`, `subscribe`, `owner`: the requests
//! * `notify`: who is told
//! * `interests`: what sessions want to be told (XEP-0115)
//! * `avatar`, `vcard`, `vcard4`, `bookmarks`, `private`: what older specifications keep
//!   elsewhere, and is here too

mod access;
mod avatar;
mod bookmarks;
mod config;
mod discovery;
mod interests;
mod job;
mod notify;
mod owner;
mod private;
mod publish;
mod read;
mod subscribe;
mod vcard;
mod vcard4;

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use self::access::{bad, unsupported};
use self::job::change;
use self::publish::Publication;
use crate::modules::{Place, Request};
use crate::server::Server;

pub(crate) use self::avatar::{is_picture, stamp};
pub(crate) use self::bookmarks::{
    is_storage as is_older_storage, newer as newer_bookmarks, older as older_bookmarks,
    without_rooms,
};
pub(crate) use self::config::{MAX_ITEMS, NodeConfig};
pub(crate) use self::discovery::{node_info, node_items};
pub(crate) use self::interests::{Capabilities, Personal, answered, now_sees, seen};
pub(crate) use self::private::{get as private_get, set as private_set};
pub(crate) use self::vcard::{get as vcard_get, set as vcard_set};

/// Who asks whose service.
#[derive(Clone)]
pub(crate) struct Asker {
    server: Arc<Server>,
    /// Localpart of who asks.
    user: String,
    /// Bare address of who asks.
    bare: String,
    /// Localpart of the account that is asked.
    account: String,
    /// Bare address of the account that is asked.
    owner: String,
}

impl Asker {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        Self {
            server: Arc::clone(request.server),
            user: request.user.to_owned(),
            bare: request.server.bare(request.user),
            account: request.asked.to_owned(),
            owner: request.server.bare(request.asked),
        }
    }

    fn is_owner(&self) -> bool {
        self.user == self.account
    }
}

type Answer = Result<Option<Element>, StanzaError>;

/// What stands beside an action and says more about it.
const ADDITIONS: [&str; 3] = ["publish-options", "configure", "options"];

/// Answers a request with `<pubsub/>`.
pub(crate) async fn handle(request: &Request<'_>) -> Answer {
    let asker = Asker::of(request);
    let of_owner = request.payload.has_ns(ns::PUBSUB_OWNER);
    if of_owner {
        if request.place != Place::Own {
            return Err(Condition::Forbidden.into());
        }
        let action = request.payload.children().next();
        let action = action.ok_or(Condition::BadRequest)?;
        return owner::handle(asker, request.is_set, action).await;
    }
    let actions = || {
        let children = request.payload.children();
        children.filter(|child| child.has_ns(ns::PUBSUB))
    };
    let named = actions().find(|child| !ADDITIONS.contains(&child.name()));
    let action = named.or_else(|| actions().next());
    let action = action.ok_or(Condition::BadRequest)?;
    let with_options = actions().any(|child| child.name() == "options");
    match (request.is_set, action.name()) {
        // Nobody is to rely on what they do not have (section 6.3.7).
        _ if with_options => Err(unsupported("subscription-options")),
        (false, "items") => read::items(asker, action, request.payload).await,
        (false, "subscriptions") => subscribe::list(asker, action).await,
        (false, "affiliations") => read::affiliations(asker, action).await,
        (true, "publish") => publish(asker, action, request.payload).await,
        (true, "retract") => retract(asker, action).await,
        (true, "create") => owner::create(asker, action, request.payload).await,
        (true, "subscribe") => subscribe::subscribe(asker, action).await,
        (true, "unsubscribe") => subscribe::unsubscribe(asker, action).await,
        (false, "default") => Err(unsupported("retrieve-default-sub")),
        _ => Err(Condition::BadRequest.into()),
    }
}

async fn publish(asker: Asker, action: &Element, payload: &Element) -> Answer {
    let options = payload.get_child("publish-options", ns::PUBSUB);
    let publication = Publication::read(&asker, action, options)?;
    let server = Arc::clone(&asker.server);
    let (node, id) = change(&server, move |tx, news| publication.write(tx, &asker, news)).await?;
    let item = id.map(|id| build("item", ns::PUBSUB).attr("id", id));
    let publish = build("publish", ns::PUBSUB)
        .attr("node", node)
        .children(item);
    Ok(Some(build("pubsub", ns::PUBSUB).child(publish).done()))
}

async fn retract(asker: Asker, action: &Element) -> Answer {
    let name = publish::node_name(action)?;
    let ids: Vec<String> = action
        .children()
        .filter(|child| child.is("item", ns::PUBSUB))
        .filter_map(|item| item.attr("id").map(str::to_owned))
        .collect();
    if ids.is_empty() {
        return Err(bad("item-required"));
    }
    let tell = matches!(action.attr("notify"), Some("true" | "1"));
    let server = Arc::clone(&asker.server);
    change(&server, move |tx, news| {
        publish::retract(tx, &asker, &name, &ids, tell, news)
    })
    .await?;
    Ok(None)
}
