//! The numbers of a server, put together when somebody asks.

use std::collections::BTreeMap;
use std::sync::Weak;

use super::{Server, ServerInner};
use crate::counters::{Count, Counters, EventCounters, NamespaceCounters, TRANSPORTS, TransportCounters};
use crate::engine::{CloseReason, TransportKind};
use crate::http::MetricsPage;
use crate::observe::metrics::{CLOSING_LABELS, OUTCOME_LABELS, REFUSAL_LABELS};
use crate::observe::{Family, Metric, Sample, Snapshot};

/// The path at which the metrics of a server are read.
pub(crate) fn at(path: String, server: Weak<ServerInner>) -> MetricsPage {
    let snapshot = move || server.upgrade().map_or_else(|| Snapshot::new(Vec::new()), |inner| gather(&inner));
    MetricsPage { path, text: Box::new(move || snapshot().openmetrics()) }
}

impl Server {
    /// Returns what the server has counted, and how it is now. Without [`Builder::metrics`](crate::Builder::metrics)
    /// there is nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// # fn main() -> Result<(), sio::error::BuildError> {
    /// let server = Server::builder().metrics(true).build()?;
    /// let metrics = server.metrics();
    /// assert_eq!(metrics.value("sio_sessions_open", &[("transport", "polling")]), 0.0);
    /// assert!(metrics.openmetrics().ends_with("# EOF\n"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Snapshot {
        gather(&self.inner)
    }
}

fn gather(server: &ServerInner) -> Snapshot {
    let Some(counters) = server.reception.counters.as_deref() else { return Snapshot::new(Vec::new()) };
    let mut families = sessions(counters);
    families.extend(namespaces(counters));
    families.extend(now(server, counters));
    #[cfg(feature = "cluster")]
    families.extend(server.cluster.iter().flat_map(|cluster| of_cluster(&cluster.node.status())));
    Snapshot::new(families)
}

fn sessions(counters: &Counters) -> Vec<Family> {
    let by_transport = |read: fn(&TransportCounters) -> u64| {
        let sample =
            |kind: &TransportKind| Sample::new(&[("transport", kind.as_str())], read(counters.of(*kind)));
        TRANSPORTS.iter().map(sample).collect::<Vec<_>>()
    };
    let open = |one: &TransportCounters| one.came.get().saturating_sub(one.went.get());
    let with = |label, labels: &'static [&'static str], counts: &[Count]| -> Vec<_> {
        labels.iter().zip(counts).map(|(word, count)| Sample::new(&[(label, *word)], count.get())).collect()
    };
    let upgrades = [
        ("done", &counters.upgraded),
        ("timed_out", &counters.upgrades_timed_out),
        ("failed", &counters.upgrades_failed),
    ]
    .map(|(word, count)| Sample::new(&[("outcome", word)], count.get()));
    let slow = counters.closed[CloseReason::SlowClient as usize].get();
    vec![
        Family::new("sio_sessions_open", "Sessions that are open.", Metric::Gauge, by_transport(open)),
        Family::new(
            "sio_sessions",
            "Sessions that were opened, by their first transport.",
            Metric::Counter,
            by_transport(|one| one.opened.get()),
        ),
        Family::new(
            "sio_sessions_closed",
            "Sessions that have ended.",
            Metric::Counter,
            with("reason", &CLOSING_LABELS, &counters.closed),
        ),
        Family::new(
            "sio_session_upgrades",
            "Upgrades from polling to another transport.",
            Metric::Counter,
            upgrades,
        ),
        Family::new(
            "sio_requests_refused",
            "Requests that were refused.",
            Metric::Counter,
            with("reason", &REFUSAL_LABELS, &counters.refused),
        ),
        Family::new(
            "sio_slow_clients",
            "Clients that were disconnected because they did not take what was sent to them.",
            Metric::Counter,
            [Sample::new(&[], slow)],
        ),
        Family::new(
            "sio_received_bytes",
            "Bytes of the messages of clients.",
            Metric::Counter,
            by_transport(|one| one.received_bytes.get()),
        ),
        Family::new(
            "sio_sent_bytes",
            "Bytes of the packets that were sent to clients; over WebSocket as compressed as they were.",
            Metric::Counter,
            by_transport(|one| one.sent_bytes.get()),
        ),
    ]
}

