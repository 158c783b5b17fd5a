//! The roster (RFC 6121, section 2) and requests to see presence (section 3).

use jid::BareJid;
use xmpp_core::element::{build, clean_text};
use xmpp_core::{Element, ns};

use super::or_end;
use crate::account::Shared;
use crate::account::handle::Handle;
use crate::api::Subscription;
use crate::connection::ConnectError;
use crate::store::contacts::{self, ROSTER_VERSION, RosterItem, SubscriptionRequest};

/// Longest name of a contact or group, in characters.
pub(in crate::account) const MAX_NAME: usize = 200;
/// Groups of one contact.
pub(in crate::account) const MAX_GROUPS: usize = 50;
/// Requests of strangers that are kept.
const MAX_REQUESTS: i64 = 500;
/// Longest text with a request, in characters.
const MAX_REQUEST_TEXT: usize = 500;
/// What stands between a department and one inside it, where the server does
/// not say (XEP-0083, section 3).
const DELIMITER: &str = "::";
const DELIMITER_KEY: &str = "roster_delimiter";

/// Fetches the roster, or what has changed since (RFC 6121, sections 2.1.3 and 2.6).
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let known = if shared.people.offers().roster_versions {
        let version = shared
            .store
            .read(|db| contacts::meta(db, ROSTER_VERSION))
            .await?;
        // None yet is said with an empty one.
        Some(version.unwrap_or_default())
    } else {
        None
    };
    let query = build("query", ns::ROSTER).attr_opt("ver", known).done();
    let answer = match handle.ask("get", None, query).await {
        Ok(answer) => answer,
        Err(error) => return or_end(error, "no roster there"),
    };
    // Without one, what we have is right, up to pushes that follow.
    let Some(roster) = answer.get_child("query", ns::ROSTER) else {
        return Ok(());
    };
    let version = roster.attr("ver").unwrap_or_default().to_owned();
    let items: Vec<_> = items(roster).filter_map(kept).collect();
    shared
        .store
        .write(move |tx| {
            contacts::set_meta(tx, ROSTER_VERSION, &version)?;
            contacts::replace_all(tx, &items)
        })
        .await?;
    shared.contacts_changed();
    shared.conversations_changed();
    Ok(())
}

/// A change (RFC 6121, section 2.1.6). The caller has seen that it comes from
/// our own server.
pub(in crate::account) async fn push(shared: &Shared, query: &Element) -> Result<(), ConnectError> {
    let version = query.attr("ver").map(str::to_owned);
    let changes: Vec<Change> = items(query).collect();
    let settled = shared
        .store
        .write(move |tx| {
            let mut settled = false;
            for change in changes {
                match change {
                    Change::Gone(address) => contacts::remove(tx, &address)?,
                    Change::Kept(item) => {
                        // Answered here or on another device.
                        if item.subscription.shows_ours() {
                            settled |= contacts::settle_request(tx, &item.address)?;
                        }
                        contacts::put(tx, &item)?;
                    }
                }
            }
            if let Some(version) = version {
                contacts::set_meta(tx, ROSTER_VERSION, &version)?;
            }
            Ok(settled)
        })
        .await?;
    if settled {
        shared.requests_changed();
    }
    shared.contacts_changed();
    shared.conversations_changed();
    Ok(())
}

enum Change {
    Kept(RosterItem),
    Gone(String),
}

fn kept(change: Change) -> Option<RosterItem> {
    match change {
        Change::Kept(item) => Some(item),
        Change::Gone(_) => None,
    }
}

/// An entry that nobody can read must not hide the others.
fn items(query: &Element) -> impl Iterator<Item = Change> + '_ {
    query
        .children()
        .filter(|child| child.is("item", ns::ROSTER))
        .filter_map(|item| {
            let address = BareJid::new(item.attr("jid")?).ok()?.to_string();
            let subscription = item.attr("subscription").unwrap_or("none");
            if subscription == "remove" {
                return Some(Change::Gone(address));
            }
            let groups = item
                .children()
                .filter(|child| child.is("group", ns::ROSTER))
                .map(|group| shortened(&group.text()))
                .filter(|group| !group.is_empty())
                .take(MAX_GROUPS)
                .collect();
            Some(Change::Kept(RosterItem {
                address,
                name: shortened(item.attr("name").unwrap_or_default()),
                groups,
                subscription: Subscription::from_name(subscription),
                ask: item.attr("ask") == Some("subscribe"),
                approved: matches!(item.attr("approved"), Some("true" | "1")),
            }))
        })
}

