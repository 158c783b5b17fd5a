//! Addresses as URIs (RFC 5122).

use jid::Jid;

/// The address of an `xmpp:` URI, normalised.
#[must_use]
pub fn address(uri: &str) -> Option<Jid> {
    let path = uri.strip_prefix("xmpp:")?;
    let path = path.split(['?', '#']).next()?;
    Jid::new(&percent_decoded(path)).ok()
}

/// RFC 3986, section 2.1; what is no text stays as it is.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let code = match tail {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        if let Some(code) = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            bytes.push(code);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_uri_names() {
        let bare = |uri| address(uri).map(|address| address.to_string());
        assert_eq!(bare("xmpp:a@b").as_deref(), Some("a@b"));
        assert_eq!(
            bare("xmpp:%E9%94%80@b/x%20y?join").as_deref(),
            Some("销@b/x y")
        );
        for odd in ["a@b", "xmpp:", "mailto:a@b", "xmpp:a b@c"] {
            assert_eq!(bare(odd), None, "{odd}");
        }
    }
}
