//! Traces: spans of this server, and where they belong to those of others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    TracerProvider as _,
};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use serde::Serialize;
use sio::observe::{Spans, TraceParent};
use tracing::{Level, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// How many spans the dashboards show.
const RECENT: usize = 24;

// ANCHOR: spans
/// Spans around the handlers. The page names its own span in the field `_trace` of what
/// it sends: that is the parent.
pub(crate) fn spans() -> Spans {
    Spans::new().trace_field("_trace").on_start(|span, start| {
        if let Some(parent) = start.parent() {
            let context =
                opentelemetry::Context::new().with_remote_span_context(remote(parent));
            span.set_parent(context).ok();
        }
        if let Some(link) = start.link() {
            span.add_link(remote(link));
        }
    })
}

fn remote(trace: TraceParent) -> SpanContext {
    let (id, span) = (TraceId::from(trace.trace_id()), SpanId::from(trace.span_id()));
    SpanContext::new(
        id,
        span,
        TraceFlags::new(trace.flags()),
        true,
        TraceState::default(),
    )
}
// ANCHOR_END: spans

// ANCHOR: collect
/// Collects the spans of this program: in memory, for the dashboards, and on the standard
/// output if it is asked for. An exporter of OTLP would be added in the same way.
pub(crate) fn collect<S>(on_stdout: bool) -> (Traces, impl Layer<S>)
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let recent = Recent::default();
    let mut provider = SdkTracerProvider::builder().with_simple_exporter(recent.clone());
    if on_stdout {
        provider =
            provider.with_batch_exporter(opentelemetry_stdout::SpanExporter::default());
    }
    let provider = provider.build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("operations"));
    let ours = filter_fn(|about| {
        about.is_span() && is_ours(about.target()) && *about.level() <= Level::INFO
    });
    (Traces { recent, provider }, layer.with_filter(ours))
}
// ANCHOR_END: collect

fn is_ours(target: &str) -> bool {
    ["sio::event", "operations"].iter().any(|own| target.starts_with(own))
}

/// The lines that are written: no spans, which have their own place.
pub(crate) fn lines() -> FilterFn {
    filter_fn(|about| about.is_event() && *about.level() <= LevelFilter::INFO)
}

/// The spans that have ended.
pub(crate) struct Traces {
    recent: Recent,
    provider: SdkTracerProvider,
}

impl Traces {
    pub(crate) fn recent(&self) -> Vec<Trace> {
        self.recent.spans().iter().cloned().collect()
    }

    /// Writes what has not been written yet, at the end of the program.
    pub(crate) fn flush(&self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "some spans are lost");
        }
    }
}

/// A span, as the dashboards show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trace {
    pub(crate) trace: String,
    pub(crate) span: String,
    /// Sixteen zeros for one that began here.
    pub(crate) parent: String,
    pub(crate) name: String,
    /// Since 1970.
    pub(crate) began_ms: f64,
    pub(crate) took_ms: f64,
    pub(crate) has_failed: bool,
}

impl From<SpanData> for Trace {
    fn from(span: SpanData) -> Self {
        let ms = |duration: Option<Duration>| {
            duration.unwrap_or_default().as_secs_f64() * 1000.0
        };
        Self {
            trace: span.span_context.trace_id().to_string(),
            span: span.span_context.span_id().to_string(),
            parent: span.parent_span_id.to_string(),
            name: span.name.into_owned(),
            began_ms: ms(span.start_time.duration_since(UNIX_EPOCH).ok()),
            took_ms: ms(span.end_time.duration_since(span.start_time).ok()),
            has_failed: matches!(span.status, Status::Error { .. }),
        }
    }
}

/// An exporter that keeps the last spans.
#[derive(Clone, Debug, Default)]
struct Recent(Arc<Mutex<VecDeque<Trace>>>);

impl Recent {
    fn spans(&self) -> std::sync::MutexGuard<'_, VecDeque<Trace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanExporter for Recent {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut spans = self.spans();
        spans.extend(batch.into_iter().map(Trace::from));
        let surplus = spans.len().saturating_sub(RECENT);
        spans.drain(..surplus);
        Ok(())
    }
}
