use std::time::Duration;

use serde_json::{Value as Json, json};
use sio_core::args::Spread;
use sio_core::cluster::message::{HandedState, Query};
use sio_core::id::{PrivateId, Sid};
use sio_core::value::Value;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::*;
use crate::bus::{Bus as _, Link as _, Names};
use crate::cluster::Cluster;
use crate::event::ClusterEvent;
use crate::foreign::Python;
use crate::local::{BoxFuture, Claimed, Packet, Replay};
use crate::memory::{MemoryBroker, MemoryLink};
use crate::options::Options;
use crate::replies::{AskedHere, Asker};
use crate::sink::{Arrived, Queue};

const SID: &str = "3qDp7Bd_x8qRl5miAAAB";
const DEADLINE: Duration = Duration::from_secs(30);

/// A server that writes down what it is told.
#[derive(Default)]
struct Journal {
    entries: Mutex<Vec<String>>,
    changed: Notify,
    asker: Mutex<Option<Asker>>,
}

impl Journal {
    fn note(&self, entry: String) {
        self.entries.lock().expect("no test panics with it").push(entry);
        self.changed.notify_one();
    }

    async fn until(&self, count: usize) -> Vec<String> {
        let all = async {
            loop {
                let entries = self.entries.lock().expect("no test panics with it").clone();
                if entries.len() >= count {
                    return entries;
                }
                self.changed.notified().await;
            }
        };
        timeout(DEADLINE, all).await.expect("it is told")
    }
}

fn told(to: &Address<'_>, mut event: Event) -> String {
    let Spread(args) = event.args.take_rest::<Spread<Value>>().expect("arguments");
    let args: Vec<Json> =
        args.into_iter().map(|arg| Json::try_from(arg).unwrap_or_else(|_| "bytes".into())).collect();
    let Target { rooms, except, .. } = &to.target;
    format!("{} {rooms:?} but {except:?}: {} {}", to.path, event.name, Json::from(args))
}

impl Local for Journal {
    fn broadcast(&self, to: &Address<'_>, _: Packet) {
        self.note(format!("native {}", to.path));
    }

    fn event_of_others(&self, to: &Address<'_>, event: Event) {
        self.note(told(to, event));
    }

