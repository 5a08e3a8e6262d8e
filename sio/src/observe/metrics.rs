//! [`Snapshot`]: the numbers of a server at one moment, and their text for those who collect them.

use std::fmt::Write as _;

use crate::counters::{BOUNDS, CLOSINGS, EventCounters, OUTCOMES, REFUSALS};

/// The labels of [`Outcome`](super::Outcome), in its order.
pub(crate) const OUTCOME_LABELS: [&str; OUTCOMES] =
    ["ok", "application", "payload", "unhandled", "limited", "internal", "panicked", "timed_out", "drained"];

/// The labels of [`RefusedReason`](super::RefusedReason), in its order.
pub(crate) const REFUSAL_LABELS: [&str; REFUSALS] = [
    "transport_unknown",
    "session_unknown",
    "bad_handshake_method",
    "bad_request",
    "bad_websocket",
    "foreign_origin",
    "foreign_host",
    "not_allowed",
    "server_full",
    "address_full",
    "shutting_down",
    "unsupported_protocol_version",
];

/// The labels of [`CloseReason`](crate::engine::CloseReason), in its order.
pub(crate) const CLOSING_LABELS: [&str; CLOSINGS] = [
    "transport_close",
    "transport_error",
    "ping_timeout",
    "parse_error",
    "forced_close",
    "forced_server_close",
    "server_shutting_down",
    "slow_client",
];

/// The numbers of a server at one moment: see [`Server::metrics`](crate::Server::metrics).
///
/// Every label is a word of the program's text: the namespaces of its consumers and the events that they name. What
/// clients make up is counted as the event `other`.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    families: Vec<Family>,
}

/// Numbers of one name, which differ in their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    name: &'static str,
    help: &'static str,
    metric: Metric,
    samples: Vec<Sample>,
}

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// It goes up and down.
    Gauge,
    /// It only goes up, from the start of the server.
    Counter,
    /// Durations in seconds, counted in classes.
    Histogram,
}

/// One number, or the numbers of one histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    labels: Vec<(&'static str, &'static str)>,
    value: f64,
    sum: f64,
    buckets: Vec<(f64, u64)>,
}

impl Snapshot {
    pub(crate) fn new(families: Vec<Family>) -> Self {
        Self { families }
    }

    /// Returns all numbers.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Returns the sum of the numbers of this name that have all of these labels, as
    /// `("sio_sockets_open", &[("namespace", "/chat")])`; for a histogram, how many durations there were. Zero if there
    /// is none. The name is that of the [family](Family::name), without `_total`.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let samples =
            self.families.iter().filter(|family| family.name == name).flat_map(|family| &family.samples);
        samples
            .filter(|sample| labels.iter().all(|label| sample.labels.contains(label)))
            .map(|one| one.value)
            .sum()
    }

    /// Returns the text format of OpenMetrics 1.0, which Prometheus reads as well. Its content type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    #[must_use]
    pub fn openmetrics(&self) -> String {
        let mut text = String::new();
        for family in &self.families {
            family.write(&mut text);
        }
        text.push_str("# EOF\n");
        text
    }
}

impl Family {
    pub(crate) fn new(
        name: &'static str,
        help: &'static str,
        metric: Metric,
        samples: impl IntoIterator<Item = Sample>,
    ) -> Self {
        Self { name, help, metric, samples: samples.into_iter().collect() }
    }

    /// Returns the name, without the ending that the text format gives to counters (`_total`).
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what it is, in a sentence.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help
    }

    /// Returns the kind of the numbers.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Returns the numbers.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn write(&self, text: &mut String) {
        let Self { name, help, metric, samples } = self;
        let kind = match metric {
            Metric::Gauge => "gauge",
            Metric::Counter => "counter",
            Metric::Histogram => "histogram",
        };
        let _ = writeln!(text, "# TYPE {name} {kind}");
        let unit = ["bytes", "seconds"].into_iter().find(|unit| name.ends_with(&format!("_{unit}")));
        if let Some(unit) = unit {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(text, "# HELP {name} {help}");
        for sample in samples {
            match metric {
                Metric::Gauge => line(text, name, "", &sample.labels, None, sample.value),
                Metric::Counter => line(text, name, "_total", &sample.labels, None, sample.value),
                Metric::Histogram => {
                    for (bound, count) in &sample.buckets {
                        line(text, name, "_bucket", &sample.labels, Some(&bound.to_string()), *count as f64);
                    }
                    line(text, name, "_bucket", &sample.labels, Some("+Inf"), sample.value);
                    line(text, name, "_count", &sample.labels, None, sample.value);
                    line(text, name, "_sum", &sample.labels, None, sample.sum);
                }
            }
        }
    }
}

