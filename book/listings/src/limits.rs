//! Guide: limits and slow clients.

use std::time::Duration;

use sio::prelude::*;
use sio::{EmitError, Namespace};

// ANCHOR: limits
fn tight() -> sio::Result<Server> {
    let server = Server::builder()
        .collected(false)
        // what a client may send
        .max_payload(64 * 1024)
        .max_attachments(2)
        .incoming_events(16)
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
/// Sends what will be out of date at once. A client that has not read the last one yet is passed over.
async fn positions(game: &Namespace, positions: &[(u32, f64, f64)]) -> Result<(), EmitError> {
    game.to("players").volatile().emit("positions", positions).await
}
// ANCHOR_END: volatile

// ANCHOR: rate
#[derive(Default)]
struct Wall {
    /// When this client's latest lines were written.
    latest: std::collections::VecDeque<std::time::Instant>,
}

#[consumer(namespace = "/wall")]
impl Wall {
    async fn event_write(&mut self, socket: &Socket, line: String) -> sio::Result {
        const AT_ONCE: usize = 5;
        const IN: Duration = Duration::from_secs(10);

        let now = std::time::Instant::now();
        while self.latest.front().is_some_and(|first| now - *first > IN) {
            self.latest.pop_front();
        }
        if self.latest.len() == AT_ONCE {
            return Err(sio::Error::new("too_fast", "Five lines in ten seconds are enough"));
        }
        self.latest.push_back(now);
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
        ada.expect(r#"43/wall,0[{"status":"error","code":"too_fast","message":…}]"#).await;
    }

    #[test]
    fn the_limits_are_valid() {
        tight().unwrap();
    }
}
