//! A message out of its frames.

use std::fmt;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use fastwebsockets::OpCode;
use sio_core::engine::packet::Message;

use super::{Ended, Incoming, ended};
use crate::heavy::{self, Place};
use crate::transport::deflate::{self, InflateError};
use crate::transport::frames::{Frame, ReadError};
use crate::turn;

/// A message that is not complete: more frames are to come, or it has yet to be inflated.
pub(super) struct Partial {
    is_text: bool,
    is_deflated: bool,
    data: BytesMut,
    /// All frames have come, and to inflate them is a heavy piece of work.
    place: Option<Place>,
}

impl Partial {
    pub(super) fn begin(frame: Frame) -> Self {
        Self {
            is_text: frame.opcode == OpCode::Text,
            is_deflated: frame.is_deflated,
            data: BytesMut::from(frame.payload),
            place: None,
        }
    }

    /// The bytes that have come.
    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) fn extend(&mut self, payload: &[u8]) {
        self.data.extend_from_slice(payload);
    }

    /// Returns the message, all frames of which have come. `None` where that is a heavy piece of work.
    pub(super) fn complete(&mut self, max_payload: usize) -> Result<Option<Incoming>, Ended> {
        if !self.is_deflated {
            return whole(self.is_text, self.data.split().freeze()).map(Some);
        }
        // How large it is shows only when it is inflated.
        let at_once = if heavy::is_possible() { max_payload.min(heavy::LONG) } else { max_payload };
        match deflate::inflate(&self.data, at_once) {
            Err(InflateError::TooLarge) if at_once < max_payload => {
                self.place = Some(Place::default());
                Ok(None)
            }
            outcome => self.inflated(outcome).map(Some),
        }
    }

    pub(super) fn is_heavy(&self) -> bool {
        self.place.is_some()
    }

    /// Inflates the message when it is its turn among the heavy pieces of work.
    pub(super) fn poll_inflate(
        &mut self,
        cx: &mut Context<'_>,
        max_payload: usize,
    ) -> Poll<Result<Incoming, Ended>> {
        let Self { data, place, .. } = self;
        let place = place.get_or_insert_default();
        let outcome = place.poll(cx, |_| Poll::Ready(deflate::inflate(data, max_payload)));
        outcome.map(|outcome| self.inflated(outcome))
    }

    fn inflated(&self, outcome: Result<Bytes, InflateError>) -> Result<Incoming, Ended> {
        let data = outcome.map_err(|error| {
            ended(match error {
                InflateError::TooLarge => ReadError::TooLarge,
                InflateError::Invalid => ReadError::NotDeflated,
            })
        })?;
        // It is as much work as if all of it had been sent.
        turn::received(data.len());
        whole(self.is_text, data)
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partial").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

/// Returns the message that has this payload.
pub(super) fn whole(is_text: bool, payload: Bytes) -> Result<Incoming, Ended> {
    if !is_text {
        return Ok(Incoming::Message(Message::Binary(payload)));
    }
    match ByteString::try_from(payload) {
        Ok(text) => Ok(Incoming::Message(Message::Text(text))),
        Err(_) => Err(ended(ReadError::InvalidUtf8)),
    }
}
