//! A WebSocket whose session is at another node: bytes that are passed in both directions, unread.
//!
//! While nothing moves, a tunnel holds two sockets and no buffer. What one side has sent and the other does not take
//! yet is at most one piece; nothing more is read until it has gone. A side that takes nothing for as long as it takes
//! to be found dead, or does not go when the other has gone, is left: the node has given its session up by then, and
//! nobody else would notice.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::transport::link::Link;

/// How much is read at once.
const PIECE: usize = 16 * 1024;

/// Pieces after which other tasks have their turn.
const BURST: u32 = 32;

/// Passes bytes between a client and a node, until both are through, or one of them keeps the other waiting for
/// `patience`. `early`: what the node has sent already.
pub(super) async fn run(client: OnUpgrade, node: TcpStream, early: Bytes, patience: Duration) {
    let mut tunnel = Tunnel::new(Link::Upgrading(client), Link::Tcp(node), patience);
    tunnel.down.rest = early;
    if let Err(error) = poll_fn(|cx| tunnel.poll(cx)).await {
        tracing::debug!(target: "sio::cluster", %error, "a tunnel ended");
    }
}

struct Tunnel {
    client: Link,
    node: Link,
    up: Direction,
    down: Direction,
    is_open: bool,
    /// How long one side may keep the other waiting.
    patience: Duration,
    stall: Option<Stall>,
}

/// One side keeps the other waiting.
struct Stall {
    /// How much had moved when it began.
    moved: u64,
    end: Pin<Box<Sleep>>,
}

/// The bytes on their way from one side to the other.
#[derive(Default)]
struct Direction {
    /// Read and not written yet.
    rest: Bytes,
    is_unflushed: bool,
    stage: Stage,
    /// Pieces that were passed on.
    moved: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// One side has sent its last byte.
    Ended,
    /// The other side knows.
    Closed,
}

impl Tunnel {
    fn new(client: Link, node: Link, patience: Duration) -> Self {
        let (up, down) = (Direction::default(), Direction::default());
        Self { client, node, up, down, is_open: false, patience, stall: None }
    }

