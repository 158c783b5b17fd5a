//! SCRAM credentials in an export (XEP-0227, section 4.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::element::build;
use xmpp_core::sasl::{ScramHash, ScramVerifier};
use xmpp_core::{Element, ns};

/// Iterations that are believed: each sign-in would take that long.
const MAX_ITERATIONS: u32 = 10_000_000;

fn mechanism(hash: ScramHash) -> &'static str {
    match hash {
        ScramHash::Sha1 => "SCRAM-SHA-1",
        ScramHash::Sha256 => "SCRAM-SHA-256",
    }
}

/// Writes a verifier. COMPAT: ejabberd encodes twice, in what it reads too.
pub(super) fn write(verifier: &ScramVerifier, twice: bool) -> Element {
    let encode = |bytes: &[u8]| {
        let once = STANDARD.encode(bytes);
        match twice {
            true => STANDARD.encode(once),
            false => once,
        }
    };
    let part = |name, text: String| build(name, ns::PIE_SCRAM).text(text);
    build("scram-credentials", ns::PIE_SCRAM)
        .attr("mechanism", mechanism(verifier.hash))
        .child(part("iter-count", verifier.iterations.to_string()))
        .child(part("salt", encode(&verifier.salt)))
        .child(part("server-key", encode(&verifier.server_key)))
        .child(part("stored-key", encode(&verifier.stored_key)))
        .done()
}

/// Reads a verifier; `None` if it is of a kind that is not known or damaged.
pub(super) fn read(element: &Element) -> Option<ScramVerifier> {
    let hash = match element.attr("mechanism")? {
        "SCRAM-SHA-1" => ScramHash::Sha1,
        "SCRAM-SHA-256" => ScramHash::Sha256,
        _ => return None,
    };
    let text = |name| Some(element.get_child(name, ns::PIE_SCRAM)?.text());
    let decode = |text: &[u8]| {
        let text: Vec<u8> = text.trim_ascii().to_vec();
        STANDARD.decode(text).ok()
    };
    let once = |name| decode(text(name)?.as_bytes());
    let mut parts = [once("salt")?, once("stored-key")?, once("server-key")?];
    let is_key = |key: &Vec<u8>| key.len() == hash.len();
    // COMPAT: encoded twice, as ejabberd writes it.
    if !parts.iter().skip(1).all(is_key) {
        for part in &mut parts {
            *part = decode(part)?;
        }
    }
    let [salt, stored_key, server_key] = parts;
    let iterations: u32 = text("iter-count")?.trim().parse().ok()?;
    let is_sound = is_key(&stored_key)
        && is_key(&server_key)
        && (1..=MAX_ITERATIONS).contains(&iterations)
        && (1..=1024).contains(&salt.len());
    is_sound.then_some(ScramVerifier {
        hash,
        salt,
        iterations,
        stored_key,
        server_key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_once_or_twice_they_are_read() {
        for hash in [ScramHash::Sha1, ScramHash::Sha256] {
            let verifier = ScramVerifier::derive(hash, "long enough", b"salt", 4096).unwrap();
            for twice in [false, true] {
                assert!(read(&write(&verifier, twice)).unwrap() == verifier);
            }
        }
    }

    #[test]
    fn what_is_damaged_is_not_taken() {
        let verifier = ScramVerifier::derive(ScramHash::Sha1, "long enough", b"s", 4096).unwrap();
        let good = xmpp_core::element::write(&write(&verifier, false)).unwrap();
        for (from, to) in [
            ("SCRAM-SHA-1", "SCRAM-SHA-256"),
            ("SCRAM-SHA-1", "SCRAM-MD5"),
            ("4096", "0"),
            ("4096", "4294967295"),
            ("4096", "-1"),
            ("<salt>", "<salt>*"),
            ("stored-key", "stored"),
        ] {
            let bad = good.replace(from, to);
            let element = xmpp_core::element::parse(bad.as_bytes()).unwrap();
            assert!(read(&element).is_none(), "{from} -> {to}");
        }
    }
}
