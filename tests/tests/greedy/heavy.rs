//! Large events that are one piece of work: their clients keep nobody else waiting, even where one worker does it all.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use sio::prelude::*;
use sio_tests::{Request, TestServer, Ws, deadline::soon, journal::Journal};

const DEADLINE: Duration = Duration::from_secs(30);

/// Where work that blocks its thread waits until the test has seen that others go on.
static STOPS: LazyLock<Mutex<HashMap<String, Arc<Stop>>>> = LazyLock::new(Mutex::default);

struct Stop {
    reached: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

/// Blocks the thread until the test lets it go on.
fn block(name: &str) -> Result<(), &'static str> {
    let stop = STOPS.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    let stop = stop.ok_or("nobody waits for it")?;
    stop.reached.send(()).map_err(|_| "the test has ended")?;
    let go_on = stop.go_on.lock().map_err(|_| "somebody else has panicked")?;
    go_on.recv_timeout(DEADLINE).map_err(|_| "the others do not go on")
}

/// The test's side of a stop.
struct Held {
    reached: Receiver<()>,
    go_on: Sender<()>,
}

impl Held {
    fn new(name: &str) -> Self {
        let ((reached, is_reached), (go_on, may_go_on)) = (channel(), channel());
        let stop = Arc::new(Stop { reached, go_on: Mutex::new(may_go_on) });
        STOPS.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), stop);
        Self { reached: is_reached, go_on }
    }

    async fn reached(&self) {
        soon("the work begins", async {
            while self.reached.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn go_on(&self) {
        self.go_on.send(()).expect("the work waits for it");
    }
}

/// A payload whose decoding takes long.
struct Decoded;

impl<'de> Deserialize<'de> for Decoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, _) = <(String, Vec<u8>)>::deserialize(deserializer)?;
        block(&name).map(|()| Self).map_err(D::Error::custom)
    }
}

/// A payload that takes long to drop.
#[derive(Deserialize)]
struct Dropped((String, Vec<u8>));

impl Drop for Dropped {
    fn drop(&mut self) {
        block(&self.0.0).expect("the others go on");
    }
}

/// An answer that takes long to encode.
#[derive(Deserialize)]
struct Encoded((String, Vec<u8>));

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        block(&self.0.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_unit()
    }
}

#[derive(Default)]
struct Heavy;

#[consumer(namespace = "/heavy")]
impl Heavy {
    async fn event_decode(&mut self, _: Decoded) {}

    async fn event_drop(&mut self, _: Dropped) {}

    async fn event_encode(&mut self, large: Encoded) -> Encoded {
        large
    }

    /// Does its work after it has waited.
    async fn event_later(&mut self, large: Encoded) -> Encoded {
        tokio::task::yield_now().await;
        large
    }

    #[event("beside", concurrent)]
    async fn beside(_: Decoded) {}

    async fn event_count(&mut self, numbers: Vec<u8>) -> usize {
        numbers.len()
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

#[derive(Default)]
struct Auth;

#[consumer(namespace = "/heavy/auth")]
impl Auth {
    async fn connect(&mut self, _: Decoded) {}
}

fn numbers() -> String {
    format!("[{}0]", "0,".repeat(20_000))
}

async fn is_answered(ws: &mut Ws) {
    ws.send(r#"42/heavy,9["count",[1,2,3]]"#).await;
    ws.expect("43/heavy,9[3]").await;
}

/// Sends a packet and sees that another client is answered while it is worked on.
async fn goes_on_beside(name: &str, packet: &str, answer: &str) {
    let server = TestServer::start(|builder| builder.consumer::<Heavy>().consumer::<Auth>()).await;
    let mut other = server.socket("/heavy").await;
    let mut ws = server.socket("/heavy").await;
    let held = Held::new(name);
    ws.send(&format!(r#"{packet}["{name}",{}]{}"#, numbers(), if packet.contains('[') { "]" } else { "" }))
        .await;
    held.reached().await;
    is_answered(&mut other).await;
    // One that comes meanwhile is let in.
    is_answered(&mut server.socket("/heavy").await).await;
    held.go_on();
    ws.expect(answer).await;
    // And everything is as before.
    is_answered(&mut ws).await;
    is_answered(&mut other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_a_large_event_is_decoded() {
    goes_on_beside("decode", r#"42/heavy,1["decode","#, "43/heavy,1[]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_the_event_of_a_concurrent_handler_is_decoded() {
    goes_on_beside("beside", r#"42/heavy,1["beside","#, "43/heavy,1[]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_a_large_payload_is_dropped() {
    goes_on_beside("drop", r#"42/heavy,1["drop","#, "43/heavy,1[]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_a_large_answer_is_encoded() {
    goes_on_beside("encode", r#"42/heavy,1["encode","#, "43/heavy,1[null]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_a_handler_that_has_waited_works_on_a_large_event() {
    goes_on_beside("later", r#"42/heavy,1["later","#, "43/heavy,1[null]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_go_on_while_a_large_auth_payload_is_decoded() {
    goes_on_beside("auth", "40/heavy/auth,", r#"40/heavy/auth,{"sid":…}"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_are_handled_in_order_with_the_others() {
    let server = TestServer::start(|builder| builder.consumer::<Heavy>()).await;
    let mut ws = server.socket("/heavy").await;
    let large = numbers();
    for id in 1..50 {
        ws.send_all(&[
            &format!(r#"42/heavy,{id}0["count",[1]]"#),
            &format!(r#"42/heavy,{id}1["count",{large}]"#),
            &format!(r#"42/heavy,{id}2["count",[1,2]]"#),
        ])
        .await;
        ws.expect(&format!("43/heavy,{id}0[1]")).await;
        ws.expect(&format!("43/heavy,{id}1[20001]")).await;
        ws.expect(&format!("43/heavy,{id}2[2]")).await;
    }
    ws.send(&format!(r#"42/heavy,["count",{large}]"#)).await;
    ws.close().await;
    server.journal.expect("transport close").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_may_come_by_post() {
    let server = TestServer::start(|builder| builder.consumer::<Heavy>()).await;
    let mut polling = server.polling().await;
    polling.join("/heavy").await;
    let large = numbers();
    let body =
        format!("42/heavy,1[\"count\",{large}]\x1e42/heavy,2[\"count\",{large}]\x1e42/heavy,3[\"count\",[]]");
    let mut http = server.http().await;
    http.exchange(&Request::post(polling.target(), body)).await.expect(200, "ok");
    let mut answers = String::new();
    while answers.matches("43/heavy").count() < 3 {
        answers += polling.get().await.text();
    }
    let answers: Vec<&str> =
        answers.split_inclusive(']').map(|answer| answer.trim_start_matches('\x1e')).collect();
    assert_eq!(answers, ["43/heavy,1[20001]", "43/heavy,2[20001]", "43/heavy,3[0]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_message_that_is_no_packet_closes_the_connection() {
    let server = TestServer::start(|builder| builder.consumer::<Heavy>()).await;
    for packet in [r#"42/heavy,["count",{}"#, r#"42/heavy,1["count",{}]]"#, r#"42["count",{}]"#] {
        let mut ws = server.socket("/heavy").await;
        ws.send(&packet.replace("{}", &numbers())).await;
        ws.expect_closed().await;
        server.journal.expect("forced close").await;
    }
}
