//! Elements that [`crate::element::write`] has written, changed as text: a
//! stanza that goes to many is written once.

use std::borrow::Cow;

/// Text fit for an attribute in quotes, and for content.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '\'', '"']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The same element with one more child behind all others.
#[must_use]
pub fn with_child(xml: &str, child: &str) -> String {
    if let Some(head) = xml.strip_suffix("/>") {
        let name = head.trim_start_matches('<').split(' ').next();
        return [head, ">", child, "</", name.unwrap_or_default(), ">"].concat();
    }
    let place = xml.rfind("</").unwrap_or(xml.len());
    match xml.split_at_checked(place) {
        Some((head, tail)) => [head, child, tail].concat(),
        None => xml.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{build, parse, write};

    #[test]
    fn a_child_is_added_at_the_end() {
        let child = "<b xmlns='urn:b' c='1'/>";
        for (element, names) in [
            (build("a", "urn:a").done(), vec!["b"]),
            (build("a", "urn:a").attr("x", "1 > 0/>").done(), vec!["b"]),
            (build("a", "urn:a").text("</").done(), vec!["b"]),
            (
                build("a", "urn:a").child(build("a", "urn:a")).done(),
                vec!["a", "b"],
            ),
        ] {
            let written = write(&element).unwrap();
            let longer = parse(with_child(&written, child).as_bytes()).unwrap();
            let found: Vec<_> = longer.children().map(minidom::Element::name).collect();
            assert_eq!(found, names, "{written}");
            assert_eq!(longer.attrs(), element.attrs());
            assert_eq!(longer.text(), element.text());
        }
    }

    #[test]
    fn odd_text_stays_an_attribute() {
        let odd = "a@b/it's <x> & \"y\"";
        let xml = format!("<m to='{}' xmlns='urn:x'/>", escaped(odd));
        assert_eq!(parse(xml.as_bytes()).unwrap().attr("to"), Some(odd));
        assert!(matches!(escaped("a@b/c 中文"), Cow::Borrowed(_)));
    }
}
