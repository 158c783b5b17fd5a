//! What an archive comes to, read from its beginning: the messages, as they are
//! after all that was said about them.

use std::collections::{BTreeMap, BTreeSet};

use xmpp_core::{Element, ns};

use crate::device::key;
use crate::server::{Archived, Server, address};

/// A message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// See [`crate::device::Shown::key`].
    pub(crate) key: String,
    /// Account.
    pub(crate) author: String,
    /// The name that the author went by in a room.
    pub(crate) nick: String,
    /// As it is now.
    pub(crate) text: String,
    pub(crate) retracted: bool,
    /// The place of what it answers.
    pub(crate) reply: Option<usize>,
    /// By account.
    pub(crate) reactions: BTreeMap<String, BTreeSet<String>>,
    ids: Vec<String>,
}

/// What an account and somebody, or a room, have said.
pub(crate) fn of(server: &Server, account: &str, with: &str) -> Vec<Entry> {
    match with.strip_prefix('#') {
        Some(name) => {
            let room = server.rooms.get(name);
            read(room.map_or(&[], |room| &room.archive), None)
        }
        None => {
            let found = server.accounts.get(account);
            let other = address(with);
            read(found.map_or(&[], |found| &found.archive), Some(&other))
        }
    }
}

fn bare(jid: &str) -> &str {
    jid.split('/').next().unwrap_or_default()
}

fn nick(message: &Element) -> String {
    let from = message.attr("from").unwrap_or_default();
    from.split_once('/').map_or("", |(_, nick)| nick).to_owned()
}

fn ids(archived: &Archived, message: &Element) -> Vec<String> {
    let own = message.get_child("origin-id", ns::STANZA_ID);
    let ids = [
        Some(archived.id.as_str()),
        message.attr("id"),
        own.and_then(|own| own.attr("id")),
    ];
    ids.into_iter().flatten().map(str::to_owned).collect()
}

fn read(archive: &[Archived], other: Option<&str>) -> Vec<Entry> {
    let is_room = other.is_none();
    let mut entries: Vec<Entry> = Vec::new();
    for archived in archive {
        let message = archived.original.as_ref().unwrap_or(&archived.message);
        let ends = ["from", "to"].map(|end| message.attr(end).map(bare));
        if other.is_some() && !ends.contains(&other) {
            continue;
        }
        let author = archived.by.clone();
        let about = |name: &str, namespace: &'static str| {
            let child = message.get_child(name, namespace)?;
            Some((child, child.attr("id").unwrap_or_default()))
        };
        if let Some((retract, id)) = about("retract", ns::RETRACT) {
            let moderated = retract.has_child("moderated", ns::MODERATION);
            if let Some(entry) = find(&mut entries, id)
                && (moderated && is_room && author.is_empty() || entry.author == author)
            {
                entry.retracted = true;
                entry.reply = None;
                entry.text.clear();
                entry.reactions.clear();
            }
        } else if let Some((reactions, id)) = about("reactions", ns::REACTIONS) {
            if let Some(entry) = find(&mut entries, id).filter(|entry| !entry.retracted) {
                let emojis = reactions.children().map(Element::text).collect();
                entry.reactions.insert(author, emojis);
            }
        } else if let Some(text) = words(message) {
            if let Some((_, id)) = about("replace", ns::CORRECTION) {
                let found = find(&mut entries, id);
                let fits = |entry: &&mut Entry| entry.author == author && !entry.retracted;
                if let Some(entry) = found.filter(fits) {
                    entry.text = text;
                }
                continue;
            }
            let key = key(&text).to_owned();
            let reply = about("reply", ns::REPLY).and_then(|(_, id)| {
                let mut answered = entries.iter();
                answered.position(|entry| entry.ids.iter().any(|known| known == id))
            });
            // What stands there twice is one message.
            if !entries.iter().any(|known| known.key == key) {
                entries.push(Entry {
                    key,
                    author,
                    nick: nick(message),
                    text,
                    reply,
                    ids: ids(archived, message),
                    ..Entry::default()
                });
            }
        }
    }
    entries
}