    fn ask_for_others(&self, to: &Address<'_>, event: Event, asker: &Asker) -> AskedHere {
        self.note(format!("asked {}", told(to, event)));
        *self.asker.lock().expect("no test panics with it") = Some(asker.clone());
        AskedHere { sids: vec![SID.parse().expect("an id")], hold: None }
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize {
        self.note(format!("{} {:?}: {deed:?}", to.path, to.target.rooms));
        1
    }

    fn query(&self, _: Query) -> BoxFuture<Vec<Box<serde_json::value::RawValue>>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn server_event(
        &self,
        _: NodeId,
        _: &str,
        _: &str,
        _: Box<serde_json::value::RawValue>,
    ) -> BoxFuture<Option<Box<serde_json::value::RawValue>>> {
        Box::pin(std::future::ready(None))
    }

    fn claim(&self, _: &str, _: PrivateId, _: Option<u64>) -> Claimed {
        Claimed::Unknown
    }

    fn handed(&self, _: PrivateId, _: HandedState, _: Replay<'_>) {}

    fn event(&self, _: ClusterEvent) {}
}

/// Somebody who hears what is said on the channel of python-socketio.
struct Tap {
    _link: MemoryLink,
    arrived: mpsc::Receiver<Arrived>,
}

impl Tap {
    async fn open(broker: &MemoryBroker) -> Self {
        let (queue, arrived) = Queue::new(NodeId::new(1), None);
        let names = Names::new("tap").expect("a prefix");
        let mut link = broker.bus("tap").connect(names, queue.sink()).await.expect("a broker");
        link.subscribe(&[Topic::Foreign("socketio".into())]).await.expect("it is subscribed");
        Self { _link: link, arrived }
    }

    async fn next(&mut self) -> Json {
        let next = timeout(DEADLINE, self.arrived.recv()).await.expect("something is said");
        let Some(Arrived::Foreign { payload, .. }) = next else { panic!("a message") };
        serde_json::from_slice(&payload).expect("JSON")
    }
}

async fn node(broker: &MemoryBroker, name: &str, python: Option<Python>) -> (Arc<Cluster>, Arc<Journal>) {
    let mut options = Options::new(broker.bus(name));
    if let Some(python) = python {
        options = options.python(python);
    }
    let (cluster, journal) = (Cluster::new(&options).expect("the options can be"), Arc::<Journal>::default());
    cluster.start(Arc::clone(&journal) as Arc<dyn Local>).await.expect("it starts");
    (cluster, journal)
}

fn say(broker: &MemoryBroker, message: &Json) {
    broker.inject("sio", &Topic::Foreign("socketio".into()), message.to_string());
}

fn everybody<'a>() -> Address<'a> {
    Address { path: "/", target: Target::everybody() }
}

fn event(name: &str, args: &impl serde::Serialize) -> Event {
    Event::new(name, sio_core::args::Args::of(args).expect("arguments"))
}

#[tokio::test]
async fn servers_and_workers_in_python_reach_every_node_once() {
    let broker = MemoryBroker::new();
    let (_a, one) = node(&broker, "a", Some(Python::new())).await;
    let (_b, two) = node(&broker, "b", Some(Python::new().member())).await;
    let emit = |event: &str, host: &str| {
        json!({
            "method": "emit", "event": event, "data": ["x", 1], "binary": false, "namespace": "/chat",
            "room": "den", "skip_sid": SID, "callback": null, "host_id": host
        })
    };
    say(&broker, &emit("first", "5222e2380ca74f1da5286857234e99ae"));
    say(&broker, &json!("garbage"));
    // Of a node of sio: the others have it already.
    say(&broker, &emit("ours", "sio.00000000000000ff"));
    say(
        &broker,
        &json!({"method": "enter_room", "sid": SID, "room": "den", "namespace": "/", "host_id": "x"}),
    );
    let expected =
        [format!(r#"/chat ["den"] but ["{SID}"]: first ["x",1]"#), format!(r#"/ ["{SID}"]: Join(["den"])"#)];
    assert_eq!(one.until(2).await, expected);
    assert_eq!(two.until(2).await, expected);
}

#[tokio::test]
async fn what_a_member_emits_is_told_once_and_one_that_only_hears_says_nothing() {
    let broker = MemoryBroker::new();
    let mut tap = Tap::open(&broker).await;
    let (a, _) = node(&broker, "a", Some(Python::new().member())).await;
    let (b, two) = node(&broker, "b", Some(Python::new())).await;
    assert!(a.has_foreign_members() && !b.has_foreign_members());
    assert!(b.prepare(&everybody(), &event("silent", &1)).expect("nothing").frames.is_empty());
    a.publish_prepared(a.prepare(&everybody(), &event("e", &("x", 2))).expect("words"));
    let said = tap.next().await;
    assert_eq!((&said["event"], &said["data"], &said["room"]), (&json!("e"), &json!(["x", 2]), &json!(null)));
    assert_eq!(said["host_id"], json!(format!("sio.{}", a.me())));
    let to = Address { path: "/", target: Target::room(SID) };
    assert!(a.change_foreign(&to, &Deed::Disconnect(false)).expect("words"));
    assert_eq!(tap.next().await["method"], "disconnect");
    // In order after what would have come before it.
    say(&broker, &json!({"method": "close_room", "room": "den", "namespace": "/", "host_id": "x"}));
    assert_eq!(two.until(1).await, [r#"/ ["den"]: Leave(["den"])"#]);
}

#[tokio::test]
async fn only_what_may_concern_their_sockets_is_told() {
    let broker = MemoryBroker::new();
    let (a, _) = node(&broker, "a", Some(Python::new().member())).await;
    let own: Sid = a.owner().make([7; 9]);
    for room in [own.as_str(), "\0u42"] {
        let to = Address { path: "/", target: Target::room(room) };
        assert!(a.prepare(&to, &event("e", &1)).expect("nothing").frames.is_empty(), "{room}");
        assert!(!a.change_foreign(&to, &Deed::Disconnect(true)).expect("nothing"));
    }
    let mut but = Target::everybody();
    but.except.push(own.as_str().into());
    let to = Address { path: "/", target: but.clone() };
    assert_eq!(a.prepare(&to, &event("e", &1)).expect("words").frames.len(), 1);
    but.except.push("muted".into());
    let to = Address { path: "/", target: but };
    let error = a.prepare(&to, &event("e", &1)).expect_err("no words").to_string();
    assert!(error.starts_with("python-socketio servers cannot be told: `except` names a room"), "{error}");
}

#[tokio::test]
async fn a_socket_there_is_asked_and_one_here_answers() {
    let broker = MemoryBroker::new();
    let mut tap = Tap::open(&broker).await;
    let (a, one) = node(&broker, "a", Some(Python::new().member())).await;
    let to = Address { path: "/", target: Target::room(SID) };
    let question = event("ask", &"q");
    let mut asked = a.ask_all(&to, &Packet::new(Bytes::new()), DEADLINE, Some(&question)).expect("words");
    let said = tap.next().await;
    assert_eq!(said["callback"], json!([SID, "/", 1]));
    let answer = json!({
        "method": "callback", "host_id": said["host_id"], "sid": SID, "namespace": "/", "id": 1, "args": ["a", 2]
    });
    let mut others = answer.clone();
    others["host_id"] = json!("sio.00000000000000ff");
    say(&broker, &others);
    say(&broker, &answer);
    let end = std::future::poll_fn(|context| asked.poll_next(context));
    let (sid, outcome) = timeout(DEADLINE, end).await.expect("an answer").expect("one");
    assert_eq!(sid.as_str(), SID);
    assert!(matches!(outcome, sio_core::cluster::ask::Outcome::Answer { json, .. } if json == r#"["a",2]"#));
    assert!(asked.is_over() && asked.missing().is_empty());

    say(
        &broker,
        &json!({
            "method": "emit", "event": "you?", "data": 1, "binary": false, "namespace": "/", "room": SID,
            "skip_sid": null, "callback": [SID, "/", 9], "host_id": "abc"
        }),
    );
    assert_eq!(one.until(1).await, [format!(r#"asked / ["{SID}"] but []: you? [1]"#)]);
    let asker = one.asker.lock().expect("no test panics with it").clone().expect("somebody asks");
    let outcome =
        |json: &str| sio_core::cluster::ask::Outcome::Answer { json: json.into(), attachments: Vec::new() };
    // The questions, and the first of the answers.
    assert_eq!(tap.next().await["host_id"], json!("sio.00000000000000ff"));
    assert_eq!(tap.next().await["method"], "callback");
    assert_eq!(tap.next().await["event"], "you?");
    asker.answer(SID.parse().expect("an id"), outcome("[1]"));
    asker.answer(SID.parse().expect("an id"), outcome("[2]"));
    let answer =
        json!({"method": "callback", "host_id": "abc", "sid": SID, "namespace": "/", "id": 9, "args": [1]});
    assert_eq!(tap.next().await, answer);
    a.publish_prepared(a.prepare(&everybody(), &event("last", &1)).expect("words"));
    assert_eq!(tap.next().await["event"], "last");
}

#[tokio::test]
async fn what_is_said_while_the_broker_is_away_is_said_when_it_is_back_and_once() {
    let broker = MemoryBroker::new();
    let (a, _) = node(&broker, "a", Some(Python::new().member())).await;
    a.publish_prepared(a.prepare(&everybody(), &event("before", &1)).expect("words"));
    timeout(DEADLINE, async {
        while a.status().waiting > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it is sent");
    broker.stop();
    timeout(DEADLINE, async {
        while a.is_up() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("it is noticed");
    a.publish_prepared(a.prepare(&everybody(), &event("meanwhile", &1)).expect("words"));
    let volatile = Event { is_volatile: true, ..event("never", &1) };
    a.publish_prepared(a.prepare(&everybody(), &volatile).expect("words"));
    broker.start();
    let mut tap = Tap::open(&broker).await;
    assert_eq!(tap.next().await["event"], "meanwhile");
    a.publish_prepared(a.prepare(&everybody(), &event("after", &1)).expect("words"));
    assert_eq!(tap.next().await["event"], "after");
    assert_eq!(a.status().counts.foreign_dropped, 1);
}

#[test]
fn a_channel_of_this_cluster_and_a_broker_of_another_kind_are_refused() {
    let options = Options::new(MemoryBroker::new().bus("a")).prefix("shop");
    let error = Cluster::new(&options.clone().python(Python::new().channel("shop.a"))).expect_err("one name");
    assert!(error.to_string().contains("choose another prefix"), "{error}");
    assert!(Cluster::new(&options.python(Python::new())).is_ok());
}
