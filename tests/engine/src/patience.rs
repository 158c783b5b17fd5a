//! How long devices wait, and how long a test waits for them.

use std::time::Duration;

use engine::Timeouts;

/// Longest wait for something that has to happen, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What devices are told if nothing else matters: connect again at once, and
/// bear a machine that is busy.
pub const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(20),
    head_start: Duration::from_millis(250),
    answer: Duration::from_secs(20),
    idle: Duration::from_secs(60),
    backoff: Duration::from_millis(20),
    max_backoff: Duration::from_millis(200),
    keyring: Duration::from_secs(20),
};

/// For dozens of cuts: no growing pauses.
pub const HASTY: Timeouts = Timeouts {
    backoff: Duration::from_millis(10),
    max_backoff: Duration::from_millis(20),
    ..TIMEOUTS
};

/// For faults that only a clock can find: soon, but not so soon that a busy
/// machine looks like one.
pub const IMPATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(4),
    answer: Duration::from_secs(4),
    idle: Duration::from_secs(2),
    ..TIMEOUTS
};
