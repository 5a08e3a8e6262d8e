//! Polling answers that are compressed.

mod support;

use std::future::poll_fn;
use std::io::Read as _;
use std::pin::pin;
use std::task::Poll;

use flate2::read::{GzDecoder, ZlibDecoder};
use sio::prelude::*;
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

/// Says its secret while it lets a client in.
#[derive(Default)]
struct Token;

#[consumer(namespace = "/token")]
impl Token {
    async fn connect(&mut self, socket: &Socket, is_secret: bool) -> sio::Result {
        socket.compress(!is_secret).emit("token", &large()).await?;
        Ok(())
    }
}

/// A client on polling that takes gzip.
struct Poller<'a> {
    server: &'a Listening,
    target: String,
}

impl<'a> Poller<'a> {
    async fn connect(server: &'a Listening) -> Self {
        let target = format!("{POLLING}&sid={}", get(server.address, POLLING, &[]).await.sid());
        let this = Self { server, target };
        this.post("40").await;
        assert!(this.poll().await.1.starts_with("40{"));
        this
    }

    async fn post(&self, body: &str) {
        assert_eq!(post(self.server.address, &self.target, body).await.text(), "ok");
    }

    /// The next answer: whether it was compressed, and what it says.
    async fn poll(&self) -> (bool, String) {
        let answer = get(self.server.address, &self.target, &[("Accept-Encoding", "gzip")]).await;
        match answer.header("content-encoding").as_deref() {
            None => (false, answer.text().to_owned()),
            Some("gzip") => {
                let mut text = String::new();
                GzDecoder::new(&answer.body[..]).read_to_string(&mut text).expect("it is gzip");
                (true, text)
            }
            Some(other) => panic!("the answer is encoded as {other}"),
        }
    }

    /// Returns the next answers, for each whether it was compressed and the names of the events in it.
    async fn expect(&self, answers: &[(bool, &[&str])]) {
        for (compressed, events) in answers {
            let (was_compressed, text) = self.poll().await;
            let names: Vec<_> = text.split('\u{1e}').filter_map(|packet| packet.split('"').nth(1)).collect();
            assert_eq!((was_compressed, &names[..]), (*compressed, *events));
        }
    }

    /// Its socket, the only one in `/`.
    fn socket(&self) -> Socket {
        self.server.server.of("/").sockets().remove(0)
    }
}

/// Emits again and again until a GET, which takes what is volatile only while it waits, has been answered.
async fn while_emitted(answered: impl Future<Output = ()>, emit: impl AsyncFn()) {
    let mut answered = pin!(answered);
    while poll_fn(|cx| Poll::Ready(answered.as_mut().poll(cx).is_pending())).await {
        emit().await;
        tokio::task::yield_now().await;
    }
}

/// More than the threshold, and easy to compress.
fn large() -> String {
    "na".repeat(2000)
}

#[tokio::test]
async fn what_is_emitted_so_is_never_compressed() {
    let server = listen(|builder| builder).await;
    let client = Poller::connect(&server).await;
    let socket = client.socket();
    socket.compress(false).emit("secret", &large()).await.unwrap();
    client.expect(&[(false, &["secret"])]).await;
    // That was all of it: other answers are compressed as before.
    socket.emit("news", &large()).await.unwrap();
    client.expect(&[(true, &["news"])]).await;
    socket.compress(true).emit("news", &large()).await.unwrap();
    client.expect(&[(true, &["news"])]).await;
    let volatile = async || socket.volatile().compress(false).emit("secret", &large()).await.unwrap();
    while_emitted(client.expect(&[(false, &["secret"])]), volatile).await;
    let asking = socket.clone();
    let asking = tokio::spawn(async move {
        asking.compress(false).emit_with_ack::<u32>("secret", &large()).await.unwrap()
    });
    client.expect(&[(false, &["secret"])]).await;
    client.post("430[7]").await;
    assert_eq!(asking.await.unwrap(), 7);
}

#[tokio::test]
async fn a_small_secret_keeps_the_whole_answer_as_it_is() {
    let server = listen(|builder| builder.polling_packets(2)).await;
    let client = Poller::connect(&server).await;
    let socket = client.socket();
    let (news, secret) = (large(), "s");
    socket.emit("news", &news).await.unwrap();
    socket.compress(false).emit("secret", secret).await.unwrap();
    client.expect(&[(false, &["news", "secret"])]).await;
    // Wherever it stands in a queue of several answers.
    for place in 0..5 {
        let mut names = ["news"; 5];
        names[place] = "secret";
        for name in names {
            let args = if name == "secret" { secret } else { &news };
            socket.compress(name != "secret").emit(name, args).await.unwrap();
        }
        for pair in names.chunks(2) {
            let (was_compressed, text) = client.poll().await;
            assert_eq!(text.split('\u{1e}').count(), pair.len());
            assert!(!(was_compressed && pair.contains(&"secret")), "{place}");
        }
    }
    socket.emit("news", &news).await.unwrap();
    client.expect(&[(true, &["news"])]).await;
}

#[tokio::test]
async fn a_broadcast_can_be_a_secret() {
    let server = listen(|builder| builder).await;
    let (ada, bob) = (Poller::connect(&server).await, Poller::connect(&server).await);
    let everyone = server.server.of("/");
    everyone.compress(false).emit("secret", &large()).await.unwrap();
    everyone.broadcast().except("nobody").emit("news", &large()).await.unwrap();
    for client in [&ada, &bob] {
        client.expect(&[(false, &["secret", "news"])]).await;
    }
    let volatile = async || everyone.compress(false).volatile().emit("secret", &large()).await.unwrap();
    for client in [&ada, &bob] {
        while_emitted(client.expect(&[(false, &["secret"])]), volatile).await;
    }
    let answers = everyone.compress(false).emit_with_ack::<u32>("secret", &large()).await.unwrap();
    for client in [&ada, &bob] {
        client.expect(&[(false, &["secret"])]).await;
        client.post("430[1]").await;
    }
    assert_eq!(answers.collect().await.len(), 2);
    everyone.emit("news", &large()).await.unwrap();
    for client in [&ada, &bob] {
        client.expect(&[(true, &["news"])]).await;
    }
}

#[tokio::test]
async fn a_secret_of_the_connect_hook_stays_one() {
    let server = listen(|builder| builder.consumer::<Token>()).await;
    for is_secret in [true, false] {
        let client = Poller::connect(&server).await;
        client.post(&format!("40/token,{is_secret}")).await;
        client.expect(&[(!is_secret, &["sid", "token"])]).await;
    }
}

#[tokio::test]
async fn a_secret_that_met_an_upgrade_stays_one() {
    let server = listen(|builder| builder).await;
    let client = Poller::connect(&server).await;
    let target = client.target.replace("polling", "websocket");
    let mut probe = websocket(connect(server.address).await, &target, &[]).await.unwrap();
    probe.send("2probe").await;
    assert_eq!(probe.receive().await, "3probe");
    client.socket().compress(false).emit("secret", &large()).await.unwrap();
    drop(probe);
    // Answered with a noop for as long as the probe seems to be under way.
    loop {
        match client.poll().await {
            (false, text) if text == "6" => {}
            (was_compressed, text) => {
                assert!(!was_compressed && text.starts_with("42[\"secret\""));
                break;
            }
        }
    }
}
