//! How much a client may ask for, and how long it may take.

use std::time::Duration;

/// What a listener's clients may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body of a request, in bytes.
    pub body_bytes: usize,
    /// Most connections at a time; more wait until one ends.
    pub connections: usize,
}

/// What anybody may ask for.
pub const PUBLIC_LIMITS: Limits = Limits { body_bytes: 1024 * 1024, connections: 16_384 };
/// What commands of the file's owner may ask for: whole files of sales.
#[cfg(unix)]
pub const CONTROL_LIMITS: Limits = Limits { body_bytes: 4 * 1024 * 1024 * 1024, connections: 256 };

/// Largest head of a request, in bytes, and most fields in it.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
pub const MAX_HEAD_FIELDS: usize = 100;
/// How many times larger heads may be that are read at all: up to there the refusal is in the log and says what is wrong,
/// past it the connection ends.
pub const READ_HEAD_TIMES: usize = 4;
/// How long the head of a request may take.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the body of a request may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a body that is refused is read on, in bytes, and for how long.
pub const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;
pub const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long connections have to finish when the server stops.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait after the system had no more sockets to give.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
