//! Tests of Redis alone.

use std::time::{Duration, Instant};

use sio_cluster::protocol::broadcast::Target;
use sio_cluster::{ClusterEvent, LossCause, Options, RedisBus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::faults::{settle, talk, three};
use crate::proxy::Proxy;
use crate::servers::redis::{Redis, options};
use crate::start::refusal;
use crate::support::{Node, eventually, is_down, is_node_down, is_up};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_redis_is_emptied() {
    let redis = Redis::start().await;
    let nodes = three(&redis).await;
    talk(&nodes, Duration::from_millis(300)).await;
    redis.command("FLUSHALL").await;
    talk(&nodes, Duration::from_millis(300)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_6_redis_cuts_a_node_that_reads_nothing() {
    let redis = Redis::start().await;
    assert!(redis.command("CONFIG SET client-output-buffer-limit 'pubsub 1mb 0 0'").await.starts_with("+OK"));
    let proxy = Proxy::to(redis.port).await;
    let [a, b, witness] =
        Node::all([redis.options("a"), options(proxy.port, "b"), redis.options("witness")]).await;
    proxy.hold(false, true);
    // Much more than all buffers on the way take.
    for _ in 0..400 {
        a.send_to(Target::everybody(), false, 100 << 10);
        // Redis has passed it on to all then, and its buffer for `b` is fuller, before the next one comes.
        assert_eq!(witness.has_all_of(&a).await, 0);
    }
    proxy.hold(false, false);
    eventually("the cut and the return of b", || b.journal.count(is_up) == 2).await;
    a.send();
    let lost = b.has_all_of(&a).await;
    assert!(lost > 0);
    assert_eq!(
        (b.journal.lost(), a.journal.count(is_node_down), b.journal.count(is_node_down)),
        (lost, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn fault_14_what_arrives_is_not_received() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name))).await;
    b.journal.hold(true);
    a.send();
    // More than the sink takes while its receiver is held.
    for _ in 0..220 {
        a.send_to(Target::everybody(), false, 256 << 10);
        a.cluster.ready().await;
    }
    eventually("that some had no room", || b.cluster.status().counts.sink_dropped > 0).await;
    eventually("that all were sent", || a.cluster.status().waiting == 0).await;
    b.journal.hold(false);
    a.send();
    let lost = b.has_all_of(&a).await;
    let counts = b.cluster.status().counts;
    assert!(lost > 0);
    assert_eq!((counts.lost, counts.sink_dropped, b.journal.lost()), (lost, lost, lost));
    let gaps = b.journal.count(|event| matches!(event, ClusterEvent::Lost { cause: LossCause::Gap, .. }));
    assert_eq!((gaps, b.journal.count(is_down)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_12_two_clusters_have_no_channel_in_common() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name).prefix("x"))).await;
    let [c, d] = Node::all(["c", "d"].map(|name| redis.options(name).prefix("y"))).await;
    let channels = redis.command("PUBSUB CHANNELS").await;
    let mut names: Vec<&str> = channels.lines().filter(|line| line.contains('.')).collect();
    names.sort_unstable();
    let mut expected = vec!["x.a".to_owned(), "y.a".to_owned()];
    expected.extend([&a, &b].map(|node| format!("x.x.{}", node.cluster.me())));
    expected.extend([&c, &d].map(|node| format!("y.x.{}", node.cluster.me())));
    expected.sort_unstable();
    assert_eq!(names, expected);
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

fn with_url(url: &str) -> Options {
    Options::new(RedisBus::new(url).expect("a URL"))
}

#[tokio::test]
async fn redis_vanishes_after_any_of_its_answers_to_a_node_that_starts() {
    let redis = Redis::start().await;
    let mut refused = 0;
    // So many bytes of its answers come through.
    for count in (0..600).step_by(29) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (port, to) = (listener.local_addr().expect("an address").port(), redis.port);
        let passing = tokio::spawn(async move {
            let (client, _) = listener.accept().await.expect("it comes");
            let server = TcpStream::connect(("127.0.0.1", to)).await.expect("it listens");
            let ((mut from, mut to), (answers, mut requests)) = (client.into_split(), server.into_split());
            let mut answers = answers.take(count);
            tokio::select! {
                _ = tokio::io::copy(&mut from, &mut requests) => {}
                _ = tokio::io::copy(&mut answers, &mut to) => {}
            }
        });
        let node = Node::new(&options(port, "a"));
        let began = Instant::now();
        match node.cluster.start(node.journal.clone()).await {
            Err(error) => {
                let error = error.to_string();
                assert!(
                    error.starts_with(&format!("cannot connect to redis://127.0.0.1:{port}: ")),
                    "{error}"
                );
                assert_eq!(error.lines().count(), 1, "{error}");
                refused += 1;
            }
            Ok(()) => eventually("it is noticed", || node.journal.count(is_down) > 0).await,
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{count}: {:?}", began.elapsed());
        passing.await.expect("it does not panic");
    }
    assert!(refused > 5, "{refused}");
}
