//! vCards of the newer kind (XEP-0292), a node like any other, and those of the
//! older kind (XEP-0054), which not all clients have left behind: what most
//! people fill in is the same in both, whichever of them is set. What only one
//! of them can say stays there.
//!
//! The picture of either is the avatar (`avatar`): whoever reads the vCard of
//! somebody else gets it with that.

use rusqlite::{Connection, Transaction};
use xmpp_core::element::{self, Build, build};
use xmpp_core::{Element, ns};

use super::access::{Node, bad, full};
use super::job::{News, Refused};
use super::publish::{find_or_open, put};
use super::vcard::MAX_VCARD;
use super::{Asker, avatar};
use crate::clock;
use crate::store::pep::{self, ItemRow};
use crate::store::personal;

/// What is the same: names of the older kind, name of the newer one. What a
/// person says of themselves has two older names, of which the first is written.
const SAME: [(&[&str], &str); 10] = [
    (&["FN"], "fn"),
    (&["N"], "n"),
    (&["NICKNAME"], "nickname"),
    (&["EMAIL"], "email"),
    (&["TEL"], "tel"),
    (&["ORG"], "org"),
    (&["TITLE"], "title"),
    (&["URL"], "url"),
    (&["NOTE", "DESC"], "note"),
    (&["BDAY"], "bday"),
];
const NAMES: [(&str, &str); 5] = [
    ("FAMILY", "surname"),
    ("GIVEN", "given"),
    ("MIDDLE", "additional"),
    ("PREFIX", "prefix"),
    ("SUFFIX", "suffix"),
];
const OF_EMAIL: [(&str, &str); 2] = [("HOME", "home"), ("WORK", "work")];
const OF_TEL: [(&str, &str); 7] = [
    ("HOME", "home"),
    ("WORK", "work"),
    ("VOICE", "voice"),
    ("FAX", "fax"),
    ("PAGER", "pager"),
    ("CELL", "cell"),
    ("VIDEO", "video"),
];
/// Id of the item, if there was none before.
const ITEM: &str = "current";

/// Publishes what an older vCard says.
pub(super) fn publish(
    tx: &Transaction<'_>,
    asker: &Asker,
    older: &Element,
    news: &mut News,
) -> Result<(), Refused> {
    let (server, account) = (&asker.server, asker.account.as_str());
    let row = newest(tx, account)?;
    let before = row.as_ref().and_then(read);
    let mut vcard = before
        .clone()
        .unwrap_or_else(|| build("vcard", ns::VCARD4).done());
    to_newer(&mut vcard, older);
    let says_nothing = before.is_none() && vcard.children().next().is_none();
    if says_nothing || before.as_ref() == Some(&vcard) {
        return Ok(());
    }
    let node = find_or_open(tx, server, account, ns::VCARD4_NODE)?;
    let row = ItemRow {
        item_id: row.map_or_else(|| ITEM.to_owned(), |row| row.item_id),
        publisher: asker.owner.clone(),
        time_ms: clock::now_ms(),
        payload: element::write(&vcard).map_err(|_| bad("invalid-payload"))?,
        picture: false,
    };
    put(tx, server, &node, &row, news)
}

/// Puts what was published into the older vCard.
pub(super) fn follow(tx: &Transaction<'_>, account: &str) -> Result<(), Refused> {
    let Some(newer) = newest(tx, account)?.as_ref().and_then(read) else {
        return Ok(());
    };
    let before = personal::vcard(tx, account)?;
    let before = before.and_then(|xml| element::parse(xml.as_bytes()).ok());
    let mut vcard = before
        .clone()
        .unwrap_or_else(|| build("vCard", ns::VCARD_TEMP).done());
    to_older(&mut vcard, &newer);
    if before.as_ref() == Some(&vcard) {
        return Ok(());
    }
    let xml = element::write(&vcard).map_err(|_| bad("invalid-payload"))?;
    if xml.len() > MAX_VCARD {
        return Err(full("the vCard is too large").into());
    }
    Ok(personal::set_vcard(tx, account, &xml)?)
}

