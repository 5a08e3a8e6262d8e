//! Handlers that hold the acknowledgement: one answer, whatever they do with it.

use std::collections::HashMap;

use futures_util::FutureExt as _;

use super::{Client, decode};
use crate::Error;
use crate::consumer::{Consumer, Event};
use crate::error::EmitError;
use crate::prelude::*;

type Aliased = Ack<u32>;

#[derive(Default)]
struct Acks {
    moved: Option<Ack<u32>>,
    seen: Vec<String>,
}

#[consumer(namespace = "/tests/acks")]
impl Acks {
    async fn event_send(&mut self, ack: Ack<(u32, &str)>) -> Result<(), EmitError> {
        ack.send((1, "two"))
    }

    async fn event_drop(&mut self, ack: Ack<u32>) {
        drop(ack);
    }

    async fn event_fail(&mut self, _ack: Ack<u32>) -> crate::Result {
        Err(Error::new("no", "No"))
    }

    async fn event_send_and_fail(&mut self, ack: Ack<u32>) -> crate::Result {
        ack.send(1)?;
        Err(Error::new("late", "Too late"))
    }

    async fn event_move(&mut self, ack: Ack<u32>, fail: Option<bool>) -> crate::Result {
        self.moved = Some(ack);
        if fail == Some(true) { Err(Error::new("no", "No")) } else { Ok(()) }
    }

    async fn event_forget(&mut self, ack: Ack<()>, fail: Option<bool>) -> crate::Result {
        ack.forget();
        if fail == Some(true) { Err(Error::new("no", "No")) } else { Ok(()) }
    }

    async fn event_requested(&mut self, ack: Option<Ack<bool>>) {
        self.seen.push(format!("{}", ack.is_some()));
        if let Some(ack) = ack {
            ack.send(true).unwrap();
        }
    }

    async fn event_maybe(&mut self, ack: Ack<HashMap<(u8, u8), u8>>) -> Result<(), EmitError> {
        self.seen.push(format!("{}", ack.is_requested()));
        // Not JSON; but that is found out only where somebody waits for it.
        ack.send(HashMap::from([((1, 2), 3)]))
    }

    async fn event_swallow(&mut self, ack: Ack<HashMap<(u8, u8), u8>>) {
        ack.send(HashMap::from([((1, 2), 3)])).unwrap_err();
    }

    async fn event_hang(&mut self, _ack: Ack<u32>) {
        std::future::pending::<()>().await;
    }

    async fn event_aliased(&mut self, ack: Aliased) -> u32 {
        drop(ack);
        5
    }

    async fn event_twice(&mut self, _first: Aliased, _second: Aliased) {}

    async fn error(&mut self, error: Error) {
        self.seen.push(error.code().to_owned());
    }
}

const ERROR: &str = r#"43/tests/acks,1[{"status":"error","code":"no","message":"No"}]"#;

async fn client() -> Client<Acks> {
    Client::connect().await
}

