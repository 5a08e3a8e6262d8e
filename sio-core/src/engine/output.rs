//! The requests of a session to the transports, and the reasons for which it ends.

use std::fmt;

use smallvec::SmallVec;

use super::packet::{Message, Packet};

/// Why a session ended.
///
/// `Display` and [`as_str`](Self::as_str) give the strings that applications see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The peer ended the session or its connection.
    TransportClose,
    /// The connection failed, or was used in a way that the protocol forbids.
    TransportError,
    /// No pong came in time.
    PingTimeout,
    /// An Engine.IO packet was not valid.
    ParseError,
    /// The layer above found that the peer broke its protocol.
    ForcedClose,
    /// The application disconnected the client.
    ForcedServerClose,
    /// The server is being shut down.
    ServerShuttingDown,
    /// The client did not read what was queued for it.
    SlowClient,
}

impl CloseReason {
    /// Returns the reason as applications see it.
    ///
    /// ```
    /// use sio_core::engine::session::CloseReason;
    ///
    /// assert_eq!(CloseReason::PingTimeout.as_str(), "ping timeout");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
            Self::SlowClient => "slow client",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The transport that the session is on, behind what is queued for it.
    Main,
    /// The stream of an upgrade under way. Such a packet overtakes the queue.
    Probe,
}

/// One thing to do, or to know, after a stimulus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Hand this message to the layer above.
    Deliver(Message),
    /// Send this packet.
    Send(Channel, Packet),
    /// Answer the pending GET with what is queued, or with a noop packet where that is nothing, or nothing any more:
    /// the client itself has closed the session.
    ReleasePoll,
    /// The stream of the upgrade is the main transport from here on; what is queued goes out over it. A session that
    /// is closed already closes it then.
    Upgraded,
    /// Close the stream of the upgrade; the session stays on polling.
    ProbeFailed,
    /// As [`ProbeFailed`](Self::ProbeFailed), since the time for the upgrade is over.
    ProbeTimedOut,
    /// The session is over. Comes last and once: close whatever belongs to it. The stream of an upgrade is kept for
    /// as long as [`awaits_upgrade`](super::session::Session::awaits_upgrade) says.
    Closed(CloseReason),
}

/// The outputs that follow from one stimulus, in the order in which they have to be carried out.
pub type Outputs = SmallVec<[Output; 2]>;

/// The decision about a GET.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PollVerdict {
    /// Answer it when there is something to send, then call `end_poll`.
    Wait,
    /// An upgrade is under way: answer it at once, with what is queued or, where that is nothing, with a noop packet.
    /// `end_poll` is not called for it.
    NoWait,
    /// Another GET is pending. The session has been closed with [`CloseReason::TransportError`]: the first GET is
    /// answered with a close packet, this one with status 400.
    Overlap,
    /// The session is not on polling, or closed: status 400.
    NotPolling,
}

/// The decision about a POST.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostVerdict {
    /// Read and handle its packets, then call `end_post`.
    Accept,
    /// Another POST is still being read. The session has been closed with [`CloseReason::TransportError`]: a pending
    /// GET is answered with a close packet, both POSTs with status 400.
    Overlap,
    /// The session is not on polling, or closed: status 400.
    NotPolling,
}

/// Why a stream cannot become the probe of a session. It is closed; the session goes on undisturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProbeRefused {
    /// The session is on such a transport, from the beginning or by an earlier upgrade.
    #[error("the session is not on polling")]
    NotPolling,
    /// Another stream is trying to take over.
    #[error("another upgrade of the session is under way")]
    AlreadyProbing,
    /// The session is over.
    #[error("the session is closed")]
    Closed,
}
