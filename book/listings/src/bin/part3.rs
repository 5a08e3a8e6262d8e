//! Part 3 of the tutorial: the chat with its page.

use serde::{Deserialize, Serialize};
use sio::prelude::*;

#[derive(Serialize, Deserialize)]
struct ChatMessage {
    text: String,
}

#[derive(Serialize)]
struct Delivered {
    status: &'static str,
}

#[derive(Default)]
struct ChatConsumer;

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
        socket.join("lobby").await?;
        socket
            .emit("system_message", &ChatMessage { text: "Welcome!".to_owned() })
            .await?;
        Ok(true)
    }

    // ANCHOR: returned
    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        payload: ChatMessage,
    ) -> sio::Result<Delivered> {
        socket.namespace().to("lobby").emit("chat_message", &payload).await?;
        Ok(Delivered { status: "ok" })
    }
    // ANCHOR_END: returned
}

// ANCHOR: main
#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let server = Server::builder()
        .static_files("/", "public")
        .client_files("node_modules/socket.io-client/dist")
        .build()?;
    server.serve("127.0.0.1:3000").await
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sio_tests::{Request, TestServer};

    #[tokio::test]
    async fn the_page_is_served_beside_the_consumer() {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages/part3");
        let server = TestServer::start(|builder| {
            builder.consumer::<super::ChatConsumer>().static_files("/", pages)
        })
        .await;
        let page = server.request(&Request::get("/")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(r#"<script src="/chat.js"></script>"#));
        assert_eq!(server.request(&Request::get("/chat.js")).await.status, 200);

        let mut ada = server.socket("/chat").await;
        ada.expect(r#"42/chat,["system_message",{"text":"Welcome!"}]"#).await;
        ada.send(r#"42/chat,0["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"42/chat,["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"43/chat,0[{"status":"ok"}]"#).await;
    }
}
