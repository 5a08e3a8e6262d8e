//! Without the feature `compression` no client is told that messages may be compressed, and so none of these is reached.

use bytes::Bytes;

use super::{Deflated, InflateError};

pub(crate) fn deflate(_: &Bytes, _: usize) -> Option<Deflated> {
    None
}

pub(crate) fn inflate(_: &[u8], _: usize) -> Result<Bytes, InflateError> {
    Err(InflateError::Invalid)
}
