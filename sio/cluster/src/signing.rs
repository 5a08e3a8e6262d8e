//! [`Signing`]: signs what a process sends, and refuses what nobody has signed who knows the secret.
//!
//! Three things keep a message from being shown again. The numbers of lanes tell repeats, for as long as a node is
//! remembered that is not heard any more. Messages that tell only of a node have no number: of those, one that was
//! signed before another that has come is a repeat. And what was signed longer ago than [`WINDOW`], which is half as
//! long as nodes are remembered, is refused.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sio_core::cluster::frame::Header;
use sio_core::cluster::lane::MAX_SOURCES;
use sio_core::cluster::node::NodeId;
use sio_core::cluster::signature::{Secret, is_signed};
use tokio::time::Instant;

use crate::counters::Counters;
use crate::error::OptionsError;
use crate::names::{Names, Topic};

/// How far the clocks of processes may be apart, with the time that a message takes.
pub(crate) const WINDOW: Duration = Duration::from_secs(300);

/// Stamps that are remembered: of each node that is, one of what it sends to all and one of what it sends to this one.
const MAX_STAMPS: usize = 2 * MAX_SOURCES;

/// Between two log lines about what is refused.
const QUIET: Duration = Duration::from_secs(60);

/// The secrets of a process, as its options have them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    /// Signs.
    first: Option<Result<Secret, TooShort>>,
    /// Is accepted as well.
    second: Option<Result<Secret, TooShort>>,
    accepts_unsigned: bool,
}

/// A secret that is none.
#[derive(Debug, Clone, Copy)]
struct TooShort;

/// Signs and judges the messages of a process.
pub(crate) struct Signing {
    names: Names,
    first: Secret,
    second: Option<Secret>,
    accepts_unsigned: bool,
    /// The stamp of the last message that was signed: each has a later one.
    signed: AtomicU64,
    counters: Arc<Counters>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When the last message of a node was signed that tells of the node itself, and whether it came to all. Those to
    /// one node may overtake others.
    stamps: HashMap<(NodeId, bool), u64>,
    /// When something refused was logged last.
    warned: Option<Instant>,
}

/// How a message is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be taken.
    Taken,
    /// It tells what a later one has told already.
    Repeat,
    /// It changes nothing.
    Refused,
}

impl Secrets {
    pub(crate) fn set_first(&mut self, secret: &[u8]) {
        self.first = Some(Secret::new(secret).ok_or(TooShort));
    }

    pub(crate) fn set_second(&mut self, secret: &[u8]) {
        self.second = Some(Secret::new(secret).ok_or(TooShort));
    }

    pub(crate) const fn set_accepts_unsigned(&mut self, accepts_unsigned: bool) {
        self.accepts_unsigned = accepts_unsigned;
    }

    /// Makes what signs; `None` if there is no secret.
    pub(crate) fn signing(
        &self,
        names: &Names,
        counters: &Arc<Counters>,
    ) -> Result<Option<Signing>, OptionsError> {
        let long_enough = |secret: &Option<Result<Secret, TooShort>>| secret.clone().transpose();
        let too_short = |TooShort| OptionsError::Secret;
        let first = long_enough(&self.first).map_err(too_short)?;
        let second = long_enough(&self.second).map_err(too_short)?;
        let Some(first) = first else {
            // A process that was meant to sign must not run without it.
            let is_meant = second.is_some() || self.accepts_unsigned;
            return if is_meant { Err(OptionsError::NoSecret) } else { Ok(None) };
        };
        Ok(Some(Signing {
            names: names.clone(),
            first,
            second,
            accepts_unsigned: self.accepts_unsigned,
            signed: AtomicU64::new(0),
            counters: Arc::clone(counters),
            seen: Mutex::default(),
        }))
    }
}

impl Signing {
    /// Returns the signed copy of a message that goes to this topic.
    pub(crate) fn sign(&self, topic: &Topic, message: &[u8]) -> Bytes {
        self.first.sign(&self.names.of(topic), self.next_stamp(), message).into()
    }

    /// Judges a message that has come under this topic.
    pub(crate) fn judge(&self, topic: &Topic, message: &[u8]) -> Verdict {
        self.judge_at(topic, message, wall_clock())
    }

    fn judge_at(&self, topic: &Topic, message: &[u8], now: u64) -> Verdict {
        if self.accepts_unsigned && !is_signed(message) {
            return Verdict::Taken;
        }
        let name = self.names.of(topic);
        let stamp = self
            .first
            .stamp(&name, message)
            .or_else(|| self.second.as_ref().and_then(|second| second.stamp(&name, message)));
        let Some(stamp) = stamp else {
            return self.refuse(if is_signed(message) {
                "its signature is wrong"
            } else {
                "it is not signed"
            });
        };
        if !is_near(now, stamp) {
            return self.refuse("it was signed more than five minutes ago, or the clocks are that far apart");
        }
        match Header::read(message) {
            Ok((header, _)) if !header.kind.is_numbered() => {
                self.judge_stamp(header.source, *topic == Topic::All, stamp, now)
            }
            _ => Verdict::Taken,
        }
    }

    fn judge_stamp(&self, source: NodeId, is_to_all: bool, stamp: u64, now: u64) -> Verdict {
        let stamps = &mut self.seen.lock().unwrap_or_else(PoisonError::into_inner).stamps;
        if stamps.len() >= MAX_STAMPS && !stamps.contains_key(&(source, is_to_all)) {
            // A message as old as these is refused for its age. Only who knows the secret can make more of them.
            stamps.retain(|_, stamp| is_near(now, *stamp));
            if stamps.len() >= MAX_STAMPS {
                stamps.clear();
            }
        }
        let last = stamps.entry((source, is_to_all)).or_default();
        if stamp <= *last {
            self.counters.repeats(1);
            return Verdict::Repeat;
        }
        *last = stamp;
        Verdict::Taken
    }

    fn refuse(&self, reason: &str) -> Verdict {
        self.counters.forged(1);
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.warned.is_none_or(|last| now.duration_since(last) >= QUIET) {
            seen.warned = Some(now);
            drop(seen);
            let prefix = self.names.prefix();
            tracing::warn!(
                target: "sio::cluster",
                prefix, reason,
                refused = self.counters.read().forged,
                "refused a message at the broker; have all nodes and emitters the same secret?"
            );
        }
        Verdict::Refused
    }

    fn next_stamp(&self) -> u64 {
        let now = wall_clock();
        let later = |last: u64| Some(now.max(last + 1));
        // Whatever becomes of the clock.
        self.signed.fetch_update(Relaxed, Relaxed, later).map_or(now, |last| now.max(last + 1))
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing").field("accepts_unsigned", &self.accepts_unsigned).finish_non_exhaustive()
    }
}

/// Returns whether a message may have been signed at this time.
const fn is_near(now: u64, stamp: u64) -> bool {
    now.abs_diff(stamp) as u128 <= WINDOW.as_micros()
}

/// The time of day, in microseconds.
fn wall_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
