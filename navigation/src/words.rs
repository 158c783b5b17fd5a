//! Small pieces of text that several kinds of link share.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How much of the hash a link carries: enough that no accident goes through.
const CHECK_BYTES: usize = 6;

/// A checksum over text, to tell a damaged link from nonsense. It protects
/// against accidents, not against people.
pub(crate) fn checksum(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.get(..CHECK_BYTES).unwrap_or_default())
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3)
/// and those of `extra`.
pub(crate) fn percent_encode(text: &str, extra: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || (c.is_ascii() && extra.contains(c)) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The reverse; `None` for a wrong escape or bytes that are not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The decoded pairs of a query.
pub(crate) fn query_pairs(query: &str) -> Option<Vec<(&str, String)>> {
    query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name, percent_decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_round_trips() {
        for text in ["", "a b&c=d", "销售 100%", "~-._", "🎉"] {
            assert_eq!(
                percent_decode(&percent_encode(text, "")).as_deref(),
                Some(text)
            );
        }
        assert_eq!(percent_encode("a:b/c", ":"), "a:b%2Fc");
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }
}
