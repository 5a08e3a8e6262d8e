//! Guide: limits and slow clients.

use std::time::Duration;

use sio::Namespace;
use sio::error::EmitError;
use sio::prelude::*;

// ANCHOR: limits
fn tight() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        // what a client may send
        .max_payload(64 * 1024)
        .max_attachments(2)
        .incoming_events(16)
        .events_per_second(50)
        // what it may keep open
        .max_connections(10_000)
        .max_namespaces(4)
        .connect_timeout(Duration::from_secs(5))
        // what may wait for it
        .outgoing_queue_bytes(256 * 1024)
        .outgoing_queue_packets(256)
        .build()?;
    Ok(server)
}
// ANCHOR_END: limits

// ANCHOR: waiting
/// Sends a long list, as fast as the client takes it.
async fn send_list(socket: &Socket, lines: &[String]) -> Result<(), EmitError> {
    for line in lines {
        // Waits while the client's queue is full. Nothing is lost and nothing piles up.
        socket.emit("line", line).await?;
    }
    Ok(())
}
// ANCHOR_END: waiting

// ANCHOR: not_waiting
/// Sends what is nice to have: when the queue is full, the caller decides.
fn offer(socket: &Socket, hint: &str) -> Result<bool, EmitError> {
    match socket.try_emit("hint", hint) {
        Ok(()) => Ok(true),
        Err(EmitError::QueueFull) => Ok(false),
        Err(error) => Err(error),
    }
}
// ANCHOR_END: not_waiting

// ANCHOR: volatile
/// Sends what will be out of date at once. A client that has not read the last one yet is
/// passed over.
async fn positions(
    game: &Namespace,
    positions: &[(u32, f64, f64)],
) -> Result<(), EmitError> {
    game.to("players").volatile().emit("positions", positions).await
}
// ANCHOR_END: volatile

// ANCHOR: rate
#[derive(Default)]
struct Wall;

#[consumer(namespace = "/wall")]
impl Wall {
    // Not longer than 4 KiB, and not more often than five times a minute.
    #[event("write", max_size = "4 KiB", rate = "5/m")]
    async fn write(&mut self, socket: &Socket, line: String) -> sio::Result {
        socket.broadcast().emit("line", &line).await?;
        Ok(())
    }
}
// ANCHOR_END: rate

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn what_is_sent_arrives() {
        let server = TestServer::start(|builder| builder.consumer::<Wall>()).await;
        let mut ada = server.socket("/wall").await;
        let socket = server.socket_of("/wall", &ada.sid);
        send_list(&socket, &["a".to_owned(), "b".to_owned()]).await.unwrap();
        assert!(offer(&socket, "c").unwrap());
        for line in [r#"["line","a"]"#, r#"["line","b"]"#, r#"["hint","c"]"#] {
            ada.expect(&format!("42/wall,{line}")).await;
        }
        positions(&server.of("/wall"), &[(1, 2.0, 3.0)]).await.unwrap();
        ada.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn who_writes_too_fast_is_told() {
        let server = TestServer::start(|builder| builder.consumer::<Wall>()).await;
        let mut ada = server.socket("/wall").await;
        for _ in 0..5 {
            ada.send(r#"42/wall,0["write","x"]"#).await;
            ada.expect("43/wall,0[]").await;
        }
        ada.send(r#"42/wall,0["write","x"]"#).await;
        ada.expect(r#"43/wall,0[{"status":"error","code":"rate_limited","message":"Too many events","retry_after_ms":…}]"#).await;
    }

    #[tokio::test]
    async fn who_writes_too_much_is_told() {
        let server = TestServer::start(|builder| builder.consumer::<Wall>()).await;
        let mut ada = server.socket("/wall").await;
        ada.send(&format!(r#"42/wall,0["write","{}"]"#, "x".repeat(5000))).await;
        let answer = r#"43/wall,0[{"status":"error","code":"payload_too_large","message":"The event is too large","limit":4096}]"#;
        ada.expect(answer).await;
    }

    #[test]
    fn the_limits_are_valid() {
        tight().unwrap();
    }
}
