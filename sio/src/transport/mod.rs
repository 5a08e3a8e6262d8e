//! WebSocket framing, the streams of WebTransport, and the wire form of packets.
//!
//! Nothing here knows what a packet means; that is the session's matter.

pub(crate) mod deflate;
pub(crate) mod frames;
pub(crate) mod link;
pub(crate) mod outgoing;
mod refusals;
pub(crate) mod timed;
pub(crate) mod websocket;
#[cfg(feature = "webtransport")]
pub(crate) mod webtransport;
pub(crate) mod wire;
