//! Why a socket is gone.

use std::fmt;
use std::str::FromStr;

use crate::engine::session::CloseReason;

/// Why a socket was disconnected, as the application's `disconnect` hook learns it.
///
/// `Display` and [`as_str`](Self::as_str) give the texts that Socket.IO servers use.
///
/// # Examples
///
/// ```
/// use sio_core::socket::DisconnectReason;
///
/// assert_eq!(DisconnectReason::PingTimeout.to_string(), "ping timeout");
/// assert_eq!("ping timeout".parse(), Ok(DisconnectReason::PingTimeout));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The application disconnected the socket from the namespace.
    ServerNamespaceDisconnect,
    /// The connection ended.
    TransportClose,
    /// The connection failed, or was used in a way that the transport does not allow.
    TransportError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client sent an invalid Engine.IO packet.
    ParseError,
    /// The client sent an invalid Socket.IO packet, or broke another rule of Socket.IO.
    ForcedClose,
    /// The application closed the whole connection without removing the socket from its namespace first.
    ForcedServerClose,
    /// The server is being shut down.
    ServerShuttingDown,
    /// The client did not take its packets fast enough.
    SlowClient,
    /// The time for which the client was let in is over.
    AuthExpired,
}

/// A text that is no [`DisconnectReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason for which a server disconnects")]
pub struct UnknownReason;

impl DisconnectReason {
    const ALL: [Self; 11] = [
        Self::ClientNamespaceDisconnect,
        Self::ServerNamespaceDisconnect,
        Self::TransportClose,
        Self::TransportError,
        Self::PingTimeout,
        Self::ParseError,
        Self::ForcedClose,
        Self::ForcedServerClose,
        Self::ServerShuttingDown,
        Self::SlowClient,
        Self::AuthExpired,
    ];

    /// Returns the text of the reason.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
            Self::SlowClient => "slow client",
            Self::AuthExpired => "auth expired",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// From the text that `Display` gives.
impl FromStr for DisconnectReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(UnknownReason)
    }
}

/// Why the session under the socket ended.
impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::TransportClose => Self::TransportClose,
            CloseReason::TransportError => Self::TransportError,
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::ParseError => Self::ParseError,
            CloseReason::ForcedClose => Self::ForcedClose,
            CloseReason::ForcedServerClose => Self::ForcedServerClose,
            CloseReason::ServerShuttingDown => Self::ServerShuttingDown,
            CloseReason::SlowClient => Self::SlowClient,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_other_servers() {
        use DisconnectReason as R;
        for (reason, text) in [
            (R::ClientNamespaceDisconnect, "client namespace disconnect"),
            (R::ServerNamespaceDisconnect, "server namespace disconnect"),
            (R::TransportClose, "transport close"),
            (R::TransportError, "transport error"),
            (R::PingTimeout, "ping timeout"),
            (R::ParseError, "parse error"),
            (R::ForcedClose, "forced close"),
            (R::ForcedServerClose, "forced server close"),
            (R::ServerShuttingDown, "server shutting down"),
            (R::SlowClient, "slow client"),
            (R::AuthExpired, "auth expired"),
        ] {
            assert_eq!(reason.to_string(), text);
            assert_eq!(text.parse(), Ok(reason));
        }
        for text in ["", "Ping timeout", "ping timeout ", "io client disconnect"] {
            assert_eq!(text.parse::<R>(), Err(UnknownReason));
        }
    }

    #[test]
    fn reasons_of_the_session_keep_their_texts() {
        use CloseReason as C;
        for reason in [
            C::TransportClose,
            C::TransportError,
            C::PingTimeout,
            C::ParseError,
            C::ForcedClose,
            C::ForcedServerClose,
            C::ServerShuttingDown,
            C::SlowClient,
        ] {
            assert_eq!(DisconnectReason::from(reason).as_str(), reason.as_str());
        }
    }
}
