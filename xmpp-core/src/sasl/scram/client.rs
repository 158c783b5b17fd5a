//! The client's side of SCRAM.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::message::{attributes, decode, encode, escape_name, expect, is_nonce, utf8, xor};
use super::{MAX_ITERATIONS, MIN_ITERATIONS, ScramError, ScramHash, offer_hash};
use crate::sasl::normal_password;

/// What the client knows of channel binding (RFC 5802, section 6).
#[derive(Clone, PartialEq, Eq)]
pub enum ClientBinding {
    /// We cannot bind (`n`).
    Unsupported,
    /// We could, but the server did not offer a `-PLUS` mechanism (`y`).
    NotOffered,
    /// Keying material of RFC 9266 (`p=tls-exporter`).
    TlsExporter(Vec<u8>),
    /// Hash of the server's certificate, RFC 5929 (`p=tls-server-end-point`).
    TlsServerEndPoint(Vec<u8>),
}

impl std::fmt::Debug for ClientBinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "Unsupported",
            Self::NotOffered => "NotOffered",
            Self::TlsExporter(_) => "TlsExporter",
            Self::TlsServerEndPoint(_) => "TlsServerEndPoint",
        })
    }
}

impl ClientBinding {
    fn gs2_header(&self) -> &'static str {
        match self {
            Self::Unsupported => "n,,",
            Self::NotOffered => "y,,",
            Self::TlsExporter(_) => "p=tls-exporter,,",
            Self::TlsServerEndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    fn data(&self) -> &[u8] {
        match self {
            Self::TlsExporter(data) | Self::TlsServerEndPoint(data) => data,
            _ => &[],
        }
    }
}

/// One sign-in of a client: [`initial`](Self::initial), then
/// [`respond`](Self::respond), then [`verify`](Self::verify). Only after the
/// last one is the server known to be the right one.
pub struct ScramClient {
    hash: ScramHash,
    binding: ClientBinding,
    password: Zeroizing<String>,
    nonce: String,
    first_bare: String,
    offer: Option<String>,
    server_signature: Option<Vec<u8>>,
}

impl std::fmt::Debug for ScramClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScramClient")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl ScramClient {
    /// `nonce` is printable ASCII without commas, made fresh for each sign-in
    /// of at least 128 random bits.
    ///
    /// # Errors
    /// [`ScramError::Password`]; [`ScramError::Malformed`] for an unfit nonce.
    pub fn new(
        hash: ScramHash,
        username: &str,
        password: &str,
        nonce: &str,
        binding: ClientBinding,
    ) -> Result<Self, ScramError> {
        if !is_nonce(nonce) {
            return Err(ScramError::Malformed);
        }
        Ok(Self {
            hash,
            binding,
            password: normal_password(password)?,
            nonce: nonce.to_owned(),
            first_bare: format!("n={},r={nonce}", escape_name(username)),
            offer: None,
            server_signature: None,
        })
    }

    /// What the client saw offered (XEP-0474). If the server signs its offer,
    /// the two have to be the same.
    #[must_use]
    pub fn with_offer(mut self, mechanisms: &[&str], bindings: &[&str]) -> Self {
        self.offer = Some(offer_hash(self.hash, mechanisms, bindings));
        self
    }

    /// The client-first-message.
    #[must_use]
    pub fn initial(&self) -> String {
        format!("{}{}", self.binding.gs2_header(), self.first_bare)
    }

    /// Answers the server-first-message. Computes the key derivation: run it
    /// where blocking is allowed.
    ///
    /// # Errors
    /// Malformed messages, a foreign nonce, an iteration count out of range.
    pub fn respond(&mut self, server_first: &[u8]) -> Result<String, ScramError> {
        let server_first = utf8(server_first)?;
        let mut parts = attributes(server_first);
        let nonce = expect(&mut parts, 'r')?;
        let salt = decode(expect(&mut parts, 's')?)?;
        let iterations: u32 = expect(&mut parts, 'i')?
            .parse()
            .map_err(|_| ScramError::Malformed)?;
        if !is_nonce(nonce) || !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::WrongNonce);
        }
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err(ScramError::Iterations);
        }
        let signed = parts.flatten().find(|(name, _)| *name == 'h');
        if let (Some((_, signed)), Some(seen)) = (signed, &self.offer)
            && signed != seen
        {
            return Err(ScramError::Downgrade);
        }
        let header = self.binding.gs2_header().as_bytes();
        let without_proof = format!(
            "c={},r={nonce}",
            encode(&[header, self.binding.data()].concat())
        );
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare);

        let salted = self.hash.salted_password(&self.password, &salt, iterations);
        let client_key = Zeroizing::new(self.hash.hmac(&salted, b"Client Key"));
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.hmac(&stored_key, auth_message.as_bytes());
        let server_key = self.hash.hmac(&salted, b"Server Key");
        self.server_signature = Some(self.hash.hmac(&server_key, auth_message.as_bytes()));
        Ok(format!(
            "{without_proof},p={}",
            encode(&xor(&client_key, &signature))
        ))
    }

    /// Checks the server-final-message.
    ///
    /// # Errors
    /// [`ScramError::WrongServerSignature`] if the server does not know the
    /// account's verifier; [`ScramError::Refused`] if it says `e=`.
    pub fn verify(&self, server_final: &[u8]) -> Result<(), ScramError> {
        let expected = self
            .server_signature
            .as_ref()
            .ok_or(ScramError::Malformed)?;
        match attributes(utf8(server_final)?).next() {
            Some(Some(('v', value))) => {
                if decode(value)?.ct_eq(expected).into() {
                    Ok(())
                } else {
                    Err(ScramError::WrongServerSignature)
                }
            }
            Some(Some(('e', _))) => Err(ScramError::Refused),
            _ => Err(ScramError::Malformed),
        }
    }
}