/// Reads one of the counters of a namespace.
type Read = fn(&NamespaceCounters) -> u64;

fn namespaces(counters: &Counters) -> Vec<Family> {
    let by_namespace = |read: Read| -> Vec<_> {
        let all = counters.namespaces.iter();
        all.map(|one| Sample::new(&[("namespace", one.pattern)], read(one))).collect()
    };
    let words = |label: &'static str, words: [(&'static str, Read); 3]| -> Vec<_> {
        let all = counters.namespaces.iter();
        let samples = all.flat_map(|one| {
            words.map(|(word, read)| Sample::new(&[("namespace", one.pattern), (label, word)], read(one)))
        });
        samples.collect()
    };
    let received = each_handled(counters, |labels, event| {
        let outcomes = OUTCOME_LABELS.iter().zip(&event.outcomes);
        let samples = outcomes
            .map(|(outcome, count)| Sample::new(&[labels[0], labels[1], ("outcome", *outcome)], count.get()));
        samples.collect()
    });
    vec![
        Family::new(
            "sio_sockets_open",
            "Sockets that are connected.",
            Metric::Gauge,
            by_namespace(|one| one.accepted.get().saturating_sub(one.left.get())),
        ),
        Family::new(
            "sio_sockets",
            "Clients that wanted to enter a namespace.",
            Metric::Counter,
            words(
                "outcome",
                [
                    ("accepted", |one| one.accepted.get()),
                    ("refused", |one| one.refused.get()),
                    ("failed", |one| one.failed.get()),
                ],
            ),
        ),
        Family::new("sio_events_received", "Events of clients that have ended.", Metric::Counter, received),
        Family::new(
            "sio_event_duration_seconds",
            "How long handlers took.",
            Metric::Histogram,
            each_handled(counters, |labels, event| vec![Sample::durations(labels, event)]),
        ),
        Family::new(
            "sio_events_sent",
            "Events that were sent, once for a broadcast.",
            Metric::Counter,
            each_sent(counters, |event| event.sent.get()),
        ),
        Family::new(
            "sio_event_recipients",
            "Sockets of this node to which those events went.",
            Metric::Counter,
            each_sent(counters, |event| event.recipients.get()),
        ),
        Family::new(
            "sio_acks",
            "Acknowledgements that the server has waited for.",
            Metric::Counter,
            words(
                "outcome",
                [
                    ("answered", |one| one.acks_answered.get()),
                    ("timed_out", |one| one.acks_given_up.get()),
                    ("disconnected", |one| one.acks_disconnected.get()),
                ],
            ),
        ),
    ]
}

/// The samples of each event that a consumer handles, and of all others together.
fn each_handled(
    counters: &Counters,
    samples: impl Fn(&Labels, &EventCounters) -> Vec<Sample>,
) -> Vec<Sample> {
    let named = |one: &NamespaceCounters| named(one).collect();
    each_event(counters, named, samples)
}

/// The same of each event that is handled or declared to be sent.
fn each_sent(counters: &Counters, read: fn(&EventCounters) -> u64) -> Vec<Sample> {
    let named = |one: &NamespaceCounters| {
        let declared = one.declared.iter().copied().zip(one.events.len()..);
        named(one).chain(declared).collect()
    };
    each_event(counters, named, |labels, event| vec![Sample::new(labels, read(event))])
}

/// The labels of an event: its namespace and its name.
type Labels = [(&'static str, &'static str); 2];

/// The events that a consumer handles, with their places.
fn named(one: &NamespaceCounters) -> impl Iterator<Item = (&'static str, usize)> {
    let events = one.events.iter().enumerate().filter(|(_, info)| !info.fallback);
    events.map(|(place, info)| (info.name, place))
}

