//! Moving over: what the other libraries' examples become.

use serde::{Deserialize, Serialize};
use sio::Value;
use sio::prelude::*;

// ANCHOR: django
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    text: String,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

#[derive(Default)]
struct ChatConsumer;

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    async fn connect(
        &mut self,
        socket: &Socket,
        auth: Option<Value>,
    ) -> sio::Result<bool> {
        let auth = auth.unwrap_or_default();
        let _token = auth["token"].as_str();
        socket.join("lobby").await?;
        socket.emit("system_message", &Text { text: "Welcome!" }).await?;
        Ok(true)
    }

    async fn disconnect(&mut self, _socket: &Socket, _reason: DisconnectReason) {}

    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        payload: Payload,
        ack: Option<Ack<Status>>,
    ) -> sio::Result<()> {
        let text = Text { text: &payload.text };
        socket.server().of("/chat").to("lobby").emit("chat_message", &text).await?;
        if let Some(ack) = ack {
            ack.send(Status { status: "ok" })?;
        }
        Ok(())
    }
}
// ANCHOR_END: django

// ANCHOR: python
#[derive(Default)]
struct MyCustomNamespace;

#[consumer(namespace = "/test")]
impl MyCustomNamespace {
    async fn connect(&mut self, socket: &Socket, handshake: &Handshake) -> bool {
        println!("connect {} {:?}", socket.id(), handshake.header("user-agent"));
        true
    }

    async fn disconnect(&mut self, socket: &Socket) {
        println!("disconnect {}", socket.id());
    }

    async fn event_my_event(
        &mut self,
        socket: &Socket,
        data: Value,
    ) -> sio::Result<(&'static str, u32)> {
        socket.namespace().emit("my_response", &data).await?;
        Ok(("OK", 123))
    }
}
// ANCHOR_END: python

// ANCHOR: node
#[derive(Default)]
struct Connection {
    // socket.data.username = ..
    username: Option<String>,
}

#[consumer]
impl Connection {
    // io.on("connection", (socket) => ..)
    async fn connect(&mut self, socket: &Socket) {
        tracing::info!(id = %socket.id(), "connected");
    }

    // socket.on("hello", (name, callback) => ..)
    async fn event_hello(
        &mut self,
        socket: &Socket,
        name: String,
    ) -> sio::Result<&'static str> {
        // socket.broadcast.emit("hello", name)
        socket.broadcast().emit("hello", &name).await?;
        self.username = Some(name);
        // callback("got it")
        Ok("got it")
    }

    // socket.onAny((name, ...args) => ..)
    #[event(fallback)]
    async fn any(&mut self, name: EventName, args: Args) {
        tracing::info!(%name, args = args.raw(), "event");
    }
}
// ANCHOR_END: node

// ANCHOR: oxide
#[derive(Deserialize, Serialize)]
struct Data {
    n: u32,
}

struct Total(std::sync::atomic::AtomicU32);

#[derive(Default)]
struct Custom;

#[consumer(namespace = "/custom")]
impl Custom {
    // io.ns("/custom", async |socket: SocketRef, Data(auth): Data<Value>| ..)
    async fn connect(&mut self, socket: &Socket, auth: Option<Value>) -> sio::Result {
        Ok(socket.emit("auth", &auth).await?)
    }

