//! A connection that is given up when the client lets it wait: for a request, for the rest of one, or to take an
//! answer.
//!
//! ```text
//!   Idle ──first byte──▶ Head ──request──▶ Busy ──answer's body has ended──▶ Idle
//!                                            └──────── 101 ────────▶ Upgraded
//! ```
//!
//! hyper has one deadline for the first two together. A keep-alive connection may be idle for longer than a request's
//! head may take, so they are told apart here: by bytes read, and by whoever [sees](Progress) the requests.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::refusals::Substitute;
use crate::places::{ConnectionPlace, Seat};

/// How long a client may let a connection wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a request.
    pub(crate) idle: Duration,
    /// For the rest of its head.
    pub(crate) head: Duration,
    /// To take some more of an answer.
    pub(crate) answer: Duration,
}

const IDLE: u32 = 0;
const HEAD: u32 = 1;
const BUSY: u32 = 2;
const UPGRADED: u32 = 3;

/// How many bits the phase takes; those above count how often it has changed.
const PHASE_BITS: u32 = 2;

/// The phase of the connection: what it is busy with. Shared by the stream and the service that answers its requests.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: AtomicU32,
    /// Where connections are limited.
    seat: Option<Arc<Seat>>,
}

impl Progress {
    /// Notes that a request has come; its answer ends when the returned value is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Answering {
        self.enter(BUSY);
        Answering(Arc::clone(self))
    }

    /// The connection is no longer HTTP's. The protocol on it now has its own deadlines.
    pub(crate) fn upgraded(&self) {
        self.enter(UPGRADED);
    }

    /// The requests come from another server: see [`Seat::count_without_address`].
    pub(crate) fn mark_as_server(&self) {
        if let Some(seat) = &self.seat {
            seat.count_without_address();
        }
    }

    /// Returns whether nothing of a request has ever come.
    pub(crate) fn is_fresh(&self) -> bool {
        self.state() == 0
    }

    fn state(&self) -> u32 {
        self.state.load(Ordering::Relaxed)
    }

    fn enter(&self, phase: u32) {
        // All of it happens in the connection's task.
        let changes = (self.state() >> PHASE_BITS).wrapping_add(1);
        self.state.store((changes << PHASE_BITS) | phase, Ordering::Relaxed);
        // A head that is never complete is as good as nothing.
        if let Some(seat) = self.seat.as_ref().filter(|_| phase != HEAD) {
            seat.set_idle(phase == IDLE);
        }
    }
}

const fn phase(state: u32) -> u32 {
    state & ((1 << PHASE_BITS) - 1)
}

/// An answer that has not ended.
#[derive(Debug)]
pub(crate) struct Answering(Arc<Progress>);

impl Drop for Answering {
    fn drop(&mut self) {
        if phase(self.0.state()) == BUSY {
            self.0.enter(IDLE);
        }
    }
}

/// How many bytes of an answer a client takes in a second at least, on average over the time that it has to take some.
/// Slow mobile networks carry ten times as much.
const RATE: u128 = 256;

/// A client that takes less of an answer than it is sent.
#[derive(Debug)]
struct Blocked {
    /// The state in which that began: each answer has its own time.
    state: u32,
    taken: usize,
}

/// A stream on which no client keeps the server waiting.
#[derive(Debug)]
pub(crate) struct Timed<S> {
    stream: S,
    patience: Patience,
    progress: Arc<Progress>,
    reading: Option<Pin<Box<Sleep>>>,
    /// The state that `reading` is set for.
    awaited: u32,
    writing: Option<Pin<Box<Sleep>>>,
    /// While the timer `writing` runs: what the client has taken since.
    blocked: Option<Blocked>,
    /// The answer to send in place of one that hyper has made by itself.
    substitute: Option<Substitute>,
    place: Option<ConnectionPlace>,
}

