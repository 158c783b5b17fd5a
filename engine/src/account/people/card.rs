//! Cards: as vcard-temp has them (XEP-0054), and as vCard4 (XEP-0292, RFC 6351).

use xmpp_core::element::{Build, build, clean_text};
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::pep;
use crate::api::{ApiError, CardView};

/// Longest value, in characters.
const MAX_VALUE: usize = 1_000;
/// Values of one kind.
const MAX_VALUES: usize = 10;

/// What somebody's card says; `of` is none for ours.
pub(super) async fn fetch(handle: &Handle, of: Option<&str>) -> Result<CardView, AskError> {
    let newer = match pep::fetch(handle, of, ns::VCARD4_NODE, None).await {
        Ok(answer) => pep::items_of(&answer, ns::VCARD4_NODE)
            .iter()
            .filter_map(|item| item.payload)
            .find(|card| card.is("vcard", ns::VCARD4))
            .map(vcard4),
        Err(AskError::Refused(_)) => None,
        Err(error) => return Err(error),
    };
    match newer {
        Some(card) if card != CardView::default() => Ok(card),
        _ => Ok(vcard_temp(&fetch_temp(handle, of).await?)),
    }
}

/// The whole card of XEP-0054; an empty one if there is none.
async fn fetch_temp(handle: &Handle, of: Option<&str>) -> Result<Element, AskError> {
    let nothing = || build("vCard", ns::VCARD_TEMP).done();
    match handle.ask("get", of, nothing()).await {
        Ok(answer) => Ok(answer
            .get_child("vCard", ns::VCARD_TEMP)
            .cloned()
            .unwrap_or_else(nothing)),
        Err(AskError::Refused(error)) if error.condition == Condition::ItemNotFound => {
            Ok(nothing())
        }
        Err(error) => Err(error),
    }
}

fn value(text: &str) -> String {
    clean_text(text).trim().chars().take(MAX_VALUE).collect()
}

/// The values at a place below a card.
fn values(card: &Element, path: [&str; 2]) -> Vec<String> {
    let namespace = card.ns();
    let [outer, inner] = path;
    card.children()
        .filter(|child| child.is(outer, namespace.as_str()))
        .flat_map(|child| child.children())
        .filter(|child| child.is(inner, namespace.as_str()))
        .map(|child| value(&child.text()))
        .filter(|value| !value.is_empty())
        .take(MAX_VALUES)
        .collect()
}

fn first(values: Vec<String>) -> String {
    values.into_iter().next().unwrap_or_default()
}

fn vcard4(card: &Element) -> CardView {
    let texts = |name| values(card, [name, "text"]);
    let (organisation, department) = organisation(card);
    let mut phones = texts("tel");
    phones.extend(
        values(card, ["tel", "uri"])
            .into_iter()
            .map(|uri| uri.trim_start_matches("tel:").to_owned()),
    );
    phones.truncate(MAX_VALUES);
    CardView {
        full_name: first(texts("fn")),
        title: first(texts("title")),
        organisation,
        department,
        emails: texts("email"),
        phones,
        url: first(values(card, ["url", "uri"])),
        note: first(texts("note")),
        manager: None,
    }
}

/// An organisation and the department in it, by their places: the first may be empty
/// (RFC 6350, section 6.6.4).
fn organisation(card: &Element) -> (String, String) {
    card.children()
        .filter(|child| child.is("org", ns::VCARD4))
        .map(|org| {
            let mut parts = org
                .children()
                .filter(|part| part.is("text", ns::VCARD4))
                .map(|part| value(&part.text()));
            let organisation = parts.next().unwrap_or_default();
            (organisation, parts.next().unwrap_or_default())
        })
        .find(|(organisation, department)| !organisation.is_empty() || !department.is_empty())
        .unwrap_or_default()
}

