//! The messages of a test that fails.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::*;

/// The message with which a test fails.
pub(super) async fn failure<T>(future: impl Future<Output = T>) -> String {
    let Err(panic) = AssertUnwindSafe(future).catch_unwind().await else { panic!("it did not fail") };
    panic.downcast_ref::<String>().expect("failures are formatted").clone()
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_fails_with_what_came() {
    let server = server();
    let client = server.connect("/chat").await.unwrap();
    client.emit("say", "hi").await;
    let line = line!() + 1;
    let message = failure(client.next::<String>("sad")).await;
    let id = client.id();
    assert_eq!(
        message,
        format!(
            r#"sio/tests/testing/failures.rs:{line}:34: expected the event `sad`, but it did not come within 5s

events that came and were not asked for:
  ["welcome","nobody",2]
  ["said","hi"]

the conversation in /chat so far (seconds, > sent, < received):
    0.000 - connected by websocket
    0.000 > CONNECT
    0.000 < CONNECT {{"sid":"{id}"}}
    0.000 < EVENT ["welcome","nobody",2]
    0.000 > EVENT ["say","hi"]
    0.000 < EVENT ["said","hi"]
"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn other_failures_say_what_was_expected() {
    let server = server();
    let client = server.connect("/chat").await.unwrap();
    let message = failure(client.nothing_more()).await;
    assert!(message.contains(": expected no more events\n"), "{message}");
    let message = failure(client.next::<(u32, u32)>("welcome")).await;
    assert!(
        message.contains(r#": the event ["welcome","nobody",2] is no (u32, u32): argument 0: invalid type"#)
    );
    let message = failure(client.emit_with_ack::<u32>("echo", "hi")).await;
    assert!(message.contains(r#": `echo` was answered ["hi"], which is no u32: argument 0"#), "{message}");
    let message = failure(client.emit_with_ack::<String>("work", &())).await;
    assert!(
        message.contains(": expected the acknowledgement of `work`, but it did not come within 5s"),
        "{message}"
    );
    let message = failure(client.expect_disconnect()).await;
    assert!(message.contains(": expected a disconnect, but it did not come within 5s"), "{message}");
    let message = failure(async { client.emit("disconnect", &()).await }).await;
    assert!(message.contains(": cannot send `disconnect`: "), "{message}");
    client.kill().await;
    let message = failure(client.next::<()>("welcome")).await;
    assert!(message.contains("but the connection has ended: the test cut the connection"), "{message}");
    let message = failure(client.emit("say", "hi")).await;
    assert!(message.contains("cannot send: the connection has ended"), "{message}");
    // The handler that is at work keeps the hook waiting.
    let message = failure(client.expect_disconnect()).await;
    assert!(message.contains("a handler or the `disconnect` hook of the client still runs after 5s"));
    assert_eq!(client.within(MINUTE).expect_disconnect().await, DisconnectReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_fails_the_test() {
    let server = server();
    let client = client(&server).await;
    client.answer("double", |text: String| text);
    let message = failure(client.emit_with_ack::<u32>("ask", &21)).await;
    assert!(message.contains(r#"but the answer to `double` failed: ["double",21]: argument 0"#), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_no_more_fails_the_test() {
    let builder = Server::builder().collect(false).consumer::<Chat>().state(Journal::default());
    let server = TestServer::new(builder.incoming_events(1).build().unwrap());
    let client = client(&server).await;
    client.emit("work", &()).await;
    let flood = async {
        loop {
            client.emit("echo", &"x".repeat(10_000)).await;
        }
    };
    let message = failure(flood).await;
    assert!(message.contains("cannot send: the server has read nothing for 5s"), "{message}");
}
