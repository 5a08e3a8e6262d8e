//! The spans around handlers, as a subscriber sees them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use sio::Value;
use sio::observe::{SpanStart, Spans, TraceParent};
use sio::prelude::*;
use sio_tests::deadline::soon;
use sio_tests::journal::Gate;
use sio_tests::{TestServer, Ws};
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

#[derive(Default)]
struct Traced;

#[consumer(namespace = "/traced/{id}")]
impl Traced {
    async fn connect(auth: Option<Value>) -> Result<Self, ConnectError> {
        match auth.as_ref().and_then(|auth| auth["do"].as_str()) {
            Some("refuse") => Err(ConnectError::new("closed today")),
            Some("panic") => panic!("on purpose"),
            _ => Ok(Self),
        }
    }

    async fn event_say(&mut self, text: Value) -> Value {
        tracing::info!(target: "app", "said");
        // Over several polls.
        tokio::task::yield_now().await;
        tracing::info!(target: "app", "said more");
        text
    }

    async fn event_error(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("no_tea", "there is none"))
    }

    async fn event_panic(&mut self) {
        panic!("on purpose");
    }

    #[event(timeout = "1ms")]
    async fn event_late(&mut self) {
        std::future::pending().await
    }

    #[event(concurrent)]
    async fn event_slow(gate: State<Gate>) {
        gate.pass("slow").await;
        tracing::info!(target: "app", "slowly");
    }

    #[event(fallback)]
    async fn any(&mut self, socket: &Socket) -> Option<String> {
        socket.data().get::<TraceParent>().map(|trace| trace.to_string())
    }
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
struct Ended {
    name: &'static str,
    fields: BTreeMap<&'static str, String>,
    /// Lines that were logged inside of it.
    lines: Vec<String>,
}

impl Ended {
    fn is(&self, field: &str, value: &str) -> bool {
        self.fields.get(field).is_some_and(|found| found == value)
    }
}

#[derive(Clone, Default)]
struct Recorder(Arc<(Mutex<Vec<Ended>>, Notify)>);

