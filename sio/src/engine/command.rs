//! Commands for a session's task, from HTTP requests and from the program.

use sio_core::engine::packet::Packet;
use sio_core::engine::session::CloseReason;
use sio_core::v3::payload::Body;
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
    /// The way by which the client's requests come is about to end. It is to take another: a GET that waits is answered,
    /// a WebSocket is closed.
    Release,
    /// The client has come back by another connection: it knows of the end of this one, if it is being told.
    #[cfg(feature = "cluster")]
    Heard,
    /// End the session when what is queued has been sent.
    Close(CloseReason),
}

/// The answer to a GET.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    /// Packets, as a polling body.
    Payload(PollBody),
    /// The same, but there is nothing in it, and the client has asked again and again: it is to get it a little later.
    Idle(PollBody),
    /// The session is closed by this request, or does not poll.
    Refused,
}

/// A polling body.
#[derive(Debug)]
pub(crate) struct PollBody {
    pub(crate) body: Body,
    /// True if it may be compressed; the length of compressed secrets could help an attacker to guess them.
    #[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "nothing is compressed"))]
    pub(crate) compress: bool,
}

impl From<Body> for PollBody {
    fn from(body: Body) -> Self {
        Self { body, compress: true }
    }
}

/// The answer to a POST.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PostAnswer {
    /// Every packet was taken.
    Taken,
    /// The session is closed by this request, or does not poll.
    Refused,
}
