//! What people publish of themselves (XEP-0163): one table says which node is
//! for whom. Events of nodes that are not in it are not asked for, and ignored.

use jid::{BareJid, Jid};
use xmpp_core::element::build;
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::{decisions, displayed, profiles};
use crate::account::handle::{AskError, Handle};
use crate::account::{Shared, rooms};
use crate::store::StoreError;

/// Items of one event that are looked at.
const MAX_ITEMS: usize = 1_000;

/// A node whose events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::account) enum Node {
    /// XEP-0172.
    Nick,
    /// XEP-0084.
    Avatar,
    /// XEP-0490.
    Displayed,
    /// XEP-0402.
    Bookmarks,
    /// What was decided about conversations between two.
    Conversations,
}

impl Node {
    pub(in crate::account) const ALL: [Self; 5] = [
        Self::Nick,
        Self::Avatar,
        Self::Displayed,
        Self::Bookmarks,
        Self::Conversations,
    ];

    pub(in crate::account) fn name(self) -> &'static str {
        match self {
            Self::Nick => ns::NICK,
            Self::Avatar => ns::AVATAR_METADATA,
            Self::Displayed => ns::DISPLAYED_SYNC,
            Self::Bookmarks => ns::BOOKMARKS,
            Self::Conversations => ns::CONVERSATIONS,
        }
    }

    /// Whether only what we publish ourselves counts: nobody else has a say.
    fn is_private(self) -> bool {
        match self {
            Self::Nick | Self::Avatar => false,
            Self::Displayed | Self::Bookmarks | Self::Conversations => true,
        }
    }
}

/// What an event says.
#[derive(Debug)]
pub(in crate::account) struct Published<'a> {
    /// Who published; our own address for ourselves.
    pub(in crate::account) by: &'a BareJid,
    pub(in crate::account) items: Vec<Item<'a>>,
    /// All of it is gone.
    pub(in crate::account) emptied: bool,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::account) struct Item<'a> {
    pub(in crate::account) id: &'a str,
    /// None if it was taken back.
    pub(in crate::account) payload: Option<&'a Element>,
}

/// Whether a message is such an event.
pub(in crate::account) fn is_event(message: &Element) -> bool {
    message.has_child("event", ns::PUBSUB_EVENT)
        && message.attr("type") != Some("error")
        && !message.has_child("body", ns::CLIENT)
}

/// Does what an event says.
pub(in crate::account) async fn event(
    shared: &Shared,
    message: &Element,
) -> Result<(), StoreError> {
    let by = match message.attr("from").map(Jid::new) {
        None => shared.address.clone(),
        // Somebody in a room does not speak for the room.
        Some(Ok(from)) if from.resource().is_none() => from.to_bare(),
        Some(_) => return Ok(()),
    };
    let Some(event) = message.get_child("event", ns::PUBSUB_EVENT) else {
        return Ok(());
    };
    for child in event.children() {
        let node = child.attr("node").unwrap_or_default();
        let Some(node) = Node::ALL.into_iter().find(|known| known.name() == node) else {
            continue;
        };
        if node.is_private() && by != shared.address {
            continue;
        }
        let published = Published {
            by: &by,
            items: items(child),
            emptied: matches!(child.name(), "purge" | "delete"),
        };
        match node {
            Node::Nick => profiles::nickname(shared, &published).await?,
            Node::Avatar => profiles::metadata(shared, &published).await?,
            Node::Displayed => displayed::event(shared, &published).await?,
            Node::Conversations => decisions::event(shared, &published).await?,
            Node::Bookmarks => {
                rooms::bookmarks::pushed(shared, message).await?;
            }
        }
    }
    Ok(())
}

/// The items of an event or an answer.
fn items(items: &Element) -> Vec<Item<'_>> {
    items
        .children()
        .filter_map(|item| {
            let payload = match item.name() {
                "item" => Some(item.children().next()?),
                "retract" => None,
                _ => return None,
            };
            let id = item.attr("id").unwrap_or_default();
            Some(Item { id, payload })
        })
        .take(MAX_ITEMS)
        .collect()
}

