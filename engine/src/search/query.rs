//! What somebody wrote to search for.
//!
//! Everything is valid. What stands between spaces, or between pauses of Chinese
//! and Japanese, was typed in one go and is a phrase: its words follow each other
//! in the text. Quotation marks of any kind keep a longer phrase together. All
//! phrases have to be there, in any order. The very last word may go on, unless
//! it is quoted; there are no other operators.

use std::ops::Range;

use super::characters::{is_pause, is_quote};
use super::fold::{Folded, Kind, Token, fold};
use super::terms::Terms;

/// Longest query, in characters; what is beyond is not looked at.
pub(crate) const MAX_QUERY_CHARS: usize = 256;

/// Words that follow each other.
#[derive(Debug, Clone)]
struct Phrase {
    folded: Folded,
    /// Whether the last word may go on.
    open: bool,
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    phrases: Vec<Phrase>,
    /// Of a query without any word: the signs themselves.
    signs: String,
}

impl Query {
    /// Reads what was typed.
    pub(crate) fn parse(typed: &str) -> Self {
        let typed: String = typed.chars().take(MAX_QUERY_CHARS).collect();
        let typed = typed.trim();
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut add = |text: &str, open: bool| {
            let folded = fold(text);
            if let Some(last) = folded.tokens.last() {
                let at_end = last.place.end as usize == text.encode_utf16().count();
                phrases.push(Phrase {
                    open: open && at_end && last.kind == Kind::Word,
                    folded,
                });
            }
        };
        let mut pieces = typed.split(is_quote).enumerate().peekable();
        while let Some((number, piece)) = pieces.next() {
            let last = pieces.peek().is_none();
            if number % 2 == 1 {
                // A quotation that is still being typed goes on.
                add(piece, last);
                continue;
            }
            let ends = |c: char| c.is_whitespace() || is_pause(c);
            let mut chunks = piece.split(ends).peekable();
            while let Some(chunk) = chunks.next() {
                add(chunk, last && chunks.peek().is_none());
            }
        }
        let signs = if phrases.is_empty() { typed } else { "" };
        Self {
            phrases,
            signs: signs.to_owned(),
        }
    }

    /// Whether nothing is searched for.
    pub(crate) fn is_empty(&self) -> bool {
        self.phrases.is_empty() && self.signs.is_empty()
    }

    /// Whether the index knows nothing of what is searched for.
    pub(crate) fn is_signs(&self) -> bool {
        !self.signs.is_empty()
    }

    /// What a candidate has in the index.
    pub(crate) fn add_terms(&self, terms: &mut Terms) {
        for phrase in &self.phrases {
            let mut words = phrase.folded.words().peekable();
            let mut paired = false;
            while let Some((token, word)) = words.next() {
                let is_apart = |token: &Token| token.kind == Kind::Apart;
                match words.peek() {
                    Some((next, right)) if is_apart(token) && is_apart(next) && next.joined => {
                        terms.pair(word, right);
                        paired = true;
                    }
                    next => {
                        if !std::mem::take(&mut paired) {
                            terms.word(word, phrase.open && next.is_none());
                        }
                    }
                }
            }
        }
    }

    /// Where what is searched for stands in these texts of one message: a list
    /// of places for each, in order and apart from each other. `None` if not
    /// everything is there.
    pub(crate) fn marks(&self, texts: &[&str]) -> Option<Vec<Vec<Range<u32>>>> {
        if self.is_signs() {
            let marks: Vec<_> = texts.iter().map(|text| self.signs_in(text)).collect();
            return marks.iter().any(|marks| !marks.is_empty()).then_some(marks);
        }
        let texts: Vec<Folded> = texts.iter().map(|text| fold(text)).collect();
        let mut marks = vec![Vec::new(); texts.len()];
        for phrase in &self.phrases {
            let mut found = false;
            for (text, marks) in texts.iter().zip(&mut marks) {
                let before = marks.len();
                phrase.find(text, marks);
                found |= marks.len() > before;
            }
            if !found {
                return None;
            }
        }
        marks.iter_mut().for_each(merge);
        Some(marks)
    }

    fn signs_in(&self, text: &str) -> Vec<Range<u32>> {
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        let length = units(&self.signs);
        let mut marks = Vec::new();
        let (mut at, mut start) = (0, 0);
        for (found, _) in text.match_indices(&self.signs) {
            start += units(text.get(at..found).unwrap_or_default());
            at = found;
            marks.push(start..start + length);
        }
        merge(&mut marks);
        marks
    }
}

impl Phrase {
    fn find(&self, text: &Folded, marks: &mut Vec<Range<u32>>) {
        let length = self.folded.tokens.len();
        for run in text.tokens.windows(length) {
            let mut pairs = self.folded.words().zip(run).enumerate();
            let same = pairs.all(|(number, ((wanted, word), token))| {
                let there = text.word(token);
                let is_word = if self.open && number + 1 == length {
                    token.kind == Kind::Word && there.starts_with(word)
                } else {
                    there == word
                };
                // Characters that were typed next to each other are so in the text.
                let is_near = number == 0
                    || wanted.kind != Kind::Apart
                    || token.joined
                    || !wanted.joined
                    || !self.follows_apart(number);
                is_word && is_near
            });
            if same && let Some((first, last)) = run.first().zip(run.last()) {
                marks.push(first.place.start..last.place.end);
            }
        }
    }

    fn follows_apart(&self, number: usize) -> bool {
        let before = number.checked_sub(1);
        before
            .and_then(|before| self.folded.tokens.get(before))
            .is_some_and(|before| before.kind == Kind::Apart)
    }
}

/// Puts ranges in order and makes one of those that touch.
fn merge(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    *ranges = merged;
}

#[cfg(test)]
mod tests;
