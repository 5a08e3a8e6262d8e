//! Guide: traces.

use sio::observe::Spans;

fn with_spans(builder: sio::Builder) -> sio::Builder {
    // ANCHOR: spans
    let spans = Spans::new().trace_field("_trace").on_start(|span, start| {
        if let Some(parent) = start.parent() {
            tracing::debug!(parent: span, "belongs to {parent}");
        }
    });
    builder.spans(spans)
    // ANCHOR_END: spans
}
