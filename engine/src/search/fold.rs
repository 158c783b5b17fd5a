//! Reads a text into words, each with its place.
//!
//! Compatibility forms (NFKC: full width, half width, ligatures, enclosed),
//! case and accents are folded, character by character with the marks that
//! belong to it, so that every word knows where in the text it stands.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::characters::{
    JOINER, continues, is_dropped, is_plain, is_regional_indicator, is_symbol, stands_apart,
};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters and digits between other things.
    Word,
    /// One character of a script without spaces.
    Apart,
    /// An emoji or another sign.
    Symbol,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Whether nothing stands between it and the word before it.
    pub(crate) joined: bool,
    /// Its place in the original, in UTF-16 code units.
    pub(crate) place: Range<u32>,
    /// Its place in [`Folded::text`], in bytes.
    folded: Range<usize>,
}

/// A text that was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folded {
    text: String,
    pub(crate) tokens: Vec<Token>,
}

impl Folded {
    /// The folded text of a word.
    pub(crate) fn word(&self, token: &Token) -> &str {
        self.text.get(token.folded.clone()).unwrap_or_default()
    }

    /// The words with their folded texts.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&Token, &str)> {
        self.tokens.iter().map(|token| (token, self.word(token)))
    }

    fn take(&mut self, c: char, place: &Range<u32>, near: &mut bool) {
        let kind = if stands_apart(c) {
            Kind::Apart
        } else if is_combining_mark(c) {
            // Part of the word before it, and nothing without one.
            if *near && let Some(last) = self.tokens.last_mut() {
                self.text.push(c);
                last.folded.end = self.text.len();
                last.place.end = place.end;
            }
            return;
        } else if c.is_alphanumeric() {
            Kind::Word
        } else if is_symbol(c) {
            Kind::Symbol
        } else {
            *near = false;
            return;
        };
        let start = self.text.len();
        self.text.push(c);
        match self.tokens.last_mut() {
            Some(last) if last.kind == kind && kind == Kind::Word && *near => {
                last.folded.end = self.text.len();
                last.place.end = place.end;
            }
            // Both halves of a flag, or a mark that stands apart by itself.
            Some(last)
                if *near
                    && last.kind == kind
                    && (is_combining_mark(c)
                        || last.place == *place && is_regional_indicator(c)) =>
            {
                last.folded.end = self.text.len();
                last.place.end = place.end;
            }
            _ => self.tokens.push(Token {
                kind,
                joined: *near && !self.tokens.is_empty(),
                place: place.clone(),
                folded: start..self.text.len(),
            }),
        }
        *near = true;
    }
}

/// Reads a text.
pub(crate) fn fold(text: &str) -> Folded {
    let mut folded = Folded {
        text: String::with_capacity(text.len()),
        tokens: Vec::with_capacity(text.len() / 3 + 1),
    };
    // Whether nothing stands between the last word and the place that was reached.
    let mut near = false;
    let mut cluster = String::new();
    let mut at = 0;
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        let start = at;
        at += units(first);
        cluster.clear();
        while let Some(&next) = rest.peek() {
            let one_with_it = if cluster.is_empty() && is_regional_indicator(first) {
                is_regional_indicator(next) || continues(next)
            } else {
                // What is joined to an emoji is one picture with it.
                continues(next) || is_symbol(next) && cluster.ends_with(JOINER)
            };
            if !one_with_it {
                break;
            }
            if cluster.is_empty() {
                cluster.push(first);
            }
            cluster.push(next);
            at += units(next);
            rest.next();
        }
        let place = start..at;
        if !cluster.is_empty() {
            take_folded(&cluster, &place, &mut folded, &mut near);
        } else if first.is_ascii() {
            folded.take(first.to_ascii_lowercase(), &place, &mut near);
        } else if is_plain(first) {
            folded.take(first, &place, &mut near);
        } else {
            take_folded(
                first.encode_utf8(&mut [0; 4]),
                &place,
                &mut folded,
                &mut near,
            );
        }
    }
    folded
}

