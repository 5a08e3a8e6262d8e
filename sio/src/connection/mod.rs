//! One client: the sockets of one session and the tasks of their consumers.
//!
//! The protocol's rules are those of [`sio_core::socket::client`]; this carries out what they say. All of it
//! runs in the session's task.

mod around;
mod attempt;
mod client;
mod concurrent;
mod guard;
mod limits;
mod no_consumer;
mod reception;
mod socket_task;
mod spanned;
mod unfinished;

pub(crate) use self::client::Client;
pub(crate) use self::reception::Reception;
pub(crate) use self::socket_task::running;
