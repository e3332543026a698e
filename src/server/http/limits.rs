//! The limits for clients: sizes, numbers and times.

use std::time::Duration;

/// The limits for the clients of one listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body of a request, in bytes.
    pub body_bytes: usize,
    /// Most connections at a time; further ones wait until one ends.
    pub connections: usize,
}

/// Limits for clients over the network.
pub const PUBLIC_LIMITS: Limits = Limits { body_bytes: 1024 * 1024, connections: 16_384 };
/// Limits for commands of the file's owner, which send whole files of sales.
#[cfg(unix)]
pub const CONTROL_LIMITS: Limits = Limits { body_bytes: 4 * 1024 * 1024 * 1024, connections: 256 };

/// Longest address and headers of a request, in bytes in all, and most headers.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
pub const MAX_HEAD_FIELDS: usize = 100;
/// Heads up to so many times this size are read, so that the log has the refusal and the client the reason; beyond it the
/// connection is closed.
pub const READ_HEAD_TIMES: usize = 4;
/// Time limit for receiving the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for receiving the body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest body that is read into a file, in bytes, and the time limits for all of it and for its next piece.
pub const MAX_LONG_BODY_BYTES: u64 = 1024 * 1024 * 1024;
pub const LONG_BODY_TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of the disk that such bodies leave free.
pub const SPARED_DISK_BYTES: u64 = 1024 * 1024 * 1024;
/// Time limit for a client to take some of its answer.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a body that are counted at a time as held in memory.
pub const HELD_AT_A_TIME: usize = 16 * 1024;
/// How much of a refused body is read and discarded, in bytes, and for how long.
pub const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;
pub const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long open connections may take to finish when the server stops.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the next attempt when the system has no more sockets.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
