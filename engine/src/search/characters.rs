//! What kind of character it is, for those who search.

use unicode_normalization::char::is_combining_mark;

/// Whether words of this script stand without spaces between them, so that each
/// character has to be found by itself.
pub(crate) fn stands_apart(c: char) -> bool {
    matches!(c,
        '\u{0E01}'..='\u{0EDF}'     // Thai, Lao
        | '\u{1000}'..='\u{109F}'   // Myanmar
        | '\u{1100}'..='\u{11FF}'   // Hangul jamo
        | '\u{1780}'..='\u{17DC}'   // Khmer
        | '\u{2E80}'..='\u{2FD5}'   // radicals
        | '\u{3005}'..='\u{3007}'   // 々, 〆, 〇
        | '\u{3021}'..='\u{3029}'   // Suzhou numerals
        | '\u{3031}'..='\u{3035}'
        | '\u{3038}'..='\u{303C}'
        | '\u{3041}'..='\u{3096}'   // Hiragana
        | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}'   // Katakana
        | '\u{30FC}'..='\u{30FF}'
        | '\u{3105}'..='\u{312F}'   // Bopomofo
        | '\u{3131}'..='\u{318E}'   // Hangul compatibility jamo
        | '\u{31A0}'..='\u{31BF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'   // Han, extension A
        | '\u{4E00}'..='\u{9FFF}'   // Han
        | '\u{A960}'..='\u{A97C}'
        | '\u{AC00}'..='\u{D7FB}'   // Hangul
        | '\u{F900}'..='\u{FAFF}'   // Han, compatibility
        | '\u{16FE0}'..='\u{18DFF}' // Tangut, Khitan
        | '\u{1AFF0}'..='\u{1B2FF}' // kana supplements, Nushu
        | '\u{20000}'..='\u{3FFFD}') // Han, extensions B and later
        && (c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\u{2E80}'..='\u{2FD5}'))
}

/// A script without spaces whose characters stand for themselves: nothing is
/// folded, unless a mark follows.
pub(crate) fn is_plain(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'..='\u{30FE}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}')
}

/// Emoji and other signs that somebody may look for.
pub(crate) fn is_symbol(c: char) -> bool {
    matches!(c,
        '\u{A2}'..='\u{A7}' | '\u{A9}' | '\u{AE}' | '\u{B0}' | '\u{B1}' | '\u{D7}' | '\u{F7}'
        | '\u{20A0}'..='\u{20CF}'   // currencies
        | '\u{2100}'..='\u{214F}'
        | '\u{2190}'..='\u{23FF}'   // arrows, mathematics, technical
        | '\u{2460}'..='\u{27BF}'   // boxes, shapes, miscellaneous, dingbats
        | '\u{2900}'..='\u{297F}'
        | '\u{2A00}'..='\u{2BFF}'
        | '\u{3012}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F000}'..='\u{1FBFF}')
}

/// Half of a flag.
pub(crate) fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

pub(crate) const JOINER: char = '\u{200D}';

/// Whether the character is one with the one before it: it cannot be marked
/// alone, and may fold together with it.
pub(crate) fn continues(c: char) -> bool {
    is_dropped(c)
        || is_combining_mark(c)
        || matches!(c,
            '\u{1160}'..='\u{11FF}'     // vowels and ends of Hangul syllables
            | '\u{D7B0}'..='\u{D7FB}'
            | '\u{FF9E}' | '\u{FF9F}'   // half-width voice marks
            | '\u{1F3FB}'..='\u{1F3FF}') // colours of skin
}

/// What nobody types when they search: invisible characters, the choice between
/// forms of a character, and accents.
pub(crate) fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{AD}'
        | '\u{0300}'..='\u{036F}'
        | '\u{180B}'..='\u{180F}'
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{3099}' | '\u{309A}'   // left over only where no kana takes them
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{1F3FB}'..='\u{1F3FF}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Punctuation that ends a phrase where no spaces are set.
pub(crate) fn is_pause(c: char) -> bool {
    matches!(
        c,
        '\u{3001}' | '\u{3002}' | '\u{FF01}' | '\u{FF0C}' | '\u{FF1B}' | '\u{FF1F}'
    )
}

/// Quotation marks that people type around a phrase.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}'..='\u{201F}' | '\u{301D}'..='\u{301F}' | '\u{FF02}')
}
