//! Clients of Engine.IO 3 and Socket.IO 2, as far as they are served differently.

mod handshake;
mod heartbeat;
mod ids;
mod limits;
mod malformed;
mod messages;
mod namespaces;
mod upgrade;

use sio::Builder;
use sio_tests::{OldPolling, Received, TestServer, Ws, app::Plain};

/// A server with `/` that lets old clients in.
async fn server() -> TestServer {
    server_with(|builder| builder).await
}

/// The same with further options.
async fn server_with(configure: impl FnOnce(Builder) -> Builder) -> TestServer {
    TestServer::start(|builder| configure(builder.consumer::<Plain>().allow_eio3(true))).await
}

/// A client over WebSocket, its open packet read.
async fn open_ws(server: &TestServer, query: &str) -> Ws {
    let query = format!("EIO=3&transport=websocket{query}");
    let mut ws = server.try_ws(&query, &[]).await.expect("an old client is let in");
    match ws.receive().await {
        Received::Text(open) => ws.open = Some(sio_tests::Open::parse(&open)),
        other => panic!("expected an open packet, received {other}"),
    }
    ws
}

/// A client over WebSocket that the server has put into `/`.
async fn ws(server: &TestServer) -> Ws {
    let mut ws = open_ws(server, "").await;
    ws.expect("40").await;
    ws
}

/// A client on polling that the server has put into `/`.
async fn polling(server: &TestServer, query: &str) -> OldPolling {
    let mut polling = OldPolling::open(server, query).await;
    polling.expect("40").await;
    polling
}

/// The second WebSocket of a session.
async fn second_ws(server: &TestServer, polling: &OldPolling, query: &str) -> Ws {
    let query = format!("EIO=3&transport=websocket&sid={}{query}", polling.open.sid);
    server.try_ws(&query, &[]).await.expect("the upgrade is accepted")
}

/// The server has nothing for this client beyond what was read, and is still there.
async fn nothing_more(ws: &mut Ws) {
    ws.send("40/nowhere,").await;
    ws.expect(r#"44/nowhere,"Invalid namespace""#).await;
}
