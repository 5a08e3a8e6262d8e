//! Arguments in, return values out.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Client, Socket, decode};
use crate::Error;
use crate::consumer::{Consumer, Event};
use crate::error::IntoEventError;
use crate::prelude::*;
use crate::state_map::StateMap;

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    text: String,
    #[serde(default)]
    n: u32,
}

#[derive(Serialize)]
struct Oops;

impl IntoEventError for Oops {
    fn into_event_error(self) -> Error {
        Error::new("oops", "That did not work").with_field("retry", true)
    }
}

/// A `Result` by another name, with an error that is `Serialize` too: still an outcome, not a value.
type Outcome<T> = Result<T, Oops>;

struct TestResult;

impl Serialize for TestResult {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("a value in spite of its name")
    }
}

#[derive(Default)]
struct Events {
    seen: Vec<String>,
}

#[consumer(namespace = "/tests/events")]
impl Events {
    async fn event_echo(&self, message: Message) -> Message {
        message
    }

    async fn event_add(a: u32, b: Option<u32>) -> u32 {
        a + b.unwrap_or(100)
    }

    async fn event_pair() -> (u32, &'static str) {
        (1, "two")
    }

    async fn event_unit(&mut self, _text: String) {
        self.seen.push("unit".to_owned());
    }

    async fn event_list() -> Vec<u32> {
        vec![1, 2]
    }

    async fn event_outcome(fail: bool) -> Outcome<u32> {
        if fail { Err(Oops) } else { Ok(7) }
    }

    async fn event_result_value() -> TestResult {
        TestResult
    }

    async fn event_foreign(text: String) -> crate::Result<i32> {
        Ok(text.parse::<i32>()?)
    }

    async fn event_no_json() -> HashMap<(u8, u8), u8> {
        HashMap::from([((1, 2), 3)])
    }

    #[event("any name: \"quoted\"")]
    async fn any(Message { text, .. }: Message, socket: &Socket, _owned: Socket) -> String {
        format!("{text} on {}", socket.path())
    }

    async fn event_limit(limit: State<u64>) -> u64 {
        *limit
    }

    #[event("slow", concurrent, timeout = "500ms")]
    async fn slow(text: String) -> String {
        text
    }

    #[event(fallback)]
    async fn rest(&mut self, name: EventName, mut args: Args) -> crate::Result<(String, u32)> {
        self.seen.push(name.to_string());
        Ok((name.as_str().to_uppercase(), args.take()?))
    }

    async fn error(&mut self, name: EventName, error: Error) {
        self.seen.push(format!("{name}: {}", error.code()));
    }
}

async fn send(packet: &str) -> Vec<String> {
    Client::<Events>::connect().await.send(packet).await
}

