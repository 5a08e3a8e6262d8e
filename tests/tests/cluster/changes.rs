//! Joining, leaving and disconnecting many sockets on all nodes.

use sio_tests::journal::Journal;
use sio_tests::{Ws, app::Plain};

use crate::support::{Trio, eventually, nothing_more};

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
        server.join([&*room, "all"]).await;
        server.to(&room).emit("cast", &number).await.expect("a broadcast cannot fail");
        server.to(&room).leave(&room).await;
        server.to(&room).emit("nobody hears it", &()).await.expect("a broadcast cannot fail");
    }
    for client in &mut clients {
        for number in 0..50 {
            client.expect(&format!(r#"42["cast",{number}]"#)).await;
        }
    }
    server.close_room("all").await;
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
    server.to([&*ids[1], &*ids[2]]).join("red").await;
    server.except(&ids[2]).join("blue").await;
    server.local().join("mine").await;
    let here = trio.nodes[0].socket_of("/", &ids[0]);
    here.broadcast().join("others").await;
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
    trio.server(0).to(&bob.sid).disconnect().await;
    bob.expect("41").await;
    assert_eq!(reason(&trio.nodes[1].journal).await, "server namespace disconnect");
    trio.server(0).to(&cat.sid).disconnect_all().await;
    assert_eq!(reason(&trio.nodes[2].journal).await, "server namespace disconnect");
    cat.expect("41").await;
    cat.expect_closed().await;
    // The connection is still there.
    bob.join("/").await;
    trio.server(2).of("/").disconnect().await;
    for client in [&mut ann, &mut bob] {
        client.expect("41").await;
    }
    eventually("nobody", || trio.server(0).sockets().is_empty() && trio.server(1).sockets().is_empty()).await;
}
