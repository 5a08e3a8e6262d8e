//! Tests of an application, in its own process: clients that speak the real protocol over streams in memory.
//!
//! Needs the feature `testing`, which belongs in the development dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! sio-server = { version = "0.1", features = ["testing"] }
//! tokio = { version = "1", features = ["macros", "rt", "test-util"] }
//! ```
//!
//! A [`TestServer`] takes a server as the application builds it, a [`TestClient`] connects to it. Everything between
//! them is what runs in production (HTTP, WebSocket or polling, heartbeats, acknowledgements), but nothing listens and
//! no port is taken, so that tests can run beside each other.
//!
//! ```standalone_crate
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//! use sio::prelude::*;
//! use sio::testing::TestServer;
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct ChatMessage {
//!     text: String,
//! }
//!
//! #[derive(Default)]
//! struct Chat;
//!
//! #[consumer(namespace = "/chat")]
//! impl Chat {
//!     async fn connect(&mut self, socket: &Socket) -> sio::Result {
//!         socket.join("lobby").await?;
//!         socket.emit("welcome", "Hello!").await?;
//!         Ok(())
//!     }
//!
//!     async fn event_chat_message(&mut self, socket: &Socket, message: ChatMessage) -> sio::Result<u32> {
//!         socket.to("lobby").emit("chat_message", &message).await?;
//!         Ok(1)
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)] // in a test: `#[tokio::test(start_paused = true)]`
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = TestServer::with_consumer::<Chat>();
//!     let alice = server.connect("/chat").await?;
//!     let bob = server.client().namespace("/chat").auth(&json!({ "name": "Bob" })).connect().await?;
//!     assert_eq!(server.of("/chat").to("lobby").sockets().len(), 2);
//!     assert_eq!(bob.next::<String>("welcome").await, "Hello!");
//!
//!     let count: u32 = alice.emit_with_ack("chat_message", &json!({ "text": "hi" })).await?;
//!     assert_eq!(count, 1);
//!     assert_eq!(bob.next::<ChatMessage>("chat_message").await.text, "hi");
//!     bob.nothing_more().await;
//!     Ok(())
//! }
//! ```
//!
//! # Failures
//!
//! A test fails if something that the client waits for does not come, at the latest after the client's deadline (5 s
//! of tokio's time, see [`ClientBuilder::deadline`] and [`TestClient::within`]). The message shows everything that
//! came instead:
//!
//! ```text
//! tests/chat.rs:31:26: expected the event `chat_message`, but it did not come within 5s
//!
//! events that came and were not asked for:
//!   ["welcome","Hello!"]
//!
//! the conversation in /chat so far (seconds, > sent, < received):
//!     0.000 - connected by websocket
//!     0.000 > CONNECT {"name":"Bob"}
//!     0.000 < CONNECT {"sid":"a4GUe7mUg3CzTOsYDd8i"}
//!     0.000 < EVENT ["welcome","Hello!"]
//! ```
//!
//! Outcomes that a test may expect are returned as a result instead: [`Refused`] for a client that is not let in,
//! [`ErrorAck`] for an event whose handler failed.
//!
//! # Time
//!
//! Server and clients live by tokio's clock. In a test that pauses it (`#[tokio::test(start_paused = true)]`, which
//! needs tokio's feature `test-util`) time moves on by itself as soon as every task waits, to the next moment at
//! which one of them wants to be woken. A handler that sleeps for a minute costs a test milliseconds; heartbeats come
//! and are answered meanwhile; a deadline that passes proves that nothing was under way any more.
//!
//! Work outside of tokio's clock (a database, a thread, your own socket) is not waited for: tokio sees every task
//! waiting and moves the clock on, to the deadlines. Such tests let the clock run.
//!
//! # Order
//!
//! [`TestClient::emit`] returns when the event is on its way, not when it has been handled. Before a test looks at what
//! a handler has done (rooms, shared state), it lets the handler tell: [`TestClient::emit_with_ack`] returns after the
//! handler, whatever that returns. [`TestClient::disconnect`] and [`TestClient::expect_disconnect`] return after the
//! `disconnect` hook.

mod client;
mod connect;
mod conversation;
mod events;
mod http;
mod outcome;
mod polling;
mod server;
mod session;
mod transcript;
mod websocket;

pub use self::client::TestClient;
pub use self::connect::ClientBuilder;
pub use self::outcome::{ErrorAck, Received, Refused};
pub use self::server::TestServer;
#[cfg(feature = "cluster")]
pub use sio_cluster::{Faults, MemoryBroker, MemoryBus};
