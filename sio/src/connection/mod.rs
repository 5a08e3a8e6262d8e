//! One client: the sockets of one session and the tasks of their consumers.
//!
//! The protocol's rules are those of [`sio_core::socket::client`]; this carries out what they say. All of it
//! runs in the session's task.

mod around;
mod client;
mod concurrent;
mod guard;
mod limits;
pub(crate) mod membership;
mod no_consumer;
mod socket_task;

use std::future::Future;
use std::pin::Pin;

pub(crate) use self::client::Client;
pub(crate) use self::no_consumer::NoConsumer;
pub(crate) use self::socket_task::{SocketTask, run};

/// The task of one socket, polled by the task of its session.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;