impl Recorder {
    /// Waits for the next span that has ended.
    async fn next(&self) -> Ended {
        soon("a span to end", async {
            loop {
                let changed = self.0.1.notified();
                let next = {
                    let mut ended = self.0.0.lock().expect("no holder panics");
                    if ended.is_empty() { None } else { Some(ended.remove(0)) }
                };
                match next {
                    Some(next) => return next,
                    None => changed.await,
                }
            }
        })
        .await
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != "sio::event" {
            return;
        }
        assert!(attributes.is_root(), "no span is inside of another");
        let mut fields = BTreeMap::new();
        attributes.record(&mut Fields(&mut fields));
        let ended = Ended { name: attributes.metadata().name(), fields, lines: Vec::new() };
        context.span(id).expect("it is there").extensions_mut().insert(ended);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("it is there");
        if let Some(ended) = span.extensions_mut().get_mut::<Ended>() {
            values.record(&mut Fields(&mut ended.fields));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "app" {
            return;
        }
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let span = context.event_span(event).expect("a line of a handler is inside of a span");
        let mut extensions = span.extensions_mut();
        extensions
            .get_mut::<Ended>()
            .expect("of sio")
            .lines
            .push(fields.remove("message").unwrap_or_default());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(ended) = context.span(&id).expect("it is there").extensions_mut().remove::<Ended>() {
            self.0.0.lock().expect("no holder panics").push(ended);
            self.0.1.notify_one();
        }
    }
}

type Starts = Arc<Mutex<Vec<SpanStart>>>;

struct Setting {
    server: TestServer,
    recorder: Recorder,
    starts: Starts,
    gate: Gate,
    _subscriber: tracing::subscriber::DefaultGuard,
}

/// The server runs on the thread of the test, for which the subscriber is set.
async fn setting() -> Setting {
    let (recorder, starts, gate) = (Recorder::default(), Starts::default(), Gate::default());
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    let _subscriber = tracing::subscriber::set_default(subscriber);
    let kept = Arc::clone(&starts);
    let spans = Spans::new()
        .trace_field("_trace")
        .on_start(move |_, start| kept.lock().expect("no holder panics").push(*start));
    let state = gate.clone();
    let server =
        TestServer::start(move |builder| builder.consumer::<Traced>().state(state).spans(spans)).await;
    Setting { server, recorder, starts, gate, _subscriber }
}

async fn joined(setting: &Setting) -> Ws {
    let mut ws = setting.server.ws().await;
    ws.join("/traced/7").await;
    assert!(setting.recorder.next().await.is("outcome", "accepted"));
    ws
}

#[tokio::test]
async fn each_handler_has_a_span_with_its_fields_and_its_lines() {
    let setting = setting().await;
    let mut ws = setting.server.ws().await;
    let sid = ws.join("/traced/7").await;
    let common = |name: &str, event: &str, outcome: &str| {
        BTreeMap::from(
            [
                ("otel.name", name),
                ("otel.kind", "consumer"),
                ("messaging.system", "socket.io"),
                ("messaging.socket.io.namespace", "/traced/7"),
                ("messaging.socket.io.event_name", event),
                ("sid", &sid),
                ("outcome", outcome),
            ]
            .map(|(field, value)| (field, value.to_owned())),
        )
    };
    let fields = common("/traced/{id} connect", "connect", "accepted");
    assert_eq!(setting.recorder.next().await, Ended { name: "connect", fields, lines: vec![] });
    ws.send(r#"42/traced/7,1["say",{"text":"hello"}]"#).await;
    ws.expect(r#"43/traced/7,1[{"text":"hello"}]"#).await;
    let lines = vec!["said".to_owned(), "said more".to_owned()];
    let fields = common("/traced/{id} say", "say", "ok");
    assert_eq!(setting.recorder.next().await, Ended { name: "receive", fields, lines });
    // A name that the client has invented is in no name of a span.
    ws.send(r#"42/traced/7,2["invented"]"#).await;
    ws.expect("43/traced/7,2[null]").await;
    let fields = common("/traced/{id} (other)", "invented", "ok");
    assert_eq!(setting.recorder.next().await, Ended { name: "receive", fields, lines: vec![] });
}

#[tokio::test]
async fn failures_of_the_server_are_errors_and_those_of_clients_are_not() {
    let setting = setting().await;
    let mut ws = joined(&setting).await;
    for (id, (event, outcome, is_error)) in (1..).zip([
        ("error", "application", false),
        ("panic", "panicked", true),
        ("late", "timed_out", true),
        ("say", "payload", false),
    ]) {
        ws.send(&format!(r#"42/traced/7,{id}["{event}"]"#)).await;
        ws.expect(&format!("43/traced/7,{id}[…]")).await;
        let span = setting.recorder.next().await;
        assert!(span.is("outcome", outcome), "{span:?}");
        assert_eq!(span.is("otel.status_code", "ERROR"), is_error, "{span:?}");
    }
    for (what, outcome, is_error) in [("refuse", "refused", false), ("panic", "failed", true)] {
        let mut ws = setting.server.ws().await;
        ws.send(&format!(r#"40/traced/7,{{"do":"{what}"}}"#)).await;
        ws.expect("44/traced/7,{…}").await;
        let span = setting.recorder.next().await;
        assert!(span.name == "connect" && span.is("outcome", outcome), "{span:?}");
        assert_eq!(span.is("otel.status_code", "ERROR"), is_error, "{span:?}");
    }
}

#[tokio::test]
async fn handlers_that_run_beside_each_other_keep_their_lines_apart() {
    let setting = setting().await;
    let mut ws = joined(&setting).await;
    ws.send(r#"42/traced/7,1["slow"]"#).await;
    ws.send(r#"42/traced/7,2["say",1]"#).await;
    ws.expect("43/traced/7,2[1]").await;
    let span = setting.recorder.next().await;
    assert_eq!(span.lines, ["said", "said more"]);
    setting.gate.open("slow");
    ws.expect("43/traced/7,1[]").await;
    let span = setting.recorder.next().await;
    assert!(span.is("otel.name", "/traced/{id} slow"), "{span:?}");
    assert_eq!(span.lines, ["slowly"]);
}

#[tokio::test]
async fn traces_of_clients_are_links_and_parents() {
    let setting = setting().await;
    let header = [("traceparent", OTHER)];
    for (auth, link) in [
        (String::new(), Some(OTHER)),
        (format!(r#"{{"traceparent":"{TRACE}"}}"#), Some(TRACE)),
        (r#"{"traceparent":"00-nonsense"}"#.to_owned(), Some(OTHER)),
    ] {
        let mut ws = setting.server.try_ws("EIO=4&transport=websocket", &header).await.unwrap();
        ws.expect("0{…}").await;
        ws.send(&format!("40/traced/7,{auth}")).await;
        ws.expect("40/traced/7,{…}").await;
        ws.send(&format!(r#"42/traced/7,1["say",{{"_trace":"{OTHER}"}}]"#)).await;
        ws.expect("43/traced/7,1[…]").await;
        ws.send(r#"42/traced/7,2["any",{"_trace":"nonsense"}]"#).await;
        ws.expect(&format!(r#"43/traced/7,2["{}"]"#, link.unwrap())).await;
        for _ in 0..3 {
            setting.recorder.next().await;
        }
        let starts = std::mem::take(&mut *setting.starts.lock().unwrap());
        let shown: Vec<_> = starts
            .iter()
            .map(|start| (start.parent().map(|it| it.to_string()), start.link().map(|it| it.to_string())))
            .collect();
        let link = link.map(str::to_owned);
        let parent = Some(OTHER.to_owned());
        assert_eq!(shown, [(None, link.clone()), (parent, link.clone()), (None, link)], "{auth}");
    }
    // Without any of them there is none.
    drop(joined(&setting).await);
    let start = setting.starts.lock().unwrap().pop().unwrap();
    assert!(start.parent().is_none() && start.link().is_none());
}
