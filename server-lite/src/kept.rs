//! What a client says and the server keeps in memory for as long as it holds:
//! it has to be small.

use xmpp_core::Element;
use xmpp_core::stanza_error::{Condition, StanzaError};

/// Most bytes of a presence or a subject.
pub(crate) const MAX_KEPT: usize = 16 * 1024;
/// What an element takes besides its text.
const ELEMENT: usize = 128;

/// Refuses what would take more than this to keep. A tree of empty elements takes
/// much more than their text, so each of them counts.
pub(crate) fn check(element: &Element, max_bytes: usize) -> Result<(), StanzaError> {
    match weight(element) <= max_bytes {
        true => Ok(()),
        false => {
            Err(StanzaError::from(Condition::PolicyViolation).with_text("too large to be kept"))
        }
    }
}

/// About as many bytes as it takes; its depth is bounded since it was read.
fn weight(element: &Element) -> usize {
    let attributes = element.attrs().iter();
    let attributes: usize = attributes
        .map(|((_, name), value)| name.len() + value.len() + ELEMENT / 2)
        .sum();
    let texts: usize = element.texts().map(str::len).sum();
    let children: usize = element.children().map(weight).sum();
    ELEMENT + element.name().len() + attributes + texts + children
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::build;
    use xmpp_core::ns;

    #[test]
    fn text_counts_and_so_do_elements_and_attributes() {
        let presence = || build("presence", ns::CLIENT);
        let empty = |name: &str| build(name, "urn:example");
        let is_kept = |element: &Element| check(element, MAX_KEPT).is_ok();
        let status = |bytes: usize| presence().child(empty("status").text("x".repeat(bytes)));
        assert!(is_kept(&status(16_000).done()) && !is_kept(&status(16_384).done()));
        let many = |count: usize| presence().children((0..count).map(|_| empty("a")));
        assert!(is_kept(&many(100).done()) && !is_kept(&many(130).done()));
        let mut attributes = presence();
        for n in 0..60 {
            attributes = attributes.attr(&format!("a{n}"), "x".repeat(300));
        }
        assert!(!is_kept(&attributes.done()));
    }
}
