//! The state of a client that moves to another node, and of one that has come from there.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::ConnectionState;
use super::log::Log;
use crate::engine::session;
use crate::transport::outgoing::Entry;

/// How long an event may take to come by another way. Nodes hold events for no longer than a minute.
const DETOUR: Duration = Duration::from_secs(60);

/// Offsets that a client takes along, besides those of its log.
const MAX_GIVEN: usize = 4096;

/// Events since the client has come of which copies are known.
const MAX_SINCE: usize = 256;

/// From where on a client that moves needs its events.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// Behind the event of this offset, which it has told; without one from the beginning.
    Offset(Option<u64>),
    /// That is not known yet: as many as there are.
    Unknown,
}

/// The record of a client's events, to go to another node.
#[derive(Debug)]
pub(crate) struct Given {
    /// The offset of the event in front of the first.
    pub(crate) after: Option<u64>,
    pub(crate) events: Vec<(u64, Entry)>,
    /// The offsets of events before that.
    pub(crate) seen: Vec<u64>,
}

/// Offsets of events that may come twice.
#[derive(Debug)]
pub(super) struct Seen {
    /// Those that the client had at the other node, or on its way; nodes tell of them for some seconds at most.
    before: HashSet<u64>,
    until: Instant,
    /// The last ones since then: of what is sent to its id alone, a copy comes by the node that had made the id.
    since: VecDeque<u64>,
}

impl Seen {
    fn new(now: Instant) -> Self {
        Self { before: HashSet::new(), until: now + DETOUR, since: VecDeque::new() }
    }

    /// False if it was known.
    pub(super) fn insert(&mut self, offset: u64, now: Instant) -> bool {
        if now > self.until {
            self.before = HashSet::new();
        }
        // From the end: a copy comes soon.
        if self.before.contains(&offset) || self.since.iter().rev().any(|seen| *seen == offset) {
            return false;
        }
        if self.since.len() >= MAX_SINCE {
            self.since.pop_front();
        }
        self.since.push_back(offset);
        true
    }
}

impl ConnectionState {
    /// Takes out what the client needs at another node. It cannot come back here any more, and nothing is kept for it
    /// here. `None` if that was so before, or a part of what it needs is not known any more.
    pub(crate) fn give(&self, from: From) -> Option<Given> {
        let mut inner = self.lock();
        inner.holder.take()?;
        inner.missed = Vec::new();
        let mut given = inner.log.give(from)?;
        // Events that it had got before it came here may still be on their way.
        if let Some(seen) = inner.seen.take() {
            let Seen { before, since, .. } = *seen;
            given.seen.extend(before.into_iter().chain(since).take(MAX_GIVEN));
        }
        Some(given)
    }

    /// Remembers what the client has had before it is forgotten here: other nodes may not have received it yet.
    pub(crate) fn remember(&self) {
        let mut inner = self.lock();
        let now = session::now();
        let offsets: Vec<u64> = inner.log.offsets().collect();
        let seen = inner.seen.get_or_insert_with(|| Box::new(Seen::new(now)));
        seen.until = now + DETOUR;
        seen.before.extend(offsets);
    }

    /// Takes what has come from another node.
    pub(crate) fn fill(&self, given: Given) {
        let mut inner = self.lock();
        let now = session::now();
        let mut seen = Box::new(Seen::new(now));
        inner.log.begin_after(given.after);
        let known = given.seen.into_iter().chain(given.after);
        for (offset, entry) in given.events {
            // The client has not confirmed it, whatever else is known of it.
            if seen.before.insert(offset) {
                inner.log.push(offset, entry, now);
            }
        }
        seen.before.extend(known);
        inner.seen = Some(seen);
    }

    /// Keeps an event that the client may have missed on its way.
    pub(crate) fn add(&self, offset: u64, entry: Entry) {
        let mut inner = self.lock();
        if inner.seen.as_mut().is_none_or(|seen| seen.before.insert(offset)) {
            inner.log.push(offset, entry, session::now());
        }
    }
}

impl Log {
    fn give(&mut self, from: From) -> Option<Given> {
        let all: Vec<u64> = self.offsets().collect();
        let (after, count) = match from {
            From::Unknown => (self.forgotten(), all.len()),
            From::Offset(offset) => (offset, self.resume(offset)?.len()),
        };
        let seen = all[..all.len() - count].to_vec();
        Some(Given { after, events: self.events().collect(), seen })
    }
}
