//! Requests that are refused, and the reasons that the application and the client get.

use std::borrow::Cow;
use std::fmt;

use hyper::StatusCode;
use hyper::http::request::Parts;
use sio_core::engine::handshake::RequestError;

use crate::engine::NoRoom;

/// Why a request was refused, in more detail than the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedReason {
    /// The transport is missing, not known or not allowed. Code 0.
    TransportUnknown,
    /// There is no session of this id, or no more. Code 1.
    SessionUnknown,
    /// A session can only be opened by GET. Code 2.
    BadHandshakeMethod,
    /// The request does not fit the session or its transport, or is broken. Code 3.
    BadRequest,
    /// The opening handshake of a WebSocket is not valid: its version, its key, or the HTTP that it came with. Code 3.
    BadWebSocket,
    /// The page that asks is from an origin that is not [allowed](crate::Builder::allowed_origins). Code 4.
    ForeignOrigin,
    /// The request is for a host that is not [allowed](crate::Builder::allowed_hosts). Code 4.
    ForeignHost,
    /// The function of [`allow_request`](crate::Builder::allow_request) refused it. Code 4.
    NotAllowed,
    /// The limit [`max_connections`](crate::Builder::max_connections) is reached. Code 4.
    ServerFull,
    /// The limit [`max_connections_per_address`](crate::Builder::max_connections_per_address) is reached for this
    /// address. Code 4.
    AddressFull,
    /// The server is being [closed](crate::Server::close). Code 4, with the status 503.
    ShuttingDown,
    /// The client speaks another revision of the protocol. Code 5.
    UnsupportedProtocolVersion,
}

impl RefusedReason {
    fn error(self) -> RequestError {
        match self {
            Self::TransportUnknown => RequestError::TransportUnknown,
            Self::SessionUnknown => RequestError::SessionUnknown,
            Self::BadHandshakeMethod => RequestError::BadHandshakeMethod,
            Self::BadRequest | Self::BadWebSocket => RequestError::BadRequest,
            Self::UnsupportedProtocolVersion => RequestError::UnsupportedProtocolVersion,
            Self::ForeignOrigin
            | Self::ForeignHost
            | Self::NotAllowed
            | Self::ServerFull
            | Self::AddressFull
            | Self::ShuttingDown => RequestError::Forbidden,
        }
    }
}

impl fmt::Display for RefusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadWebSocket => "no valid opening handshake of a WebSocket",
            Self::ForeignOrigin => "a foreign origin",
            Self::ForeignHost => "a foreign host",
            Self::NotAllowed => "not allowed by the application",
            Self::ServerFull => "the server is full",
            Self::AddressFull => "too many connections from this address",
            Self::ShuttingDown => "the server is shutting down",
            other => return other.error().fmt(f),
        })
    }
}

/// A refusal on its way to the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    reason: RefusedReason,
    /// In place of the message that the code has.
    message: Option<Cow<'static, str>>,
    /// In place of the status that the code or the reason has.
    status: Option<StatusCode>,
}

impl Refusal {
    pub(crate) fn with_message(reason: RefusedReason, message: String) -> Self {
        Self { reason, message: Some(message.into()), status: None }
    }

    pub(crate) fn with_status(reason: RefusedReason, status: StatusCode, message: &'static str) -> Self {
        Self { reason, message: Some(message.into()), status: Some(status) }
    }

    pub(crate) fn status(&self) -> StatusCode {
        let of_code = || StatusCode::from_u16(self.error().status()).unwrap_or(StatusCode::BAD_REQUEST);
        let of_reason = self.is_temporary().then_some(StatusCode::SERVICE_UNAVAILABLE);
        self.status.or(of_reason).unwrap_or_else(of_code)
    }

    #[cfg(feature = "webtransport")]
    pub(crate) fn reason(&self) -> RefusedReason {
        self.reason
    }

    pub(crate) fn error(&self) -> RequestError {
        self.reason.error()
    }

    /// Returns whether the client is likely to be let in if it asks again a little later: here, or at another server.
    pub(crate) fn is_temporary(&self) -> bool {
        self.reason == RefusedReason::ShuttingDown
    }

    /// The text that was chosen for this refusal, if any.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl From<RefusedReason> for Refusal {
    fn from(reason: RefusedReason) -> Self {
        Self { reason, message: None, status: None }
    }
}

impl From<NoRoom> for Refusal {
    fn from(no_room: NoRoom) -> Self {
        Self::from(match no_room {
            NoRoom::Closing => RefusedReason::ShuttingDown,
            NoRoom::Full => RefusedReason::ServerFull,
            NoRoom::AddressFull => RefusedReason::AddressFull,
        })
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Self::from(match error {
            RequestError::TransportUnknown => RefusedReason::TransportUnknown,
            RequestError::SessionUnknown => RefusedReason::SessionUnknown,
            RequestError::BadHandshakeMethod => RefusedReason::BadHandshakeMethod,
            RequestError::BadRequest => RefusedReason::BadRequest,
            RequestError::Forbidden => RefusedReason::NotAllowed,
            RequestError::UnsupportedProtocolVersion => RefusedReason::UnsupportedProtocolVersion,
        })
    }
}

/// A request that was refused, as [`on_refused`](crate::Builder::on_refused) sees it.
#[derive(Debug)]
pub struct Refused<'a> {
    refusal: &'a Refusal,
    request: &'a Parts,
}

impl<'a> Refused<'a> {
    pub(crate) fn new(refusal: &'a Refusal, request: &'a Parts) -> Self {
        Self { refusal, request }
    }

    /// Returns the number that the client gets: 0 to 5, as in the reference server.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.refusal.error().code()
    }

    /// Returns the text that the client gets.
    #[must_use]
    pub fn message(&self) -> &'a str {
        self.refusal.message().unwrap_or_else(|| self.refusal.error().message())
    }

    /// Returns why the request was refused.
    #[must_use]
    pub fn reason(&self) -> RefusedReason {
        self.refusal.reason
    }

    /// Returns the request: method, path, query and headers, and its [`Peer`](super::Peer) among the extensions.
    #[must_use]
    pub fn request(&self) -> &'a Parts {
        self.request
    }
}
