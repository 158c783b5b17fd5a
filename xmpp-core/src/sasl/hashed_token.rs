//! HT-SHA-256-*: one round trip with a token that the server has given out
//! (draft-schmaus-kitten-sasl-ht), as FAST uses it (XEP-0484). Both roles.
//!
//! ```text
//! client: name NUL HMAC(token, "Initiator" || binding)
//! server: HMAC(token, "Responder" || binding)
//! ```

use subtle::ConstantTimeEq;

use super::{BindingData, ScramHash};

/// A mechanism of the family, by what it is bound to; strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenMechanism {
    /// `tls-exporter` (RFC 9266).
    Exporter,
    /// `tls-server-end-point` (RFC 5929).
    EndPoint,
    /// Nothing: for clients that cannot see the channel, such as web pages.
    Unbound,
}

impl TokenMechanism {
    /// All of them, strongest first.
    pub const ALL: [Self; 3] = [Self::Exporter, Self::EndPoint, Self::Unbound];

    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exporter => "HT-SHA-256-EXPR",
            Self::EndPoint => "HT-SHA-256-ENDP",
            Self::Unbound => "HT-SHA-256-NONE",
        }
    }

    /// From the registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str() == name)
    }

    /// What the token is bound to on this connection; `None` if the connection
    /// does not have it, so that the mechanism cannot be used.
    #[must_use]
    pub fn binding(self, data: &BindingData) -> Option<&[u8]> {
        match self {
            Self::Exporter => data.tls_exporter.as_deref(),
            Self::EndPoint => data.tls_server_end_point.as_deref(),
            Self::Unbound => Some(&[]),
        }
    }
}

/// The client's only message.
#[must_use]
pub fn initial_response(username: &str, token: &str, binding: &[u8]) -> Vec<u8> {
    let mut message = username.as_bytes().to_vec();
    message.push(0);
    message.extend(keyed(token, b"Initiator", binding));
    message
}

/// Reads the client's message: the name, not yet proven, and the proof. `None`
/// if it is not one.
#[must_use]
pub fn parse(message: &[u8]) -> Option<(&str, &[u8])> {
    let end = message.iter().position(|byte| *byte == 0)?;
    let (name, rest) = message.split_at_checked(end)?;
    let proof = rest.get(1..)?;
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty() && proof.len() == ScramHash::Sha256.len()).then_some((name, proof))
}

/// Whether the proof was made with this token on this channel.
#[must_use]
pub fn is_proof(proof: &[u8], token: &str, binding: &[u8]) -> bool {
    keyed(token, b"Initiator", binding).ct_eq(proof).into()
}

/// The server's answer, which proves that it knows the token, too.
#[must_use]
pub fn response(token: &str, binding: &[u8]) -> Vec<u8> {
    keyed(token, b"Responder", binding)
}

/// Whether the server knows the token; for clients.
#[must_use]
pub fn is_response(response: &[u8], token: &str, binding: &[u8]) -> bool {
    keyed(token, b"Responder", binding).ct_eq(response).into()
}

fn keyed(token: &str, role: &[u8], binding: &[u8]) -> Vec<u8> {
    ScramHash::Sha256.hmac(token.as_bytes(), &[role, binding].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_fits_its_token_and_channel_only() {
        let message = initial_response("rosa", "token", b"channel");
        let (name, proof) = parse(&message).unwrap();
        assert_eq!(name, "rosa");
        assert!(is_proof(proof, "token", b"channel"));
        assert!(!is_proof(proof, "token", b"another"));
        assert!(!is_proof(proof, "other", b"channel"));
        assert!(!is_proof(&[], "token", b"channel"));
        let answer = response("token", b"channel");
        assert!(is_response(&answer, "token", b"channel"));
        // The server's word is not the client's.
        assert!(!is_proof(&answer, "token", b"channel"));
    }

    #[test]
    fn the_value_is_the_one_that_others_compute() {
        // echo -n Initiator | openssl dgst -sha256 -hmac secret
        let hex = "080d9fa917c6da67702df4ff5090d8693b5f8c838c832d6f3662b6822cc7a6b9";
        let message = initial_response("a", "secret", b"");
        let found: String = message[2..].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, hex);
    }

    #[test]
    fn anything_else_is_refused() {
        let proof = [7; 32];
        for bad in [
            b"".to_vec(),
            b"\0".to_vec(),
            b"rosa".to_vec(),
            b"rosa\0short".to_vec(),
            [b"\0".as_slice(), &proof].concat(),
            [b"\xff\0".as_slice(), &proof].concat(),
            [b"rosa\0".as_slice(), &proof, b"x"].concat(),
        ] {
            assert!(parse(&bad).is_none(), "{bad:?}");
        }
    }
}
