//! [`Sampler`]: the counts of a server, second by second.

use serde::Serialize;

use crate::counters::{CLOSINGS, Counters, TRANSPORTS};
use crate::engine::CloseReason;

/// How many counts are kept until they are told: those of some ten seconds, with every kind of end in each.
const MAX_KEPT: usize = 128;

/// The reasons for the end of a session, as they are counted.
const REASONS: [CloseReason; CLOSINGS] = [
    CloseReason::TransportClose,
    CloseReason::TransportError,
    CloseReason::PingTimeout,
    CloseReason::ParseError,
    CloseReason::ForcedClose,
    CloseReason::ForcedServerClose,
    CloseReason::ServerShuttingDown,
    CloseReason::SlowClient,
];

/// How often something has happened in one second.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(super) struct Aggregated {
    /// The beginning of the second, in milliseconds since 1970.
    timestamp: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "subType", skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    count: u64,
}

/// Counts from the beginning.
#[derive(Default, Clone, Copy)]
struct Totals {
    opened: u64,
    closed: [u64; CLOSINGS],
    received: [u64; 2],
    sent: [u64; 2],
}

#[derive(Default)]
pub(super) struct Sampler {
    last: Totals,
    kept: Vec<Aggregated>,
}

impl Sampler {
    /// Adds what has happened since the last time. `second`: since 1970.
    pub(super) fn sample(&mut self, counters: &Counters, second: u64) {
        let kinds = || TRANSPORTS.iter().map(|kind| counters.of(*kind));
        let sum = |read: fn(&crate::counters::TransportCounters) -> u64| kinds().map(read).sum();
        let now = Totals {
            opened: sum(|one| one.opened.get()),
            closed: std::array::from_fn(|at| counters.closed[at].get()),
            received: [sum(|one| one.received_packets.get()), sum(|one| one.received_bytes.get())],
            sent: [sum(|one| one.sent_packets.get()), sum(|one| one.sent_bytes.get())],
        };
        let last = std::mem::replace(&mut self.last, now);
        self.add(second, "rawConnection", None, now.opened - last.opened);
        for (at, reason) in REASONS.iter().enumerate() {
            self.add(second, "rawDisconnection", Some(reason.as_str()), now.closed[at] - last.closed[at]);
        }
        for (at, [inward, outward]) in
            [["packetsIn", "packetsOut"], ["bytesIn", "bytesOut"]].into_iter().enumerate()
        {
            self.add(second, inward, None, now.received[at] - last.received[at]);
            self.add(second, outward, None, now.sent[at] - last.sent[at]);
        }
    }

    fn add(&mut self, second: u64, kind: &'static str, reason: Option<&'static str>, count: u64) {
        if count == 0 {
            return;
        }
        if self.kept.len() >= MAX_KEPT {
            self.kept.remove(0);
        }
        self.kept.push(Aggregated { timestamp: second * 1_000, kind, reason, count });
    }

    /// Takes what has been added.
    pub(super) fn take(&mut self) -> Vec<Aggregated> {
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TransportKind;

    #[test]
    fn the_reasons_stand_where_they_are_counted() {
        for (at, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
        }
    }

    #[test]
    fn what_has_happened_is_told_once_and_by_seconds() {
        let counters = Counters::new(std::iter::empty(), |_| Vec::new(), false);
        let mut sampler = Sampler::default();
        counters.session_opened(TransportKind::Polling);
        counters.of(TransportKind::WebSocket).sent_bytes.add(7);
        sampler.sample(&counters, 5);
        counters.session_closed(TransportKind::Polling, CloseReason::PingTimeout);
        sampler.sample(&counters, 6);
        sampler.sample(&counters, 7);
        let told = serde_json::to_string(&sampler.take()).unwrap();
        assert_eq!(
            told,
            r#"[{"timestamp":5000,"type":"rawConnection","count":1},{"timestamp":5000,"type":"bytesOut","count":7},{"timestamp":6000,"type":"rawDisconnection","subType":"ping timeout","count":1}]"#
        );
        assert!(sampler.take().is_empty());
        for second in 0..10_000 {
            counters.session_opened(TransportKind::Polling);
            sampler.sample(&counters, second);
        }
        assert_eq!(sampler.take().len(), MAX_KEPT);
    }
}
