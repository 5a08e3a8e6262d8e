//! The types between a handle and its `emit`: whom an event is for, how it is sent, and the answers of many.
//!
//! Programs seldom name them. They begin with a [`Socket`](crate::Socket), a [`Namespace`](crate::Namespace) or a
//! [`Server`](crate::Server), chain what they need, and end with `emit`, `send`, `try_emit` or `emit_with_ack`:
//!
//! ```
//! use std::time::Duration;
//! # use sio::prelude::*;
//! # async fn example(socket: &Socket, server: &Server) -> sio::Result {
//!
//! // `EmitOptions`: one client, in another way than by default.
//! socket.volatile().emit("position", &(3.5, 4.0)).await?;
//!
//! // `Broadcast`: many clients. Rooms are anything that is `IntoRooms`.
//! server.to(["news", "sports"]).except(socket.id()).emit("headline", "Goal!").await?;
//!
//! // `AckStream`: the answers of many, as they come.
//! let jury = server.of("/contest").to("jury").timeout(Duration::from_secs(60));
//! let mut votes = jury.emit_with_ack::<u32>("vote", &()).await?;
//! while let Some((id, vote)) = votes.next().await {
//!     println!("{id} says {vote:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A type is needed where a broadcast is kept, or where a function is to take rooms as `to` does:
//!
//! ```
//! use sio::emit::{Broadcast, IntoRooms};
//! # use sio::prelude::*;
//!
//! struct Table {
//!     players: Broadcast,
//! }
//!
//! fn table(server: &Server, rooms: impl IntoRooms) -> Table {
//!     Table { players: server.of("/game").to(rooms) }
//! }
//! ```

pub use sio_core::args::Spread;
pub use sio_core::id::NodeId;

pub use crate::handle::ack_stream::AckStream;
pub use crate::handle::broadcast::Broadcast;
pub use crate::handle::emit_options::EmitOptions;
pub use crate::handle::remote_socket::{FetchedSocket, RemoteSocket};
pub use crate::handle::rooms::IntoRooms;
pub use crate::handle::typed::{Ask, Emit};
pub use crate::hub::{Gathered, Incomplete};
