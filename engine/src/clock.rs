//! The one place that reads the time and makes random text.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api::{ApiError, ErrorCode};

/// Where an engine has its time and its chance from: the system, or a test that
/// has to be the same each time.
pub trait TimeSource: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
    /// Fills a buffer with chance, for ids of messages and for jitter. Keys and
    /// nonces never come from here.
    fn fill(&self, bytes: &mut [u8]);
}

struct System;

impl TimeSource for System {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn fill(&self, bytes: &mut [u8]) {
        // Without chance, ids would repeat and messages be taken for others:
        // the time is better than nothing, and never the same.
        if getrandom::fill(bytes).is_err() {
            let now = jiff::Timestamp::now().as_nanosecond().to_le_bytes();
            for (byte, part) in bytes.iter_mut().zip(now.iter().cycle()) {
                *byte = *part;
            }
        }
    }
}

/// The clock of an engine. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn TimeSource>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(System))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// A clock of one's own.
    #[must_use]
    pub fn new(source: Arc<dyn TimeSource>) -> Self {
        Self(source)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }

    /// Random text of 120 bits, fit for ids.
    pub(crate) fn random_id(&self) -> String {
        let mut bytes = [0; 15];
        self.0.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A random number from 0 up to, not including, 1.
    pub(crate) fn random_fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Milliseconds since the Unix epoch.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// How far the local time is from UTC at a moment, in seconds eastwards.
pub(crate) fn utc_offset_s(at_ms: i64) -> i32 {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or(0, |at| jiff::tz::TimeZone::system().to_offset(at).seconds())
}

/// Now, for documents with a validity.
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Random bytes of the operating system, for keys and nonces.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))?;
    Ok(bytes)
}

/// Random text of 120 bits, fit for nonces.
pub(crate) fn random_id() -> Result<String, ApiError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<15>()?))
}