#[tokio::test]
async fn the_handler_answers_with_what_it_sends() {
    assert_eq!(client().await.send(r#"2/tests/acks,1["send"]"#).await, [r#"43/tests/acks,1[1,"two"]"#]);
    assert_eq!(client().await.send(r#"2/tests/acks,["send"]"#).await, [""; 0]);
}

#[tokio::test]
async fn an_ack_that_is_dropped_unused_answers_with_nothing() {
    assert_eq!(client().await.send(r#"2/tests/acks,1["drop"]"#).await, ["43/tests/acks,1[]"]);
}

#[tokio::test]
async fn a_failure_is_the_answer_unless_there_is_one() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["fail"]"#).await, [ERROR]);
    assert!(client.consumer.seen.is_empty());
    assert_eq!(client.send(r#"2/tests/acks,1["send_and_fail"]"#).await, ["43/tests/acks,1[1]"]);
    assert_eq!(client.consumer.seen, ["late"]);
}

#[tokio::test]
async fn an_ack_that_was_moved_away_answers_later() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["move"]"#).await, [""; 0]);
    client.consumer.moved.take().unwrap().send(5).unwrap();
    assert_eq!(client.answers(), ["43/tests/acks,1[5]"]);

    assert_eq!(client.send(r#"2/tests/acks,2["move"]"#).await, [""; 0]);
    client.consumer.moved = None;
    assert_eq!(client.answers(), ["43/tests/acks,2[]"]);

    assert_eq!(client.send(r#"2/tests/acks,1["move"]"#).await, [""; 0]);
    client.consumer.moved.take().unwrap().fail(Error::new("no", "No")).unwrap();
    assert_eq!(client.answers(), [ERROR]);
}

#[tokio::test]
async fn an_ack_that_was_moved_away_comes_too_late_after_a_failure() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["move",true]"#).await, [ERROR]);
    let late = client.consumer.moved.take().unwrap().send(5);
    assert!(matches!(late, Err(EmitError::AlreadyAnswered)), "{late:?}");
    assert_eq!(client.send(r#"2/tests/acks,1["move",true]"#).await, [ERROR]);
    client.consumer.moved = None;
    assert_eq!(client.answers(), [""; 0]);
}

#[tokio::test]
async fn an_ack_can_be_held_back_for_good() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["forget"]"#).await, [""; 0]);
    assert_eq!(client.send(r#"2/tests/acks,1["forget",true]"#).await, [""; 0]);
    assert_eq!(client.consumer.seen, ["no"]);
}

#[tokio::test]
async fn a_handler_can_learn_whether_an_answer_is_wanted() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["requested"]"#).await, ["43/tests/acks,1[true]"]);
    assert_eq!(client.send(r#"2/tests/acks,["requested"]"#).await, [""; 0]);
    client.send(r#"2/tests/acks,["maybe"]"#).await;
    assert_eq!(client.consumer.seen, ["true", "false", "false"]);
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_leaves_the_answer_to_the_handlers_end() {
    let mut client = client().await;
    let internal =
        r#"43/tests/acks,1[{"status":"error","code":"internal","message":"Internal server error"}]"#;
    assert_eq!(client.send(r#"2/tests/acks,1["maybe"]"#).await, [internal]);
    assert_eq!(client.send(r#"2/tests/acks,1["swallow"]"#).await, ["43/tests/acks,1[]"]);
}

#[tokio::test]
async fn what_the_macro_cannot_see_still_makes_one_answer() {
    let mut client = client().await;
    assert_eq!(client.send(r#"2/tests/acks,1["aliased"]"#).await, ["43/tests/acks,1[5]"]);
    let twice = client.send(r#"2/tests/acks,1["twice"]"#).await;
    assert_eq!(twice.len(), 1);
    assert!(twice[0].contains(r#""code":"internal""#), "{twice:?}");
}

#[tokio::test]
async fn a_handler_that_is_dropped_is_answered_for() {
    let mut client = client().await;
    for (error, code) in [
        (Error::timed_out(), "timeout"),
        (Error::panicked(), "internal"),
        (Error::shutting_down(), "shutting_down"),
    ] {
        let mut event = Event::incoming(&client.socket, decode(r#"2/tests/acks,1["hang"]"#));
        assert!(client.consumer.on_event(&mut event).now_or_never().is_none());
        assert!(event.finish(Err(error)).is_none());
        let answers = client.answers();
        assert_eq!(answers.len(), 1);
        assert!(answers[0].contains(&format!(r#""code":"{code}""#)), "{answers:?}");
    }
}

#[tokio::test]
async fn an_event_is_answered_once_however_often_it_ends() {
    let mut client = client().await;
    let mut event = Event::incoming(&client.socket, decode(r#"2/tests/acks,1["drop"]"#));
    let result = client.consumer.on_event(&mut event).await;
    assert!(event.finish(result).is_none());
    assert_eq!(event.finish(Err(Error::new("no", "No"))).unwrap().code(), "no");
    assert_eq!(client.answers(), ["43/tests/acks,1[]"]);
}