/// Asks for items of a node: those of one id, or all of them. Gives the answer,
/// to be read with [`items_of`].
pub(in crate::account) async fn fetch(
    handle: &Handle,
    of: Option<&str>,
    node: &str,
    id: Option<&str>,
) -> Result<Element, AskError> {
    let items = build("items", ns::PUBSUB).attr("node", node);
    let items = match id {
        Some(id) => items.child(build("item", ns::PUBSUB).attr("id", id)),
        None => items,
    };
    let query = build("pubsub", ns::PUBSUB).child(items).done();
    handle.ask("get", of, query).await
}

/// The items of an answer.
pub(in crate::account) fn items_of<'a>(answer: &'a Element, node: &str) -> Vec<Item<'a>> {
    answer
        .get_child("pubsub", ns::PUBSUB)
        .and_then(|pubsub| pubsub.get_child("items", ns::PUBSUB))
        .filter(|items| items.attr("node") == Some(node))
        .map(items)
        .unwrap_or_default()
}

/// Who may read a node.
#[derive(Debug, Clone, Copy)]
pub(in crate::account) enum Readers {
    /// Those who may see our presence.
    Contacts,
    /// Nobody but us; all items stay.
    Ourselves,
}

impl Readers {
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Contacts => &[("pubsub#access_model", "presence")],
            Self::Ourselves => &[
                ("pubsub#persist_items", "true"),
                ("pubsub#max_items", "max"),
                ("pubsub#send_last_published_item", "never"),
                ("pubsub#access_model", "whitelist"),
            ],
        }
    }

    fn form(self, form_type: &str) -> Element {
        let field = |var: &str, value: &str| {
            build("field", ns::DATA_FORMS)
                .attr("var", var)
                .child(build("value", ns::DATA_FORMS).text(value))
        };
        let options = self.options().iter();
        build("x", ns::DATA_FORMS)
            .attr("type", "submit")
            .child(field("FORM_TYPE", form_type).attr("type", "hidden"))
            .children(options.map(|(var, value)| field(var, value)))
            .done()
    }
}

/// Publishes an item in a node of ours (XEP-0060, section 7.1.5; XEP-0223 for
/// what is private: a server that cannot promise that refuses). What is for others
/// goes as well into a node that is set up for other readers already.
pub(in crate::account) async fn publish(
    handle: &Handle,
    node: &str,
    id: &str,
    payload: Element,
    readers: Readers,
) -> Result<(), AskError> {
    let item = build("item", ns::PUBSUB).attr("id", id).child(payload);
    let publish = build("publish", ns::PUBSUB)
        .attr("node", node)
        .child(item)
        .done();
    let options = readers.form(ns::PUBSUB_PUBLISH_OPTIONS);
    let query = build("pubsub", ns::PUBSUB)
        .child(publish.clone())
        .child(build("publish-options", ns::PUBSUB).child(options))
        .done();
    match (handle.ask("set", None, query).await, readers) {
        (Ok(_), _) => return Ok(()),
        // Another client, or the server for an older kind of card, has made the node:
        // who may read it was decided there.
        (Err(AskError::Refused(error)), Readers::Contacts)
            if error.condition == Condition::Conflict =>
        {
            tracing::debug!(%error, node, "left as it is set up");
        }
        // The node is set up differently.
        // COMPAT: or the server does not know all of these options.
        (Err(AskError::Refused(error)), Readers::Ourselves) => {
            tracing::debug!(%error, node, "set up");
            set_up(handle, node, readers).await?;
        }
        (Err(error), _) => return Err(error),
    }
    let query = build("pubsub", ns::PUBSUB).child(publish).done();
    handle.ask("set", None, query).await.map(drop)
}

/// Before anything is in it: it must not be seen by others even for a moment.
async fn set_up(handle: &Handle, node: &str, readers: Readers) -> Result<(), AskError> {
    let form = || readers.form(ns::PUBSUB_NODE_CONFIG);
    let query = build("pubsub", ns::PUBSUB)
        .child(build("create", ns::PUBSUB).attr("node", node))
        .child(build("configure", ns::PUBSUB).child(form()))
        .done();
    match handle.ask("set", None, query).await {
        Err(AskError::Refused(error)) if error.condition == Condition::Conflict => {}
        other => return other.map(drop),
    }
    let configure = build("configure", ns::PUBSUB_OWNER)
        .attr("node", node)
        .child(form());
    let query = build("pubsub", ns::PUBSUB_OWNER).child(configure).done();
    handle.ask("set", None, query).await.map(drop)
}
