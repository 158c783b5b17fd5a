//! What is known of files without anybody: how they may be called, and what they
//! are by their bytes.

pub(crate) mod kind;
pub(crate) mod names;
mod size;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) use size::dimensions;

/// A hash as it stands on the wire (XEP-0300, section 3).
pub(crate) fn base64(hash: &[u8]) -> String {
    STANDARD.encode(hash)
}

/// A SHA-256 from the wire; `None` if it is none.
pub(crate) fn sha256(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|hash| hash.len() == 32)
}
