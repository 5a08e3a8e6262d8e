//! BEHAVIOUR §2: the order of events and what their arguments may be.

mod shared;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sio::prelude::*;
use sio_tests::{
    Frame, Received, TestServer,
    app::{All, Plain},
    journal::{Gate, Journal},
    logs,
};

/// Handlers that wait, so that what does not wait can be seen.
#[derive(Default)]
struct Ordered {
    handled: u32,
}

#[consumer(namespace = "/ordered")]
impl Ordered {
    async fn event_step(&mut self, number: u32, journal: State<Journal>, gate: State<Gate>) -> u32 {
        journal.note(format!("begins {number}"));
        gate.pass("step").await;
        self.handled += 1;
        journal.note(format!("ends {number}"));
        self.handled
    }

    async fn event_count(&mut self) -> u32 {
        self.handled
    }

    #[event(concurrent)]
    async fn event_beside(number: u32, journal: State<Journal>, gate: State<Gate>) -> u32 {
        journal.note(format!("beside {number}"));
        gate.pass(&format!("beside {number}")).await;
        number
    }

    /// Asks its own client, and could not hear the answer if acks waited for handlers.
    async fn event_question(&mut self, socket: &Socket) -> sio::Result<String> {
        Ok(socket.emit_with_ack::<String>("please", &"name").await?)
    }
}

#[derive(Deserialize, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

/// Handlers of many shapes.
#[derive(Default)]
struct Shapes;

#[consumer(namespace = "/shapes")]
impl Shapes {
    async fn event_two(&mut self, first: u32, second: String) -> (String, u32) {
        (second, first)
    }

    async fn event_maybe(&mut self, first: u32, second: Option<String>) -> (u32, Option<String>) {
        (first, second)
    }

    async fn event_point(&mut self, point: Point) -> Point {
        point
    }

    async fn event_mixed(
        &mut self,
        socket: &Socket,
        name: EventName,
        first: u32,
        second: u32,
    ) -> (String, u32) {
        (format!("{} in {}", &*name, socket.namespace().path()), first + second)
    }

    async fn event_maps(
        &mut self,
        ordered: BTreeMap<u32, String>,
        keyed: HashMap<String, u8>,
    ) -> (usize, Option<u8>) {
        (ordered.len(), keyed.get("kéy").copied())
    }

    #[event("with \"quotes\", commas and ✓")]
    async fn odd(&mut self) -> &'static str {
        "odd"
    }

    #[event(fallback)]
    async fn anything(&mut self, name: EventName, arguments: All) -> (String, usize) {
        (name.to_string(), arguments.0.len())
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Ordered>().consumer::<Shapes>().consumer::<Plain>()).await
}

/// The answers of `/shapes`.
async fn shapes(event: &str, answer: &str) {
    let server = server().await;
    let mut ws = server.socket("/shapes").await;
    ws.send(&format!("42/shapes,1{event}")).await;
    ws.expect(&format!("43/shapes,1{answer}")).await;
}

