//! The stream of a WebTransport session, which a [`WebSocket`](super::websocket::WebSocket) reads and writes as if it were
//! one of RFC 6455.
//!
//! ```text
//! WebSocket ── masked frames ◀── Inward ──┐
//!     │                                   │   one bidirectional stream   ┐
//!     └────── frames ──▶ Outward ─────────┘                              ├ one QUIC connection
//!                                             CONNECT: the session's end ┘
//! ```
//!
//! A client notices only the end of the session, not that of the stream: a stream that is shut down here ends the session
//! as soon as the client has all that was sent.

mod framing;
mod http3;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quinn::{ConnectionError, ReadError, RecvStream, SendStream, StoppedError, VarInt};
use tokio::io::ReadBuf;

use self::framing::{Inward, Outward};
pub(crate) use self::http3::{Broken, H3_NO_ERROR, Opened, Opening};

/// How much is taken over before it has to go to the connection, in bytes.
const MAX_PENDING: usize = 64 * 1024;

type Stopped = Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send + Sync>>;

/// A stream and the session that it is all of. Dropped, it closes the connection.
pub(crate) struct Stream {
    connection: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
    /// The answer to the request, which ends the session when it ends.
    answer: SendStream,
    /// Without it the connection would be broken.
    _control: SendStream,
    inward: Inward,
    outward: Outward,
    farewell: Farewell,
}

/// How far a session is told to have ended.
enum Farewell {
    None,
    /// The stream is finished, and the client has yet to get all of it.
    Finishing(Stopped),
    /// The end of the session is being written; so much of it has gone.
    Ending(usize),
    Done,
}

impl Stream {
    pub(crate) fn new(connection: quinn::Connection, opened: Opened) -> Self {
        let Opened { send, receive, answer, control } = opened;
        Self {
            connection,
            send,
            receive,
            answer,
            _control: control,
            inward: Inward::default(),
            outward: Outward::default(),
            farewell: Farewell::None,
        }
    }

    /// Reads frames as a client would send them over WebSocket.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let receive = &mut self.receive;
        self.inward.poll_read(buf, |part| match receive.poll_read_buf(cx, part) {
            Poll::Ready(Err(error)) if is_end(&error) => Poll::Ready(Ok(())),
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(Into::into)),
            Poll::Pending => Poll::Pending,
        })
    }

    /// Takes frames over that are meant for a WebSocket.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, frames: &[u8]) -> Poll<io::Result<usize>> {
        if self.outward.pending().len() >= MAX_PENDING {
            ready!(self.poll_flush(cx))?;
        }
        let taken = frames.len().min(MAX_PENDING);
        self.outward.take(&frames[..taken]);
        if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(taken))
    }

    /// Hands everything that was taken over to the connection.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outward.pending().is_empty() {
            let written = ready!(Pin::new(&mut self.send).poll_write(cx, self.outward.pending()))?;
            self.outward.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the stream and, when the client has all of it, the session.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.farewell = match &mut self.farewell {
                Farewell::None => {
                    ready!(self.poll_flush(cx))?;
                    // It may have been stopped by the client, and has ended then.
                    let _ = self.send.finish();
                    Farewell::Finishing(Box::pin(self.send.stopped()))
                }
                Farewell::Finishing(stopped) => {
                    let _ = ready!(stopped.as_mut().poll(cx));
                    Farewell::Ending(0)
                }
                Farewell::Ending(gone) => match &http3::GOODBYE[*gone..] {
                    [] => {
                        let _ = self.answer.finish();
                        Farewell::Done
                    }
                    rest => {
                        let written = ready!(Pin::new(&mut self.answer).poll_write(cx, rest))?;
                        Farewell::Ending(*gone + written)
                    }
                },
                Farewell::Done => return Poll::Ready(Ok(())),
            };
        }
    }
}

impl Drop for Stream {
    /// A client that has been told of the end has closed the connection already, or has had the time to.
    fn drop(&mut self) {
        self.connection.close(H3_NO_ERROR, b"");
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("peer", &self.connection.remote_address()).finish_non_exhaustive()
    }
}

/// Returns whether the client has closed its session: it resets its streams by that, and may close the connection.
fn is_end(error: &ReadError) -> bool {
    match error {
        ReadError::Reset(_) => true,
        ReadError::ConnectionLost(lost) => {
            matches!(lost, ConnectionError::ApplicationClosed(_) | ConnectionError::LocallyClosed)
        }
        _ => false,
    }
}