    // socket.on("add", async |Data(data): Data<Data>, ack: AckSender, State(total):
    // State<Arc<Total>>| ..)
    async fn event_add(&mut self, data: Data, total: State<Total>) -> u32 {
        total.0.fetch_add(data.n, std::sync::atomic::Ordering::Relaxed) + data.n
    }
}
// ANCHOR_END: oxide

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use sio::options::AllowedOrigins;
    use sio_tests::TestServer;

    /// The right sides of the tables, where they are code.
    #[derive(Default)]
    struct Rows;

    #[consumer(namespace = "/rows")]
    impl Rows {
        #[event(concurrent)]
        async fn event_rows(socket: Socket, data: u32) -> sio::Result<(bool, usize)> {
            let (server, namespace, sid) =
                (socket.server(), socket.namespace(), socket.id());
            socket.emit("e", &data).await?;
            socket.emit("e", &(1, 2)).await?;
            socket.send(&data).await?;
            socket.try_emit("e", &data)?;
            socket.emit_with_ack::<u32>("e", &()).await.ok();
            socket
                .timeout(Duration::from_millis(1))
                .emit_with_ack::<u32>("e", &())
                .await
                .ok();
            socket.volatile().emit("e", &data).await?;
            socket.broadcast().emit("e", &data).await?;
            socket.join("r").await?;
            socket.to("r").except("s").local().volatile().emit("e", &data).await?;
            server.emit("e", &data).await?;
            server.of("/rows").emit("e", &data).await?;
            namespace.to(&sid).emit("e", &data).await?;
            namespace.to("r").emit("e", &data).await?;
            namespace.except([&sid, &sid]).emit("e", &data).await?;
            let members = namespace.to("r").sockets().len();
            namespace.to("r").join("s").await?;
            namespace.to("r").leave("s").await?;
            namespace.close_room("r").await?;
            let is_gone = !socket.rooms().contains(&"r".to_owned());
            socket.leave("r").await?;
            let _ = (
                socket.handshake(),
                socket.transport(),
                socket.data(),
                socket.is_connected(),
            );
            let _ = (namespace.path(), server.socket(&sid), server.client_count());
            Ok((is_gone, members))
        }

        async fn event_go(&mut self, socket: &Socket, is_whole: bool) -> sio::Result {
            if is_whole {
                socket.disconnect_all();
            } else {
                socket.namespace().to(socket.id()).disconnect().await?;
            }
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_sides_of_the_tables_are_code()
    -> Result<(), Box<dyn std::error::Error>> {
        let builder = Server::builder().collect(false).consumer::<Rows>();
        let builder = builder
            .allowed_origins(["https://example.com"])
            .allowed_origins(AllowedOrigins::any());
        let server = sio::testing::TestServer::new(builder.build()?);
        let ada = server.connect("/rows").await?.within(Duration::from_secs(60));
        assert_eq!(ada.emit_with_ack::<(bool, usize)>("rows", &7).await?, (true, 1));
        ada.emit("go", &false).await;
        assert_eq!(
            ada.expect_disconnect().await,
            DisconnectReason::ServerNamespaceDisconnect
        );

        let bob = server.connect("/rows").await?;
        bob.emit("go", &true).await;
        assert_eq!(
            bob.expect_disconnect().await,
            DisconnectReason::ServerNamespaceDisconnect
        );
        Ok(())
    }

    #[tokio::test]
    async fn the_django_consumer_does_what_it_did() {
        let server =
            TestServer::start(|builder| builder.consumer::<ChatConsumer>()).await;
        // `io(url)` joins `/` first, then `socket.io.socket("/chat")`.
        let mut ada = server.socket("/").await;
        ada.join("/chat").await;
        ada.expect(r#"42/chat,["system_message",{"text":"Welcome!"}]"#).await;
        ada.send(r#"42/chat,0["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"42/chat,["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"43/chat,0[{"status":"ok"}]"#).await;
        ada.send(r#"42/chat,["chat_message",{}]"#).await;
        ada.expect(r#"42/chat,["chat_message",{"text":""}]"#).await;
    }

    #[tokio::test]
    async fn the_others_do_too() {
        let server = TestServer::start(|builder| {
            builder
                .consumer::<MyCustomNamespace>()
                .consumer::<Connection>()
                .consumer::<Custom>()
                .state(Total(0.into()))
        })
        .await;
        let mut ada = server.socket("/test").await;
        ada.send(r#"42/test,0["my_event",{"foo":"bar"}]"#).await;
        ada.expect(r#"42/test,["my_response",{"foo":"bar"}]"#).await;
        ada.expect(r#"43/test,0["OK",123]"#).await;

        let (mut bob, mut eve) = (server.socket("/").await, server.socket("/").await);
        bob.send(r#"420["hello","Bob"]"#).await;
        bob.expect(r#"430["got it"]"#).await;
        eve.expect(r#"42["hello","Bob"]"#).await;
        bob.send(r#"421["anything",1]"#).await;
        bob.expect("431[]").await;

        let mut mia = server.ws().await;
        mia.send(r#"40/custom,{"k":1}"#).await;
        mia.expect(r#"40/custom,{"sid":…}"#).await;
        mia.expect(r#"42/custom,["auth",{"k":1}]"#).await;
        mia.send(r#"42/custom,0["add",{"n":2}]"#).await;
        mia.expect("43/custom,0[2]").await;
    }
}
