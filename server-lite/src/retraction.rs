//! Messages that their sender takes back (XEP-0424): the archives of both ends
//! keep the place, not the words.

use rusqlite::Transaction;
use xmpp_core::element::{self, build};
use xmpp_core::{Element, datetime, ns};

use crate::clock;
use crate::store::archive;

/// Which message this one takes back.
pub(crate) fn retracted_id(message: &Element) -> Option<&str> {
    message
        .get_child("retract", ns::RETRACT)
        .and_then(|retract| retract.attr("id"))
        .filter(|id| !id.is_empty())
}

/// What stands where the message was (section 4): when it went, and by which
/// retraction.
pub(crate) fn mark(retraction_id: Option<&str>) -> Element {
    build("retracted", ns::RETRACT)
        .attr("stamp", datetime::format_ms(clock::now_ms()))
        .attr_opt("id", retraction_id)
        .done()
}

/// Leaves who said it to whom, and that it is gone. A mark that is there stays.
pub(crate) fn bury(
    tx: &Transaction<'_>,
    found: &archive::Kept,
    mark: &Element,
) -> rusqlite::Result<()> {
    let Ok(mut stanza) = element::parse(found.xml.as_bytes()) else {
        return Ok(());
    };
    if xmpp_core::rules::is_retracted(&stanza) {
        return Ok(());
    }
    for node in stanza.take_nodes() {
        let stays = node.as_element().is_some_and(|child| {
            [ns::OCCUPANT_ID, ns::MUC_USER, ns::STANZA_ID]
                .iter()
                .any(|namespace| child.has_ns(*namespace))
        });
        if stays {
            stanza.append_node(node);
        }
    }
    stanza.append_child(mark.clone());
    match element::write(&stanza) {
        Ok(xml) => archive::replace(tx, found.id, &xml),
        Err(error) => {
            tracing::error!(%error, "mark of a retraction could not be written");
            Ok(())
        }
    }
}

/// Takes a message, with what corrected it, out of one of the two archives. Only
/// what went in the same direction between the same two is found, so nobody
/// retracts for another.
pub(crate) fn bury_by_message_id(
    tx: &Transaction<'_>,
    owner: &str,
    peer: &str,
    outgoing: bool,
    message_id: &str,
    mark: &Element,
) -> rusqlite::Result<()> {
    for found in archive::by_message_id(tx, owner, peer, outgoing, message_id)? {
        bury(tx, &found, mark)?;
    }
    Ok(())
}

/// What corrected a message in the archive of a room (XEP-0308): it says the same
/// once more, in other words.
pub(crate) fn corrections(
    tx: &Transaction<'_>,
    room: &str,
    found: &archive::Kept,
) -> rusqlite::Result<Vec<archive::Kept>> {
    let Ok(said) = element::parse(found.xml.as_bytes()) else {
        return Ok(Vec::new());
    };
    let Some(id) = said.attr("id") else {
        return Ok(Vec::new());
    };
    let corrects = |xml: &str| {
        element::parse(xml.as_bytes()).is_ok_and(|stanza| {
            let replaced = stanza.get_child("replace", ns::CORRECTION);
            replaced.is_some_and(|replaced| replaced.attr("id") == Some(id))
        })
    };
    // All that a room keeps went out from it, under the one who said it.
    let mut all = archive::by_message_id(tx, room, &found.peer, true, id)?;
    all.retain(|one| one.id > found.id && corrects(&one.xml));
    Ok(all)
}
