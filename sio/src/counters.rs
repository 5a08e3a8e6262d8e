//! Counters of what happens in a server, for its metrics.
//!
//! They are plain atomics, one for each thing that is counted, and none is found by a name that a client has chosen: so
//! counting costs a few instructions, and there are as many counters as the program's text has namespaces and events.
//! The words for them are in [`observe::metrics`](crate::observe::metrics).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use sio_core::engine::config::TransportKind;
use sio_core::engine::session::CloseReason;

use crate::consumer::EventInfo;

/// A counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The upper bounds of the classes of durations. Those beyond the last are in none of them.
pub(crate) const BOUNDS: [Duration; 12] = [
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// How many outcomes an event can have: those of [`Outcome`](crate::observe::Outcome).
pub(crate) const OUTCOMES: usize = 9;

/// How many reasons for a refusal there are: those of [`RefusedReason`](crate::observe::RefusedReason).
pub(crate) const REFUSALS: usize = 12;

/// How many reasons for the end of a session there are.
pub(crate) const CLOSINGS: usize = 8;

/// The counters of one transport.
#[derive(Debug, Default)]
pub(crate) struct TransportCounters {
    /// Sessions that were opened with it.
    pub(crate) opened: Count,
    /// Sessions that have come to it, at their beginning or by an upgrade, and those that have left it.
    pub(crate) came: Count,
    pub(crate) went: Count,
    pub(crate) received_packets: Count,
    pub(crate) received_bytes: Count,
    pub(crate) sent_packets: Count,
    pub(crate) sent_bytes: Count,
}

/// The transports that this program has.
pub(crate) const TRANSPORTS: &[TransportKind] = &[
    TransportKind::Polling,
    TransportKind::WebSocket,
    #[cfg(feature = "webtransport")]
    TransportKind::WebTransport,
];

/// The counters of a server.
#[derive(Debug)]
pub(crate) struct Counters {
    by_transport: [TransportCounters; 3],
    pub(crate) closed: [Count; CLOSINGS],
    pub(crate) upgraded: Count,
    pub(crate) upgrades_timed_out: Count,
    pub(crate) upgrades_failed: Count,
    pub(crate) refused: [Count; REFUSALS],
    /// By the namespaces of consumers, and `/`.
    pub(crate) namespaces: Vec<Arc<NamespaceCounters>>,
}

impl Counters {
    /// Makes the counters for consumers of these namespaces and events, and for the events that are declared to be sent
    /// in a namespace. `is_precise`: all handlers are timed.
    pub(crate) fn new(
        consumers: impl Iterator<Item = (&'static str, &'static [EventInfo])>,
        declared: impl Fn(&str) -> Vec<&'static str>,
        is_precise: bool,
    ) -> Self {
        let counters = |pattern, events| {
            let declared = declared(pattern);
            Arc::new(NamespaceCounters::new(pattern, events, declared, is_precise))
        };
        let mut namespaces: Vec<_> = consumers.map(|(pattern, events)| counters(pattern, events)).collect();
        if namespaces.iter().all(|one| one.pattern != "/") {
            namespaces.push(counters("/", &[]));
        }
        Self {
            by_transport: Default::default(),
            closed: Default::default(),
            upgraded: Count::default(),
            upgrades_timed_out: Count::default(),
            upgrades_failed: Count::default(),
            refused: Default::default(),
            namespaces,
        }
    }

    /// Returns the counters of a consumer's namespace.
    pub(crate) fn namespace(&self, pattern: &str) -> Option<Arc<NamespaceCounters>> {
        self.namespaces.iter().find(|one| one.pattern == pattern).cloned()
    }

    pub(crate) fn of(&self, transport: TransportKind) -> &TransportCounters {
        &self.by_transport[transport as usize]
    }

    pub(crate) fn session_opened(&self, transport: TransportKind) {
        self.of(transport).opened.add(1);
        self.of(transport).came.add(1);
    }

    pub(crate) fn session_upgraded(&self, to: TransportKind) {
        self.upgraded.add(1);
        self.of(TransportKind::Polling).went.add(1);
        self.of(to).came.add(1);
    }

    pub(crate) fn session_closed(&self, transport: TransportKind, reason: CloseReason) {
        self.of(transport).went.add(1);
        self.closed[reason as usize].add(1);
    }
}

/// The counters of the namespaces that one consumer serves.
#[derive(Debug)]
pub(crate) struct NamespaceCounters {
    pub(crate) pattern: &'static str,
    pub(crate) events: &'static [EventInfo],
    /// The events that are declared to be sent, without those that are handled as well.
    pub(crate) declared: Box<[&'static str]>,
    /// Handlers that are ready at once are timed too.
    pub(crate) is_precise: bool,
    pub(crate) accepted: Count,
    pub(crate) refused: Count,
    pub(crate) failed: Count,
    pub(crate) left: Count,
    pub(crate) acks_answered: Count,
    pub(crate) acks_given_up: Count,
    pub(crate) acks_disconnected: Count,
    /// One for each of `events`, one for each of `declared`, and one for all others.
    pub(crate) by_event: Box<[EventCounters]>,
}

/// The counters of one event.
#[derive(Debug, Default)]
pub(crate) struct EventCounters {
    pub(crate) outcomes: [Count; OUTCOMES],
    /// Handlers that were not ready at once, by how long they took.
    pub(crate) took: [Count; BOUNDS.len()],
    /// All of them, those that took longer than the last bound included.
    pub(crate) timed: Count,
    pub(crate) nanos: Count,
    pub(crate) sent: Count,
    pub(crate) recipients: Count,
}

impl NamespaceCounters {
    fn new(
        pattern: &'static str,
        events: &'static [EventInfo],
        mut declared: Vec<&'static str>,
        is_precise: bool,
    ) -> Self {
        declared.retain(|name| !is_handled(events, name));
        let by_event = (0..=events.len() + declared.len()).map(|_| EventCounters::default()).collect();
        Self {
            pattern,
            events,
            declared: declared.into(),
            is_precise,
            accepted: Count::default(),
            refused: Count::default(),
            failed: Count::default(),
            left: Count::default(),
            acks_answered: Count::default(),
            acks_given_up: Count::default(),
            acks_disconnected: Count::default(),
            by_event,
        }
    }

    /// Returns the place of an event of a client by its name: that of all others for one that the consumer does not name.
    pub(crate) fn place(&self, name: &str) -> usize {
        self.handled_place(name).unwrap_or_else(|| self.others())
    }

    /// Returns the place of an event that is sent, by its name: that of all others for one that the program neither handles
    /// nor declares.
    pub(crate) fn sent_place(&self, name: &str) -> usize {
        let declared = || self.declared.iter().position(|declared| *declared == name);
        let place = self.handled_place(name).or_else(|| Some(self.events.len() + declared()?));
        place.unwrap_or_else(|| self.others())
    }

    fn handled_place(&self, name: &str) -> Option<usize> {
        self.events.iter().position(|event| !event.fallback && event.name == name)
    }

    fn others(&self) -> usize {
        self.by_event.len() - 1
    }

    /// Counts an event that has come to its end. `took`: how long, if its handler was not ready at once.
    pub(crate) fn handled(&self, place: usize, outcome: usize, took: Option<Duration>) {
        let event = self.by_event.get(place).unwrap_or_else(|| &self.by_event[self.others()]);
        event.outcomes[outcome].add(1);
        if let Some(took) = took {
            event.time(took);
        }
    }

    /// Counts an event that has been sent to so many.
    pub(crate) fn sent(&self, place: usize, recipients: usize) {
        let event = &self.by_event[place];
        event.sent.add(1);
        event.recipients.add(recipients);
    }
}

fn is_handled(events: &[EventInfo], name: &str) -> bool {
    events.iter().any(|event| !event.fallback && event.name == name)
}

impl EventCounters {
    #[cold]
    fn time(&self, took: Duration) {
        if let Some(class) = BOUNDS.iter().position(|bound| took <= *bound) {
            self.took[class].add(1);
        }
        self.timed.add(1);
        self.nanos.add(usize::try_from(took.as_nanos()).unwrap_or(usize::MAX));
    }
}
