//! BEHAVIOUR §3: what the server sends by itself, and what it does when a client does not keep up.

mod attachments;
mod queue;
mod typed;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};
use sio::prelude::*;
use sio_tests::{Received, TestServer, app::Plain, pattern};

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
