//! Where a session stands between its transports. The picture is in [`session`](super::session).

use std::time::Instant;

use super::config::TransportKind;
use super::output::CloseReason;

/// The transport of a session, and the progress of an upgrade.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// On polling.
    Polling(Requests),
    /// A stream of such a transport is attached, and has not said anything.
    Probing { requests: Requests, deadline: Instant, to: TransportKind },
    /// The probe was answered.
    Probed { requests: Requests, deadline: Instant, to: TransportKind },
    /// On WebSocket or WebTransport, from the beginning or by an upgrade.
    Stream(TransportKind),
    /// Over. The client may not know it yet, and be on its way to the stream that was attached: then this is
    /// where it goes.
    Closed { reason: CloseReason, transport: TransportKind, awaits_upgrade: Option<TransportKind> },
}

impl State {
    pub(super) fn requests_mut(&mut self) -> Option<&mut Requests> {
        match self {
            Self::Polling(requests) | Self::Probing { requests, .. } | Self::Probed { requests, .. } => {
                Some(requests)
            }
            Self::Stream(_) | Self::Closed { .. } => None,
        }
    }

    pub(super) fn is_polled(&self) -> bool {
        match self {
            Self::Polling(requests) | Self::Probing { requests, .. } | Self::Probed { requests, .. } => {
                requests.is_polled
            }
            Self::Stream(_) | Self::Closed { .. } => false,
        }
    }

    pub(super) const fn is_probed(&self) -> bool {
        matches!(self, Self::Probed { .. })
    }

    pub(super) fn upgrade_deadline(&self) -> Option<Instant> {
        match *self {
            Self::Probing { deadline, .. } | Self::Probed { deadline, .. } => Some(deadline),
            Self::Polling(_) | Self::Stream(_) | Self::Closed { .. } => None,
        }
    }

    /// Returns the transport to which an upgrade leads that is under way.
    pub(super) fn upgrade_to(&self) -> Option<TransportKind> {
        match *self {
            Self::Probing { to, .. } | Self::Probed { to, .. } => Some(to),
            Self::Polling(_) | Self::Stream(_) | Self::Closed { .. } => None,
        }
    }
}

/// Which requests of a polling session are under way: at most one of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Requests {
    pub(super) is_polled: bool,
    pub(super) is_posted: bool,
}
