//! What a session's task is asked to do by HTTP requests and by the program.

use bytes::Bytes;
use sio_core::engine::packet::Packet;
use sio_core::engine::session::CloseReason;
use tokio::sync::oneshot;

use crate::transport::websocket::WebSocket;

/// An order to a session's task.
#[derive(Debug)]
pub(crate) enum Command {
    /// A GET waits for packets.
    Poll(oneshot::Sender<PollAnswer>),
    /// A POST brought packets.
    Post(Vec<Packet>, oneshot::Sender<PostAnswer>),
    /// A POST that broke a rule: the session ends.
    Violation(CloseReason),
    /// A second WebSocket for a session on polling.
    Probe(Box<WebSocket>),
    /// End the session when what is queued has been sent.
    Close(CloseReason),
    /// End the session as soon as no handler runs any more; new events are refused.
    Drain,
    /// End the session whether or not handlers run.
    DrainEnd,
}

/// The answer to a GET.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    /// Packets.
    Payload(Payload),
    /// The session is closed by this request, or does not poll.
    Refused,
}

/// A polling body.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) body: Bytes,
    /// Whether it may be compressed: what it holds must not always be guessed at by its length.
    #[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "nothing is compressed"))]
    pub(crate) compress: bool,
}

/// The answer to a POST.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PostAnswer {
    /// Every packet was taken.
    Taken,
    /// The session is closed by this request, or does not poll.
    Refused,
}
