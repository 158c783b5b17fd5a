//! What stands in the index for a message, and where.
//!
//! Terms are separated by spaces and hold nothing else that the index's
//! tokenizer (`ascii`) would see as a separator or change. Besides words there
//! are marks: they begin with a private character, which no folded text has.
//!
//! A message has a key of 63 bits: the second in which it was written, then its
//! local id. Going down by keys is going back in time, whenever a message came
//! here; a page of history that is fetched today lies where it belongs.

use super::fold::{Folded, Kind, Token, fold};

/// Longest term, in characters; of a longer word only so much is indexed.
const MAX_TERM_CHARS: usize = 64;
/// Beginnings of words up to so many characters are indexed: for these FTS5 would
/// gather most, all words that begin so and all messages that have one, before it
/// gives the first.
const MAX_BEGINNING_CHARS: usize = 8;
/// Longest text that is indexed, in bytes: as long as messages may be.
const MAX_TEXT_BYTES: usize = 64 * 1024;

const BEGINNING: char = '\u{E000}';
const CONVERSATION: char = '\u{E001}';
const AUTHOR: char = '\u{E002}';
const CONTENT: char = '\u{E003}';

const ID_BITS: u32 = 31;
const ID_MASK: i64 = (1 << ID_BITS) - 1;
const MAX_SECOND: i64 = u32::MAX as i64;

/// The key of a message; `None` for one that cannot be indexed, which takes more
/// than two thousand million messages in one cache.
pub(crate) fn key(id: i64, time_ms: i64) -> Option<i64> {
    (0..=ID_MASK)
        .contains(&id)
        .then(|| first_key(second(time_ms)) + id)
}

/// The second of a time, within what keys can hold.
pub(crate) fn second(time_ms: i64) -> i64 {
    time_ms.div_euclid(1000).clamp(0, MAX_SECOND)
}

/// The lowest key of a second.
pub(crate) fn first_key(second: i64) -> i64 {
    second.clamp(0, MAX_SECOND) << ID_BITS
}

/// The key of a message in a second.
pub(crate) fn key_in(second: i64, id: i64) -> i64 {
    first_key(second) + id.clamp(0, ID_MASK)
}

/// The second and the id of a key.
pub(crate) fn parts(key: i64) -> (i64, i64) {
    (key >> ID_BITS, key & ID_MASK)
}

/// What kind of content a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// No files.
    Text,
    /// A file that is no picture.
    File,
    /// A picture.
    Image,
    /// An address on the web in the text.
    Link,
}

impl Content {
    fn letter(self) -> char {
        match self {
            Self::Text => 't',
            Self::File => 'f',
            Self::Image => 'i',
            Self::Link => 'l',
        }
    }
}

/// A file of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) media_type: Option<String>,
}

/// The files of a message, from how they are stored; what is not as expected is
/// left out, for it must not keep a message from being stored.
pub(crate) fn files(attachments: Option<&str>) -> Vec<File> {
    let Some(attachments) = attachments else {
        return Vec::new();
    };
    let all: Vec<serde_json::Value> = serde_json::from_str(attachments).unwrap_or_default();
    all.into_iter()
        .filter_map(|file| serde_json::from_value(file).ok())
        .collect()
}

/// The terms of a message.
pub(crate) fn of_message(
    conversation: &str,
    author: &str,
    text: &str,
    attachments: Option<&str>,
) -> String {
    let mut terms = String::with_capacity(text.len() * 3 + 128);
    push_address(&mut terms, CONVERSATION, conversation);
    push_address(&mut terms, AUTHOR, author);
    let files = files(attachments);
    if files.is_empty() {
        push_content(&mut terms, Content::Text);
    }
    for file in &files {
        let is_image = file.media_type.as_deref().is_some_and(is_image);
        let content = if is_image {
            Content::Image
        } else {
            Content::File
        };
        push_content(&mut terms, content);
        push_words(&mut terms, &fold(&file.name));
    }
    if has_link(text) {
        push_content(&mut terms, Content::Link);
    }
    push_words(&mut terms, &fold(cut(text)));
    terms
}

fn is_image(media_type: &str) -> bool {
    media_type
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("image/"))
}

fn has_link(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.match_indices(scheme).any(|(at, found)| {
            let after = text.get(at + found.len()..).unwrap_or_default();
            after.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        })
    })
}

/// As much of the text as is indexed.
fn cut(text: &str) -> &str {
    let mut end = MAX_TEXT_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn push_words(terms: &mut String, folded: &Folded) {
    let mut before: Option<(&Token, &str)> = None;
    for (token, word) in folded.words() {
        let short = first_chars(word, MAX_TERM_CHARS);
        push(terms, short);
        match token.kind {
            Kind::Word => {
                for (end, c) in word.char_indices().take(MAX_BEGINNING_CHARS) {
                    terms.push(BEGINNING);
                    push(terms, word.get(..end + c.len_utf8()).unwrap_or_default());
                }
            }
            Kind::Apart => {
                if let Some((_, left)) =
                    before.filter(|(left, _)| token.joined && left.kind == Kind::Apart)
                {
                    terms.push_str(first_chars(left, MAX_TERM_CHARS));
                    push(terms, short);
                }
            }
            Kind::Symbol => {}
        }
        before = Some((token, word));
    }
}

fn push(terms: &mut String, term: &str) {
    terms.push_str(term);
    terms.push(' ');
}

fn first_chars(word: &str, count: usize) -> &str {
    match word.char_indices().nth(count) {
        Some((end, _)) => word.get(..end).unwrap_or_default(),
        None => word,
    }
}

fn push_content(terms: &mut String, content: Content) {
    terms.push(CONTENT);
    terms.push(content.letter());
    terms.push(' ');
}

/// An address as a mark: its bytes in hexadecimal, as it may hold anything.
fn push_address(terms: &mut String, mark: char, address: &str) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    terms.push(mark);
    for byte in address.bytes() {
        terms.push(digit(byte >> 4));
        terms.push(digit(byte & 15));
    }
    terms.push(' ');
}

