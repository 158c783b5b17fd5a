//! What has happened, for people and for the comparison of two runs.

use std::fmt::Write as _;

use super::link::Direction;

/// A trace: always its hash, and its lines if somebody wants to read them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<String>,
}

impl Trace {
    /// A trace that can be read.
    pub(crate) fn readable() -> Self {
        Self {
            hash: 0,
            lines: Some(String::new()),
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn lines(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }

    fn add(&mut self, bytes: &[u8]) {
        // FNV-1a: only whether two runs differ.
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn line(&mut self, at_ms: u64, what: &str) {
        self.add(&at_ms.to_le_bytes());
        self.add(what.as_bytes());
        if let Some(lines) = &mut self.lines {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{:>9.3} {what}", seconds(at_ms));
        }
    }

    pub(super) fn bytes(&mut self, at_ms: u64, device: &str, way: Direction, bytes: &[u8]) {
        self.add(&at_ms.to_le_bytes());
        self.add(bytes);
        if let Some(lines) = &mut self.lines {
            let arrow = match way {
                Direction::Up => ">",
                Direction::Down => "<",
            };
            let text = String::from_utf8_lossy(bytes);
            let _ = writeln!(lines, "{:>9.3} {device} {arrow} {text}", seconds(at_ms));
        }
    }
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}
