//! The text of a message: without what it repeats for programs that know no
//! better (XEP-0428), and with the people whom it names (XEP-0372). Offsets are
//! in code points (XEP-0426).

use xmpp_core::{Element, ns, uri};

use crate::store::messages::Mention;

/// What we understand, so that its stand-in in the text is not shown.
const UNDERSTOOD: [&str; 4] = [ns::REPLY, ns::REACTIONS, ns::FILE_SHARING, ns::CORRECTION];
/// Most that is kept of what a reply repeats, in characters.
const QUOTE_CHARS: usize = 500;
/// Most people whom one message names.
const MOST_MENTIONS: usize = 100;
/// Most parts of a text that stand for something, and that name somebody: each costs
/// as much as the text is long.
const MOST_PARTS: usize = 20;
const MOST_REFERENCES: usize = 200;

/// A text.
pub(super) struct Body {
    pub(super) text: String,
    /// What a reply repeats of the message that it answers.
    pub(super) quote: Option<String>,
    /// For each code point of the body whether it is in the text.
    kept: Vec<bool>,
}

/// Reads the text; `None` if there is none.
pub(super) fn read(stanza: &Element) -> Option<Body> {
    let body = stanza.get_child("body", ns::CLIENT)?.text();
    let chars: Vec<char> = body.chars().collect();
    let mut kept = vec![true; chars.len()];
    let mut quote = None;
    let parts = ranges(stanza, chars.len()).into_iter().take(MOST_PARTS);
    for (what, (begin, end)) in parts {
        let Some(part) = chars.get(begin..end) else {
            continue;
        };
        // A reply that is nothing but its quotation is shown as it is.
        if what == ns::REPLY && end - begin == chars.len() {
            continue;
        }
        if what == ns::REPLY {
            quote = quote.or_else(|| unquoted(part));
        }
        kept.iter_mut()
            .take(end)
            .skip(begin)
            .for_each(|kept| *kept = false);
        // COMPAT: some count without the line break behind it.
        let behind = chars.get(end).zip(kept.get_mut(end));
        if begin == 0
            && let Some(('\n', kept)) = behind
        {
            *kept = false;
        }
    }
    let text = chars
        .iter()
        .zip(&kept)
        .filter_map(|(c, kept)| kept.then_some(*c))
        .collect();
    Some(Body { text, quote, kept })
}

/// Which parts of the text stand for what.
fn ranges(stanza: &Element, length: usize) -> Vec<(&str, (usize, usize))> {
    let mut ranges = Vec::new();
    for fallback in stanza
        .children()
        .filter(|child| child.is("fallback", ns::FALLBACK))
    {
        let what = fallback.attr("for").unwrap_or_default();
        if !UNDERSTOOD.contains(&what) {
            continue;
        }
        let mut bodies = fallback
            .children()
            .filter(|child| child.is("body", ns::FALLBACK))
            .peekable();
        if bodies.peek().is_none() && !fallback.children().any(|_| true) {
            ranges.push((what, (0, length)));
        }
        for body in bodies {
            let number = |name: &str, default: usize| {
                body.attr(name)
                    .map_or(Some(default), |text| text.parse().ok())
            };
            if let (Some(begin), Some(end)) = (number("start", 0), number("end", length))
                && begin < end
            {
                ranges.push((what, (begin, end.min(length))));
            }
        }
    }
    ranges
}

/// A quotation without its marks.
fn unquoted(part: &[char]) -> Option<String> {
    let text: String = part.iter().collect();
    let lines: Vec<&str> = text
        .trim()
        .lines()
        .map(|line| {
            let line = line.trim_start();
            line.strip_prefix("> ")
                .or_else(|| line.strip_prefix('>'))
                .unwrap_or(line)
        })
        .collect();
    let text: String = lines.join("\n").chars().take(QUOTE_CHARS).collect();
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Whom the message names, and whether that is us.
pub(super) fn mentions(
    stanza: &Element,
    body: Option<&Body>,
    my_addresses: &[String],
    my_names: &[String],
) -> (Vec<Mention>, bool) {
    let mut mentions: Vec<Mention> = Vec::new();
    let mut mentions_me = false;
    let references = stanza.children().filter(|child| {
        child.is("reference", ns::REFERENCES) && child.attr("type") == Some("mention")
    });
    for reference in references.take(MOST_REFERENCES) {
        let Some(address) = reference.attr("uri").and_then(uri::address) else {
            continue;
        };
        let address = address.to_string();
        let me = my_addresses.contains(&address);
        mentions_me |= me;
        let number = |name: &str| reference.attr(name).and_then(|text| text.parse().ok());
        let range = number("begin").zip(number("end"));
        if let Some((begin, end)) = range
            && let Some((begin, end)) = body.and_then(|body| body.place(begin, end))
            && mentions.len() < MOST_MENTIONS
        {
            mentions.push(Mention {
                begin,
                end,
                address,
                me,
            });
        }
    }
    // COMPAT: most programs write a name behind an @, and no more.
    if let (Some(body), Some(own)) = (body, my_addresses.first()) {
        let chars: Vec<char> = body.text.chars().collect();
        for (begin, end) in my_names.iter().flat_map(|name| named(&chars, name)) {
            mentions_me = true;
            let is_known = mentions
                .iter()
                .any(|known| known.begin < end && begin < known.end);
            if !is_known && mentions.len() < MOST_MENTIONS {
                mentions.push(Mention {
                    begin,
                    end,
                    address: own.clone(),
                    me: true,
                });
            }
        }
    }
    mentions.sort_by_key(|mention| mention.begin);
    (mentions, mentions_me)
}

impl Body {
    /// Where a part of the body is in the text, if all of it is.
    fn place(&self, begin: usize, end: usize) -> Option<(usize, usize)> {
        let part = self.kept.get(begin..end)?;
        if part.is_empty() || part.contains(&false) {
            return None;
        }
        let before = self.kept.iter().take(begin).filter(|kept| **kept).count();
        Some((before, before + part.len()))
    }
}

/// Where somebody is named behind an `@`.
fn named(chars: &[char], name: &str) -> Vec<(usize, usize)> {
    let name: Vec<char> = name.chars().collect();
    let Some(last) = name.last() else {
        return Vec::new();
    };
    let is_word = |c: &char| c.is_alphanumeric() && c.is_ascii();
    let mut found = Vec::new();
    for (at, window) in chars.windows(name.len() + 1).enumerate() {
        let Some((first, rest)) = window.split_first() else {
            continue;
        };
        let end = at + window.len();
        let same = rest
            .iter()
            .zip(&name)
            .all(|(one, other)| one.to_lowercase().eq(other.to_lowercase()));
        // Part of an address, or of a longer name. Between Chinese words there
        // is no gap.
        let joined_before = at
            .checked_sub(1)
            .and_then(|before| chars.get(before))
            .is_some_and(is_word);
        let joined_behind = is_word(last) && chars.get(end).is_some_and(is_word);
        if *first == '@' && same && !joined_before && !joined_behind {
            found.push((at, end));
        }
    }
    found
}
