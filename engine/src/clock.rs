//! The one place that reads the time and makes random text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api::{ApiError, ErrorCode};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Now, for documents with a validity.
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?;
    Ok(bytes)
}

/// Random text of 120 bits, fit for ids and nonces.
pub(crate) fn random_id() -> Result<String, ApiError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<15>()?))
}

/// A random number from 0 up to, not including, 1.
pub(crate) fn random_fraction() -> f64 {
    let bytes = random::<4>().unwrap_or_default();
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}
