//! Guide: deployment.

use std::env;
use std::time::Duration;

use sio::http::{Cookie, SameSite};
use sio::prelude::*;

// ANCHOR: main
// `#[tokio::main]` stands before it in a program.
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let server = Server::builder()
        // The program does not start without it: see "Where consumers come from".
        .expect("/chat")
        .allowed_origins(["https://example.com"])
        .drain(Duration::from_secs(20))
        .build()?;
    server.serve(address).await
}
// ANCHOR_END: main

// ANCHOR: cookie
fn with_cookie() -> sio::Result<Server> {
    let cookie = Cookie::new("io").same_site(SameSite::Strict).secure(true);
    let server = Server::builder().collected(false).cookie(cookie).build()?;
    Ok(server)
}
// ANCHOR_END: cookie

// ANCHOR: websocket_only
fn without_polling() -> sio::Result<Server> {
    let server = Server::builder().collected(false).transports([sio::TransportKind::WebSocket]).build()?;
    Ok(server)
}
// ANCHOR_END: websocket_only

// ANCHOR: address
/// The client's address, when exactly one proxy of one's own stands before the server and sets this header.
fn client_address(handshake: &Handshake) -> Option<std::net::IpAddr> {
    let said = handshake.header("x-real-ip").and_then(|address| address.parse().ok());
    said.or_else(|| handshake.ip())
}
// ANCHOR_END: address

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn the_cookie_is_set_with_the_session() {
        let server = with_cookie().unwrap();
        let serve = |listener| async move { server.serve_with(listener).await };
        let here = TestServer::serve_with(serve).await;
        let answer = here.get("EIO=4&transport=polling").await;
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    }

    #[tokio::test]
    async fn polling_can_be_left_out() {
        let server = without_polling().unwrap();
        let serve = |listener| async move { server.serve_with(listener).await };
        let here = TestServer::serve_with(serve).await;
        assert_eq!(here.get("EIO=4&transport=polling").await.status, 400);
        here.socket("/").await.close().await;
    }

    #[tokio::test]
    async fn the_proxy_says_whose_address_it_is() {
        let server = TestServer::start(|builder| builder).await;
        let headers = [("X-Real-IP", "203.0.113.7")];
        let mut ws = server.try_ws("EIO=4&transport=websocket", &headers).await.unwrap();
        ws.receive().await;
        let sid = ws.join("/").await;
        let socket = server.socket_of("/", &sid);
        assert_eq!(client_address(socket.handshake()), Some([203, 0, 113, 7].into()));
        assert_eq!(socket.handshake().ip(), Some([127, 0, 0, 1].into()));
    }
}