/// Takes out of an older vCard what who asks may not read in the newer one.
pub(super) fn hide(db: &Connection, asker: &Asker, older: &mut Element) -> rusqlite::Result<()> {
    let Some(row) = pep::node(db, &asker.account, ns::VCARD4_NODE)? else {
        return Ok(());
    };
    let node = Node::load_for(db, &asker.server, &asker.account, row, &asker.user)?;
    if node.may_read(&asker.server, &asker.user).is_err() {
        for name in SAME.iter().flat_map(|(names, _)| *names) {
            while older.remove_child(name, ns::VCARD_TEMP).is_some() {}
        }
    }
    Ok(())
}

/// Adds the picture for who asks and may see it, if there is none. Not for the
/// owner: their client would publish with the rest what was never in it.
pub(super) fn add_photo(db: &Connection, asker: &Asker, row: &mut ItemRow) -> rusqlite::Result<()> {
    if asker.user == asker.account {
        return Ok(());
    }
    let Some(mut vcard) = read(row).filter(|vcard| !vcard.has_child("photo", ns::VCARD4)) else {
        return Ok(());
    };
    let Some(picture) = avatar::readable(db, asker)? else {
        return Ok(());
    };
    let uri = format!("data:{};base64,{}", picture.kind, picture.data);
    let uri = build("uri", ns::VCARD4).text(uri);
    vcard.append_child(build("photo", ns::VCARD4).child(uri).done());
    let limits = &asker.server.config.limits;
    if let Ok(xml) = element::write(&vcard)
        && xml.len() < limits.framing.max_element_bytes
    {
        row.payload = xml;
    }
    Ok(())
}

fn newest(db: &Connection, account: &str) -> rusqlite::Result<Option<ItemRow>> {
    match pep::node(db, account, ns::VCARD4_NODE)? {
        Some(node) => Ok(pep::newest_items(db, node.id, 1)?.pop()),
        None => Ok(None),
    }
}

fn read(row: &ItemRow) -> Option<Element> {
    let vcard = element::parse(row.payload.as_bytes()).ok()?;
    vcard.is("vcard", ns::VCARD4).then_some(vcard)
}

fn to_newer(vcard: &mut Element, older: &Element) {
    for (names, name) in SAME {
        let wanted: Vec<_> = all(older, names).filter_map(newer_of).collect();
        let own = [name];
        let there = all(vcard, &own).filter_map(older_of);
        let there: Vec<_> = there.filter_map(|field| newer_of(&field)).collect();
        replace(vcard, (&own, ns::VCARD4), &there, wanted);
    }
}

fn to_older(vcard: &mut Element, newer: &Element) {
    for (names, name) in SAME {
        let wanted: Vec<_> = all(newer, &[name]).filter_map(older_of).collect();
        let there = all(vcard, names).filter_map(newer_of);
        let there: Vec<_> = there.filter_map(|field| older_of(&field)).collect();
        replace(vcard, (names, ns::VCARD_TEMP), &there, wanted);
    }
}

/// Puts fields in the place of those of these names, if they say something else:
/// each kind can say more of a field than the other understands.
fn replace(
    vcard: &mut Element,
    (names, namespace): (&[&str], &str),
    there: &[Element],
    wanted: Vec<Element>,
) {
    if there == wanted {
        return;
    }
    for name in names {
        while vcard.remove_child(name, namespace).is_some() {}
    }
    for field in wanted {
        vcard.append_child(field);
    }
}

fn all<'a>(vcard: &'a Element, names: &'a [&str]) -> impl Iterator<Item = &'a Element> {
    let fits = |field: &&Element| field.ns() == vcard.ns() && names.contains(&field.name());
    vcard.children().filter(fits)
}

