//! Who is blocked (XEP-0191).

use jid::Jid;
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::or_go_on;
use crate::account::Shared;
use crate::account::handle::Handle;
use crate::connection::ConnectError;
use crate::store::{StoreError, blocked};

/// Addresses that are kept.
const MAX_BLOCKED: usize = 10_000;

/// Fetches the list (section 3.2).
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let query = build("blocklist", ns::BLOCKING).done();
    let answer = match handle.ask("get", None, query).await {
        Ok(answer) => answer,
        Err(error) => return or_go_on(error, "nobody can be blocked there"),
    };
    if let Some(list) = answer.get_child("blocklist", ns::BLOCKING) {
        let list = addresses(list);
        shared
            .store
            .write(move |tx| blocked::replace_all(tx, &list))
            .await?;
        shared.blocked_changed();
    }
    Ok(())
}

/// A change (section 3.3.8). The caller has seen that it comes from our own server.
pub(in crate::account) async fn push(shared: &Shared, change: &Element) -> Result<(), StoreError> {
    let list = addresses(change);
    let block = change.name() == "block";
    shared
        .store
        .write(move |tx| match block {
            true => blocked::block(tx, &list),
            false => blocked::unblock(tx, &list),
        })
        .await?;
    shared.blocked_changed();
    Ok(())
}

/// A single device of somebody is nobody whom a person would block here.
fn addresses(list: &Element) -> Vec<String> {
    list.children()
        .filter(|child| child.is("item", ns::BLOCKING))
        .filter_map(|item| Jid::new(item.attr("jid")?).ok())
        .filter(|jid| jid.resource().is_none())
        .map(|jid| jid.to_string())
        .take(MAX_BLOCKED)
        .collect()
}