/// Takes what has to be folded.
fn take_folded(cluster: &str, place: &Range<u32>, folded: &mut Folded, near: &mut bool) {
    // Voice marks compose with their kana; what they leave is dropped.
    let composed = cluster
        .nfkd()
        .filter(|c| matches!(c, '\u{3099}' | '\u{309A}') || !is_dropped(*c))
        .nfc();
    // By way of capitals, which also brings ß to ss and both sigmas together.
    let cased = composed
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    for c in cased.filter(|c| !is_dropped(*c)) {
        folded.take(c, place, near);
    }
}

fn units(c: char) -> u32 {
    if u32::from(c) > 0xFFFF { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let folded = fold(text);
        folded.words().map(|(_, word)| word.to_owned()).collect()
    }

    /// The piece of the original at the place of each word.
    fn places(text: &str) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let piece = |token: &Token| {
            let place = token.place.start as usize..token.place.end as usize;
            String::from_utf16(&units[place]).unwrap()
        };
        fold(text).tokens.iter().map(piece).collect()
    }

    #[test]
    fn scripts_side_by_side() {
        assert_eq!(words("会议2024纪要"), ["会", "议", "2024", "纪", "要"]);
        assert_eq!(words("Re: iPhone15发布!"), ["re", "iphone15", "发", "布"]);
        assert_eq!(
            words("東京タワーへ行く"),
            ["東", "京", "タ", "ワ", "ー", "へ", "行", "く"]
        );
        assert_eq!(words("서버 점검"), ["서", "버", "점", "검"]);
        assert_eq!(
            words("user_name@example.org"),
            ["user", "name", "example", "org"]
        );
        assert_eq!(words("𠀋𠮷野家"), ["𠀋", "𠮷", "野", "家"]);
        assert_eq!(words(" \u{0}\"'*-。"), [""; 0]);
    }

    #[test]
    fn forms_of_the_same() {
        assert_eq!(words("ＡＢＣ１２３"), ["abc123"]);
        assert_eq!(words("ｻｰﾊﾞｰ"), words("サーバー"));
        assert_eq!(words("か\u{3099}"), ["が"]);
        assert_ne!(words("が"), words("か"));
        assert_eq!(words("\u{1112}\u{1161}\u{11ab}"), ["한"]);
        assert_eq!(words("Café CAFE\u{301}"), ["cafe", "cafe"]);
        assert_eq!(
            words("Straße ΣΊΣΥΦΟΣ ﬁn İ"),
            ["strasse", "σισυφοσ", "fin", "i"]
        );
        assert_eq!(words("㍿"), ["株", "式", "会", "社"]);
        assert_eq!(words("ab\u{200b}cd\u{ad}e"), ["abcde"]);
    }

    #[test]
    fn emoji_are_words() {
        assert_eq!(words("好👍🏽的"), ["好", "👍", "的"]);
        assert_eq!(words("❤️ ❤"), ["❤", "❤"]);
        assert_eq!(words("👨\u{200d}👩\u{200d}👧"), ["👨", "👩", "👧"]);
        assert_eq!(words("🇨🇳🇯🇵"), ["🇨🇳", "🇯🇵"]);
        assert_eq!(places("好👍🏽的"), ["好", "👍🏽", "的"]);
        assert_eq!(places("🇨🇳🇯🇵"), ["🇨🇳", "🇯🇵"]);
    }

    #[test]
    fn places_are_of_the_original() {
        assert_eq!(
            places("Ｈｉ 😀 cafe\u{301}s, ｶﾞ!"),
            ["Ｈｉ", "😀", "cafe\u{301}s", "ｶﾞ"]
        );
        assert_eq!(
            places("ab\u{200b}c ㍿"),
            ["ab\u{200b}c", "㍿", "㍿", "㍿", "㍿"]
        );
        let thai = "ที่นี่";
        assert_eq!(places(thai), ["ที่", "นี่"]);
    }

    #[test]
    fn neighbours_are_known() {
        let joined = |text: &str| -> Vec<bool> {
            fold(text).tokens.iter().map(|token| token.joined).collect()
        };
        assert_eq!(joined("会议 纪要"), [false, true, false, true]);
        assert_eq!(joined("会，议"), [false, false]);
        assert_eq!(joined("会\u{200b}议"), [false, true]);
        assert_eq!(joined("v2版"), [false, true]);
    }
}