impl<S> Timed<S> {
    pub(crate) fn new(stream: S, patience: Patience, place: Option<ConnectionPlace>) -> Self {
        let seat = place.as_ref().map(ConnectionPlace::seat);
        Self {
            stream,
            patience,
            progress: Arc::new(Progress { state: AtomicU32::default(), seat }),
            reading: None,
            awaited: u32::MAX,
            writing: None,
            blocked: None,
            substitute: None,
            place,
        }
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// The stream, and its place among the server's connections.
    pub(crate) fn into_parts(self) -> (S, Option<ConnectionPlace>) {
        (self.stream, self.place)
    }

    /// Ready when the client has not sent in time what is waited for.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<u32> {
        let state = self.progress.state();
        let patience = match phase(state) {
            IDLE => self.patience.idle,
            HEAD => self.patience.head,
            _ => return Poll::Pending,
        };
        let is_new = self.awaited != state;
        let sleep = set(&mut self.reading, patience, is_new);
        self.awaited = state;
        // Polled once, it wakes the connection's task, whose waker stays what it is: from then on it is enough to look.
        let is_over = if is_new { sleep.as_mut().poll(cx).is_ready() } else { sleep.is_elapsed() };
        if is_over { Poll::Ready(phase(state)) } else { Poll::Pending }
    }

    /// Fails what waits for the client to take something, after the time that it has for that. `offered`: how many
    /// bytes it was to take.
    fn bounded(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &written {
            let (taken, patience) = (result.as_ref().map_or(offered, |taken| *taken), self.patience.answer);
            self.blocked.take_if(|blocked| {
                blocked.taken = blocked.taken.saturating_add(taken);
                // By taking little by little, nobody gets more time.
                taken >= offered || blocked.taken as u128 >= RATE * patience.as_millis() / 1000
            });
            return written;
        }
        let state = self.progress.state();
        if phase(state) == UPGRADED {
            return Poll::Pending;
        }
        let is_new = self.blocked.as_ref().is_none_or(|blocked| blocked.state != state);
        if is_new {
            self.blocked = Some(Blocked { state, taken: 0 });
        }
        let sleep = set(&mut self.writing, self.patience.answer, is_new);
        sleep.as_mut().poll(cx).map(|()| Err(timed_out("the client does not take its answer")))
    }

    /// Notices that hyper refuses a request which it has not shown to anybody.
    fn substitute(&mut self, answer: &[u8]) {
        if self.substitute.is_none() && phase(self.progress.state()) == HEAD {
            self.substitute = Substitute::of(answer);
        }
    }
}

