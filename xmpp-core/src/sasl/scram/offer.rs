//! Protection of the offer (XEP-0474): the server signs, inside the exchange,
//! which mechanisms and channel bindings it has offered, so that nobody between
//! the two ends can take the better ones away.

use super::ScramHash;
use super::message::encode;

/// The value of `h=` in the server-first-message. `mechanisms` are those of the
/// SASL profile in use; `bindings` those of XEP-0440, empty if it was not there.
#[must_use]
pub fn offer_hash(hash: ScramHash, mechanisms: &[&str], bindings: &[&str]) -> String {
    let mut text = sorted(mechanisms);
    if !bindings.is_empty() {
        text.push('\u{1f}');
        text.push_str(&sorted(bindings));
    }
    encode(&hash.digest(text.as_bytes()))
}

/// By octets (`i;octet`), which is how Rust compares text.
fn sorted(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.join("\u{1e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let hash = offer_hash(
            ScramHash::Sha1,
            &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"],
            &["tls-server-end-point", "tls-exporter"],
        );
        assert_eq!(hash, "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
    }

    #[test]
    fn whether_bindings_were_announced_counts() {
        let names = ["SCRAM-SHA-256"];
        let without = offer_hash(ScramHash::Sha256, &names, &[]);
        let with = offer_hash(ScramHash::Sha256, &names, &["tls-exporter"]);
        assert_ne!(without, with);
    }
}
