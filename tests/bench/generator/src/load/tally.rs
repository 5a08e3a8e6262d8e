//! The counts of one measurement.

use std::collections::BTreeMap;

/// The faults, in a few words.
pub(crate) type Fault = &'static str;

/// Completed operations, how long each took, and everything that makes a figure worthless.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) operations: u64,
    pub(crate) out_of_order: u64,
    pub(crate) errors: BTreeMap<Fault, u64>,
    /// Nanoseconds; four seconds and longer are all the same.
    latencies: Vec<u32>,
    is_measuring: bool,
}

impl Tally {
    pub(crate) fn measure(&mut self, is_measuring: bool) {
        self.is_measuring = is_measuring;
    }

    /// An operation is complete that began at `since`.
    pub(crate) fn complete(&mut self, since: u64, now: u64) {
        if self.is_measuring {
            self.operations += 1;
            self.latencies.push(u32::try_from(now.saturating_sub(since)).unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn error(&mut self, fault: Fault) {
        *self.errors.entry(fault).or_default() += 1;
    }

    /// The latency that this share of the operations did not exceed, in microseconds.
    pub(crate) fn latency(&mut self, share: f64) -> f64 {
        if self.latencies.is_empty() {
            return 0.0;
        }
        let last = self.latencies.len() - 1;
        let (_, latency, _) = self.latencies.select_nth_unstable((last as f64 * share).round() as usize);
        f64::from(*latency) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_measured_counts() {
        let mut tally = Tally::default();
        tally.complete(0, 5);
        tally.measure(true);
        for latency in (1..=101).rev() {
            tally.complete(10, 10 + latency * 1000);
        }
        tally.measure(false);
        tally.complete(0, 5);
        assert_eq!(tally.operations, 101);
        assert_eq!((tally.latency(0.5), tally.latency(0.99), tally.latency(1.0)), (51.0, 100.0, 101.0));
    }

    #[test]
    fn no_operation_has_no_latency() {
        assert_eq!(Tally::default().latency(0.5), 0.0);
    }
}
