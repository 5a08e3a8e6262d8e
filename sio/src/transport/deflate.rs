//! permessage-deflate (RFC 7692), each message for itself.
//!
//! Only `server_no_context_takeover; client_no_context_takeover` is agreed to: no message refers to one before it. So no
//! connection needs a compressor or a window: each thread has one for all connections. A message is compressed once for
//! all its receivers.

#[cfg(feature = "compression")]
mod coding;
#[cfg(not(feature = "compression"))]
mod none;

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

#[cfg(feature = "compression")]
pub(crate) use self::coding::{deflate, inflate};
#[cfg(not(feature = "compression"))]
pub(crate) use self::none::{deflate, inflate};

/// The bit in the first byte of a message that marks it as compressed (RFC 7692 §6).
pub(crate) const RSV1: u8 = 0x40;

/// A client of this process has agreed to compression.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// Frames of a packet, of which some are compressed.
#[derive(Debug)]
pub(crate) struct Deflated {
    pub(crate) frames: Bytes,
    /// There is none but a text frame.
    pub(crate) is_text: bool,
}

/// Why a message was not inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "nothing is compressed"))]
pub(crate) enum InflateError {
    /// It would be larger than allowed.
    TooLarge,
    /// It is not what a compressor makes.
    Invalid,
}

/// Notes that there is a client for which messages are compressed.
pub(crate) fn set_used() {
    IS_USED.store(true, Ordering::Relaxed);
}

/// Returns false as long as no client has agreed to compression: nothing needs to be compressed for a broadcast then.
pub(crate) fn is_used() -> bool {
    IS_USED.load(Ordering::Relaxed)
}
