//! Personal nodes (XEP-0163) and the block list (XEP-0191).

use std::collections::{BTreeMap, BTreeSet};

use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::requests::{Answer, refused, result};
use super::{Server, address};
use xmpp_core::stanza_error::Condition;

/// Items of nodes, oldest first.
pub(super) type Nodes = BTreeMap<String, Vec<Element>>;

impl super::Account {
    /// Puts a bookmark where XEP-0402 has them.
    pub(super) fn bookmark(&mut self, item: Element) {
        let items = self.nodes.entry(ns::BOOKMARKS.to_owned()).or_default();
        items.push(item);
    }

    /// Whether a conversation is silent, by what stands there for all devices
    /// (XEP-0492): of a room in its bookmark, of two people in a node of its own.
    pub(crate) fn is_muted(&self, conversation: &str) -> Option<bool> {
        let nodes = [
            (ns::BOOKMARKS, "conference"),
            (ns::CONVERSATIONS, "conversation"),
        ];
        let said = nodes.into_iter().find_map(|(node, name)| {
            let mut items = self.nodes.get(node).into_iter().flatten();
            let item = items.find(|item| item.attr("id") == Some(conversation))?;
            item.children().find(|child| child.is(name, node))
        })?;
        let notify = said
            .get_child("extensions", ns::BOOKMARKS)
            .and_then(|extensions| extensions.get_child("notify", ns::NOTIFICATION_SETTINGS));
        Some(notify.is_some_and(|notify| notify.has_child("never", ns::NOTIFICATION_SETTINGS)))
    }

    /// Rooms that the account wants to be in.
    pub(crate) fn rooms(&self) -> Vec<&str> {
        let items = self.nodes.get(ns::BOOKMARKS).into_iter().flatten();
        let wanted = items.filter(|item| {
            let conference = item.get_child("conference", ns::BOOKMARKS);
            conference.is_some_and(|one| matches!(one.attr("autojoin"), Some("true" | "1")))
        });
        wanted.filter_map(|item| item.attr("id")).collect()
    }
}

impl Server {
    /// XEP-0060, sections 6.5 and 7, for the owner alone.
    pub(super) fn pubsub(&mut self, account: &str, iq: &Element, pubsub: &Element) -> Answer {
        let Some(action) = pubsub.children().find(|child| child.attr("node").is_some()) else {
            return refused(Condition::BadRequest);
        };
        let node = action.attr("node").unwrap_or_default().to_owned();
        let Some(found) = self.accounts.get_mut(account) else {
            return refused(Condition::ItemNotFound);
        };
        let ids: Vec<&str> = action
            .children()
            .filter_map(|item| item.attr("id"))
            .collect();
        match (iq.attr("type"), action.name()) {
            (Some("get"), "items") => {
                let Some(items) = found.nodes.get(&node) else {
                    return refused(Condition::ItemNotFound);
                };
                let wanted = items.iter().filter(|item| {
                    ids.is_empty() || item.attr("id").is_some_and(|id| ids.contains(&id))
                });
                let items = build("items", ns::PUBSUB)
                    .attr("node", &node)
                    .children(wanted.cloned());
                result(Some(build("pubsub", ns::PUBSUB).child(items).done()))
            }
            (Some("set"), "publish") => {
                let Some(item) = action.get_child("item", ns::PUBSUB) else {
                    return refused(Condition::BadRequest);
                };
                let items = found.nodes.entry(node.clone()).or_default();
                items.retain(|old| old.attr("id") != item.attr("id"));
                items.push(item.clone());
                let event = build("item", ns::PUBSUB_EVENT)
                    .attr_opt("id", item.attr("id"))
                    .children(item.children().cloned());
                self.tell_owner(account, &node, &event.done());
                result(None)
            }
            (Some("set"), "retract") => {
                let items = found.nodes.entry(node.clone()).or_default();
                items.retain(|old| old.attr("id").is_none_or(|id| !ids.contains(&id)));
                for id in ids {
                    let event = build("retract", ns::PUBSUB_EVENT).attr("id", id);
                    self.tell_owner(account, &node, &event.done());
                }
                result(None)
            }
            _ => refused(Condition::FeatureNotImplemented),
        }
    }

    /// XEP-0163, section 4.3: every device of the owner hears of it.
    fn tell_owner(&mut self, account: &str, node: &str, change: &Element) {
        for (id, full) in self.devices(account) {
            let items = build("items", ns::PUBSUB_EVENT)
                .attr("node", node)
                .child(change.clone());
            let message = build("message", ns::CLIENT)
                .attr("from", address(account))
                .attr("to", full)
                .attr("type", "headline")
                .child(build("event", ns::PUBSUB_EVENT).child(items));
            self.deliver(id, &message.done());
        }
    }

    /// The devices of an account that are available, with their addresses.
    fn devices(&self, account: &str) -> Vec<(u64, String)> {
        self.sessions
            .iter()
            .filter(|(_, session)| session.account == account && session.available)
            .map(|(id, session)| (*id, format!("{}/{}", address(account), session.resource)))
            .collect()
    }

    /// XEP-0191, section 3.1.
    pub(super) fn block_list(&mut self, account: &str, session: u64) -> Answer {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.knows_blocked = true;
        }
        let blocked = self.accounts.get(account).map(|account| &account.blocked);
        let items = blocked
            .into_iter()
            .flatten()
            .map(|jid| build("item", ns::BLOCKING).attr("jid", jid).done());
        result(Some(
            build("blocklist", ns::BLOCKING).children(items).done(),
        ))
    }

    /// XEP-0191, sections 3.3 and 3.4; the devices that have asked hear of it.
    pub(super) fn block(&mut self, account: &str, change: &Element) -> Answer {
        let named: BTreeSet<String> = change
            .children()
            .filter_map(|item| item.attr("jid"))
            .map(str::to_owned)
            .collect();
        if let Some(found) = self.accounts.get_mut(account) {
            match change.name() {
                "block" => found.blocked.extend(named),
                _ if named.is_empty() => found.blocked.clear(),
                _ => found.blocked.retain(|jid| !named.contains(jid)),
            }
        }
        let devices: Vec<(u64, String)> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.account == account && session.knows_blocked)
            .map(|(id, session)| (*id, format!("{}/{}", address(account), session.resource)))
            .collect();
        for (id, full) in devices {
            let push = build("iq", ns::CLIENT)
                .attr("type", "set")
                .attr("id", self.id())
                .attr("to", full)
                .child(change.clone());
            self.deliver(id, &push.done());
        }
        result(None)
    }
}
