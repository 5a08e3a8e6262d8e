//! An event on its way out, encoded once for all who get it.

use bytes::Bytes;

/// An event as ready-made frames.
#[derive(Debug, Clone)]
pub(crate) struct Emission {
    pub(crate) frames: Bytes,
    /// Under which number it is kept for clients that come back; `None`: it is not.
    pub(crate) offset: Option<u64>,
}

/// What is expected of an event that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// That it arrives, sooner or later.
    Arrival,
    /// Nothing: it may be lost.
    Nothing,
    /// An answer, under this id.
    Answer(u64),
}
