//! Servers over a real Redis that is killed, and clients that read nothing.

use std::time::Duration;

use sio::Builder;
use sio::cluster::Adapter;
use sio::prelude::*;
use sio_tests::app::Plain;
use sio_tests::deadline::soon;
use sio_tests::{Received, TestServer, Ws};
use tokio::time::{Instant, sleep};

use crate::redis::{Redis, free_port};
use crate::support::{Trio, eventually, knows};

/// How long the server's own clients may wait on a busy machine: far less than the outage lasts.
const AT_ONCE: Duration = Duration::from_millis(500);

async fn node(redis: &Redis, name: &str) -> TestServer {
    let adapter = Adapter::redis(&redis.url()).name(name);
    let node = TestServer::start(|builder: Builder| builder.consumer::<Plain>().adapter(adapter)).await;
    node.handle().start().await.expect("redis is there");
    node
}

/// The number of the next event, after answers to pings.
async fn number(client: &mut Ws) -> u32 {
    loop {
        let Received::Text(text) = client.receive().await else { panic!("an event is a text") };
        match text.strip_prefix(r#"42["tick","#) {
            Some(rest) => return rest.trim_end_matches(']').parse().expect("a number"),
            None => client.send("3").await,
        }
    }
}

#[tokio::test]
async fn fault_1_own_clients_do_not_notice_that_redis_is_killed_and_others_miss_nothing() {
    const EVENTS: u32 = 400;
    let mut redis = Redis::start().await;
    let [a, b] = [node(&redis, "a").await, node(&redis, "b").await];
    knows(a.handle(), 1).await;
    knows(b.handle(), 1).await;
    let [mut here, mut there] = [a.socket("/").await, b.socket("/").await];
    let server = a.handle().clone();
    let emitting = async {
        let mut made = Vec::new();
        for number in 0..EVENTS {
            made.push(Instant::now());
            server.emit("tick", &number).await.expect("it is no error that Redis is gone");
            match number {
                50 => redis.kill(),
                // Two seconds later.
                250 => redis.run().await,
                _ => {}
            }
            sleep(Duration::from_millis(10)).await;
        }
        made
    };
    let receiving = async {
        let mut came = Vec::new();
        for expected in 0..EVENTS {
            assert_eq!(number(&mut here).await, expected);
            came.push(Instant::now());
        }
        came
    };
    let elsewhere = async {
        for expected in 0..EVENTS {
            assert_eq!(number(&mut there).await, expected, "once and in order");
        }
    };
    let (made, came, ()) = soon("all events", async { tokio::join!(emitting, receiving, elsewhere) }).await;
    let latest = made.iter().zip(&came).map(|(made, came)| came.duration_since(*made)).max();
    assert!(latest < Some(AT_ONCE), "the latest event took {latest:?}");
    let status = b.handle().cluster().expect("an adapter").status();
    assert_eq!((status.counts.lost, status.nodes.len()), (0, 1));
}

#[tokio::test]
async fn fault_15_a_client_that_reads_nothing_is_alone_disconnected() {
    let grace = Duration::from_millis(50);
    let trio = Trio::start(|builder| builder.consumer::<Plain>().slow_client_grace(grace)).await;
    let sleeper = trio.nodes[1].socket("/").await;
    let mut readers = [trio.nodes[0].socket("/").await, trio.nodes[1].socket("/").await];
    let filler = "x".repeat(100_000);
    let journal = &trio.nodes[1].journal;
    let mut number = 0;
    let reason = loop {
        trio.server(0).emit("filler", &(number, &filler)).await.expect("a broadcast cannot fail");
        for reader in &mut readers {
            let Received::Text(text) = reader.receive().await else { panic!("an event is a text") };
            assert!(text.starts_with(&format!(r#"42["filler",{number},"#)));
        }
        number += 1;
        assert!(number < 10_000, "it is never disconnected");
        if let Some(reason) = journal.rest().into_iter().next() {
            break reason;
        }
    };
    assert_eq!(reason, "slow client");
    assert_eq!(trio.server(1).sockets().len(), 1);
    drop(sleeper);
}

#[tokio::test]
async fn fault_16_a_server_does_not_serve_without_redis_and_can_be_started_later() {
    let port = free_port().await;
    let url = format!("redis://user:secret@127.0.0.1:{port}");
    let build = || {
        let builder = Server::builder().collect(false).adapter(Adapter::redis(&url));
        builder.build().expect("the URL is one")
    };
    let began = Instant::now();
    let error = soon("an error", build().serve("127.0.0.1:0")).await.expect_err("there is no Redis");
    assert!(began.elapsed() < Duration::from_secs(3));
    let error = format!("{error:?}");
    assert!(error.contains(&format!("cannot connect to redis://127.0.0.1:{port}: ")), "{error}");
    assert!(
        error.contains("`Adapter::wait`") && !error.contains("secret") && !error.contains('\n'),
        "{error}"
    );

    let mut redis = Redis::start().await;
    redis.kill();
    let server = Server::builder().collect(false).adapter(Adapter::redis(&redis.url()));
    let server = server.build().expect("the URL is one");
    server.start().await.expect_err("there is no Redis");
    redis.run().await;
    server.start().await.expect("now there is");
    server.start().await.expect("it does nothing when it has been done");
    assert!(server.cluster().is_some_and(|cluster| cluster.is_up()));
    server.close().await;
    eventually("the end of its connection", || !server.cluster().expect("an adapter").is_up()).await;
}

#[tokio::test]
async fn fault_13_garbage_on_the_channels_harms_nobody() {
    let redis = Redis::start().await;
    let a = node(&redis, "a").await;
    let mut client = a.socket("/").await;
    let garbage: [&[u8]; 5] = [
        b"",
        b"\x93\xa7emitter\x83\x00",
        b"{\"uid\":\"x\"}",
        b"s1\x04\x00",
        b"s1\x04\x04BBBBBBBB\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01/\x00\x00\x00\x81\x7e4",
    ];
    for payload in garbage {
        redis.publish("sio.a", payload).await;
    }
    let malformed = || a.handle().cluster().expect("an adapter").status().counts.malformed;
    eventually("the last of it", || malformed() == garbage.len() as u64).await;
    a.handle().emit("tick", &1).await.expect("a broadcast cannot fail");
    assert_eq!(number(&mut client).await, 1);
}