#[tokio::test]
async fn the_value_that_a_handler_returns_is_the_answer() {
    let packet = r#"2/tests/events,7["echo",{"text":"hi","n":3}]"#;
    assert_eq!(send(packet).await, [r#"43/tests/events,7[{"text":"hi","n":3}]"#]);
    assert_eq!(send(r#"2/tests/events,0["pair"]"#).await, [r#"43/tests/events,0[1,"two"]"#]);
    assert_eq!(send(r#"2/tests/events,1["unit",""]"#).await, ["43/tests/events,1[]"]);
    assert_eq!(send(r#"2/tests/events,1["list"]"#).await, ["43/tests/events,1[[1,2]]"]);
}

#[tokio::test]
async fn nothing_is_sent_when_no_answer_is_wanted() {
    for packet in
        [r#"2/tests/events,["pair"]"#, r#"2/tests/events,["unit",""]"#, r#"2/tests/events,["echo"]"#]
    {
        assert_eq!(send(packet).await, [""; 0], "{packet}");
    }
}

#[tokio::test]
async fn a_result_is_an_outcome_by_its_type_and_not_by_its_name() {
    assert_eq!(send(r#"2/tests/events,1["outcome",false]"#).await, ["43/tests/events,1[7]"]);
    let error = r#"{"status":"error","code":"oops","message":"That did not work","retry":true}"#;
    assert_eq!(send(r#"2/tests/events,1["outcome",true]"#).await, [format!("43/tests/events,1[{error}]")]);
    let value = r#"43/tests/events,1["a value in spite of its name"]"#;
    assert_eq!(send(r#"2/tests/events,1["result_value"]"#).await, [value]);
}

#[tokio::test]
async fn extra_arguments_are_ignored_and_trailing_options_may_be_missing() {
    assert_eq!(send(r#"2/tests/events,1["add",1,2,3,"x"]"#).await, ["43/tests/events,1[3]"]);
    assert_eq!(send(r#"2/tests/events,1["add",1]"#).await, ["43/tests/events,1[101]"]);
    assert_eq!(send(r#"2/tests/events,1["add",1,null]"#).await, ["43/tests/events,1[101]"]);
}

#[tokio::test]
async fn a_wrong_argument_is_named_by_its_index() {
    let wrong = send(r#"2/tests/events,1["add",1,"x"]"#).await.remove(0);
    let begin = r#"43/tests/events,1[{"status":"error","code":"invalid_payload","message":"Invalid payload","index":1,"detail":"invalid type: string"#;
    assert!(wrong.starts_with(begin), "{wrong}");
    let missing = send(r#"2/tests/events,1["add"]"#).await.remove(0);
    assert!(missing.ends_with(r#""index":0,"detail":"argument 0 is missing"}]"#), "{missing}");
}

#[tokio::test]
async fn what_fails_inside_stays_inside() {
    let internal =
        r#"43/tests/events,1[{"status":"error","code":"internal","message":"Internal server error"}]"#;
    assert_eq!(send(r#"2/tests/events,1["foreign","x"]"#).await, [internal]);
    assert_eq!(send(r#"2/tests/events,1["no_json"]"#).await, [internal]);
    assert_eq!(send(r#"2/tests/events,1["limit"]"#).await, [internal]);
    assert_eq!(send(r#"2/tests/events,1["foreign","5"]"#).await, ["43/tests/events,1[5]"]);
}

#[tokio::test]
async fn a_literal_names_any_event_and_patterns_take_arguments_apart() {
    let packet = r#"2/tests/events,1["any name: \"quoted\"",{"text":"hi"}]"#;
    assert_eq!(send(packet).await, [r#"43/tests/events,1["hi on /tests/events"]"#]);
}

#[tokio::test]
async fn state_comes_from_the_server() {
    let mut states = StateMap::default();
    states.insert(3u64);
    states.insert(4u64);
    let mut client = Client::<Events>::try_connect(None, states).await.unwrap();
    assert_eq!(client.send(r#"2/tests/events,1["limit"]"#).await, ["43/tests/events,1[4]"]);
}

#[tokio::test]
async fn the_fallback_gets_every_other_event_with_its_name() {
    let mut client = Client::<Events>::connect().await;
    assert_eq!(client.send(r#"2/tests/events,1["other",5]"#).await, [r#"43/tests/events,1["OTHER",5]"#]);
    assert_eq!(client.consumer.seen, ["other"]);
    // Arguments taken by hand fail like declared ones.
    let wrong = client.send(r#"2/tests/events,1["other",1,"x"]"#).await;
    assert_eq!(wrong, [r#"43/tests/events,1["OTHER",1]"#]);
    let wrong = client.send(r#"2/tests/events,1["other","x"]"#).await.remove(0);
    assert!(wrong.contains(r#""code":"invalid_payload","message":"Invalid payload","index":0"#), "{wrong}");
}

#[tokio::test]
async fn the_error_hook_hears_what_the_client_is_not_told() {
    let mut client = Client::<Events>::connect().await;
    client.send(r#"2/tests/events,["add","x"]"#).await;
    client.send(r#"2/tests/events,["outcome",true]"#).await;
    client.send(r#"2/tests/events,1["outcome",true]"#).await;
    assert_eq!(client.consumer.seen, ["add: invalid_payload", "outcome: oops"]);
}

#[tokio::test]
async fn a_concurrent_handler_is_in_the_table_and_answers_by_itself() {
    let client = Client::<Events>::connect().await;
    let info = crate::consumer::EventInfo::find(Events::EVENTS, "slow").unwrap();
    assert!(info.concurrent);
    assert_eq!(info.timeout, Some(Duration::from_millis(500)));

    let mut event = Event::incoming(&client.socket, decode(r#"2/tests/events,1["slow","x"]"#));
    let result = Events::on_concurrent(&mut event).await;
    assert!(event.finish(result).is_none());
    assert_eq!(client.answers(), [r#"43/tests/events,1["x"]"#]);
}

struct Bare;

#[consumer(namespace = "/tests/bare")]
impl Bare {
    async fn connect() -> Self {
        Self
    }

    async fn event_known() {}
}

#[tokio::test]
async fn an_event_without_a_handler_is_answered_but_is_no_error_otherwise() {
    let mut client = Client::<Bare>::connect().await;
    let unknown = client.send(r#"2/tests/bare,1["other"]"#).await;
    let expected = r#"43/tests/bare,1[{"status":"error","code":"unknown_event","message":"No handler for the event \"other\""}]"#;
    assert_eq!(unknown, [expected]);

    let mut event = Event::incoming(&client.socket, decode(r#"2/tests/bare,["other"]"#));
    let result = client.consumer.on_event(&mut event).await;
    assert!(event.finish(result).is_none());
}

#[derive(Default)]
struct Sizes;

#[consumer(namespace = "/tests/sizes")]
impl Sizes {
    async fn event_one(&mut self, socket: &Socket) -> u8 {
        large(socket).await
    }

    async fn event_two(&mut self, socket: &Socket) -> u8 {
        large(socket).await
    }
}

async fn large(_: &Socket) -> u8 {
    let buffer = [1u8; 4096];
    tokio::task::yield_now().await;
    buffer[17]
}

#[tokio::test]
async fn the_future_of_an_event_is_as_large_as_the_largest_handler() {
    let mut client = Client::<Sizes>::connect().await;
    let mut event = Event::incoming(&client.socket, decode(r#"2/tests/sizes,["one"]"#));
    let alone = size_of_val(&large(&client.socket));
    let future = client.consumer.on_event(&mut event);
    assert!(size_of_val(&future) < alone + 256, "{} for {alone}", size_of_val(&future));
}
