//! The piece of a text that is shown for a hit.

use std::ops::Range;

use super::characters::continues;

/// Longest excerpt, in UTF-16 code units, without the dots at its ends.
const MAX_UNITS: u32 = 160;
/// So much stands before the first place that was found.
const BEFORE: u32 = 40;
/// So far a cut moves to the next space.
const TO_SPACE: u32 = 16;

const DOTS: char = '…';

/// A piece of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// On one line: every white space of the original is a space.
    pub(crate) text: String,
    /// What was found, in UTF-16 code units of [`Self::text`].
    pub(crate) highlights: Vec<Range<u32>>,
}

/// Cuts out what is around the first place. The places lie in order.
pub(crate) fn excerpt(text: &str, places: &[Range<u32>]) -> Excerpt {
    let window = window(text, places.first());
    let mut piece = String::new();
    // How far the places move: back by what is left out, on by the dots.
    let shift = u32::from(window.start > 0);
    if window.start > 0 {
        piece.push(DOTS);
    }
    let mut at = 0;
    let mut goes_on = false;
    for c in text.chars() {
        if window.contains(&at) {
            let is_space = c.is_whitespace() || c.is_control();
            piece.push(if is_space { ' ' } else { c });
        }
        at += units(c);
        if at > window.end {
            goes_on = true;
            break;
        }
    }
    if goes_on {
        piece.push(DOTS);
    }
    let highlights = places
        .iter()
        .map(|place| place.start.max(window.start)..place.end.min(window.end))
        .filter(|place| place.start < place.end)
        .map(|place| place.start - window.start + shift..place.end - window.start + shift)
        .collect();
    Excerpt {
        text: piece,
        highlights,
    }
}

/// What is shown, in UTF-16 code units; its ends are at whole characters.
fn window(text: &str, first: Option<&Range<u32>>) -> Range<u32> {
    let wanted = first.map_or(0, |place| place.start.saturating_sub(BEFORE));
    let must = first.map_or(0, |place| place.start);
    let (mut start, mut end) = (None, 0);
    let mut at = 0;
    let mut space_before = true;
    for c in text.chars() {
        // From the next beginning of a word, or else from wherever it is.
        let may_begin =
            at >= wanted && (at == 0 || space_before || at >= wanted + TO_SPACE) && !continues(c);
        if start.is_none() && (at == must || may_begin) {
            start = Some(at);
            end = at;
        }
        if let Some(start) = start {
            let after = at + units(c);
            if after - start > MAX_UNITS {
                break;
            }
            end = after;
        }
        space_before = c.is_whitespace();
        at += units(c);
    }
    start.unwrap_or(0)..end
}

fn units(c: char) -> u32 {
    if u32::from(c) > 0xFFFF { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::search::query::Query;

    fn shown(text: &str, query: &str) -> (String, Vec<String>) {
        let places = Query::parse(query).marks(&[text]).unwrap_or_default();
        let excerpt = excerpt(text, places.first().map_or(&[], Vec::as_slice));
        let units: Vec<u16> = excerpt.text.encode_utf16().collect();
        let pieces = excerpt
            .highlights
            .iter()
            .map(|place| {
                String::from_utf16(&units[place.start as usize..place.end as usize]).unwrap()
            })
            .collect();
        (excerpt.text, pieces)
    }

    #[test]
    fn short_texts_are_whole_and_on_one_line() {
        let (text, pieces) = shown("第一行\r\n第二行\t😀 end", "第 end");
        assert_eq!(text, "第一行  第二行 😀 end");
        assert_eq!(pieces, ["第", "第", "end"]);
    }

    #[test]
    fn long_texts_are_cut_around_the_first_place() {
        let text = format!("{} needle {}", "hay 😀 ".repeat(60), "straw ".repeat(60));
        let (text, pieces) = shown(&text, "needle");
        assert_eq!(pieces, ["needle"]);
        assert!(
            text.starts_with("…hay") || text.starts_with("…😀"),
            "{text}"
        );
        assert!(text.ends_with('…') && text.encode_utf16().count() <= 162);
        let (text, pieces) = shown(
            &format!("{}服务器{}", "的".repeat(500), "是".repeat(500)),
            "服务器",
        );
        assert_eq!(pieces, ["服务器"]);
        assert_eq!(text.encode_utf16().count(), 162);
        assert_eq!(shown(&"长".repeat(400), "").0.chars().count(), 161);
        assert_eq!(shown("", "").0, "");
    }

    proptest! {
        #[test]
        fn highlights_show_what_was_found(before in "\\PC{0,200}", needle in "[一-三a-c😀]{1,4}", after in "\\PC{0,200}") {
            let text = format!("{before} {needle} {after}");
            let (text, pieces) = shown(&text, &needle);
            prop_assert!(!pieces.is_empty(), "{needle:?} in {text:?}");
            for piece in pieces {
                prop_assert!(!piece.is_empty());
            }
        }
    }
}