impl Sample {
    pub(crate) fn new(labels: &[(&'static str, &'static str)], value: u64) -> Self {
        Self { labels: labels.to_vec(), value: value as f64, sum: 0.0, buckets: Vec::new() }
    }

    /// The durations of an event's handler. Those that were ready at once were not timed, and took nothing to speak of.
    pub(crate) fn durations(labels: &[(&'static str, &'static str)], event: &EventCounters) -> Self {
        let timed = event.timed.get();
        let ran = ["ok", "application", "payload", "internal", "panicked", "timed_out"];
        let outcomes = OUTCOME_LABELS.iter().zip(&event.outcomes);
        let all: u64 = outcomes.filter(|(label, _)| ran.contains(label)).map(|(_, count)| count.get()).sum();
        let mut below = all.saturating_sub(timed);
        let buckets = BOUNDS.iter().zip(&event.took).map(|(bound, count)| {
            below += count.get();
            (bound.as_secs_f64(), below)
        });
        let buckets: Vec<_> = buckets.collect();
        let count = all.max(timed).max(below);
        Self { labels: labels.to_vec(), value: count as f64, sum: event.nanos.get() as f64 / 1e9, buckets }
    }

    /// Returns the labels and their values.
    #[must_use]
    pub fn labels(&self) -> &[(&'static str, &'static str)] {
        &self.labels
    }

    /// Returns the number; of a histogram, how many durations there were.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Returns the sum of all durations of a histogram, in seconds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Returns the classes of a histogram: the upper bound in seconds, and how many durations were not longer.
    #[must_use]
    pub fn buckets(&self) -> &[(f64, u64)] {
        &self.buckets
    }
}

/// Writes one line of the text format.
fn line(
    text: &mut String,
    name: &str,
    ending: &str,
    labels: &[(&'static str, &'static str)],
    bound: Option<&str>,
    value: f64,
) {
    let _ = write!(text, "{name}{ending}");
    let bound = bound.map(|bound| ("le", bound));
    let mut separator = '{';
    for (label, value) in labels.iter().copied().chain(bound) {
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let _ = write!(text, "{separator}{label}=\"{value}\"");
        separator = ',';
    }
    if separator == ',' {
        text.push('}');
    }
    let _ = writeln!(text, " {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CloseReason;
    use crate::observe::{Outcome, RefusedReason};

    #[test]
    fn each_label_stands_where_its_value_counts() {
        let word = |text: String| {
            let mut word = String::new();
            for letter in text.chars() {
                if letter.is_uppercase() && !word.is_empty() {
                    word.push('_');
                }
                word.extend(letter.to_lowercase());
            }
            word.replace("bad_web_socket", "bad_websocket")
        };
        let outcomes = [
            Outcome::Ok,
            Outcome::Application,
            Outcome::Payload,
            Outcome::Unhandled,
            Outcome::Limited,
            Outcome::Internal,
            Outcome::Panicked,
            Outcome::TimedOut,
            Outcome::Drained,
        ];
        assert_eq!(outcomes.map(|one| word(format!("{one:?}"))), OUTCOME_LABELS);
        assert_eq!(outcomes.map(|one| one as usize), std::array::from_fn(|index| index));
        assert_eq!(RefusedReason::UnsupportedProtocolVersion as usize, REFUSALS - 1);
        for reason in
            [RefusedReason::TransportUnknown, RefusedReason::BadWebSocket, RefusedReason::ServerFull]
        {
            assert_eq!(word(format!("{reason:?}")), REFUSAL_LABELS[reason as usize]);
        }
        assert_eq!(CloseReason::SlowClient as usize, CLOSINGS - 1);
        for reason in [CloseReason::TransportClose, CloseReason::ForcedClose, CloseReason::ServerShuttingDown]
        {
            assert_eq!(word(format!("{reason:?}")), CLOSING_LABELS[reason as usize]);
        }
    }

    #[test]
    fn a_label_may_have_any_letters() {
        let sample = Sample::new(&[("event", "say \"hi\"\\\n")], 3);
        let family = Family::new("sio_events", "Events.", Metric::Counter, [sample]);
        let text = Snapshot::new(vec![family]).openmetrics();
        assert_eq!(
            text,
            "# TYPE sio_events counter\n# HELP sio_events Events.\n\
             sio_events_total{event=\"say \\\"hi\\\"\\\\\\n\"} 3\n# EOF\n"
        );
    }
}
