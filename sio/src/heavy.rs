//! Heavy pieces of work: those that cannot be divided, such as decoding an event of a million elements.
//!
//! A turn ends between two pieces (see [`turn`](crate::turn)), and so a single large one would hold up everybody else
//! on its thread. On a runtime with several workers, a heavy piece has its thread to itself instead: what else the
//! worker has to do goes on on another thread. So that many of them do not take the processors away from the workers,
//! no more run at the same time than there are processors, of which the workers then still get their half; the others
//! wait in order, and only their own clients with them.
//!
//! A runtime of one thread has nobody to hand its work over to: there a heavy piece is done like any other.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::block_in_place;

use crate::watchdog;

/// Shorter texts are never heavy.
const SHORT: usize = 4 * 1024;

/// So many elements, members and escapes are heavy: decoding them takes as long as a turn.
const PIECES: usize = 1024;

/// Longer texts are heavy whatever is in them, and so need not be looked through here.
pub(crate) const LONG: usize = 64 * 1024;

thread_local! {
    /// A heavy piece is being done by this thread.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether it is a heavy piece of work to decode a JSON text, or what was made of it.
#[inline]
pub(crate) fn is_heavy(json: &str) -> bool {
    json.len() > SHORT && (json.len() > LONG || pieces(json.as_bytes()) > PIECES)
}

/// Returns whether it is a heavy piece of work to decode so many bytes of a binary format.
#[cfg(feature = "msgpack")]
pub(crate) fn are_heavy(bytes: &[u8]) -> bool {
    bytes.len() > SHORT
}

/// About how many pieces a decoder makes of a text: too many, if there are such characters inside strings.
fn pieces(json: &[u8]) -> usize {
    let is_piece = |byte: u8| matches!(byte, b',' | b'[' | b'{' | b'\\');
    // Counted in bytes, many at a time.
    json.chunks(128)
        .map(|chunk| usize::from(chunk.iter().fold(0, |count: u8, byte| count + u8::from(is_piece(*byte)))))
        .sum()
}

/// Returns whether heavy pieces are handed over here; not inside of another one, which has been.
pub(crate) fn is_possible() -> bool {
    !IS_INSIDE.get()
        && Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// How many heavy pieces of all servers of the process may run at the same time.
fn permits() -> &'static Semaphore {
    static PERMITS: OnceLock<Semaphore> = OnceLock::new();
    PERMITS.get_or_init(|| Semaphore::new(thread::available_parallelism().map_or(1, usize::from)))
}

/// A place among the heavy pieces that wait to be done.
#[derive(Default)]
pub(crate) struct Place {
    waiting: Option<Pin<Box<dyn Future<Output = Option<SemaphorePermit<'static>>> + Send>>>,
}

impl Place {
    /// Does a piece of work when it is its turn, and passes its result on. To be called in the task of a session, which
    /// a worker runs.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        piece: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if !is_possible() {
            return piece(cx);
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(async { permits().acquire().await.ok() }));
        let Poll::Ready(_permit) = waiting.as_mut().poll(cx) else { return Poll::Pending };
        self.waiting = None;
        let _inside = Inside::enter();
        block_in_place(|| piece(cx))
    }
}

/// This thread does a heavy piece, to its end or a panic.
struct Inside;

impl Inside {
    fn enter() -> Self {
        IS_INSIDE.set(true);
        watchdog::set_free(true);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        IS_INSIDE.set(false);
        watchdog::set_free(false);
    }
}

pin_project! {
    /// A future each poll of which may be a heavy piece.
    pub(crate) struct Heavily<F> {
        // None for one that is not heavy.
        place: Option<Box<Place>>,
        #[pin]
        future: F,
    }
}

impl<F> Heavily<F> {
    pub(crate) fn new(is_heavy: bool, future: F) -> Self {
        Self { place: is_heavy.then(Box::default), future }
    }

    pub(crate) fn inner(&self) -> &F {
        &self.future
    }
}

impl<F: Future> Future for Heavily<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.place {
            None => this.future.poll(cx),
            Some(place) => place.poll(cx, |cx| this.future.poll(cx)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::mpsc;
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_text_is_heavy_by_what_is_in_it() {
        assert!(!is_heavy(&"[],".repeat(SHORT)[..SHORT]), "short");
        assert!(is_heavy(&"[],".repeat(SHORT)));
        assert!(is_heavy(&format!("[{}0]", "1, ".repeat(SHORT))));
        assert!(is_heavy(&format!("\"{}\"", "\\n".repeat(SHORT))));
        assert!(is_heavy(&"{\"a\" : \"b\"}  ,".repeat(PIECES)));
        assert!(!is_heavy(&format!("\"{}\"", "x".repeat(LONG - 2))));
        assert!(is_heavy(&format!("\"{}\"", "x".repeat(LONG))), "long");
    }

    async fn heavily<T>(piece: impl FnOnce() -> T) -> T {
        let (mut place, mut piece) = (Place::default(), Some(piece));
        poll_fn(|cx| place.poll(cx, |_| Poll::Ready(piece.take().expect("it is done once")()))).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_other_tasks_of_a_worker_go_on_beside_a_heavy_piece() {
        let heavy = tokio::spawn(async {
            let (done, is_done) = mpsc::channel();
            // By the only worker that there is.
            tokio::spawn(async move { done.send(5) });
            heavily(move || is_done.recv_timeout(Duration::from_secs(30))).await
        });
        assert_eq!(heavy.await.expect("it does not panic"), Ok(5));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_heavy_piece_inside_of_another_is_a_part_of_it() {
        let nested =
            || Place::default().poll(&mut Context::from_waker(Waker::noop()), |_| Poll::Ready(is_possible()));
        let heavy = tokio::spawn(async move { heavily(nested).await });
        assert_eq!(heavy.await.expect("it does not panic"), Poll::Ready(false));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_panic_gives_the_permit_back() {
        for _ in 0..100 {
            let heavy = tokio::spawn(heavily(|| panic!("on purpose")));
            assert!(heavy.await.expect_err("it panics").is_panic());
        }
        assert_eq!(tokio::spawn(heavily(|| IS_INSIDE.get())).await.ok(), Some(true));
        assert!(!IS_INSIDE.get());
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_it_itself() {
        assert!(!heavily(|| IS_INSIDE.get()).await);
    }
}
