//! Shared by the tests of the wire.
//!
//! The client half ([`Endpoint`], [`Ws`], [`Polling`], [`Http`]) speaks HTTP/1.1, WebSocket, Engine.IO and Socket.IO by
//! hand over plain TCP: it shares no code with the server it tests, can send what no real client would, and sees every
//! byte that comes back. A test reads as a transcript of one conversation:
//!
//! ```no_run
//! # async fn transcript(server: sio_tests::Endpoint) {
//! let mut ws = server.ws().await;
//! ws.send("40/chat,").await;
//! ws.expect(r#"40/chat,{"sid":…}"#).await;
//! ws.send(r#"42/chat,7["echo",1,"two"]"#).await;
//! ws.expect(r#"43/chat,7[1,"two"]"#).await;
//! # }
//! ```
//!
//! Every expectation has a deadline ([`deadline::PATIENCE`]) and fails with the conversation so far; nothing sleeps.
//! That something does *not* arrive is proved by order instead of by waiting: see [`Ws::expect_nothing_more`].

pub mod acceptance;
pub mod app;
pub mod certificate;
pub mod deadline;
pub mod endpoint;
pub mod frame;
pub mod harness;
pub mod http;
pub mod journal;
pub mod logs;
pub mod old_polling;
pub mod pattern;
pub mod polling;
pub mod transcript;
pub mod ws;

pub use endpoint::{Endpoint, Open};
pub use frame::Frame;
pub use harness::TestServer;
pub use http::{Http, Request, Response};
pub use old_polling::OldPolling;
pub use polling::Polling;
pub use ws::{Received, Ws};
