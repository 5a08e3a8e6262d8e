//! One client: the sockets of one session and the tasks of their consumers.
//!
//! The protocol's rules are those of [`sio_core::socket::client`]; this carries out what they say. All of it
//! runs in the session's task.

mod around;
mod client;
mod concurrent;
mod guard;
pub(crate) mod limits;
mod no_consumer;
mod socket_task;
mod unfinished;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use sio_core::engine::config::Revision;
use sio_core::v3;

pub(crate) use self::client::Client;
pub(crate) use self::guard::HandlerTimes;
pub(crate) use self::no_consumer::NoConsumer;
pub(crate) use self::socket_task::{SocketTask, run};
use crate::engine::mailbox::Mailbox;

/// The task of one socket, polled by the task of its session.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sends a CONNECT or CONNECT_ERROR: the packets that are not the same for clients of both revisions.
pub(crate) fn answer_connect(mailbox: &Mailbox, frames: Bytes) {
    mailbox.push_always(match mailbox.wire().revision() {
        Revision::V4 => frames,
        Revision::V3 => v3::socket::downgrade(&frames),
    });
}
