//! Packets on their way out, between a session's outbox and its transport.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::deflate::{self, Deflated};

/// Packets as ready-made WebSocket frames, each entry with its attachments. Two fit without an allocation, so
/// that a client that keeps up costs none for its queue.
pub(crate) type Queue = SmallVec<[Bytes; 2]>;

/// A packet on its way into the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) frames: Bytes,
    /// True if it may be compressed, or the long-polling response that carries it.
    pub(crate) compress: bool,
    /// The same compressed, for all of its receivers who have agreed to that.
    deflated: Option<Arc<Deflated>>,
}

impl Entry {
    /// Takes the packet out, without a copy.
    pub(crate) fn take(&mut self) -> Self {
        let Self { frames, compress, deflated } = self;
        Self { frames: std::mem::take(frames), compress: *compress, deflated: deflated.take() }
    }

    /// Makes a packet that must not be compressed.
    #[cfg(test)]
    pub(crate) fn never_compressed(frames: Bytes) -> Self {
        Self { compress: false, ..frames.into() }
    }

    /// Returns the same as it is kept, without a compressed form.
    pub(crate) fn plain(&self) -> Self {
        Self { frames: self.frames.clone(), compress: self.compress, deflated: None }
    }

    /// Compresses messages of at least `threshold` bytes, if they may be and have not been yet.
    #[cold]
    pub(crate) fn deflate(&mut self, threshold: usize) {
        if self.compress && self.deflated.is_none() {
            self.deflated = deflate::deflate(&self.frames, threshold).map(Arc::new);
        }
    }

    /// Returns whether there is a compressed form.
    #[inline]
    pub(crate) fn is_deflated(&self) -> bool {
        self.deflated.is_some()
    }

    /// Drops the compressed form, if there is one, unless `is_wanted` says that it is.
    #[cold]
    pub(crate) fn keep_deflated(&mut self, is_wanted: impl FnOnce(&Deflated) -> bool) {
        self.deflated.take_if(|deflated| !is_wanted(deflated));
    }

    /// The bytes that the packet takes in a queue.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.deflated.as_ref().map_or(self.frames.len(), |deflated| deflated.frames.len())
    }

    /// The frames that are sent.
    #[inline]
    pub(crate) fn into_frames(self) -> Bytes {
        match self.deflated {
            None => self.frames,
            Some(deflated) => deflated.frames.clone(),
        }
    }
}

impl From<Bytes> for Entry {
    fn from(frames: Bytes) -> Self {
        Self { frames, compress: true, deflated: None }
    }
}

/// A number of packets and their bytes: taken over by a transport since it was last asked, or not yet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Amount {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}
