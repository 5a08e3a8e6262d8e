//! One client: the sockets of one session and the tasks of their consumers.
//!
//! The protocol's rules are those of [`sio_core::socket::client`]; this carries out what they say. All of it
//! runs in the session's task.

mod around;
mod client;
mod concurrent;
mod guard;
mod limits;
mod no_consumer;
mod socket_task;
mod unfinished;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) use self::client::Client;
pub(crate) use self::socket_task::{SocketTask, run};
use crate::handle::socket::Socket;
use crate::namespaces::Door;

/// The task of one socket, polled by the task of its session.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A socket, and the door that it came in by.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) socket: Socket,
    pub(crate) door: Arc<Door>,
}
