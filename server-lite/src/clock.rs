//! The one place that reads the clock and makes random text.

use data_encoding::BASE32_NOPAD;

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Random bytes of the operating system. Without them nothing here is safe, so
/// the caller has to give up what it was doing.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// Random text of letters and digits in lower case: 80 bits.
pub(crate) fn random_id() -> Result<String, RandomError> {
    Ok(BASE32_NOPAD.encode(&random::<10>()?).to_lowercase())
}

/// Random text of letters and digits in lower case: 160 bits, for what must not be guessed.
pub(crate) fn random_secret() -> Result<String, RandomError> {
    Ok(BASE32_NOPAD.encode(&random::<20>()?).to_lowercase())
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomError;