fn each_event(
    counters: &Counters,
    named: impl Fn(&NamespaceCounters) -> Vec<(&'static str, usize)>,
    samples: impl Fn(&Labels, &EventCounters) -> Vec<Sample>,
) -> Vec<Sample> {
    let mut all = Vec::new();
    for one in &counters.namespaces {
        let named = named(one).into_iter().map(|(name, place)| (name, &one.by_event[place]));
        for (name, event) in named.chain(one.by_event.last().map(|event| ("other", event))) {
            all.extend(samples(&[("namespace", one.pattern), ("event", name)], event));
        }
    }
    all
}

/// The sizes of queues and the like, summed up now.
fn now(server: &ServerInner, counters: &Counters) -> Vec<Family> {
    // By pattern: each namespace is looked at once, however many of them a pattern has.
    let mut sizes: BTreeMap<_, _> = counters.namespaces.iter().map(|one| (one.pattern, (0, 0))).collect();
    for door in server.reception.namespaces.all() {
        if let Some(of_pattern) = door.counters().and_then(|one| sizes.get_mut(one.pattern)) {
            let (rooms, parked) = door.hub.sizes();
            *of_pattern = (of_pattern.0 + rooms, of_pattern.1 + parked);
        }
    }
    let by_namespace = |read: fn((usize, usize)) -> usize| {
        let read = |pattern: &str| sizes.get(pattern).copied().map_or(0, read);
        let patterns = counters.namespaces.iter().map(|one| one.pattern);
        patterns
            .map(|pattern| Sample::new(&[("namespace", pattern)], read(pattern) as u64))
            .collect::<Vec<_>>()
    };
    let gauge =
        |name, help, value: usize| Family::new(name, help, Metric::Gauge, [Sample::new(&[], value as u64)]);
    vec![
        gauge("sio_queued_bytes", "Bytes that wait to be sent to clients.", server.engine.queued_bytes()),
        Family::new(
            "sio_rooms",
            "Rooms in which somebody is, without those of single sockets.",
            Metric::Gauge,
            by_namespace(|(rooms, _)| rooms),
        ),
        Family::new(
            "sio_parked_sockets",
            "Clients that are away and may come back.",
            Metric::Gauge,
            by_namespace(|(_, parked)| parked),
        ),
        gauge(
            "sio_draining",
            "1 once the server has begun to stop.",
            usize::from(!server.shutdown.is_running()),
        ),
    ]
}

#[cfg(feature = "cluster")]
fn of_cluster(status: &sio_cluster::Status) -> Vec<Family> {
    let counts = status.counts;
    let frames = [
        ("sent", counts.sent),
        ("received", counts.received),
        ("resent", counts.resent),
        ("held_dropped", counts.held_dropped),
        ("queue_dropped", counts.queue_dropped),
        ("volatile_dropped", counts.volatile_dropped),
        ("sink_dropped", counts.sink_dropped),
        ("repeated", counts.repeats),
        ("lost", counts.lost),
        ("malformed", counts.malformed),
        ("forged", counts.forged),
        ("unknown", counts.unknown),
    ];
    let gauge =
        |name, help, value: usize| Family::new(name, help, Metric::Gauge, [Sample::new(&[], value as u64)]);
    let counter = |name, help, value| Family::new(name, help, Metric::Counter, [Sample::new(&[], value)]);
    vec![
        gauge("sio_cluster_up", "1 while the broker is there.", usize::from(status.is_up)),
        gauge("sio_cluster_nodes", "Other nodes that are alive.", status.nodes.len()),
        gauge("sio_cluster_waiting_frames", "Frames that wait to be sent to other nodes.", status.waiting),
        Family::new(
            "sio_cluster_frames",
            "Frames between this node and the others.",
            Metric::Counter,
            frames.map(|(what, count)| Sample::new(&[("what", what)], count)),
        ),
        counter("sio_cluster_requests_late", "Requests whose time had run out.", counts.late),
        counter("sio_cluster_cuts", "How often the connection to the broker was lost.", counts.cuts),
    ]
}