/// The text, without what it repeats of what it answers (XEP-0461, section 3.1;
/// XEP-0428).
fn words(message: &Element) -> Option<String> {
    let text = message.get_child("body", ns::CLIENT)?.text();
    let quote = message
        .children()
        .filter(|child| child.is("fallback", ns::FALLBACK) && child.attr("for") == Some(ns::REPLY))
        .find_map(|fallback| fallback.get_child("body", ns::FALLBACK));
    let end = quote.and_then(|quote| quote.attr("end")?.parse().ok());
    Some(text.chars().skip(end.unwrap_or(0)).collect())
}

fn find<'a>(entries: &'a mut [Entry], id: &str) -> Option<&'a mut Entry> {
    let mut entries = entries.iter_mut();
    entries.find(|entry| entry.ids.iter().any(|known| known == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archived(number: usize, xml: &str) -> Archived {
        let xml = xml.replacen("<message", "<message xmlns='jabber:client'", 1);
        let message = xmpp_core::element::parse(xml.as_bytes()).unwrap();
        let from = message.attr("from").unwrap();
        Archived {
            id: format!("a{number}"),
            stamp_ms: 0,
            by: from.split('@').next().unwrap().to_owned(),
            message,
            original: None,
        }
    }

    #[test]
    fn what_was_said_about_messages_counts_from_whoever_may_say_it() {
        let (anna, bela) = (
            "from='anna@sim.example/x' to='bela@sim.example'",
            "from='bela@sim.example/y' to='anna@sim.example'",
        );
        let replace = |of: &str| format!("<replace xmlns='{}' id='{of}'/>", ns::CORRECTION);
        let react = |of: &str, what: &str| {
            format!(
                "<reactions xmlns='{}' id='{of}'>{what}</reactions>",
                ns::REACTIONS
            )
        };
        let retract = |of: &str| format!("<retract xmlns='{}' id='{of}'/>", ns::RETRACT);
        let archive: Vec<Archived> = [
            format!("<message {anna} id='1'><body>anna1-0</body></message>"),
            format!("<message {bela} id='2'><body>bela1-1 @anna</body></message>"),
            format!(
                "<message {anna} id='3'><body>anna1-0~0</body>{}</message>",
                replace("1")
            ),
            format!(
                "<message {anna} id='4'><body>bela1-1~1</body>{}</message>",
                replace("2")
            ),
            format!(
                "<message {bela} id='5'>{}</message>",
                react("1", "<reaction>x</reaction>")
            ),
            format!(
                "<message {bela} id='6'>{}</message>",
                react("1", "<reaction>y</reaction>")
            ),
            format!("<message {anna} id='7'><body/>{}</message>", retract("2")),
            format!("<message {anna} id='8'><body>anna1-2</body></message>"),
            format!("<message {anna} id='9'><body/>{}</message>", retract("8")),
        ]
        .iter()
        .enumerate()
        .map(|(number, xml)| archived(number, xml))
        .collect();
        let entries = read(&archive, Some("bela@sim.example"));
        let texts: Vec<_> = entries
            .iter()
            .map(|entry| (entry.text.as_str(), entry.retracted))
            .collect();
        assert_eq!(texts[0], ("anna1-0~0", false));
        assert_eq!(
            texts[1],
            ("bela1-1 @anna", false),
            "nobody changes what another wrote"
        );
        assert_eq!(
            entries[0].reactions["bela"],
            BTreeSet::from(["y".to_owned()])
        );
        assert_eq!(entries.iter().filter(|entry| entry.retracted).count(), 1);
        assert_eq!(read(&archive, Some("carl@sim.example")).len(), 0);
    }

    #[test]
    fn an_answer_is_read_without_what_it_repeats() {
        let from = "from='anna@sim.example/x' to='bela@sim.example'";
        let archive = [
            format!("<message {from} id='1'><body>anna1-0</body></message>"),
            format!("<message {from} id='2'><body>anna1-1</body></message>"),
            format!(
                "<message {from} id='3'><body>&gt; anna1-1\nanna1-2</body>\
                 <reply xmlns='{}' id='2'/><fallback xmlns='{}' for='{}'>\
                 <body start='0' end='10'/></fallback></message>",
                ns::REPLY,
                ns::FALLBACK,
                ns::REPLY
            ),
        ];
        let archive: Vec<Archived> = archive
            .iter()
            .enumerate()
            .map(|(number, xml)| archived(number, xml))
            .collect();
        let entries = read(&archive, Some("bela@sim.example"));
        let last = entries.last().unwrap();
        assert_eq!((last.text.as_str(), last.reply), ("anna1-2", Some(1)));
    }
}
