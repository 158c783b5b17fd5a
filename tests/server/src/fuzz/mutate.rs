//! From an example to something that nobody meant.

use xmpp_core::Element;
use xmpp_core::element::{set_attr, write};

use crate::random::Random;

/// What parsers stumble over.
const WORDS: &[&[u8]] = &[
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<?x",
    b"?>",
    b"<!DOCTYPE x>",
    b"&lt;",
    b"&#0;",
    b"&#xD800;",
    b"&x;",
    b"&",
    b"<",
    b">",
    b"/>",
    b"</",
    b"'",
    b"\"",
    b"=",
    b":",
    b" xmlns='",
    b" xmlns:a='urn:a'",
    b" a:b='c'",
    b" xml:lang='x'",
    b" xmlns:xml='u'",
    b"\0",
    b"\x01",
    b"\xff",
    b"\xc0\xaf",
    b"\xe4\xb8",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x9f\x8e\x89",
    b"</stream:stream>",
    b"<stream:stream>",
    b"<a>",
    b"</a>",
    b"\r\n",
    b"\t",
];

/// What stands where a value is expected.
const VALUES: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "1e9",
    "true",
    "max",
    "none",
    "owner",
    "get",
    "set",
    "result",
    "error",
    "unavailable",
    "groupchat",
    "localhost",
    "@localhost",
    "rosa@localhost",
    "rosa@localhost/",
    "bob@localhost/desk",
    "bob@other.example",
    "conference.localhost",
    "plans@conference.localhost",
    "plans@conference.localhost/Rosa",
    "no@conference.localhost",
    "a@b@c",
    "/",
    "@",
    "\u{202e}",
    "'\"<>&",
    "\u{feff}",
    "ａ＠ｌｏｃａｌｈｏｓｔ",
    "%s%n",
    "../../x",
    "2026-13-45T99:99:99Z",
    "-271821-04-20T00:00:00Z",
    "9999-12-31T23:59:59.999999999999Z",
    "AAAA",
    "=",
    "🎉",
];

const NAMES: &[&str] = &[
    "to", "from", "id", "type", "node", "jid", "var", "max", "nick", "xmlns",
];

/// Changes bytes: the result is seldom XML.
pub(super) fn bytes(random: &mut Random, corpus: &[String]) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone().into_bytes();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(16)).min(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let other = random.pick(corpus).as_bytes();
                let from = random.below(other.len());
                bytes.splice(at..end, other[from..].iter().copied());
            }
            4 => bytes.truncate(at),
            5 => {
                let many = random.below(200);
                let word = *random.pick(WORDS);
                bytes.splice(at..at, word.repeat(many));
            }
            _ => {
                let word = *random.pick(WORDS);
                bytes.splice(at..at, word.iter().copied());
            }
        }
    }
    bytes
}

/// Changes the tree: the result is always XML, and seldom makes sense. `None`
/// if it cannot be written.
pub(super) fn tree(random: &mut Random, corpus: &[Element], id: &str) -> Option<Element> {
    let mut element = random.pick(corpus).clone();
    for _ in 0..=random.below(4) {
        change(random, corpus, &mut element);
    }
    if element.name() == "iq" {
        set_attr(&mut element, "id", Some(id));
    }
    write(&element).is_ok().then_some(element)
}

fn change(random: &mut Random, corpus: &[Element], element: &mut Element) {
    let number = element.children().count();
    if number > 0 && !random.one_in(3) {
        let chosen = random.below(number);
        if let Some(child) = element.children_mut().nth(chosen) {
            return change(random, corpus, child);
        }
    }
    match random.below(8) {
        0 => {
            let name = *random.pick(NAMES);
            if name != "xmlns" {
                set_attr(element, name, Some(*random.pick(VALUES)));
            }
        }
        1 | 2 => {
            let names: Vec<String> = element
                .attrs()
                .iter()
                .map(|((_, name), _)| name.to_string())
                .collect();
            if !names.is_empty() {
                let name = random.pick(&names).clone();
                let value = *random.pick(VALUES);
                let value = (!random.one_in(4)).then_some(value);
                set_attr(element, &name, value);
            }
        }
        3 => element.append_text_node(*random.pick(VALUES)),
        4 => {
            let children: Vec<Element> = element.children().cloned().collect();
            for child in children.into_iter().take(1) {
                element.append_child(child);
            }
        }
        5 => {
            let first = element.children().next().map(|child| {
                let (name, namespace) = (child.name().to_owned(), child.ns());
                (name, namespace)
            });
            if let Some((name, namespace)) = first {
                element.remove_child(&name, namespace.as_str());
            }
        }
        6 => {
            let other = random.pick(corpus).clone();
            element.append_child(other);
        }
        _ => {
            let other = random.pick(corpus);
            let payload = other.children().next().cloned();
            if let Some(payload) = payload {
                element.append_child(payload);
            }
        }
    }
}
