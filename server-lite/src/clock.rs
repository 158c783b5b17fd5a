//! The one place that reads the clock and makes random text.

use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD};

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

/// Id of a message in an archive (XEP-0359): cannot be guessed, and grows with
/// time, so that new ones are neighbours in an index.
pub(crate) fn archive_id() -> Result<String, RandomError> {
    let mut bytes = [0; 15];
    let (time, rest) = bytes.split_at_mut(5);
    // A hundred years in units of 4 ms.
    let ticks = (now_ms() >> 2).to_be_bytes();
    for (to, from) in time.iter_mut().zip(ticks.iter().skip(3)) {
        *to = *from;
    }
    rest.copy_from_slice(&random::<10>()?);
    Ok(BASE32HEX_NOPAD.encode(&bytes).to_lowercase())
}

/// Random text of letters and digits in lower case: 160 bits, for what must not be guessed.
pub(crate) fn random_secret() -> Result<String, RandomError> {
    Ok(BASE32_NOPAD.encode(&random::<20>()?).to_lowercase())
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomError;
