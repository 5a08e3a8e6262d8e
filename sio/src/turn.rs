//! The turn of a session's task: how much of one client's input is worked on in one poll, before everybody else on the
//! thread gets a chance.
//!
//! One budget of time and bytes covers all of it: what is read from the transport, the packets of a POST, and the
//! events that are handled, in all namespaces of the client. Code that is about to begin the next piece asks here
//! first; work that has to wait stays where it is, and the task ends its turn with the rest undone.
//!
//! A turn belongs to the thread, as tokio's own budget does, since it lasts for one poll: the futures of handlers lie
//! between the session's task and the queues of events, and nothing but a `Context` is passed through them.

use std::cell::Cell;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Input that is worked on in one turn.
const BYTES: usize = 256 * 1024;

/// How long a turn lasts once somebody looks at the clock.
const TIME: Duration = Duration::from_micros(500);

/// How much work is done before the first look at the clock, which begins the time. A client that sends one event and
/// waits for its answer does less than this in a turn, and never pays for a look.
const WORK_BEFORE_TIME: usize = 4;

/// How much is done until the second look: a single event, so that slow ones are found out at once.
const WORK_AT_FIRST: usize = EVENT;

/// How much is done between two looks after that.
const WORK: usize = 8;

/// The work that handling an event counts as; reading a frame is 1.
const EVENT: usize = 2;

/// How many frames, or packets of a POST, are read in one turn. Small ones are so quick that this is all that bounds
/// them, and what they brought is handled while it is in the processor's cache.
const FRAMES: usize = 64;

/// Bytes that count as much as a frame: beyond some size it is the bytes that take the time.
const BYTES_OF_A_FRAME: usize = 4 * 1024;

thread_local! {
    static TURN: Turn = const { Turn::new() };
}

/// Begins the turn of the session that is polled from now on.
pub(crate) fn begin() {
    TURN.with(Turn::begin);
}

/// Counts so many bytes of input that have arrived.
pub(crate) fn received(bytes: usize) {
    TURN.with(|turn| turn.received(bytes));
}

/// Returns whether another frame may be read.
pub(crate) fn may_read() -> bool {
    TURN.with(|turn| !turn.is_over.get() && turn.frames.get() < FRAMES)
}

/// Counts a frame, or a packet of a POST, that was read and had so many bytes.
pub(crate) fn read(bytes: usize) {
    TURN.with(|turn| {
        turn.frames.set(turn.frames.get() + 1);
        turn.worked(1, bytes);
    });
}

/// Counts a little work that was done besides.
pub(crate) fn worked() {
    TURN.with(|turn| turn.worked(1, 0));
}

/// Returns whether there is time for an event of so many bytes; the caller must handle it then. If not, notes that
/// there is more to do.
pub(crate) fn take_event(bytes: usize) -> bool {
    TURN.with(|turn| turn.take_event(bytes))
}

/// Waits for a turn with time for what comes with no event: one that the client has caused before.
pub(crate) async fn until_time() {
    std::future::poll_fn(|_| if take_event(0) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Returns whether the turn is used up. The first piece of a turn may always be done, however large it is.
pub(crate) fn is_over() -> bool {
    TURN.with(|turn| turn.is_over.get())
}

/// Notes that there is more to do than this turn has time for.
pub(crate) fn put_off() {
    TURN.with(|turn| turn.has_more.set(true));
}

/// Returns whether something was put off in this turn: the task has to be polled again, with nothing else to wake it.
pub(crate) fn has_more() -> bool {
    TURN.with(|turn| turn.has_more.get())
}

/// How many bytes of input this turn has still room for.
pub(crate) fn bytes_left() -> usize {
    TURN.with(|turn| turn.bytes.get())
}

#[derive(Debug)]
struct Turn {
    /// How many bytes are left.
    bytes: Cell<usize>,
    /// How many frames have been read.
    frames: Cell<usize>,
    /// Work until the next look at the clock.
    work: Cell<usize>,
    /// The end, set by the first look.
    until: Cell<Option<Instant>>,
    is_over: Cell<bool>,
    has_more: Cell<bool>,
}

impl Turn {
    const fn new() -> Self {
        Self {
            bytes: Cell::new(BYTES),
            frames: Cell::new(0),
            work: Cell::new(WORK_BEFORE_TIME),
            until: Cell::new(None),
            is_over: Cell::new(false),
            has_more: Cell::new(false),
        }
    }

    fn begin(&self) {
        self.bytes.set(BYTES);
        self.frames.set(0);
        self.work.set(WORK_BEFORE_TIME);
        self.until.set(None);
        self.is_over.set(false);
        self.has_more.set(false);
    }

    fn received(&self, bytes: usize) {
        let left = self.bytes.get().saturating_sub(bytes);
        self.bytes.set(left);
        if left == 0 {
            self.is_over.set(true);
        }
    }

    fn worked(&self, work: usize, bytes: usize) {
        let left = self.work.get().saturating_sub(work + bytes / BYTES_OF_A_FRAME);
        self.work.set(left);
        if left == 0 {
            self.look();
        }
    }

    /// Looks at the clock: not tokio's, which tests stop, since it is the processor's time that is shared out.
    #[cold]
    fn look(&self) {
        let now = Instant::now();
        self.work.set(if self.until.get().is_none() { WORK_AT_FIRST } else { WORK });
        match self.until.get() {
            None => self.until.set(Some(now + TIME)),
            Some(until) if until <= now => self.is_over.set(true),
            Some(_) => {}
        }
    }

    fn take_event(&self, bytes: usize) -> bool {
        if !self.is_over.get() {
            // The clock tells how long the event before this one has taken.
            self.worked(EVENT, bytes);
        }
        if self.is_over.get() {
            self.has_more.set(true);
            return false;
        }
        self.received(bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_is_answered_at_once_costs_no_look_at_the_clock() {
        let turn = Turn::new();
        turn.received(200);
        turn.worked(1, 200);
        assert!(turn.take_event(200));
        assert!(turn.until.get().is_none());
    }

    #[test]
    fn the_first_event_is_handled_however_large_and_the_next_waits() {
        let turn = Turn::new();
        assert!(turn.take_event(100_000_000));
        assert!(!turn.has_more.get());
        assert!(!turn.take_event(1));
        assert!(turn.has_more.get());
        turn.begin();
        assert!(turn.take_event(1));
    }

    #[test]
    fn what_is_read_and_what_is_handled_share_the_bytes() {
        let turn = Turn::new();
        turn.received(BYTES / 2);
        assert!(turn.take_event(BYTES / 2 - 1));
        assert!(turn.take_event(1));
        assert!(!turn.take_event(1));
    }

    #[test]
    fn slow_events_end_the_turn_by_the_clock() {
        let turn = Turn::new();
        let mut handled = 0;
        while turn.take_event(10) {
            handled += 1;
            std::thread::sleep(TIME);
        }
        assert_eq!(handled, 2);
    }

    #[test]
    fn large_pieces_make_it_look_at_the_clock_at_once() {
        let turn = Turn::new();
        turn.worked(1, WORK * BYTES_OF_A_FRAME);
        assert!(turn.until.get().is_some());
    }
}
