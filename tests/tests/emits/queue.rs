//! Clients that do not keep up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sio_tests::{
    Received, TestServer,
    app::Plain,
    deadline::{settle, soon},
    pattern,
};

use crate::server;

/// A queue that two of these fill.
const SMALL_QUEUE: usize = 200_000;

/// Far more emits than the queue and the buffers of both sockets hold.
const MANY: usize = 100;

fn large() -> String {
    "x".repeat(100_000)
}

#[tokio::test]
async fn an_emit_waits_while_the_clients_queue_is_full_and_nothing_is_lost() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let mut ws = server.socket("/").await;
    let mut bystander = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let emitted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&emitted);
    let emitting = tokio::spawn(async move {
        let filler = large();
        for number in 0..MANY {
            socket.emit("large", &(number, &filler)).await.expect("the client is slow, not gone");
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut before = usize::MAX;
    while before != emitted.load(Ordering::Relaxed) {
        before = emitted.load(Ordering::Relaxed);
        settle().await;
    }
    assert!(before < MANY, "{before} emits went into a queue of two");
    bystander.expect_nothing_more().await;

    for number in 0..MANY {
        match ws.receive().await {
            Received::Text(packet) => {
                assert!(packet.starts_with(&format!(r#"42["large",{number},"x"#)), "{packet:.40}")
            }
            other => panic!("received {other}"),
        }
    }
    emitting.await.expect("no emit failed");
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn an_emit_that_waits_for_a_client_ends_when_the_client_does() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let emitting = tokio::spawn(async move {
        let filler = large();
        while socket.emit("large", &filler).await.is_ok() {}
    });
    settle().await;
    drop(ws);
    sio_tests::deadline::soon("the waiting emit to fail", emitting)
        .await
        .expect("it fails, it does not panic");
}

#[tokio::test]
async fn the_form_that_does_not_wait_fails_when_the_queue_is_full_and_sends_what_it_accepted() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let filler = large();
    let accepted =
        (0..MANY).take_while(|number| socket.try_emit("large", &(number, &filler)).is_ok()).count();
    assert!(accepted < MANY, "{accepted} emits went into a queue of two");
    for number in 0..accepted {
        match ws.receive().await {
            Received::Text(packet) => {
                assert!(packet.starts_with(&format!(r#"42["large",{number},"x"#)), "{packet:.40}")
            }
            other => panic!("received {other}"),
        }
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn the_queue_is_bounded_in_packets_too() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_packets(8)).await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let accepted = (0..100).take_while(|number| socket.try_emit("small", number).is_ok()).count();
    assert_eq!(accepted, 8, "nothing was written in between: this test has not awaited anything");
    for number in 0..accepted {
        ws.expect(&format!(r#"42["small",{number}]"#)).await;
    }
    socket.try_emit("small", &"room again").expect("the queue is empty");
    ws.expect(r#"42["small","room again"]"#).await;
}

/// Broadcasts until the slow member is disconnected, and checks that the quick one misses nothing.
#[tokio::test]
async fn a_broadcast_does_not_wait_for_a_slow_member_which_is_disconnected() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let mut slow = server.socket("/").await;
    let mut quick = server.socket("/").await;
    let filler = large();
    let mut broadcasts = 0;
    while server.of("/").sockets().len() == 2 {
        server.of("/").emit("large", &(broadcasts, &filler)).await.expect("a broadcast cannot fail");
        match quick.receive().await {
            Received::Text(packet) => assert!(packet.starts_with(&format!(r#"42["large",{broadcasts},"x"#))),
            other => panic!("the quick client received {other}"),
        }
        broadcasts += 1;
        assert!(broadcasts < MANY, "a queue of two took {broadcasts} broadcasts");
    }
    server.journal.expect("slow client").await;
    quick.expect_nothing_more().await;

    // The packets that the slow client can still read have no gap.
    let mut number = 0;
    while let Received::Text(packet) = slow.receive().await {
        assert!(packet.starts_with(&format!(r#"42["large",{number},"x"#)), "{packet:.40}");
        number += 1;
    }
    assert!(number < broadcasts);
}

#[tokio::test]
async fn a_polling_client_that_never_polls_is_a_slow_client() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    let filler = large();
    for _ in 0..4 {
        server.of("/").emit("large", &filler).await.expect("a broadcast cannot fail");
    }
    server.journal.expect("slow client").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_volatile_emit_may_be_skipped_and_puts_nobody_out() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(SMALL_QUEUE)).await;
    let mut slow = server.socket("/").await;
    let filler = large();
    for number in 0..MANY {
        server
            .of("/")
            .broadcast()
            .volatile()
            .emit("large", &(number, &filler))
            .await
            .expect("a broadcast cannot fail");
    }
    assert_eq!(server.of("/").sockets().len(), 1);
    slow.send(r#"421["ask","are you there?"]"#).await;
    let (mut last, mut received) = (None, 0);
    loop {
        let Received::Text(packet) = slow.receive().await else { panic!("the client was disconnected") };
        if packet == r#"431["are you there?"]"# {
            break;
        }
        let number = pattern::json(&packet)[1].as_u64();
        assert!(number > last, "{number:?} after {last:?}");
        (last, received) = (number, received + 1);
    }
    assert!(0 < received && received < MANY, "{received} of {MANY} volatile emits arrived");
}

#[tokio::test]
async fn a_volatile_emit_reaches_a_client_that_keeps_up() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    server.of("/").broadcast().volatile().emit("now", &1).await.expect("a broadcast cannot fail");
    ws.expect(r#"42["now",1]"#).await;
}

/// Its queue is full, and it does not read: only its end can end the wait.
#[tokio::test]
async fn an_emit_that_waits_for_room_ends_when_the_client_leaves_the_namespace() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let (told, mut waits) = tokio::sync::watch::channel(0);
    let emitting = tokio::spawn(async move {
        let text = "x".repeat(100_000);
        loop {
            told.send_modify(|count| *count += 1);
            if let Err(error) = socket.emit("much", &text).await {
                return error;
            }
        }
    });
    // Nothing more goes out for a while.
    while tokio::time::timeout(std::time::Duration::from_millis(300), waits.changed()).await.is_ok() {}
    ws.send("41").await;
    let error = soon("the end of the wait", emitting).await.expect("no panic");
    assert!(matches!(error, sio::error::EmitError::Disconnected), "{error}");
}
