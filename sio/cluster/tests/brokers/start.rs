//! Starting without a Redis that can be used.

use std::time::{Duration, Instant};

use sio_cluster::protocol::message::Deed;
use sio_cluster::{Emitter, Options, RedisBus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::redis::{Redis, free_port, options};
use crate::support::{Node, eventually};

/// Why a node does not start; it must be known within two seconds.
async fn refusal(options: Options) -> String {
    let node = Node::new(&options);
    let began = Instant::now();
    let error = node.cluster.start(node.journal.clone()).await.expect_err("it must not start").to_string();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    error
}

fn with_url(url: &str) -> Options {
    Options::new(RedisBus::new(url).expect("a URL"))
}

#[tokio::test]
async fn fault_16_nobody_listens() {
    let port = free_port().await;
    let error = refusal(options(port, "a")).await;
    assert!(error.starts_with(&format!("cannot connect to redis://127.0.0.1:{port}: ")), "{error}");
    assert!(error.contains("refused"), "{error}");
}

/// No server is needed for that: it is a question about this machine.
#[tokio::test]
async fn the_own_address_is_the_one_on_the_way_to_redis() {
    for (url, expected) in [
        ("redis://127.0.0.1:1", Some(true)),
        ("redis://user:secret@localhost:2/3", Some(true)),
        ("unix:///tmp/no.sock", None),
    ] {
        let node = Node::new(&with_url(url));
        let own = node.cluster.own_ip().await;
        assert_eq!(own.map(|ip| ip.is_loopback()), expected, "{url}: {own:?}");
    }
}

#[tokio::test]
async fn fault_16_the_password_is_missing_or_wrong() {
    let redis = Redis::with(&["--requirepass", "right"]).await;
    let error = refusal(redis.options("a")).await;
    assert!(error.contains("it wants a password, which the URL lacks"), "{error}");
    let error = refusal(with_url(&format!("redis://:wrong@127.0.0.1:{}", redis.port))).await;
    assert!(error.contains("it refuses the user or the password of the URL"), "{error}");
    assert!(!error.contains(":wrong"), "{error}");
    Node::start(with_url(&format!("redis://:right@127.0.0.1:{}", redis.port))).await;
}

#[tokio::test]
async fn fault_16_redis_is_too_old() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    // Redis 5 knows no HELLO.
    let old = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                let commands = buffer[..count].iter().filter(|byte| **byte == b'*').count();
                let answer =
                    "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n".repeat(commands);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    let error = refusal(options(port, "a")).await;
    assert!(error.contains("Redis 6 or later is needed"), "{error}");
    old.abort();
}

#[tokio::test]
async fn fault_16_who_listens_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let error = refusal(options(port, "a")).await;
    assert!(error.contains("it does not answer within 2 s"), "{error}");
}

#[tokio::test]
async fn fault_16_with_wait_a_node_starts_and_connects_later() {
    let mut redis = Redis::start().await;
    redis.kill();
    let a = Node::start(redis.options("a").wait(true)).await;
    assert!(!a.cluster.is_up());
    redis.run().await;
    eventually("the broker", || a.cluster.is_up()).await;
    let b = Node::start(redis.options("b")).await;
    a.knows(1).await;
    b.send();
    a.has_all_of(&b).await;
}

#[tokio::test]
async fn an_emitter_reaches_nodes_brokers() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name))).await;
    let emitter = Emitter::connect(with_url(&redis.url())).await.expect("redis is there");
    emitter.of("/").expect("a path").to("x").emit("hello", &"you").expect("it is sent");
    emitter.of("/").expect("a path").to("x").disconnect(true).expect("it is sent");
    assert!(emitter.flush(Duration::from_secs(5)).await);
    emitter.close().await;
    for node in [&a, &b] {
        node.journal.until("both", |entries| entries.deeds == [Deed::Disconnect(true)]).await;
        assert!(node.journal.read().packets[0].run.ends_with(b"42[\"hello\",\"you\"]"));
    }
}