fn vcard_temp(card: &Element) -> CardView {
    let text = |name| {
        card.get_child(name, ns::VCARD_TEMP)
            .map(|child| value(&child.text()))
            .unwrap_or_default()
    };
    CardView {
        full_name: text("FN"),
        title: text("TITLE"),
        organisation: first(values(card, ["ORG", "ORGNAME"])),
        department: first(values(card, ["ORG", "ORGUNIT"])),
        emails: values(card, ["EMAIL", "USERID"]),
        phones: values(card, ["TEL", "NUMBER"]),
        url: text("URL"),
        note: text("DESC"),
        manager: None,
    }
}

/// What a user typed, as it is kept.
pub(super) fn cleaned(card: CardView) -> CardView {
    let list = |values: Vec<String>| {
        values
            .iter()
            .map(|text| value(text))
            .filter(|value| !value.is_empty())
            .take(MAX_VALUES)
            .collect()
    };
    CardView {
        full_name: value(&card.full_name),
        title: value(&card.title),
        organisation: value(&card.organisation),
        department: value(&card.department),
        emails: list(card.emails),
        phones: list(card.phones),
        url: value(&card.url),
        note: value(&card.note),
        // It is for others to say.
        manager: None,
    }
}

/// A card as vCard4.
pub(super) fn to_vcard4(nickname: &str, card: &CardView) -> Element {
    let mut written = build("vcard", ns::VCARD4);
    let mut add = |name: &str, kind: &str, all: &[&str]| {
        // What is empty stays where something follows: parts go by their places.
        let last = all.iter().rposition(|value| !value.is_empty());
        let values: Vec<Build> = all
            .iter()
            .take(last.map_or(0, |last| last + 1))
            .map(|value| build(kind, ns::VCARD4).text(value))
            .collect();
        if !values.is_empty() {
            let parent = build(name, ns::VCARD4).children(values);
            written = std::mem::replace(&mut written, build("x", ns::VCARD4)).child(parent);
        }
    };
    add("fn", "text", &[&card.full_name]);
    add("nickname", "text", &[nickname]);
    add("title", "text", &[&card.title]);
    add("org", "text", &[&card.organisation, &card.department]);
    for email in &card.emails {
        add("email", "text", &[email]);
    }
    for phone in &card.phones {
        add("tel", "text", &[phone]);
    }
    add("url", "uri", &[&card.url]);
    add("note", "text", &[&card.note]);
    written.done()
}

/// What of a card of XEP-0054 we write; all else in it stays.
const OURS: [&str; 8] = [
    "FN", "NICKNAME", "TITLE", "ORG", "EMAIL", "TEL", "URL", "DESC",
];

/// Writes our card into the one of XEP-0054.
pub(super) async fn set_temp(
    handle: &Handle,
    nickname: &str,
    card: &CardView,
) -> Result<(), AskError> {
    let before = fetch_temp(handle, None).await?;
    let mut written = without(&before, &OURS);
    let node = |name: &str, text: &str| build(name, ns::VCARD_TEMP).text(text);
    for (name, text) in [
        ("FN", &card.full_name),
        ("NICKNAME", &nickname.to_owned()),
        ("TITLE", &card.title),
        ("URL", &card.url),
        ("DESC", &card.note),
    ] {
        if !text.is_empty() {
            written.append_child(node(name, text).done());
        }
    }
    if !card.organisation.is_empty() || !card.department.is_empty() {
        let organisation = build("ORG", ns::VCARD_TEMP)
            .child(node("ORGNAME", &card.organisation))
            .child(node("ORGUNIT", &card.department));
        written.append_child(organisation.done());
    }
    for (name, inner, all) in [
        ("EMAIL", "USERID", &card.emails),
        ("TEL", "NUMBER", &card.phones),
    ] {
        for text in all {
            let entry = build(name, ns::VCARD_TEMP).child(node(inner, text));
            written.append_child(entry.done());
        }
    }
    handle.ask("set", None, written).await.map(drop)
}