/// A search of the index: every term has to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    terms: Vec<String>,
}

/// Most terms of one search. What they do not say, the text of a candidate does.
const MAX_TERMS: usize = 48;

impl Terms {
    fn add(&mut self, term: String) {
        if self.terms.len() < MAX_TERMS && !self.terms.contains(&term) {
            self.terms.push(term);
        }
    }

    pub(crate) fn in_conversation(&mut self, conversation: &str) {
        let mut mark = String::new();
        push_address(&mut mark, CONVERSATION, conversation);
        self.add(quoted(mark.trim_end()));
    }

    pub(crate) fn by(&mut self, author: &str) {
        let mut mark = String::new();
        push_address(&mut mark, AUTHOR, author);
        self.add(quoted(mark.trim_end()));
    }

    pub(crate) fn with(&mut self, content: Content) {
        self.add(quoted(&format!("{CONTENT}{}", content.letter())));
    }

    /// A word that has to be there, or a word that begins so.
    pub(crate) fn word(&mut self, word: &str, begins: bool) {
        let short = first_chars(word, MAX_TERM_CHARS);
        if !begins {
            self.add(quoted(short));
        } else if first_chars(word, MAX_BEGINNING_CHARS) == word {
            self.add(quoted(&format!("{BEGINNING}{word}")));
        } else {
            // Not the beginning of the beginning: numbers of orders begin alike.
            self.add(format!("{}*", quoted(short)));
        }
    }

    /// Two characters next to each other.
    pub(crate) fn pair(&mut self, left: &str, right: &str) {
        let left = first_chars(left, MAX_TERM_CHARS);
        let right = first_chars(right, MAX_TERM_CHARS);
        self.add(quoted(&format!("{left}{right}")));
    }

    /// As FTS5 takes it (section 3 of its documentation); `None` if everything
    /// is a candidate.
    pub(crate) fn expression(&self) -> Option<String> {
        (!self.terms.is_empty()).then(|| self.terms.join(" AND "))
    }
}

/// Terms hold no quotation marks, so nothing has to be escaped.
fn quoted(term: &str) -> String {
    format!("\"{term}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let mut terms = String::new();
        push_words(&mut terms, &fold(text));
        terms.replace(BEGINNING, "^").trim_end().to_owned()
    }

    #[test]
    fn characters_pairs_words_and_beginnings() {
        assert_eq!(words("服务器"), "服 务 服务 器 务器");
        assert_eq!(words("北京，上海"), "北 京 北京 上 海 上海");
        assert_eq!(words("to 好"), "to ^t ^to 好");
        assert_eq!(
            words("Meetings👍"),
            "meetings ^m ^me ^mee ^meet ^meeti ^meetin ^meeting ^meetings 👍"
        );
        assert_eq!(
            words(&"x".repeat(100)).split(' ').next().map(str::len),
            Some(64)
        );
    }

    #[test]
    fn marks_say_where_by_whom_and_what() {
        let terms = of_message(
            "a@b",
            "c@d",
            "see https://example.org",
            Some(r#"[{"name":"图.PNG","media_type":"image/png"},{"name":"a.pdf"},7]"#),
        );
        let has = |term: &str| terms.split(' ').any(|one| one == term);
        assert!(has("\u{E001}614062") && has("\u{E002}634064"));
        assert!(has("\u{E003}i") && has("\u{E003}f") && has("\u{E003}l") && !has("\u{E003}t"));
        assert!(has("图") && has("png") && has("pdf") && has("example"));
        assert!(of_message("a", "b", "http:// and so on", None).contains("\u{E003}t"));
        assert!(!of_message("a", "b", "http:// and so on", None).contains("\u{E003}l"));
        assert!(of_message("a", "b", "x", Some("{broken")).contains('x'));
    }

    #[test]
    fn keys_go_by_time_and_then_by_id() {
        let ordered = [
            (9, i64::MIN),
            (1, 999),
            (2, 1000),
            (3, 1999),
            (1, 1_764_139_000_000),
            (ID_MASK, 1_764_139_000_999),
            (1, 1_764_139_001_000),
            (2, i64::MAX),
        ];
        let keys: Vec<i64> = ordered
            .iter()
            .map(|(id, time)| key(*id, *time).unwrap())
            .collect();
        assert!(
            keys[2..].is_sorted() && keys.iter().all(|key| *key >= 0),
            "{keys:?}"
        );
        for ((id, time), key) in ordered.iter().zip(&keys) {
            assert_eq!(parts(*key), (second(*time), *id));
            assert_eq!(key_in(second(*time), *id), *key);
        }
        assert_eq!(key(ID_MASK + 1, 0), None);
    }
}
