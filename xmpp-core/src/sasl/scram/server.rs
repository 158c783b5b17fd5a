//! The server's side of SCRAM.

use subtle::ConstantTimeEq;

use super::message::{attributes, decode, encode, expect, is_nonce, unescape_name, utf8, xor};
use super::{ScramError, ScramHash, ScramVerifier, offer_hash};
use crate::sasl::Mechanism;

/// The channel bindings that the server's end of the connection has. An empty
/// one means that no `-PLUS` mechanism was offered.
#[derive(Clone, Default)]
pub struct BindingData {
    /// RFC 9266: 32 bytes of exported keying material (TLS 1.3 only).
    pub tls_exporter: Option<Vec<u8>>,
    /// RFC 5929: hash of the server's certificate.
    pub tls_server_end_point: Option<Vec<u8>>,
}

impl std::fmt::Debug for BindingData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindingData")
            .field("tls_exporter", &self.tls_exporter.is_some())
            .field("tls_server_end_point", &self.tls_server_end_point.is_some())
            .finish()
    }
}

impl BindingData {
    /// Whether a `-PLUS` mechanism can be offered.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.tls_exporter.is_some() || self.tls_server_end_point.is_some()
    }

    /// The names for XEP-0440.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if self.tls_exporter.is_some() {
            names.push("tls-exporter");
        }
        if self.tls_server_end_point.is_some() {
            names.push("tls-server-end-point");
        }
        names
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        match name {
            "tls-exporter" => self.tls_exporter.as_deref(),
            "tls-server-end-point" => self.tls_server_end_point.as_deref(),
            _ => None,
        }
    }
}

/// One sign-in as the server sees it: [`start`](Self::start) gives the user
/// name, [`challenge`](Self::challenge) takes that user's verifier,
/// [`finish`](Self::finish) decides.
#[derive(Debug)]
pub struct ScramServer {
    username: String,
    authzid: Option<String>,
    /// What `c=` must hold.
    expected_binding: Vec<u8>,
    first_bare: String,
    nonce: String,
    hash: ScramHash,
    /// XEP-0474.
    offer: Option<String>,
    exchange: Option<Exchange>,
}

#[derive(Debug)]
struct Exchange {
    verifier: ScramVerifier,
    server_first: String,
}

impl ScramServer {
    /// Reads the client-first-message. `nonce` is the server's part: printable
    /// ASCII without commas, fresh, of at least 128 random bits.
    ///
    /// # Errors
    /// Malformed messages; a binding that was not offered or does not fit the
    /// mechanism; [`ScramError::Downgrade`].
    pub fn start(
        mechanism: Mechanism,
        client_first: &[u8],
        nonce: &str,
        binding: &BindingData,
    ) -> Result<Self, ScramError> {
        let hash = mechanism.scram_hash().ok_or(ScramError::Malformed)?;
        let client_first = utf8(client_first)?;
        let (flag, rest) = client_first.split_once(',').ok_or(ScramError::Malformed)?;
        let (authzid, first_bare) = rest.split_once(',').ok_or(ScramError::Malformed)?;
        let header = client_first
            .strip_suffix(first_bare)
            .ok_or(ScramError::Malformed)?
            .as_bytes();

        let mut expected_binding = header.to_vec();
        match (flag, mechanism.is_plus()) {
            ("n", false) => {}
            ("y", false) if binding.is_available() => return Err(ScramError::Downgrade),
            ("y", false) => {}
            (flag, true) => {
                let name = flag.strip_prefix("p=").ok_or(ScramError::Malformed)?;
                let data = binding.get(name).ok_or(ScramError::UnsupportedBinding)?;
                expected_binding.extend_from_slice(data);
            }
            _ => return Err(ScramError::Malformed),
        }

        let authzid = match authzid {
            "" => None,
            other => {
                let name = other.strip_prefix("a=").ok_or(ScramError::Malformed)?;
                Some(unescape_name(name)?)
            }
        };
        let mut parts = attributes(first_bare);
        let username = unescape_name(expect(&mut parts, 'n')?)?;
        let client_nonce = expect(&mut parts, 'r')?;
        if !is_nonce(client_nonce) || !is_nonce(nonce) {
            return Err(ScramError::Malformed);
        }
        Ok(Self {
            username,
            authzid,
            expected_binding,
            nonce: format!("{client_nonce}{nonce}"),
            first_bare: first_bare.to_owned(),
            hash,
            offer: None,
            exchange: None,
        })
    }

    /// Signs what was offered (XEP-0474): the mechanisms of the SASL profile in
    /// use and the channel bindings.
    #[must_use]
    pub fn with_offer(mut self, mechanisms: &[&str], bindings: &[&str]) -> Self {
        self.offer = Some(offer_hash(self.hash, mechanisms, bindings));
        self
    }

    /// The user name as the client sent it: not yet normalised, not yet proven.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The identity to act as, if the client named one.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// The server-first-message. For an unknown user give a made-up verifier
    /// with a salt that stays the same for that name, and let
    /// [`finish`](Self::finish) fail: otherwise names could be tried out.
    pub fn challenge(&mut self, verifier: ScramVerifier) -> String {
        let mut server_first = format!(
            "r={},s={},i={}",
            self.nonce,
            encode(&verifier.salt),
            verifier.iterations
        );
        if let Some(offer) = &self.offer {
            server_first.push_str(",h=");
            server_first.push_str(offer);
        }
        self.exchange = Some(Exchange {
            verifier,
            server_first: server_first.clone(),
        });
        server_first
    }

    /// Checks the client-final-message and gives the server-final-message.
    ///
    /// # Errors
    /// [`ScramError::WrongProof`], [`ScramError::WrongBinding`],
    /// [`ScramError::WrongNonce`] or a malformed message.
    pub fn finish(&self, client_final: &[u8]) -> Result<String, ScramError> {
        let Exchange {
            verifier,
            server_first,
        } = self.exchange.as_ref().ok_or(ScramError::Malformed)?;
        let client_final = utf8(client_final)?;
        let (without_proof, proof) = client_final
            .rsplit_once(",p=")
            .ok_or(ScramError::Malformed)?;
        let mut parts = attributes(without_proof);
        let binding = decode(expect(&mut parts, 'c')?)?;
        let nonce = expect(&mut parts, 'r')?;
        let proof = decode(proof)?;
        if nonce != self.nonce {
            return Err(ScramError::WrongNonce);
        }
        if !bool::from(binding.ct_eq(&self.expected_binding)) {
            return Err(ScramError::WrongBinding);
        }
        let hash = verifier.hash;
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare);
        let signature = hash.hmac(&verifier.stored_key, auth_message.as_bytes());
        if proof.len() != hash.len() {
            return Err(ScramError::WrongProof);
        }
        let client_key = xor(&proof, &signature);
        if !bool::from(hash.digest(&client_key).ct_eq(&verifier.stored_key)) {
            return Err(ScramError::WrongProof);
        }
        let server_signature = hash.hmac(&verifier.server_key, auth_message.as_bytes());
        Ok(format!("v={}", encode(&server_signature)))
    }
}
