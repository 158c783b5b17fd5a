//! What an exported user has stored: nodes of personal eventing, vCard, private
//! storage.

use xmpp_core::element::{self, build};
use xmpp_core::{Element, ns};

use super::{Dialect, Team};
use crate::exchange::ExchangeError;
use crate::exchange::output::{Output, escaped};
use crate::pep::{MAX_ITEMS, NodeConfig, is_older_storage, older_bookmarks};
use crate::store::pep::{self, NodeRow};
use crate::store::{exchange, personal};

pub(super) fn write(
    out: &mut Output<'_>,
    team: &Team<'_>,
    user: &str,
) -> Result<(), ExchangeError> {
    write_vcard(out, team, user)?;
    write_private(out, team, user)?;
    match team.dialect {
        Dialect::Ejabberd => Ok(()),
        Dialect::Standard | Dialect::Prosody => write_nodes(out, team, user),
    }
}

/// For other servers with the picture, which is in a node here, and with a name.
fn write_vcard(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<(), ExchangeError> {
    let stored = personal::vcard(team.db, user)?;
    if team.dialect == Dialect::Standard {
        if let Some(stored) = stored {
            out.raw(&stored)?;
        }
        return Ok(());
    }
    let stored = stored.and_then(|xml| element::parse(xml.as_bytes()).ok());
    let mut vcard = stored.unwrap_or_else(|| build("vCard", ns::VCARD_TEMP).done());
    if !vcard.has_child("FN", ns::VCARD_TEMP) {
        let person = team.accounts.iter().find(|one| one.localpart == user);
        let name = person.map_or(user, |person| person.display_name.as_str());
        vcard.append_child(build("FN", ns::VCARD_TEMP).text(name).done());
    }
    if let Some(photo) = photo(team, user)? {
        vcard.append_child(photo);
    }
    out.element(&vcard)?;
    Ok(())
}

fn photo(team: &Team<'_>, user: &str) -> Result<Option<Element>, ExchangeError> {
    let newest = |name: &str| -> rusqlite::Result<Option<Element>> {
        let Some(node) = pep::node(team.db, user, name)? else {
            return Ok(None);
        };
        let item = pep::newest_items(team.db, node.id, 1)?.pop();
        Ok(item.and_then(|item| element::parse(item.payload.as_bytes()).ok()))
    };
    let Some(metadata) = newest(ns::AVATAR_METADATA)? else {
        return Ok(None);
    };
    let Some(info) = metadata.get_child("info", ns::AVATAR_METADATA) else {
        return Ok(None);
    };
    let data = newest(ns::AVATAR_DATA)?.map(|data| data.text());
    Ok(data.map(|data| {
        build("PHOTO", ns::VCARD_TEMP)
            .child(build("TYPE", ns::VCARD_TEMP).text(info.attr("type").unwrap_or("image/png")))
            .child(build("BINVAL", ns::VCARD_TEMP).text(data))
            .done()
    }))
}

fn write_private(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<(), ExchangeError> {
    let mut stored = exchange::private(team.db, user)?;
    if team.dialect == Dialect::Ejabberd {
        // It reads no nodes, so bookmarks go where they were kept once.
        let rooms = older_bookmarks(team.db, user, usize::MAX)?;
        let parse = |xml: &String| element::parse(xml.as_bytes()).ok();
        let mut storage = stored.iter().filter_map(parse).find(is_older_storage);
        if !rooms.is_empty() {
            let empty = || build("storage", ns::LEGACY_BOOKMARKS).done();
            let storage = storage.get_or_insert_with(empty);
            for room in rooms {
                storage.append_child(room);
            }
            stored.retain(|xml| !parse(xml).is_some_and(|one| is_older_storage(&one)));
            stored.extend(element::write(storage).ok());
        }
    }
    if stored.is_empty() {
        return Ok(());
    }
    out.start("query", Some(ns::PRIVATE), &[])?;
    for xml in stored {
        out.raw(&xml)?;
    }
    out.end("query")?;
    Ok(())
}

/// Configurations first, then items (XEP-0227, section 4.10).
fn write_nodes(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<(), ExchangeError> {
    let nodes = pep::nodes(team.db, user)?;
    if nodes.is_empty() {
        return Ok(());
    }
    out.start("pubsub", Some(ns::PUBSUB_OWNER), &[])?;
    for node in &nodes {
        write_node(out, team, node)?;
    }
    out.end("pubsub")?;
    out.start("pubsub", Some(ns::PUBSUB), &[])?;
    for node in &nodes {
        out.start("items", None, &[("node", &node.node)])?;
        for item in pep::newest_items(team.db, node.id, MAX_ITEMS)? {
            out.raw(&format!(
                "<item id='{}' publisher='{}'>{}</item>",
                escaped(&item.item_id),
                escaped(&item.publisher),
                item.payload
            ))?;
        }
        out.end("items")?;
    }
    out.end("pubsub")?;
    Ok(())
}

fn write_node(out: &mut Output<'_>, team: &Team<'_>, node: &NodeRow) -> Result<(), ExchangeError> {
    let owner = ns::PUBSUB_OWNER;
    let configure = build("configure", owner)
        .attr("node", &node.node)
        .child(NodeConfig::from_json(&node.config).form("form"));
    out.element(&configure.done())?;
    let affiliations = pep::affiliations(team.db, node.id)?;
    if !affiliations.is_empty() {
        let each = affiliations.into_iter().map(|(jid, affiliation)| {
            build("affiliation", owner)
                .attr("jid", jid)
                .attr("affiliation", affiliation)
        });
        let all = build("affiliations", owner).attr("node", &node.node);
        out.element(&all.children(each).done())?;
    }
    let subscribers = pep::subscribers(team.db, node.id)?;
    if !subscribers.is_empty() {
        let each = subscribers.into_iter().map(|jid| {
            build("subscription", owner)
                .attr("jid", jid)
                .attr("subscription", "subscribed")
        });
        let all = build("subscriptions", owner).attr("node", &node.node);
        out.element(&all.children(each).done())?;
    }
    Ok(())
}
