//! The numbers of a server, as the dashboards show them.

use std::time::Duration;

use serde::Serialize;
use sio::Server;
use sio::observe::{Family, Sample, Snapshot};

use crate::traces::Trace;

/// The outcomes of events that are failures of the server.
const FAILED: [&str; 3] = ["internal", "panicked", "timed_out"];

/// The share of handlers that are as fast as the time in which the page calls the slowest ones.
const SHARE: f64 = 0.95;

/// All of them. Those that only grow are counted from the start of the server; the page makes rates of them.
#[derive(Debug, Serialize)]
pub(crate) struct Numbers {
    is_ready: bool,
    uptime_seconds: u64,
    polling: u64,
    websocket: u64,
    webtransport: u64,
    sockets: u64,
    rooms: u64,
    queued_bytes: u64,
    events: u64,
    failed: u64,
    refused: u64,
    received_bytes: u64,
    sent_bytes: u64,
    handlers: Vec<Handler>,
    spans: Vec<Trace>,
}

/// The numbers of the handlers of one event.
#[derive(Debug, Serialize)]
struct Handler {
    namespace: &'static str,
    event: &'static str,
    count: u64,
    failed: u64,
    mean_ms: f64,
    /// A bound that most stay below; none if there is no such bound.
    slowest_ms: Option<f64>,
}

impl Numbers {
    // ANCHOR: numbers
    pub(crate) fn of(server: &Server, uptime: Duration, spans: Vec<Trace>) -> Self {
        let metrics = server.metrics();
        let value =
            |name: &str, labels: &[(&str, &str)]| metrics.value(name, labels) as u64;
        let all = |name| value(name, &[]);
        let open = |transport| value("sio_sessions_open", &[("transport", transport)]);
        Self {
            is_ready: server.is_ready(),
            uptime_seconds: uptime.as_secs(),
            polling: open("polling"),
            websocket: open("websocket"),
            webtransport: open("webtransport"),
            sockets: all("sio_sockets_open"),
            rooms: all("sio_rooms"),
            queued_bytes: all("sio_queued_bytes"),
            events: all("sio_events_received"),
            failed: FAILED
                .map(|outcome| value("sio_events_received", &[("outcome", outcome)]))
                .iter()
                .sum(),
            refused: all("sio_requests_refused"),
            received_bytes: all("sio_received_bytes"),
            sent_bytes: all("sio_sent_bytes"),
            handlers: handlers(&metrics),
            spans,
        }
    }
    // ANCHOR_END: numbers
}

fn handlers(metrics: &Snapshot) -> Vec<Handler> {
    let durations = metrics
        .families()
        .iter()
        .find(|family| family.name() == "sio_event_duration_seconds");
    let samples = durations.map(Family::samples).unwrap_or_default();
    samples.iter().filter_map(|durations| handler(metrics, durations)).collect()
}

/// The numbers of one event; none if it has not come yet.
fn handler(metrics: &Snapshot, durations: &Sample) -> Option<Handler> {
    let label = |name| {
        durations
            .labels()
            .iter()
            .find(|(label, _)| *label == name)
            .map(|(_, value)| *value)
    };
    let (namespace, event) = (label("namespace")?, label("event")?);
    let labels = [("namespace", namespace), ("event", event)];
    let of = |outcome| {
        metrics
            .value("sio_events_received", &[labels[0], labels[1], ("outcome", outcome)])
            as u64
    };
    let count = metrics.value("sio_events_received", &labels) as u64;
    let most = durations.value() * SHARE;
    let slowest = durations.buckets().iter().find(|(_, below)| *below as f64 >= most);
    (count > 0).then(|| Handler {
        namespace,
        event,
        count,
        failed: FAILED.map(of).iter().sum(),
        mean_ms: durations.sum() / durations.value().max(1.0) * 1000.0,
        slowest_ms: slowest.map(|(bound, _)| bound * 1000.0),
    })
}