#[tokio::test]
async fn events_of_one_socket_are_handled_one_at_a_time_in_the_order_of_arrival() {
    let server = server().await;
    let mut ws = server.socket("/ordered").await;
    let steps: Vec<_> = (0..5).map(|number| format!(r#"42/ordered,{number}["step",{number}]"#)).collect();
    ws.send_all(&steps.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for number in 0..5 {
        server.journal.expect(&format!("begins {number}")).await;
        ws.expect_nothing_more().await; // all five were read by now
        assert_eq!(server.journal.rest(), [""; 0], "the next one waits");
        server.gate.open("step");
        server.journal.expect(&format!("ends {number}")).await;
        ws.expect(&format!("43/ordered,{number}[{}]", number + 1)).await;
    }
}

#[tokio::test]
async fn events_of_one_socket_posted_together_are_handled_in_order() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/ordered").await;
    polling.send("42/ordered,0[\"step\",0]\u{1e}42/ordered,1[\"step\",1]\u{1e}42/ordered,2[\"count\"]").await;
    server.gate.open("step");
    server.gate.open("step");
    polling.expect("43/ordered,0[1]").await;
    polling.expect("43/ordered,1[2]").await;
    polling.expect("43/ordered,2[2]").await;
}

#[tokio::test]
async fn sockets_do_not_wait_for_each_other() {
    let server = server().await;
    let mut slow = server.socket("/ordered").await;
    slow.send(r#"42/ordered,0["step",0]"#).await;
    server.journal.expect("begins 0").await;

    let mut other = server.socket("/ordered").await;
    other.send(r#"42/ordered,0["count"]"#).await;
    other.expect("43/ordered,0[0]").await;
    // Another namespace of the same connection is another socket.
    slow.join("/").await;
    slow.send(r#"420["ask"]"#).await;
    slow.expect("430[]").await;
}

#[tokio::test]
async fn a_concurrent_event_runs_beside_the_others() {
    let server = server().await;
    let mut ws = server.socket("/ordered").await;
    ws.send_all(&[
        r#"42/ordered,0["step",0]"#,
        r#"42/ordered,1["beside",1]"#,
        r#"42/ordered,2["beside",2]"#,
        r#"42/ordered,3["count"]"#,
    ])
    .await;
    server.journal.expect("begins 0").await;
    server.journal.expect("beside 1").await;
    server.journal.expect("beside 2").await;
    server.gate.open("beside 2");
    ws.expect("43/ordered,2[2]").await;
    server.gate.open("step");
    ws.expect("43/ordered,0[1]").await;
    ws.expect("43/ordered,3[1]").await;
    server.gate.open("beside 1");
    ws.expect("43/ordered,1[1]").await;
}

#[tokio::test]
async fn an_ack_reaches_the_handler_that_waits_for_it() {
    let server = server().await;
    let mut ws = server.socket("/ordered").await;
    ws.send(r#"42/ordered,9["question"]"#).await;
    ws.expect(r#"42/ordered,0["please","name"]"#).await;
    ws.send(r#"43/ordered,0["Ada"]"#).await;
    ws.expect(r#"43/ordered,9["Ada"]"#).await;
}

/// The heartbeat is far shorter than the handler, and each ping follows an answered one.
#[tokio::test]
async fn heartbeats_are_not_kept_waiting_by_a_handler() {
    let server = TestServer::start(|builder| {
        builder
            .consumer::<Ordered>()
            .ping_interval(Duration::from_millis(250))
            .ping_timeout(Duration::from_secs(10))
    })
    .await;
    let mut ws = server.socket("/ordered").await;
    ws.send(r#"42/ordered,0["step",0]"#).await;
    server.journal.expect("begins 0").await;
    for _ in 0..5 {
        ws.expect("2").await;
        ws.send("3").await;
    }
    server.gate.open("step");
    loop {
        match ws.receive().await {
            Received::Text(ping) if ping == "2" => ws.send("3").await,
            other => break assert_eq!(other, Received::Text("43/ordered,0[1]".into())),
        }
    }
}

/// A server that kept reading would take all of it: far more than the buffers of two sockets hold.
#[tokio::test]
async fn a_full_queue_of_events_stops_the_reading_and_nothing_is_lost() {
    const EVENTS: usize = 500;
    let server = TestServer::start(|builder| builder.consumer::<Ordered>().incoming_events(4)).await;
    let mut ws = server.socket("/ordered").await;
    ws.send(r#"42/ordered,["step",0]"#).await;
    server.journal.expect("begins 0").await;

    let filler = "x".repeat(10_000);
    let event = |number| Frame::text(format!(r#"42/ordered,{number}["count","{filler}"]"#)).encode();
    let events: Vec<u8> = (0..EVENTS).flat_map(event).collect();
    let taken = ws.write_until_stuck(&events).await;
    assert!(taken < events.len(), "the server took everything while its handler was busy");

    server.gate.open("step");
    let mut unsent = &events[taken..];
    for number in 0..EVENTS {
        let answer = ws.receive_while_writing(&mut unsent).await;
        assert_eq!(answer, Received::Text(format!("43/ordered,{number}[1]")));
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn extra_arguments_are_ignored() {
    shapes(r#"["two",1,"a",{"more":[1]},null]"#, r#"["a",1]"#).await;
}

#[tokio::test]
async fn a_trailing_option_may_be_missing_or_null() {
    shapes(r#"["maybe",1]"#, "[1,null]").await;
    shapes(r#"["maybe",1,null]"#, "[1,null]").await;
    shapes(r#"["maybe",1,"a"]"#, r#"[1,"a"]"#).await;
}

#[tokio::test]
async fn provided_arguments_do_not_count_as_payload() {
    shapes(r#"["mixed",1,2]"#, r#"["mixed in /shapes",3]"#).await;
}

#[tokio::test]
async fn an_object_becomes_the_handlers_own_type() {
    shapes(r#"["point",{"x":0.1,"y":-2.5}]"#, r#"[{"x":0.1,"y":-2.5}]"#).await;
}

#[tokio::test]
async fn keys_are_decoded_and_may_be_numbers() {
    shapes(r#"["maps",{"1":"a","2":"b"},{"k\u00e9y":7}]"#, "[2,7]").await;
}

#[tokio::test]
async fn an_event_name_may_be_any_text() {
    shapes(r#"["with \"quotes\", commas and ✓"]"#, r#"["odd"]"#).await;
    shapes(r#"["with \u0022quotes\u0022, commas and \u2713"]"#, r#"["odd"]"#).await;
    shapes(r#"["\u0074wo",1,"a"]"#, r#"["a",1]"#).await;
}

#[tokio::test]
async fn white_space_between_the_tokens_is_no_part_of_them() {
    shapes("[ \"two\" , 1 ,\t\"a\" ]", r#"["a",1]"#).await;
}

#[tokio::test]
async fn an_event_without_a_handler_goes_to_the_fallback() {
    shapes(r#"["who knows",1,2]"#, r#"["who knows",2]"#).await;
    shapes(r#"[""]"#, r#"["",0]"#).await;
    shapes(r#"["a,b/c:1"]"#, r#"["a,b/c:1",0]"#).await;
}

#[tokio::test]
async fn an_unknown_event_without_fallback_is_ignored_with_a_debug_line() {
    let logs = logs::capture();
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"42["an event that nobody handles",1]"#).await;
    ws.expect_nothing_more().await;
    logs.expect(&["DEBUG", "an event that nobody handles"]).await;
}

#[tokio::test]
async fn numbers_come_back_as_they_went() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let numbers = "[0,-1,1.5,0.1,1e21,5e-324,1.7976931348623157e308,9007199254740993,18446744073709551615,-9223372036854775808]";
    ws.send(&format!(r#"421["ask",{numbers}]"#)).await;
    let back = ws.expect("431[…]").await;
    let sent: serde_json::Value = serde_json::from_str(numbers).expect("it is JSON");
    assert_eq!(back, json!([sent]));
    ws.send(r#"422["ask",1,1.0,-0.0,0.30000000000000004]"#).await;
    ws.expect("432[1,1.0,-0.0,0.30000000000000004]").await;
}

#[tokio::test]
async fn all_of_unicode_comes_back_as_it_went() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"421["ask","てすと Я Б Ä ß — 👩‍👩‍👧 \u0000\u001e\u2028\ud83d\ude00\"\\"]"#).await;
    let back = ws.expect("431[…]").await;
    assert_eq!(back, json!(["てすと Я Б Ä ß — 👩‍👩‍👧 \u{0}\u{1e}\u{2028}😀\"\\"]));
}

#[tokio::test]
async fn a_lone_surrogate_becomes_the_replacement_character() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"421["ask","a\ud800b","\udc00",{"\ud83dkey":1},"\ud83d\ude00"]"#).await;
    let back = ws.expect("431[…,…,…,…]").await;
    assert_eq!(back, json!(["a\u{fffd}b", "\u{fffd}", {"\u{fffd}key": 1}, "😀"]));
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn attachments_are_found_at_any_depth() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"452-1["ask",{"a":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[0]).await;
    ws.send_binary(&[1, 1]).await;
    ws.expect(r#"462-1[{"a":[{"_placeholder":true,"num":0}]},{"_placeholder":true,"num":1}]"#).await;
    ws.expect_binary(&[1, 1]).await;
    ws.expect_binary(&[0]).await;
}

#[tokio::test]
async fn an_empty_attachment_is_an_attachment() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[]).await;
    ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[]).await;
}

#[tokio::test]
async fn a_placeholder_that_is_not_true_is_plain_data() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let plain = r#"{"_placeholder":false,"num":0},{"_placeholder":"true"},{"_placeholder":1,"num":7}"#;
    ws.send(&format!(r#"421["ask",{plain}]"#)).await;
    ws.expect(&format!("431[{plain}]")).await;
    // Beside bytes only what no client takes for a placeholder comes back: some are content with any truth.
    let plain = r#"{"_placeholder":false,"num":0},{"_placeholder":null}"#;
    ws.send(&format!(r#"451-2["ask",{plain},{{"_placeholder":true,"num":0}}]"#)).await;
    ws.send_binary(&[9]).await;
    ws.expect(&format!(r#"461-2[{plain},{{"_placeholder":true,"num":0}}]"#)).await;
    ws.expect_binary(&[9]).await;
}

#[tokio::test]
async fn a_binary_packet_of_no_attachments_is_delivered_at_once_and_does_not_disturb_the_next() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send_all(&[
        r#"450-1["ask","none"]"#,
        r#"422["ask","next"]"#,
        r#"451-3["ask",{"_placeholder":true,"num":0}]"#,
    ])
    .await;
    ws.send_binary(&[3]).await;
    ws.expect(r#"431["none"]"#).await;
    ws.expect(r#"432["next"]"#).await;
    ws.expect(r#"461-3[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[3]).await;
}

#[tokio::test]
async fn packets_of_several_namespaces_may_come_mixed() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.join("/shapes").await;
    ws.send_all(&[r#"42/shapes,1["two",1,"a"]"#, r#"421["ask",1]"#, r#"42/shapes,2["two",2,"b"]"#]).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        match ws.receive().await {
            Received::Text(text) => answers.push(text),
            other => panic!("received {other}"),
        }
    }
    answers.sort();
    assert_eq!(answers, [r#"43/shapes,1["a",1]"#, r#"43/shapes,2["b",2]"#, "431[1]"]);
}
