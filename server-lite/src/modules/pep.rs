//! Personal eventing (XEP-0163) and what is kept in its nodes.

use xmpp_core::ns;

use super::{Module, Outcome, Place, Request, in_part, whole};
use crate::pep;

pub(crate) const MODULE: Module = Module {
    specs: &[
        in_part(
            "XEP-0060",
            "Publish-subscribe",
            "what XEP-0163 needs: leaf nodes of accounts, options of subscriptions are \
             refused, no access by request; a client that comes online gets at most as many \
             newest items as fill a quarter of its queue",
        ),
        whole("XEP-0084", "User avatar"),
        whole("XEP-0163", "Personal eventing protocol"),
        whole("XEP-0172", "User nickname"),
        whole("XEP-0222", "Persistent storage of public data"),
        whole("XEP-0223", "Persistent storage of private data"),
        in_part(
            "XEP-0292",
            "vCard4 over XMPP",
            "as a node, in which most fields are those of the vCard of XEP-0054; the picture is the avatar",
        ),
        in_part("XEP-0384", "OMEMO encryption", "nodes for the keys"),
        whole("XEP-0490", "Message displayed synchronisation"),
    ],
    account_features: &[
        ns::PUBSUB,
        "http://jabber.org/protocol/pubsub#access-open",
        "http://jabber.org/protocol/pubsub#access-presence",
        "http://jabber.org/protocol/pubsub#access-roster",
        "http://jabber.org/protocol/pubsub#access-whitelist",
        "http://jabber.org/protocol/pubsub#auto-create",
        "http://jabber.org/protocol/pubsub#auto-subscribe",
        "http://jabber.org/protocol/pubsub#config-node",
        "http://jabber.org/protocol/pubsub#config-node-max",
        "http://jabber.org/protocol/pubsub#create-and-configure",
        "http://jabber.org/protocol/pubsub#create-nodes",
        "http://jabber.org/protocol/pubsub#delete-items",
        "http://jabber.org/protocol/pubsub#delete-nodes",
        "http://jabber.org/protocol/pubsub#filtered-notifications",
        "http://jabber.org/protocol/pubsub#instant-nodes",
        "http://jabber.org/protocol/pubsub#item-ids",
        "http://jabber.org/protocol/pubsub#last-published",
        "http://jabber.org/protocol/pubsub#manage-subscriptions",
        "http://jabber.org/protocol/pubsub#member-affiliation",
        "http://jabber.org/protocol/pubsub#meta-data",
        "http://jabber.org/protocol/pubsub#modify-affiliations",
        "http://jabber.org/protocol/pubsub#multi-items",
        "http://jabber.org/protocol/pubsub#outcast-affiliation",
        "http://jabber.org/protocol/pubsub#persistent-items",
        "http://jabber.org/protocol/pubsub#presence-notifications",
        "http://jabber.org/protocol/pubsub#publish",
        "http://jabber.org/protocol/pubsub#publish-options",
        "http://jabber.org/protocol/pubsub#publisher-affiliation",
        "http://jabber.org/protocol/pubsub#purge-nodes",
        "http://jabber.org/protocol/pubsub#retract-items",
        "http://jabber.org/protocol/pubsub#retrieve-affiliations",
        "http://jabber.org/protocol/pubsub#retrieve-default",
        "http://jabber.org/protocol/pubsub#retrieve-items",
        "http://jabber.org/protocol/pubsub#retrieve-subscriptions",
        "http://jabber.org/protocol/pubsub#rsm",
        "http://jabber.org/protocol/pubsub#subscribe",
    ],
    payloads: &[("pubsub", ns::PUBSUB), ("pubsub", ns::PUBSUB_OWNER)],
    places: &[Place::Own, Place::Others],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    pep::handle(request).await.into()
}
