//! The ids that clients give themselves, where the server is told to take them.

use sio::Sid;
use sio::options::Eio3;
use sio::prelude::*;
use sio_tests::{TestServer, Ws, journal::Gate};

use super::{open_ws, polling, second_ws};

/// Tells each client its id, and lets nobody go before the test allows it.
#[derive(Debug, Default)]
struct Inside;

#[consumer(namespace = "/inside")]
impl Inside {
    async fn event_id(&mut self, socket: &Socket) -> Sid {
        socket.id()
    }

    async fn disconnect(&mut self, gate: State<Gate>) {
        gate.pass("out").await;
    }
}

async fn server(eio3: impl Into<Eio3>) -> TestServer {
    TestServer::start(|builder| builder.consumer::<Inside>().allow_eio3(eio3)).await
}

async fn join(ws: &mut Ws) {
    ws.send("40/inside,").await;
    ws.expect("40/inside,").await;
}

/// The id that the server has for the client in `/inside`.
async fn id(ws: &mut Ws) -> String {
    ws.send(r#"42/inside,1["id"]"#).await;
    let answer = ws.expect("43/inside,1[…]").await;
    answer[0].as_str().expect("an id is a text").to_owned()
}

#[tokio::test]
async fn ids_are_those_of_the_session_where_that_is_asked_for() {
    let server = server(Eio3::new().client_ids(true)).await;
    let mut ws = open_ws(&server, "").await;
    ws.expect("40").await;
    join(&mut ws).await;
    let session = ws.session_id().to_owned();
    let inside = format!("/inside#{session}");
    assert_eq!(id(&mut ws).await, inside);
    assert_eq!(server.of("/").sockets()[0].id().as_str(), session);

    // An id finds its socket, as an id and as a room.
    let parsed: Sid = inside.parse().expect("it is an id");
    assert!(server.handle().socket(&parsed).is_some_and(|socket| socket.rooms() == [inside.clone()]));
    server.of("/inside").to(&inside).emit("told", &parsed).await.expect("a broadcast cannot fail");
    ws.expect(&format!(r#"42/inside,["told","{inside}"]"#)).await;
    server.of("/inside").except(&parsed).emit("told", &1).await.expect("a broadcast cannot fail");
    id(&mut ws).await;
}

#[tokio::test]
async fn ids_stay_what_they_are_through_an_upgrade() {
    let server = server(Eio3::new().client_ids(true)).await;
    let polling = polling(&server, "").await;
    let mut ws = second_ws(&server, &polling, "").await;
    ws.send_all(&["5", "40/inside,"]).await;
    ws.expect("40/inside,").await;
    assert_eq!(id(&mut ws).await, format!("/inside#{}", polling.open.sid));
}

#[tokio::test]
async fn ids_are_random_for_everybody_else() {
    for eio3 in [Eio3::from(true), Eio3::new(), Eio3::default()] {
        let server = server(eio3).await;
        let mut ws = open_ws(&server, "").await;
        ws.expect("40").await;
        join(&mut ws).await;
        let found = id(&mut ws).await;
        assert!(found.len() == Sid::LEN && found != ws.session_id(), "{found}");
    }
    let server = server(Eio3::new().client_ids(true)).await;
    let mut young = server.socket("/").await;
    let sid = young.sid.clone();
    assert_ne!(sid, young.session_id());
    assert_ne!(young.join("/inside").await, sid);
}

/// Two sockets of one id would be taken for each other: the end of the first would be the end of the second.
#[tokio::test]
async fn a_client_that_comes_back_before_it_was_forgotten_is_another_one() {
    let server = server(Eio3::new().client_ids(true)).await;
    let mut ws = open_ws(&server, "").await;
    ws.expect("40").await;
    join(&mut ws).await;
    let first = id(&mut ws).await;
    ws.send("41/inside,").await;
    join(&mut ws).await;
    let second = id(&mut ws).await;
    assert_ne!(first, second);
    server.gate.open("out");
    let back = server.of("/inside").sockets();
    assert_eq!(back.iter().map(|socket| socket.id().to_string()).collect::<Vec<_>>(), [second]);
    ws.send("41/inside,").await;
    server.gate.open("out");
    // Once all of that is over, the id is free.
    sio_tests::deadline::soon("the end of both", async {
        loop {
            join(&mut ws).await;
            if id(&mut ws).await == first {
                break;
            }
            ws.send("41/inside,").await;
            server.gate.open("out");
        }
    })
    .await;
}
