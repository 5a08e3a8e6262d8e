//! Joining, leaving and disconnecting many sockets on all nodes.

use sio::cluster::Python;
use sio::error::EmitError;
use sio::testing::MemoryBroker;
use sio_tests::journal::Journal;
use sio_tests::{TestServer, Ws, app::Plain};

use crate::support::{Trio, adapter, eventually, nothing_more};

/// A client of each node.
async fn three() -> (Trio, [Ws; 3]) {
    let trio = Trio::start(|builder| builder.consumer::<Plain>()).await;
    let clients =
        [trio.nodes[0].socket("/").await, trio.nodes[1].socket("/").await, trio.nodes[2].socket("/").await];
    (trio, clients)
}

#[tokio::test]
async fn what_is_sent_after_a_change_finds_it_done_on_all_nodes() {
    let (trio, mut clients) = three().await;
    let server = trio.server(0);
    for number in 0..50 {
        let room = format!("room {number}");
        server.join([&*room, "all"]).await.unwrap();
        server.to(&room).emit("cast", &number).await.expect("a broadcast cannot fail");
        server.to(&room).leave(&room).await.unwrap();
        server.to(&room).emit("nobody hears it", &()).await.expect("a broadcast cannot fail");
    }
    for client in &mut clients {
        for number in 0..50 {
            client.expect(&format!(r#"42["cast",{number}]"#)).await;
        }
    }
    server.close_room("all").await.unwrap();
    server.to("all").emit("nobody hears it", &()).await.expect("a broadcast cannot fail");
    nothing_more(&[server], &mut clients).await;
    for nth in [0, 1, 2] {
        assert_eq!(trio.server(nth).rooms(), [""; 0]);
    }
}

#[tokio::test]
async fn a_change_is_for_those_who_are_addressed() {
    let (trio, mut clients) = three().await;
    let ids = [0, 1, 2].map(|nth: usize| clients[nth].sid.clone());
    let server = trio.server(0);
    server.to([&*ids[1], &*ids[2]]).join("red").await.unwrap();
    server.except(&ids[2]).join("blue").await.unwrap();
    server.local().join("mine").await.unwrap();
    let here = trio.nodes[0].socket_of("/", &ids[0]);
    here.broadcast().join("others").await.unwrap();
    for (room, members) in
        [("red", vec![1, 2]), ("blue", vec![0, 1]), ("mine", vec![0]), ("others", vec![1, 2])]
    {
        server.to(room).emit(room, &()).await.expect("a broadcast cannot fail");
        for member in members {
            clients[member].expect(&format!(r#"42["{room}"]"#)).await;
        }
    }
    nothing_more(&[server], &mut clients).await;
}

#[tokio::test]
async fn whoever_is_addressed_is_disconnected_wherever_it_is() {
    let (trio, [mut ann, mut bob, mut cat]) = three().await;
    let reason = async |journal: &Journal| journal.next().await;
    trio.server(0).to(&bob.sid).disconnect().await.unwrap();
    bob.expect("41").await;
    assert_eq!(reason(&trio.nodes[1].journal).await, "server namespace disconnect");
    trio.server(0).to(&cat.sid).disconnect_all().await.unwrap();
    assert_eq!(reason(&trio.nodes[2].journal).await, "server namespace disconnect");
    cat.expect("41").await;
    cat.expect_closed().await;
    // The connection is still there.
    bob.join("/").await;
    trio.server(2).of("/").disconnect().await.unwrap();
    for client in [&mut ann, &mut bob] {
        client.expect("41").await;
    }
    eventually("nobody", || trio.server(0).sockets().is_empty() && trio.server(1).sockets().is_empty()).await;
}

#[tokio::test]
async fn a_change_for_which_other_servers_have_no_words_is_made_to_nobody() {
    let broker = MemoryBroker::new();
    let adapter = adapter(&broker, "a").python(Python::new().member());
    let node = TestServer::start(|builder| builder.consumer::<Plain>().adapter(adapter)).await;
    let mut client = node.socket("/").await;
    let (server, sid) = (node.handle(), client.sid.clone());
    let refused = |result: Result<(), EmitError>, reason: &str| match result {
        Err(error @ EmitError::Inexpressible { .. }) => {
            let error = error.to_string();
            assert!(
                error.starts_with("python-socketio servers cannot be told: ") && error.ends_with(reason),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    };
    let by_ids = "only sockets can be changed, by their ids, or a room be emptied";
    refused(server.except("muted").join("red").await, by_ids);
    refused(server.to("red").leave("blue").await, by_ids);
    refused(server.disconnect().await, by_ids);
    let whole = "a socket can be disconnected from its namespace, not its whole connection";
    refused(server.to("AAAAAAAAAAAAAAAAAAAA").disconnect_all().await, whole);
    assert_eq!(server.rooms(), [""; 0]);
    // The others of this cluster are not asked about those who are here, nor about the rooms of users.
    server.to(&sid).join("red").await.unwrap();
    server.local().except("muted").join("blue").await.unwrap();
    server.close_room("blue").await.unwrap();
    assert_eq!(server.rooms(), ["red"]);
    nothing_more(&[server], std::slice::from_mut(&mut client)).await;
}