/// The picture in the card of XEP-0054. A server that keeps both in step
/// (XEP-0398) has done it already.
pub(super) async fn set_photo(
    shared: &Shared,
    handle: &Handle,
    photo: Option<(&str, &str)>,
) -> Result<(), ApiError> {
    let query = build("query", ns::DISCO_INFO).done();
    let info = match handle
        .ask("get", Some(shared.address.as_str()), query)
        .await
    {
        Ok(answer) => answer.get_child("query", ns::DISCO_INFO).cloned(),
        Err(AskError::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let in_step = info.is_some_and(|info| {
        info.children().any(|feature| {
            feature.is("feature", ns::DISCO_INFO)
                && feature.attr("var") == Some(ns::AVATAR_CONVERSION)
        })
    });
    if in_step {
        return Ok(());
    }
    let before = match fetch_temp(handle, None).await {
        Ok(before) => before,
        // There are no such cards.
        Err(AskError::Refused(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut written = without(&before, &["PHOTO"]);
    if let Some((media_type, data)) = photo {
        let photo = build("PHOTO", ns::VCARD_TEMP)
            .child(build("TYPE", ns::VCARD_TEMP).text(media_type))
            .child(build("BINVAL", ns::VCARD_TEMP).text(data));
        written.append_child(photo.done());
    }
    handle.ask("set", None, written).await?;
    Ok(())
}

fn without(card: &Element, names: &[&str]) -> Element {
    let kept = card
        .children()
        .filter(|child| !names.contains(&child.name()))
        .cloned();
    build("vCard", ns::VCARD_TEMP).children(kept).done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn both_kinds_say_the_same() {
        let card = CardView {
            full_name: "李娜".into(),
            title: "Designer".into(),
            organisation: "Valley".into(),
            department: "Web".into(),
            emails: vec!["a@x".into(), "b@x".into()],
            phones: vec!["+86 1".into()],
            url: "https://x.example".into(),
            note: "hi".into(),
            manager: None,
        };
        assert_eq!(vcard4(&to_vcard4("Na", &card)), card);
        let temp = parse(
            "<vCard xmlns='vcard-temp'><FN> 李娜 </FN><TITLE>Designer</TITLE>
            <ORG><ORGNAME>Valley</ORGNAME><ORGUNIT>Web</ORGUNIT></ORG>
            <EMAIL><INTERNET/><USERID>a@x</USERID></EMAIL><EMAIL><USERID>b@x</USERID></EMAIL>
            <TEL><NUMBER>+86 1</NUMBER></TEL><URL>https://x.example</URL><DESC>hi</DESC>
            <BDAY>2000</BDAY></vCard>"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(vcard_temp(&temp), card);
        // What is not ours to change stays.
        let left = without(&temp, &OURS);
        let names: Vec<_> = left.children().map(Element::name).collect();
        assert_eq!(names, ["BDAY"]);
    }

    #[test]
    fn values_have_a_limit() {
        let long = CardView {
            note: "x".repeat(5_000),
            emails: vec!["a@x".into(); 50],
            ..CardView::default()
        };
        let card = cleaned(long);
        assert_eq!(
            (card.note.len(), card.emails.len()),
            (MAX_VALUE, MAX_VALUES)
        );
        assert_eq!(vcard4(&to_vcard4("", &card)), card);
    }

    #[test]
    fn a_department_without_an_organisation_stays_one() {
        let card = CardView {
            department: "Sales".into(),
            ..CardView::default()
        };
        let written = to_vcard4("", &card);
        let org = written.get_child("org", ns::VCARD4).unwrap();
        let parts: Vec<String> = org.children().map(Element::text).collect();
        assert_eq!(parts, ["", "Sales"]);
        assert_eq!(vcard4(&written), card);
        // One that says nothing is passed over, and two are not one.
        let several = parse(
            "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><org><text/></org>
            <org><text>Valley</text></org><org><text>Hill</text></org></vcard>"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(organisation(&several), ("Valley".to_owned(), String::new()));
    }
}
