//! Search: what of a text is found, and where in it.
//!
//! One way of reading a text ([`fold::fold`]) serves the index, the query and the
//! marking of what was found, so that the three cannot disagree: compatibility
//! forms, case and accents are folded; where a script sets no spaces (Chinese,
//! Japanese, Korean, Thai and others) each character is a word, and each pair of
//! neighbours one more; an emoji is a word. No language is set anywhere.
//! Traditional and simplified characters are told apart.
//!
//! The index ([`terms`]) names candidates, newest first; whether one is a hit is
//! decided by its text ([`query::Query::marks`]), phrase by phrase.
//!
//! All of this is pure. The SQL is in `store/search.rs`.

pub(crate) mod characters;
pub(crate) mod excerpt;
pub(crate) mod fold;
pub(crate) mod merge;
pub(crate) mod names;
pub(crate) mod query;
pub(crate) mod terms;
