//! Guide: stopping and health.

use std::time::Duration;

use sio::options::Shutdown;
use sio::prelude::*;

// ANCHOR: shutdown
fn with_a_slow_end(builder: sio::Builder) -> sio::Builder {
    let shutdown = Shutdown::new()
        .delay(Duration::from_secs(5))
        .spread(Duration::from_secs(30))
        .handlers(Duration::from_secs(10));
    builder.shutdown(shutdown).health("/healthz", "/readyz")
}
// ANCHOR_END: shutdown

// ANCHOR: mounted
async fn stop_on_a_signal(server: Server, stop_accepting: impl FnOnce()) {
    sio::http::shutdown_signal().await;
    server.drain().await;
    stop_accepting();
}
// ANCHOR_END: mounted

// ANCHOR: closing
#[derive(Default)]
struct Editor {
    draft: String,
}

#[consumer(namespace = "/editor")]
impl Editor {
    async fn connect(&mut self, socket: &Socket) {
        let socket = socket.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = socket.closing() => {
                    // The page sends what it has not sent yet.
                    let _ = socket.emit("save_now", &()).await;
                }
                _ = socket.closed() => {}
            }
        });
    }

    async fn event_save(&mut self, draft: String) {
        self.draft = draft;
    }
}
// ANCHOR_END: closing

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{Request, TestServer};

    #[tokio::test]
    async fn a_page_saves_before_it_is_disconnected() {
        let server =
            TestServer::start(|builder| with_a_slow_end(builder).consumer::<Editor>())
                .await;
        let mut ws = server.socket("/editor").await;
        let handle = server.handle().clone();
        let draining = tokio::spawn(async move { handle.drain().await });
        ws.expect(r#"42/editor,["save_now"]"#).await;
        ws.send(r#"42/editor,1["save","draft"]"#).await;
        ws.expect("43/editor,1[]").await;
        server.request(&Request::get("/healthz")).await.expect(200, "ok\n");
        server.request(&Request::get("/readyz")).await.expect(503, "closing\n");
        tokio::join!(server.handle().close(), async {
            assert_eq!(ws.expect_closed().await, Some(1001));
            drop(ws);
        });
        draining.await.unwrap();
    }
}
