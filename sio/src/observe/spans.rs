//! [`Spans`]: a span of `tracing` around each handler.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use tracing::Span;

use super::TraceParent;
use crate::guarded::{self, Guarded};

/// Larger events are not searched for a trace.
const MAX_SEARCHED: usize = 64 * 1024;

/// The field of the auth payload in which a client may name its trace, as in the header of its handshake.
const TRACEPARENT: &str = "traceparent";

type OnStart = dyn Fn(&Span, &SpanStart) + Send + Sync;

/// A span of [`tracing`] around each handler: see [`Builder::spans`](crate::Builder::spans).
///
/// The span of an event is called `receive`, is at INFO under the target `sio::event`, and lasts from the beginning of
/// the event's middleware to its answer. Lines that a handler logs are inside of it. Its fields:
///
/// | field | is |
/// |---|---|
/// | `otel.name` | the namespace's pattern and the event, as in `/chat say`; `(other)` for an event without a handler of its own |
/// | `otel.kind` | `consumer` |
/// | `otel.status_code` | `ERROR` if the server has failed: an internal error, a panic, a handler that took too long |
/// | `messaging.system` | `socket.io` |
/// | `messaging.socket.io.namespace` | the namespace |
/// | `messaging.socket.io.event_name` | the event, which clients choose |
/// | `sid` | the id of the socket |
/// | `outcome` | the word for its end that [metrics](crate::Builder::metrics_path) use |
///
/// The hook `connect` has one too, named `connect`, with the outcome `accepted`, `refused` or `failed`.
///
/// # Examples
///
/// ```
/// use sio::observe::Spans;
/// use sio::prelude::*;
///
/// let spans = Spans::new().trace_field("_trace").on_start(|span, start| {
///     // With `tracing-opentelemetry`: `span.set_parent(..)` and `span.add_link(..)`.
///     if let Some(parent) = start.parent() {
///         println!("{:?} belongs to {parent}", span.id());
///     }
/// });
/// let builder = Server::builder().spans(spans);
/// # drop(builder);
/// ```
#[derive(Clone, Default)]
pub struct Spans {
    trace_field: Option<String>,
    on_start: Option<Arc<Guarded<Box<OnStart>>>>,
}

/// The traces of other programs that a span belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanStart {
    parent: Option<TraceParent>,
    link: Option<TraceParent>,
}

impl SpanStart {
    /// Returns the span in which the client has sent the event, if it says so in the
    /// [field](Spans::trace_field) for that.
    #[must_use]
    pub fn parent(&self) -> Option<TraceParent> {
        self.parent
    }

    /// Returns the span in which the client has connected, by the header `traceparent` of its handshake or by the field
    /// of that name in its auth payload, which counts more. It is the same for all events of a socket, so it is a link
    /// and no parent. Handlers find it in [`Socket::data`](crate::Socket::data), as a [`TraceParent`].
    #[must_use]
    pub fn link(&self) -> Option<TraceParent> {
        self.link
    }
}

impl Spans {
    /// Makes spans that look for no trace in events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the field by which a client tells that an event belongs to a trace of its own: if the first argument of the
    /// event is an object with this field, and the field is a [`TraceParent`], it is [`SpanStart::parent`]. The field
    /// stays in the argument, where serde ignores it unless the type has `deny_unknown_fields`. Events of more than
    /// 64 KiB are not searched.
    ///
    /// Clients choose the value, so set it only where they may decide which traces are recorded.
    #[must_use]
    pub fn trace_field(mut self, name: impl Into<String>) -> Self {
        self.trace_field = Some(name.into());
        self
    }

    /// Calls a function with each span that begins, before it is entered for the first time, to give it a parent of
    /// another system. It is not called for spans that no subscriber wants.
    #[must_use]
    pub fn on_start(mut self, on_start: impl Fn(&Span, &SpanStart) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Arc::new(Guarded::new(Box::new(on_start))));
        self
    }

    /// A span begins: of an event with this JSON, by a client with this link.
    pub(crate) fn start(&self, span: &Span, json: &str, link: Option<TraceParent>) {
        let Some(on_start) = self.on_start.as_ref().filter(|_| !span.is_disabled()) else { return };
        let is_searched = json.len() <= MAX_SEARCHED;
        let field = self.trace_field.as_ref().filter(|_| is_searched);
        let parent = field.and_then(|name| trace_in(json, name));
        guarded::call("`Spans::on_start`", || on_start(span, &SpanStart { parent, link }));
    }

    /// Returns the link of a client: that of its auth payload, or that of its handshake's header.
    pub(crate) fn link(
        auth: Option<&str>,
        header: impl FnOnce(&str) -> Option<TraceParent>,
    ) -> Option<TraceParent> {
        let auth = auth.filter(|auth| auth.len() <= MAX_SEARCHED);
        auth.and_then(|auth| trace_in(auth, TRACEPARENT)).or_else(|| header(TRACEPARENT))
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_start = self.on_start.is_some();
        f.debug_struct("Spans").field("trace_field", &self.trace_field).field("on_start", &has_start).finish()
    }
}

/// Returns the trace that a field of an object names. In an event, which is an array, the object comes after the name.
fn trace_in(json: &str, name: &str) -> Option<TraceParent> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    // It ends with an error as soon as the field is found: the rest need not be read.
    let _ = Search { name, found: &mut found, in_array: false }.deserialize(&mut deserializer);
    found
}

struct Search<'a> {
    name: &'a str,
    found: &'a mut Option<TraceParent>,
    in_array: bool,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if !self.in_array {
            elements.next_element::<IgnoredAny>()?;
            elements.next_element_seed(Self { in_array: true, ..self })?;
        }
        Err(A::Error::custom("nothing else is of interest"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if name == self.name {
                *self.found = fields.next_value::<String>()?.parse().ok();
                return Err(A::Error::custom("it is found"));
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_field_is_found_in_the_first_argument_only() {
        let found = |json: &str| trace_in(&json.replace("TRACE", TRACE), "_trace").is_some();
        for json in [
            r#"["say",{"_trace":"TRACE"}]"#,
            r#"["say",{"text":{"_trace":1},"list":[[]],"_trace":"TRACE","more":"#,
            r#"{"\u005ftrace":"TRACE"}"#,
        ] {
            assert!(found(json), "{json}");
        }
        for json in [
            "",
            "[]",
            r#"["say"]"#,
            r#"["say","TRACE"]"#,
            r#"["say",1,{"_trace":"TRACE"}]"#,
            r#"["say",[0,{"_trace":"TRACE"}]]"#,
            r#"["say",{"in":{"_trace":"TRACE"}}]"#,
            r#"["say",{"_trace":7}]"#,
            r#"["say",{"_trace":"00"}]"#,
            r#"["say",{"_trace":null,"_trace":"TRACE"}]"#,
            r#"{"trace":"TRACE"}"#,
        ] {
            assert!(!found(json), "{json}");
        }
    }
}
