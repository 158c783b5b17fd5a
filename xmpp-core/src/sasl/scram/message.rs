//! The grammar of SCRAM messages (RFC 5802, section 7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ScramError;

/// Splits `k=v,k=v` into its attributes, in order.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = Option<(char, &str)>> {
    text.split(',').map(|part| {
        let (name, value) = part.split_once('=')?;
        let mut name = name.chars();
        match (name.next(), name.next()) {
            (Some(letter), None) if letter.is_ascii_alphabetic() => Some((letter, value)),
            _ => None,
        }
    })
}

/// The next attribute, which must have this name.
pub(super) fn expect<'a>(
    attributes: &mut impl Iterator<Item = Option<(char, &'a str)>>,
    name: char,
) -> Result<&'a str, ScramError> {
    match attributes.next() {
        Some(Some((found, value))) if found == name => Ok(value),
        Some(Some(('m', _))) => Err(ScramError::MandatoryExtension),
        _ => Err(ScramError::Malformed),
    }
}

/// `saslname`: `,` and `=` are written `=2C` and `=3D`.
pub(super) fn escape_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

pub(super) fn unescape_name(name: &str) -> Result<String, ScramError> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        plain.push_str(before);
        if let Some(after) = after.strip_prefix("2C") {
            plain.push(',');
            rest = after;
        } else if let Some(after) = after.strip_prefix("3D") {
            plain.push('=');
            rest = after;
        } else {
            return Err(ScramError::Malformed);
        }
    }
    plain.push_str(rest);
    if plain.is_empty() || plain.contains('\0') {
        return Err(ScramError::Malformed);
    }
    Ok(plain)
}

/// Printable ASCII without the comma.
pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| (0x21..=0x7e).contains(&byte) && byte != b',')
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, ScramError> {
    STANDARD.decode(text).map_err(|_| ScramError::Malformed)
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, ScramError> {
    std::str::from_utf8(bytes).map_err(|_| ScramError::Malformed)
}

pub(super) fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(a, b)| a ^ b).collect()
}
