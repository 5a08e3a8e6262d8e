//! Guide: deployment.

use std::env;
use std::time::Duration;

use sio::http::Peer;
use sio::options::{Cookie, Forwarded, SameSite, Shutdown};
use sio::prelude::*;

// ANCHOR: main
// `#[tokio::main]` stands before it in a program.
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let server = Server::builder()
        // The program does not start without it: see "Where consumers come from".
        .require_namespace("/chat")
        .allowed_origins(["https://example.com"])
        .shutdown(Shutdown::new().handlers(Duration::from_secs(20)))
        .build()?;
    server.serve(address).await
}
// ANCHOR_END: main

// ANCHOR: cookie
fn with_cookie() -> sio::Result<Server> {
    let cookie = Cookie::new("io").same_site(SameSite::Strict).secure(true);
    let server = Server::builder().collect(false).cookie(cookie).build()?;
    Ok(server)
}
// ANCHOR_END: cookie

// ANCHOR: websocket_only
fn without_polling() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        .transports([sio::options::TransportKind::WebSocket])
        .build()?;
    Ok(server)
}
// ANCHOR_END: websocket_only

// ANCHOR: address
fn behind_one_proxy() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        .forwarded(Forwarded::x_forwarded_for())
        .max_connections_per_address(50)
        .build()?;
    Ok(server)
}
// ANCHOR_END: address

// ANCHOR: refused
fn with_metrics(builder: sio::Builder) -> sio::Builder {
    builder.on_refused(|refused| {
        let peer = refused.request().extensions.get::<Peer>();
        let (code, reason) = (refused.code(), refused.reason());
        tracing::info!(?peer, code, %reason, "refused");
    })
}
// ANCHOR_END: refused

// ANCHOR: websocket_compression
fn saving_traffic() -> sio::Result<Server> {
    let server = Server::builder().collect(false).websocket_compression(1024).build()?;
    Ok(server)
}
// ANCHOR_END: websocket_compression

// ANCHOR: compress
async fn send_token(socket: &Socket, token: &str) -> sio::Result {
    socket.compress(false).emit("token", token).await?;
    Ok(())
}
// ANCHOR_END: compress

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
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"),
            "{cookie}"
        );
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
        let server = behind_one_proxy().unwrap();
        let (serving, socket_of) = (server.clone(), server);
        let here = TestServer::serve_with(|listener| async move {
            serving.serve_with(listener).await
        })
        .await;
        let headers = [
            ("X-Forwarded-For", "198.51.100.1, 203.0.113.7"),
            ("X-Forwarded-Proto", "https"),
        ];
        let mut ws = here.try_ws("EIO=4&transport=websocket", &headers).await.unwrap();
        ws.receive().await;
        ws.join("/").await;
        let sockets = socket_of.of("/").sockets();
        assert_eq!(sockets[0].handshake().ip(), Some([203, 0, 113, 7].into()));
        assert!(sockets[0].handshake().is_secure());
    }

    #[tokio::test]
    async fn messages_are_compressed_for_those_who_offer_it() {
        let server = saving_traffic().unwrap();
        let here = TestServer::serve_with(|listener| async move {
            server.serve_with(listener).await
        })
        .await;
        let offer = [("Sec-WebSocket-Extensions", "permessage-deflate")];
        let mut ws = here.try_ws("EIO=4&transport=websocket", &offer).await.unwrap();
        ws.receive().await;
        // `40` in a block that is not smaller for it.
        ws.write(b"\xc1\x88\0\0\0\0\x00\x02\x00\xfd\xff40\x00").await;
        ws.expect(r#"40{"sid":…}"#).await;
    }

    #[tokio::test]
    async fn refusals_are_heard_of() {
        let server = TestServer::start(with_metrics).await;
        assert_eq!(server.get("EIO=4&transport=pigeon").await.status, 400);
    }
}