fn shortened(name: &str) -> String {
    clean_text(name).trim().chars().take(MAX_NAME).collect()
}

/// What stands between the levels of a department (XEP-0083).
pub(super) async fn fetch_delimiter(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let query = build("query", ns::PRIVATE)
        .child(build("roster", ns::ROSTER_DELIMITER))
        .done();
    let answer = match handle.ask("get", None, query).await {
        Ok(answer) => answer,
        Err(error) => return super::or_go_on(error, "no private storage there"),
    };
    let delimiter = answer
        .get_child("query", ns::PRIVATE)
        .and_then(|query| query.get_child("roster", ns::ROSTER_DELIMITER))
        .map(|delimiter| shortened(&delimiter.text()))
        .unwrap_or_default();
    shared
        .store
        .write(move |tx| contacts::set_meta(tx, DELIMITER_KEY, &delimiter))
        .await?;
    Ok(())
}

/// The delimiter that was fetched last, or the usual one.
pub(in crate::account) fn delimiter(db: &rusqlite::Connection) -> rusqlite::Result<String> {
    let known = contacts::meta(db, DELIMITER_KEY)?;
    Ok(known
        .filter(|delimiter| !delimiter.is_empty())
        .unwrap_or_else(|| DELIMITER.to_owned()))
}

/// Somebody asks to see our presence. Gives the answer, if nobody need be asked:
/// who wants to see somebody's presence shows theirs.
pub(in crate::account) async fn asked(
    shared: &Shared,
    from: &BareJid,
    stanza: &Element,
) -> Result<Vec<Element>, ConnectError> {
    let request = SubscriptionRequest {
        address: from.to_string(),
        text: stanza
            .get_child("status", ns::CLIENT)
            .map(|status| clean_text(&status.text()))
            .unwrap_or_default()
            .trim()
            .chars()
            .take(MAX_REQUEST_TEXT)
            .collect(),
        time_ms: shared.clock.now_ms(),
    };
    let (granted, new) = shared
        .store
        .write(move |tx| {
            let contact = contacts::get(tx, &request.address)?;
            let granted = contact.is_some_and(|contact| {
                contact.item.ask
                    || contact.item.approved
                    || contact.item.subscription.shows_theirs()
            });
            let new = !granted && contacts::requested(tx, &request, MAX_REQUESTS)?;
            Ok((granted, new))
        })
        .await?;
    if new {
        shared.requests_changed();
    }
    Ok(if granted {
        vec![subscription("subscribed", from)]
    } else {
        Vec::new()
    })
}

/// Somebody does not ask any more.
pub(in crate::account) async fn not_asked(
    shared: &Shared,
    from: &BareJid,
) -> Result<(), ConnectError> {
    let address = from.to_string();
    let settled = shared
        .store
        .write(move |tx| contacts::settle_request(tx, &address))
        .await?;
    if settled {
        shared.requests_changed();
    }
    Ok(())
}

/// One of the four words about presence (RFC 6121, section 3).
pub(in crate::account) fn subscription(kind: &str, to: &BareJid) -> Element {
    build("presence", ns::CLIENT)
        .attr("to", to.as_str())
        .attr("type", kind)
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn one_bad_entry_does_not_hide_the_others() {
        let query = parse(
            b"<query xmlns='jabber:iq:roster'>
            <item jid='@' subscription='both'/><item/>
            <item jid='Bob@Team.internal' name=' Bob ' subscription='to' ask='subscribe' approved='true'>
              <group>Sales::North</group><group> </group></item>
            <item jid='eve@team.internal' subscription='nonsense'/>
            <item jid='gone@team.internal' subscription='remove'/></query>",
        )
        .unwrap();
        let all: Vec<_> = items(&query).filter_map(kept).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0],
            RosterItem {
                address: "bob@team.internal".into(),
                name: "Bob".into(),
                groups: vec!["Sales::North".into()],
                subscription: Subscription::To,
                ask: true,
                approved: true,
            }
        );
        assert_eq!(all[1].subscription, Subscription::None);
        assert!(matches!(items(&query).last(), Some(Change::Gone(_))));
    }
}
