//! The deadlines of a session's heartbeat. The picture is in [`session`](super::session).

use std::time::{Duration, Instant};

use super::config::SessionConfig;

/// Whose turn it is, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heartbeat {
    /// The next ping goes out at this instant.
    Due(Instant),
    /// A ping was queued; the pong, or in revision 3 the client's next ping, has to be there by this instant.
    Sent(Instant),
    /// The same, and the server does not read: so much is left.
    Held(Duration),
}

/// How late timers are when a machine is busy. A client's own count begins with the handshake and has no such
/// delays in it, so that a ping which is late by no more than this is taken to have been queued in time.
const TIMER_DELAY: Duration = Duration::from_millis(50);

/// Returns when a ping that was due `at` counts as queued. Never takes more than a quarter of the client's time;
/// half of it where nobody waited to take the ping, since the delay then kept it from nobody.
pub(super) fn queued_at(at: Instant, now: Instant, ping_timeout: Duration, is_awaited: bool) -> Instant {
    let tolerated = if is_awaited { TIMER_DELAY.min(ping_timeout / 4) } else { ping_timeout / 2 };
    if now.saturating_duration_since(at) <= tolerated { at } else { now }
}

/// The instant by which a client of revision 3 that has just been heard has to ping.
pub(super) fn ping_of_client_by(config: &SessionConfig, now: Instant) -> Instant {
    later(now, config.ping_interval.saturating_add(config.ping_timeout))
}

/// Adds without overflow: options may be as large as `Duration::MAX`, which means never.
pub(super) fn later(now: Instant, wait: Duration) -> Instant {
    /// Thirty years: no process lives as long, and every platform can represent it.
    const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now.checked_add(wait).unwrap_or_else(|| now + NEVER)
}