    /// Ready when both directions have ended, or one side has kept the other waiting for too long.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pass(cx)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        if !self.up.is_awaited() && !self.down.is_awaited() {
            self.stall = None;
            return Poll::Pending;
        }
        let moved = self.up.moved + self.down.moved;
        let stall = match self.stall.take() {
            Some(stall) if stall.moved == moved => stall,
            _ => Stall { moved, end: Box::pin(sleep(self.patience)) },
        };
        ready!(self.stall.insert(stall).end.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Ready when both directions have ended.
    fn pass(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_open {
            self.up.rest = ready!(self.client.poll_upgraded(cx)).map_err(io::Error::other)?;
            self.is_open = true;
        }
        let up = self.up.poll(cx, &mut self.client, &mut self.node)?;
        let down = self.down.poll(cx, &mut self.node, &mut self.client)?;
        match (up, down) {
            (Poll::Ready(()), Poll::Ready(())) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }
}

impl Direction {
    /// Returns whether somebody has to take something, or to go.
    fn is_awaited(&self) -> bool {
        !self.rest.is_empty() || self.stage != Stage::Open
    }

    /// Ready when all has been passed on, and the end as well.
    fn poll(&mut self, cx: &mut Context<'_>, from: &mut Link, to: &mut Link) -> Poll<io::Result<()>> {
        for _ in 0..BURST {
            while !self.rest.is_empty() {
                match ready!(to.poll_write(cx, &self.rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => self.rest.advance(count),
                }
                self.is_unflushed = true;
                self.moved += u64::from(self.rest.is_empty());
            }
            // Its memory is not kept.
            self.rest = Bytes::new();
            match self.stage {
                Stage::Open => {}
                Stage::Ended => {
                    ready!(to.poll_shutdown(cx))?;
                    self.stage = Stage::Closed;
                    self.moved += 1;
                    return Poll::Ready(Ok(()));
                }
                Stage::Closed => return Poll::Ready(Ok(())),
            }
            let read = self.pass(cx, from, to)?;
            if read.is_pending() {
                if self.is_unflushed {
                    self.is_unflushed = to.poll_flush(cx)?.is_pending();
                }
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads a piece into the stack, and writes as much of it as is taken at once.
    fn pass(&mut self, cx: &mut Context<'_>, from: &mut Link, to: &mut Link) -> Poll<io::Result<()>> {
        let mut piece = [const { MaybeUninit::uninit() }; PIECE];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(from).poll_read(cx, &mut piece))?;
        let read = piece.filled();
        if read.is_empty() {
            self.stage = Stage::Ended;
            return Poll::Ready(Ok(()));
        }
        let written = match to.poll_write(cx, read)? {
            Poll::Ready(count) => count,
            Poll::Pending => 0,
        };
        self.is_unflushed |= written > 0;
        self.rest = Bytes::copy_from_slice(&read[written..]);
        self.moved += u64::from(self.rest.is_empty());
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
        (one.expect("it is listened on"), other.expect("it was connected to").0)
    }

    /// A client and a node with a tunnel between them, and whether it is empty whenever it waits.
    async fn tunnel() -> (TcpStream, TcpStream, Arc<AtomicBool>) {
        let (client, node, is_empty, _) = tunnel_with(Duration::from_secs(60)).await;
        (client, node, is_empty)
    }

    type Outcome = tokio::task::JoinHandle<io::Result<()>>;

    async fn tunnel_with(patience: Duration) -> (TcpStream, TcpStream, Arc<AtomicBool>, Outcome) {
        let ((client, here), (there, node)) = tokio::join!(pair(), pair());
        let mut tunnel = Tunnel::new(Link::Tcp(here), Link::Tcp(there), patience);
        let is_empty = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&is_empty);
        let outcome = tokio::spawn(async move {
            poll_fn(|cx| {
                let polled = tunnel.poll(cx);
                noted.store(tunnel.up.rest.is_empty() && tunnel.down.rest.is_empty(), Ordering::SeqCst);
                polled
            })
            .await
        });
        (client, node, is_empty, outcome)
    }

    fn numbers(count: u32) -> Vec<u8> {
        (0..count).flat_map(u32::to_be_bytes).collect()
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_none_are_kept() {
        let (mut client, mut node, is_empty) = tunnel().await;
        for length in [1, 100, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let sent = vec![7; length];
            let mut received = vec![0; length];
            client.write_all(&sent).await.expect("it is open");
            node.read_exact(&mut received).await.expect("it comes");
            assert_eq!(sent, received);
            node.write_all(&sent).await.expect("it is open");
            client.read_exact(&mut received).await.expect("it comes");
            assert_eq!(sent, received);
        }
        assert!(is_empty.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn whoever_does_not_read_holds_the_sender_up_and_loses_nothing() {
        let (mut client, mut node, _) = tunnel().await;
        let all = numbers(8 << 20);
        let mut written = 0;
        // As much as the sockets of both connections hold.
        while let Ok(Ok(count)) =
            tokio::time::timeout(Duration::from_millis(200), node.write(&all[written..])).await
        {
            written += count;
        }
        assert!(written < all.len(), "the tunnel has taken everything");
        let rest = all[written..].to_vec();
        let writing = tokio::spawn(async move {
            node.write_all(&rest).await.expect("it is open");
            node.shutdown().await.expect("it is open");
            node
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.expect("it comes");
        assert!(received == all);
        // The other direction is still open.
        let mut node = writing.await.expect("it does not panic");
        client.write_all(b"still here").await.expect("it is open");
        client.shutdown().await.expect("it is open");
        let mut last = String::new();
        node.read_to_string(&mut last).await.expect("it comes");
        assert_eq!(last, "still here");
    }

    #[tokio::test]
    async fn the_end_of_one_side_is_the_end_of_the_other() {
        for is_client in [true, false] {
            let (client, node, _) = tunnel().await;
            let (gone, mut left) = if is_client { (client, node) } else { (node, client) };
            drop(gone);
            assert_eq!(left.read(&mut [0; 8]).await.expect("it ends"), 0);
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_or_does_not_go_is_left() {
        for has_written in [true, false] {
            for is_client in [true, false] {
                let (client, node, _, outcome) = tunnel_with(Duration::from_millis(200)).await;
                let (mut gone, _held) = if is_client { (client, node) } else { (node, client) };
                // More than the sockets of both connections hold.
                let piece = vec![0; 1 << 20];
                while has_written
                    && tokio::time::timeout(Duration::from_millis(100), gone.write_all(&piece)).await.is_ok()
                {
                }
                drop(gone);
                let outcome = tokio::time::timeout(Duration::from_secs(20), outcome).await;
                let error = outcome.expect("the tunnel ends").expect("it does not panic").unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            }
        }
    }

    #[tokio::test]
    async fn a_tunnel_in_which_nothing_waits_stays_however_long_it_is_idle() {
        let (mut client, mut node, _, outcome) = tunnel_with(Duration::ZERO).await;
        for _ in 0..3 {
            client.write_all(b"x").await.expect("it is open");
            node.read_exact(&mut [0]).await.expect("it comes");
            tokio::task::yield_now().await;
            assert!(!outcome.is_finished());
        }
    }
}
