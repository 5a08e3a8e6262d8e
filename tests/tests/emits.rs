//! BEHAVIOUR §3: what the server sends by itself, and what it does when a client does not keep up.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::Serialize;
use serde_json::{Value as Json, json};
use sio::prelude::*;
use sio_tests::{
    Received, TestServer,
    app::Plain,
    deadline::{settle, soon},
    pattern,
};

#[derive(Serialize)]
struct Named {
    name: &'static str,
    bytes: Binary,
}

#[derive(Serialize)]
struct Pair(u32, u32);

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>()).await
}

/// How the arguments of an emit look on the wire.
async fn emitted<A: Serialize + Sync>(arguments: A, expected: &str, attachments: &[&[u8]]) {
    let server = server().await;
    let mut ws = server.socket("/").await;
    server.socket_of("/", &ws.sid).emit("event", &arguments).await.expect("the client is there");
    server.of("/").emit("event", &arguments).await.expect("a broadcast cannot fail");
    for _ in 0..2 {
        ws.expect(expected).await;
        for attachment in attachments {
            ws.expect_binary(attachment).await;
        }
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn unit_is_no_argument() {
    emitted((), r#"42["event"]"#, &[]).await;
}

#[tokio::test]
async fn a_tuple_is_several_arguments() {
    emitted((1, "two", None::<u32>, [3.5]), r#"42["event",1,"two",null,[3.5]]"#, &[]).await;
}

#[tokio::test]
async fn everything_else_is_one_argument() {
    emitted(7, r#"42["event",7]"#, &[]).await;
    emitted("text", r#"42["event","text"]"#, &[]).await;
    emitted(vec![1, 2], r#"42["event",[1,2]]"#, &[]).await;
    emitted([1, 2], r#"42["event",[1,2]]"#, &[]).await;
    emitted(Box::new([[1], [2]]), r#"42["event",[[1],[2]]]"#, &[]).await;
    emitted(None::<u32>, r#"42["event",null]"#, &[]).await;
    emitted(Pair(1, 2), r#"42["event",[1,2]]"#, &[]).await;
    emitted(BTreeMap::from([(1, "a"), (2, "b")]), r#"42["event",{"1":"a","2":"b"}]"#, &[]).await;
    emitted(((1, 2),), r#"42["event",[1,2]]"#, &[]).await;
}

#[tokio::test]
async fn bytes_anywhere_become_attachments_in_their_order() {
    let one = Binary::from(vec![1]);
    emitted(one.clone(), r#"451-["event",{"_placeholder":true,"num":0}]"#, &[&[1]]).await;
    let deep = (Named { name: "a", bytes: one }, vec![json!(1)], [Some(Binary::from(vec![])), None]);
    let expected = concat!(
        r#"452-["event",{"name":"a","bytes":{"_placeholder":true,"num":0}},[1],"#,
        r#"[{"_placeholder":true,"num":1},null]]"#
    );
    emitted(deep, expected, &[&[1], &[]]).await;
}

#[tokio::test]
async fn text_is_escaped_where_json_or_polling_needs_it() {
    let server = server().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    server.socket_of("/", &sid).emit("event", "a\u{1e}b\"\\\n").await.expect("the client is there");
    polling.expect(r#"42["event","a\u001eb\"\\\n"]"#).await;
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn reserved_names_are_refused() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert!(socket.emit(name, &()).await.is_err(), "{name}");
        assert!(socket.try_emit(name, &()).is_err(), "{name}");
        assert!(socket.emit_with_ack::<()>(name, &()).await.is_err(), "{name}");
        assert!(server.of("/").emit(name, &()).await.is_err(), "{name}");
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn an_emit_to_a_socket_that_is_gone_fails() {
    let server = server().await;
    let ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    ws.close().await;
    server.journal.expect("transport close").await;
    assert!(socket.emit("late", &()).await.is_err());
    assert!(socket.try_emit("late", &()).is_err());
    socket.closed().await;
}

#[tokio::test]
async fn direct_emits_and_room_emits_of_one_task_arrive_in_the_order_in_which_they_were_made() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let mut polling = server.polling().await;
    let polling_sid = polling.join("/").await;
    let sockets = [server.socket_of("/", &ws.sid), server.socket_of("/", &polling_sid)];
    for socket in &sockets {
        socket.join("room").await.expect("a live socket can join");
    }
    for number in 0..50 {
        for socket in &sockets {
            socket.emit("direct", &number).await.expect("the client is there");
        }
        server.of("/").to("room").emit("room", &number).await.expect("a broadcast cannot fail");
        server
            .of("/")
            .emit("all", &(number, Binary::from(vec![number])))
            .await
            .expect("a broadcast cannot fail");
        for socket in &sockets {
            socket.try_emit("tried", &number).expect("the queue has room");
        }
    }
    for number in 0..50 {
        let all = format!(r#"451-["all",{number},{{"_placeholder":true,"num":0}}]"#);
        for packet in [&format!(r#"42["direct",{number}]"#), &format!(r#"42["room",{number}]"#), &all] {
            ws.expect(packet).await;
            polling.expect(packet).await;
        }
        ws.expect_binary(&[number]).await;
        assert!(polling.next().await.starts_with('b'));
        ws.expect(&format!(r#"42["tried",{number}]"#)).await;
        polling.expect(&format!(r#"42["tried",{number}]"#)).await;
    }
}

/// Everything that can emit does so at once; no packet's attachments may be torn from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_and_its_attachments_are_adjacent_whatever_else_is_emitted() {
    const TASKS: u8 = 6;
    const EMITS: u8 = 50;
    let server = server().await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let namespace = server.of("/");
    for task in 0..TASKS {
        let (socket, namespace) = (socket.clone(), namespace.clone());
        tokio::spawn(async move {
            for number in 0..EMITS {
                let arguments =
                    (task, Binary::from(vec![task, number, 0]), number, Binary::from(vec![task, number, 1]));
                match task % 3 {
                    0 => socket.emit("tagged", &arguments).await.expect("the client is there"),
                    1 => namespace.emit("tagged", &arguments).await.expect("a broadcast cannot fail"),
                    _ => namespace
                        .to(socket.id().as_str())
                        .emit("tagged", &arguments)
                        .await
                        .expect("it cannot fail"),
                }
            }
        });
    }
    let mut next = [0; TASKS as usize];
    for _ in 0..u32::from(TASKS) * u32::from(EMITS) {
        let Received::Text(packet) = ws.receive().await else {
            panic!("an attachment came before its packet")
        };
        let arguments = pattern::json(packet.strip_prefix("452-").expect("the packet has two attachments"));
        let (task, number) = (byte(&arguments[1]), byte(&arguments[3]));
        assert_eq!(next[usize::from(task)], number, "the emits of one task keep their order");
        next[usize::from(task)] += 1;
        ws.expect_binary(&[task, number, 0]).await;
        ws.expect_binary(&[task, number, 1]).await;
    }
    ws.expect_nothing_more().await;
}

fn byte(value: &Json) -> u8 {
    value.as_u64().and_then(|number| u8::try_from(number).ok()).expect("the argument is a small number")
}

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

/// Broadcasts until the slow member is put out, and checks that the quick one misses nothing.
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

    // What the slow client can still read has no hole in it.
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
        let Received::Text(packet) = slow.receive().await else { panic!("the client was put out") };
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
    assert!(matches!(error, sio::EmitError::Disconnected), "{error}");
}
