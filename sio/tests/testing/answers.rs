//! The answers of many, taken as a stream.

use futures_core::{FusedStream as _, Stream as _};
use futures_util::StreamExt as _;
use sio::error::AckError;

use super::*;

#[tokio::test(start_paused = true)]
async fn answers_are_a_stream() {
    let server = server();
    let clients = [client(&server).await, client(&server).await, client(&server).await];
    clients[0].answer("double", |n: u32| n * 2);
    clients[1].answer("double", |_: u32| "no number");
    clients[2].ignore("double");
    let everyone = server.of("/chat");
    let answers = everyone.emit_with_ack::<u32>("double", &21).await.unwrap();
    assert_eq!(answers.size_hint(), (3, Some(3)));
    let answers: Vec<_> = answers.enumerate().collect().await;
    assert!(answers.iter().map(|(nth, _)| *nth).eq(0..3));
    let of =
        |nth: usize| answers.iter().find(|(_, (id, _))| *id == clients[nth].id()).map(|(_, (_, one))| one);
    assert!(matches!(of(0), Some(Ok(42))), "{answers:?}");
    assert!(matches!(of(1), Some(Err(AckError::Payload(_)))), "{answers:?}");
    assert!(matches!(of(2), Some(Err(AckError::Timeout))), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_polled_after_its_end_and_next_is_the_same() {
    let server = server();
    let client = client(&server).await;
    client.answer("double", |n: u32| n * 2);
    // The longest of all durations means never.
    let everyone = server.of("/chat").timeout(Duration::MAX);
    let mut answers = everyone.emit_with_ack::<u32>("double", &2).await.unwrap();
    assert!(!answers.is_terminated());
    // With the extension trait in scope this is still the method of the type itself.
    let (id, answer) = answers.next().await.unwrap();
    assert_eq!((id, answer.unwrap()), (client.id(), 4));
    assert!(answers.is_terminated());
    for _ in 0..2 {
        assert!(answers.next().await.is_none());
        assert!(answers.by_ref().next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_does_not_put_off_the_deadline() {
    let server = server();
    let client = client(&server).await;
    client.ignore("double");
    let everyone = server.of("/chat").timeout(MINUTE);
    let began = tokio::time::Instant::now();
    let mut answers = everyone.emit_with_ack::<u32>("double", &2).await.unwrap();
    for _ in 0..3 {
        let early = tokio::time::timeout(MINUTE / 4, answers.next()).await;
        assert!(early.is_err(), "{early:?}");
    }
    assert!(matches!(answers.next().await, Some((_, Err(AckError::Timeout)))));
    let took = began.elapsed();
    assert!(took >= MINUTE && took < MINUTE + Duration::from_secs(1), "{took:?}");
    assert!(answers.next().await.is_none());
}