/// A timer, set anew where that is said.
fn set(timer: &mut Option<Pin<Box<Sleep>>>, patience: Duration, anew: bool) -> &mut Pin<Box<Sleep>> {
    if let (Some(sleep), true) = (timer.as_mut(), anew) {
        // A deadline beyond any connection's life is as good as never.
        let deadline = Instant::now().checked_add(patience);
        sleep.as_mut().reset(deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 30)));
    }
    timer.get_or_insert_with(|| Box::pin(sleep(patience)))
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            if buf.filled().len() > before && phase(self.progress.state()) == IDLE {
                self.progress.enter(HEAD);
            }
            return read;
        }
        self.poll_read_deadline(cx).map(|phase| match phase {
            // As if the client had closed it: nothing has been asked for, so nothing is lost.
            IDLE => Ok(()),
            _ => Err(timed_out("the head of a request takes too long")),
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.substitute(data);
        let this = &mut *self;
        let written = match &mut this.substitute {
            Some(substitute) => substitute.poll_write(cx, &mut this.stream, data.len()),
            None => Pin::new(&mut this.stream).poll_write(cx, data),
        };
        self.bounded(cx, written, data.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.substitute(slices.first().map_or(&[], |first| first));
        let length = slices.iter().map(|slice| slice.len()).sum();
        let this = &mut *self;
        let written = match &mut this.substitute {
            Some(substitute) => substitute.poll_write(cx, &mut this.stream, length),
            None => Pin::new(&mut this.stream).poll_write_vectored(cx, slices),
        };
        self.bounded(cx, written, length)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // hyper does not read again when it has found nothing to read during the request: the deadline of the next
        // one begins here. When it is over, hyper is woken, reads, and is told.
        let _ = self.poll_read_deadline(cx);
        self.bounded(cx, flushed.map_ok(|()| 0), 0).map_ok(drop)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, shut.map_ok(|()| 0), 0).map_ok(drop)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_secs(75),
        head: Duration::from_secs(30),
        answer: Duration::from_secs(20),
    };

    fn pair() -> (Timed<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (server, client) = tokio::io::duplex(16);
        (Timed::new(server, PATIENCE, None), client)
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_and_a_head_that_does_not_fails() {
        let (mut server, mut client) = pair();
        let start = Instant::now();
        assert_eq!(server.read(&mut [0; 8]).await.expect("it ends"), 0);
        assert_eq!(start.elapsed().as_secs(), 75);

        client.write_all(b"GET").await.expect("it is open");
        assert_eq!(server.read(&mut [0; 8]).await.expect("it is there"), 3);
        let start = Instant::now();
        let error = server.read(&mut [0; 8]).await.expect_err("the rest does not come");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_as_long_as_it_takes_and_idleness_begins_behind_it() {
        let (mut server, mut client) = pair();
        client.write_all(b"GET").await.expect("it is open");
        server.read_exact(&mut [0; 3]).await.expect("it is there");
        let answering = server.progress().begin();
        let waiting = tokio::time::timeout(Duration::from_secs(1000), server.read_u8()).await;
        assert!(waiting.is_err(), "nothing was to be read");
        drop(answering);
        let start = Instant::now();
        server.flush().await.expect("it is open");
        assert_eq!(server.read(&mut [0; 8]).await.expect("it ends"), 0);
        assert_eq!(start.elapsed().as_secs(), 75);
    }

    /// The time after which an answer without an end is given up, of which the client takes so much each time.
    async fn given_up(pause: Duration, taken: usize, times: u32) -> Duration {
        let (server, mut client) = tokio::io::duplex(4 * taken);
        let mut server = Timed::new(server, PATIENCE, None);
        let answering = server.progress().begin();
        let taking = tokio::spawn(async move {
            for _ in 0..times {
                tokio::time::sleep(pause).await;
                client.read_exact(&mut vec![0; taken]).await.expect("the answer goes on");
            }
            client
        });
        let start = Instant::now();
        let error = server.write_all(&vec![7; 10_000_000]).await.expect_err("nobody takes all of it");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop((answering, taking));
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_moves_on_has_no_deadline_and_one_that_stands_still_has() {
        let second = Duration::from_secs(1);
        for (pause, taken) in [(second, 2_000), (second * 19, 19 * 256 + 256)] {
            let took = given_up(pause, taken, 100).await;
            assert!(took >= pause * 100 && took < pause * 100 + 2 * PATIENCE.answer, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_byte_by_byte_stands_still() {
        for (pause, taken) in [(19_000, 1), (100, 10), (19_000, 4_000)] {
            let took = given_up(Duration::from_millis(pause), taken, 20).await;
            assert!(took <= PATIENCE.answer + Duration::from_millis(1), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_of_a_connection_has_its_own_time() {
        let (server, mut client) = tokio::io::duplex(1000);
        let mut server = Timed::new(server, PATIENCE, None);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(15)).await;
                if client.read(&mut [0; 1000]).await.is_err() {
                    break;
                }
            }
        });
        for _ in 0..10 {
            let answering = server.progress().begin();
            // The last of it has to wait once.
            server.write_all(&[7; 1500]).await.expect("it is taken in time");
            drop(answering);
            tokio::time::sleep(Duration::from_secs(15)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_upgraded_has_no_deadline() {
        let (mut server, client) = pair();
        let answering = server.progress().begin();
        server.progress().upgraded();
        drop(answering);
        let day = Duration::from_secs(24 * 3600);
        assert!(tokio::time::timeout(day, server.read_u8()).await.is_err());
        assert!(tokio::time::timeout(day, server.write_all(&[7; 100])).await.is_err());
        drop(client);
    }
}
