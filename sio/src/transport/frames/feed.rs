//! The frame reader of fastwebsockets, and what it reads from.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use fastwebsockets::{OpCode, Role, WebSocketRead};
use tokio::io::{AsyncRead, ReadBuf};

use super::deflated;
use crate::transport::deflate::RSV1;

/// Makes a reader of this source.
pub(super) fn reader(feed: Feed) -> WebSocketRead<Feed> {
    let (mut reader, _) = fastwebsockets::after_handshake_split(feed, tokio::io::sink(), Role::Server);
    // Closing, pings and the size of messages are the session's matter.
    reader.set_auto_close(false);
    reader.set_auto_pong(false);
    reader.set_max_message_size(usize::MAX);
    reader
}

/// The source of a reader: bytes that have already arrived.
#[derive(Clone, Default)]
pub(super) struct Feed(Rc<RefCell<FeedState>>);

#[derive(Default)]
struct FeedState {
    bytes: Vec<u8>,
    at: usize,
}

impl Feed {
    pub(super) fn put(&self, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        state.bytes.clear();
        state.bytes.extend_from_slice(bytes);
        state.at = 0;
    }

    /// Makes a frame of text or of a compressed message one of bytes, and returns what it was: the reader knows nothing
    /// of compression, and would look at a text that is looked at again when it is whole.
    pub(super) fn take_kind(&self, may_deflate: bool) -> Option<Kind> {
        let mut state = self.0.borrow_mut();
        let first = state.bytes.first_mut()?;
        let is_deflated = may_deflate && deflated(*first).is_some();
        if is_deflated {
            *first &= !RSV1;
        }
        let opcode = OpCode::try_from(*first & 0x0f).ok()?;
        if opcode == OpCode::Text {
            *first = *first & 0xf0 | OpCode::Binary as u8;
        } else if !is_deflated {
            return None;
        }
        Some(Kind { opcode, is_deflated })
    }
}

/// The kind of a frame of text, or of one that begins a compressed message.
pub(super) struct Kind {
    pub(super) opcode: OpCode,
    pub(super) is_deflated: bool,
}

impl AsyncRead for Feed {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        let FeedState { bytes, at } = &mut *state;
        let count = buf.remaining().min(bytes.len() - *at);
        if count == 0 {
            return Poll::Pending;
        }
        buf.put_slice(&bytes[*at..*at + count]);
        *at += count;
        Poll::Ready(Ok(()))
    }
}
