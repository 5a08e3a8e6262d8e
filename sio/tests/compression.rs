//! Polling answers that are compressed.

mod support;

use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};
use support::*;

/// Lets the server echo a text and gives the answer that brings it.
async fn echo(server: &Listening, text: &str, accept: &str) -> Answer {
    let target = format!("{POLLING}&sid={}", get(server.address, POLLING, &[]).await.sid());
    post(server.address, &target, "40").await;
    get(server.address, &target, &[("Accept-Encoding", accept)]).await;
    let event = format!(r#"421["echo","{text}"]"#);
    assert_eq!(post(server.address, &target, &event).await.text(), "ok");
    get(server.address, &target, &[("Accept-Encoding", accept)]).await
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_accept_it() {
    let server = listen(|builder| builder).await;
    let text = "na".repeat(2000);
    let expected = format!(r#"431["{text}"]"#);
    let mut plain = String::new();

    let answer = echo(&server, &text, "gzip, deflate, br").await;
    assert_eq!(answer.header("content-encoding").as_deref(), Some("gzip"));
    assert_eq!(answer.header("vary").as_deref(), Some("accept-encoding, Origin"));
    GzDecoder::new(&answer.body[..]).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, expected);
    assert!(answer.body.len() < 100);

    let answer = echo(&server, &text, "gzip;q=0.1, deflate").await;
    assert_eq!(answer.header("content-encoding").as_deref(), Some("deflate"));
    plain.clear();
    ZlibDecoder::new(&answer.body[..]).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, expected);

    let answer = echo(&server, &text, "br").await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn short_answers_are_not_compressed() {
    let server = listen(|builder| builder).await;
    let answer = echo(&server, "short", "gzip").await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("vary").as_deref(), Some("Origin"));
}

#[tokio::test]
async fn the_threshold_can_be_set_and_compression_turned_off() {
    let text = "na".repeat(100);
    let server = listen(|builder| builder.http_compression(100)).await;
    assert_eq!(echo(&server, &text, "gzip").await.header("content-encoding").as_deref(), Some("gzip"));
    let server = listen(|builder| builder.http_compression(None)).await;
    assert_eq!(echo(&server, &"na".repeat(2000), "gzip").await.header("content-encoding"), None);
}