/// The text of a part, if it says something.
fn said(element: &Element, part: &str) -> Option<String> {
    let text = element.get_child(part, &*element.ns())?.text();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A field of the older kind as one of the newer kind.
fn newer_of(field: &Element) -> Option<Element> {
    let (_, name) = SAME
        .iter()
        .find(|(names, _)| names.contains(&field.name()))?;
    let property = build(name, ns::VCARD4);
    let part = |name: &str, text: String| build(name, ns::VCARD4).text(text);
    let own = Some(field.text().trim().to_owned()).filter(|text| !text.is_empty());
    let property = match field.name() {
        "N" => {
            let parts = NAMES.map(|(older, newer)| Some(part(newer, said(field, older)?)));
            property.children(parts.into_iter().flatten())
        }
        "EMAIL" => property
            .children(kinds(field, &OF_EMAIL))
            .child(part("text", said(field, "USERID").or(own)?)),
        "TEL" => property
            .children(kinds(field, &OF_TEL))
            .child(part("text", said(field, "NUMBER").or(own)?)),
        "ORG" => {
            // By their places, of which the first may be empty (RFC 6350, section 6.6.4).
            let units: Vec<_> = all(field, &["ORGUNIT"]).map(Element::text).collect();
            let nameless = (!units.is_empty()).then(String::new);
            let parts = said(field, "ORGNAME").or(nameless).into_iter().chain(units);
            property.children(parts.map(|text| part("text", text)))
        }
        "URL" => property.child(part("uri", own?)),
        "BDAY" => property.child(part("date", day(&own?)?)),
        _ => property.child(part("text", own?)),
    };
    let property = property.done();
    property.children().next().is_some().then_some(property)
}

/// What an address or a number is for, in the words of the newer kind.
fn kinds(field: &Element, known: &[(&str, &str)]) -> Option<Build> {
    let is_there = |name: &str| field.has_child(name, ns::VCARD_TEMP);
    let found = known.iter().filter(|(older, _)| is_there(older));
    let found: Vec<_> = found
        .map(|(_, newer)| build("text", ns::VCARD4).text(newer))
        .collect();
    let kinds = build("parameters", ns::VCARD4);
    (!found.is_empty()).then(|| kinds.child(build("type", ns::VCARD4).children(found)))
}

/// A property of the newer kind as a field of the older kind.
fn older_of(property: &Element) -> Option<Element> {
    let (names, _) = SAME.iter().find(|(_, name)| *name == property.name())?;
    let field = build(names.first()?, ns::VCARD_TEMP);
    let part = |name: &str, text: String| build(name, ns::VCARD_TEMP).text(text);
    let field = match property.name() {
        "n" => {
            let parts = NAMES.map(|(older, newer)| Some(part(older, said(property, newer)?)));
            field.children(parts.into_iter().flatten())
        }
        "email" => field
            .children(marks(property, &OF_EMAIL))
            .child(build("INTERNET", ns::VCARD_TEMP))
            .child(part("USERID", said(property, "text")?)),
        "tel" => {
            let uri = said(property, "uri");
            let uri = uri.and_then(|uri| uri.strip_prefix("tel:").map(str::to_owned));
            field
                .children(marks(property, &OF_TEL))
                .child(part("NUMBER", said(property, "text").or(uri)?))
        }
        "org" => {
            let parts = all(property, &["text"]).map(Element::text).enumerate();
            field.children(parts.map(|(place, text)| match place {
                0 => part("ORGNAME", text),
                _ => part("ORGUNIT", text),
            }))
        }
        "url" => field.text(said(property, "uri")?),
        "bday" => field.text(day(&said(property, "date")?)?),
        _ => field.text(said(property, "text")?),
    };
    let field = field.done();
    field.nodes().next().is_some().then_some(field)
}

/// What an address or a number is for, in the marks of the older kind.
fn marks(property: &Element, known: &[(&str, &str)]) -> Vec<Build> {
    let parameters = property.get_child("parameters", ns::VCARD4);
    let types = parameters.and_then(|all| all.get_child("type", ns::VCARD4));
    let said: Vec<String> = types
        .into_iter()
        .flat_map(Element::children)
        .map(|text| text.text().trim().to_ascii_lowercase())
        .collect();
    let is_said = |newer: &str| said.iter().any(|said| said == newer);
    known
        .iter()
        .filter(|(_, newer)| is_said(newer))
        .map(|(older, _)| build(older, ns::VCARD_TEMP))
        .collect()
}

/// A whole date, which the newer kind may write without dashes (RFC 6350, section
/// 4.3.1). A day without a year is for the newer kind alone.
fn day(text: &str) -> Option<String> {
    let parts = match text.len() {
        8 => [text.get(..4)?, text.get(4..6)?, text.get(6..)?],
        10 if text.get(4..5) == Some("-") && text.get(7..8) == Some("-") => {
            [text.get(..4)?, text.get(5..7)?, text.get(8..)?]
        }
        _ => return None,
    };
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().all(digits).then(|| parts.join("-"))
}
