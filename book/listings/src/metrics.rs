//! Guide: metrics.

use sio::prelude::*;

// ANCHOR: page
fn with_metrics(builder: sio::Builder) -> sio::Builder {
    builder.metrics_path("/metrics")
}
// ANCHOR_END: page

// ANCHOR: snapshot
/// Hands each number to a collector, such as the callbacks of OpenTelemetry or the macros
/// of the crate `metrics`.
fn collect(
    server: &Server,
    mut record: impl FnMut(&str, &[(&'static str, &'static str)], f64),
) {
    for family in server.metrics().families() {
        for sample in family.samples() {
            record(family.name(), sample.labels(), sample.value());
        }
    }
}

/// How many of the messages have failed in the server.
fn failures(server: &Server) -> f64 {
    let failed = |outcome| {
        let labels = [("event", "chat_message"), ("outcome", outcome)];
        server.metrics().value("sio_events_received", &labels)
    };
    failed("internal") + failed("panicked") + failed("timed_out")
}
// ANCHOR_END: snapshot

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{Request, TestServer};

    #[tokio::test]
    async fn the_page_is_there_and_the_numbers_are_at_hand() {
        let server = TestServer::start(with_metrics).await;
        let page = server.request(&Request::get("/metrics")).await;
        assert!(page.text().ends_with("# EOF\n"));
        let mut names = Vec::new();
        collect(server.handle(), |name, _, _| names.push(name.to_owned()));
        assert!(names.iter().any(|name| name == "sio_sockets_open"));
        assert!(failures(server.handle()) < 1.0);
    }
}
