//! The roster (RFC 6121, section 2).

use xmpp_core::element::build;
use xmpp_core::{Element, ns};
use xmpp_parsers::roster::{self, Roster, Subscription};

use super::or_end;
use crate::account::Shared;
use crate::account::handle::Handle;
use crate::connection::ConnectError;
use crate::store::contacts::{self, Contact};

/// RFC 6121, section 2.1.3.
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let query = build("query", ns::ROSTER).done();
    let answer = match handle.ask("get", None, query).await {
        Ok(answer) => answer,
        Err(error) => return or_end(error, "no roster there"),
    };
    let roster = answer
        .get_child("query", ns::ROSTER)
        .cloned()
        .map(Roster::try_from);
    if let Some(Ok(roster)) = roster {
        let contacts: Vec<Contact> = roster.items.into_iter().map(contact).collect();
        shared
            .store
            .write(move |tx| contacts::replace_all(tx, &contacts))
            .await?;
        shared.contacts_changed();
        shared.conversations_changed();
    }
    Ok(())
}

/// RFC 6121, section 2.1.6.
pub(in crate::account) async fn push(shared: &Shared, query: Element) -> Result<(), ConnectError> {
    let Ok(roster) = Roster::try_from(query) else {
        return Ok(());
    };
    shared
        .store
        .write(move |tx| {
            for item in roster.items {
                if item.subscription == Subscription::Remove {
                    contacts::remove(tx, item.jid.as_str())?;
                } else {
                    contacts::put(tx, &contact(item))?;
                }
            }
            Ok(())
        })
        .await?;
    shared.contacts_changed();
    shared.conversations_changed();
    Ok(())
}

/// A contact as the roster has it.
fn contact(item: roster::Item) -> Contact {
    let address = item.jid.to_string();
    let name = item
        .name
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| {
            item.jid
                .node()
                .map_or_else(|| address.clone(), ToString::to_string)
        });
    Contact { address, name }
}
