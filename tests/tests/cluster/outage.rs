//! Servers without a Redis, garbage on its channels, and clients that read nothing.

use std::time::Duration;

use sio::Builder;
use sio::cluster::Adapter;
use sio::prelude::*;
use sio_tests::app::Plain;
use sio_tests::deadline::soon;
use sio_tests::{Received, TestServer, Ws};
use tokio::time::Instant;

use crate::redis::{Redis, free_port};
use crate::support::{Trio, eventually};

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

/// Clocks of machines are set, and differ. Everything that is timed between nodes is timed by a clock that only goes on;
/// the time of day tells which of two runs of one node is the younger, when a user or client was seen, and whether a
/// message was signed in the last five minutes.
#[test]
fn fault_17_no_wall_clock_decides_anything_between_nodes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut readers = Vec::new();
    let mut folders: Vec<_> =
        ["sio/src", "sio/cluster/src", "sio-core/src"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a text");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let name = path.strip_prefix(root).expect("it is in it").to_string_lossy().into_owned();
            readers.extend(code.matches("SystemTime::now()").map(|_| name.clone()));
        }
    }
    readers.sort_unstable();
    assert_eq!(
        readers,
        [
            // When this run of the node began.
            "sio/cluster/src/node.rs",
            // When a message was signed, so that it is not taken again later.
            "sio/cluster/src/signing.rs",
            // When something happened that the Admin UI shows.
            "sio/src/admin/feed.rs",
            "sio/src/admin/listing.rs",
            "sio/src/admin/telling.rs",
            // When a user was seen last, and when a client came: told to the application.
            "sio/src/http/opening.rs",
            "sio/src/hub/presence.rs",
            "sio/src/recovery/moving.rs",
        ]
    );
}
