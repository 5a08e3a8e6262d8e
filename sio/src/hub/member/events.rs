//! Events that wait for their handlers.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sio_core::args::Args;
use sio_core::socket::packet::Event;
use sio_core::socket::reason::DisconnectReason;

use super::{Member, State};
use crate::consumer::EventInfo;
use crate::engine::session;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::transport::frames::SHARED_READER_LIMIT;
use crate::turn;

/// Shorter events may share their buffer with other packets; longer ones have a buffer of their own.
const SHORT: usize = SHARED_READER_LIMIT;

/// An event that nobody has taken up.
pub(crate) struct Waiting {
    pub(crate) event: Event,
    pub(crate) size: usize,
    /// The declared options of the event, if there are any.
    pub(crate) info: Option<&'static EventInfo>,
    /// None where nobody observes events. In a box: only those who do are to pay for it.
    pub(crate) delay: Option<Box<Delay>>,
}

/// For how long an event has waited.
#[derive(Debug)]
pub(crate) struct Delay {
    arrived: Instant,
    /// Zero while it waits.
    pub(crate) waited: Duration,
}

/// The amount of a socket's input.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Input {
    /// Events that wait for their turn.
    pub(crate) waiting: usize,
    /// Concurrent events that wait or are being handled.
    pub(crate) concurrent: usize,
    /// All that wait, and their bytes.
    pub(crate) queued: Amount,
    /// All that are being handled.
    pub(crate) running: Amount,
}

/// A number of packets, and their bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Amount {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
    }
}

/// The next step for a socket's task.
pub(crate) enum Next {
    Event(Waiting),
    Nothing,
    /// There is more, for which the turn has no time.
    Later,
    Closed(DisconnectReason),
}

/// The amount of a socket's input, as it can be read without the lock. Written under the lock of the state, after each
/// change.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// All that waits or is being handled, and a hook that is at work.
    packets: AtomicU32,
    bytes: AtomicU32,
}

impl Load {
    pub(super) fn note(&self, state: &State) {
        let packets = state.events.len() + state.concurrent_running + usize::from(state.handling.is_some());
        let packets = packets + usize::from(state.busy);
        let short = |amount: usize| u32::try_from(amount).unwrap_or(u32::MAX);
        self.packets.store(short(packets), Ordering::Relaxed);
        self.bytes.store(short(state.waiting_bytes + state.running_bytes), Ordering::Relaxed);
    }

    fn is_none(&self) -> bool {
        self.packets.load(Ordering::Relaxed) == 0
    }
}

impl Delay {
    /// An event has arrived.
    pub(crate) fn begin() -> Box<Self> {
        Box::new(Self { arrived: session::now(), waited: Duration::ZERO })
    }
}

impl Waiting {
    /// It is about to be handled.
    pub(crate) fn begin(&mut self) {
        if let Some(delay) = &mut self.delay {
            delay.waited = session::now().saturating_duration_since(delay.arrived);
        }
    }

    fn is_concurrent(&self) -> bool {
        self.info.is_some_and(|info| info.concurrent)
    }
}

impl Member {
    /// Counts the auth payload of a client that wants to enter, until the `connect` hook has ended.
    pub(crate) fn begin_connect(&self, auth: Option<&Args>) {
        let size = auth.map_or(0, size);
        let mut state = self.lock();
        state.running_bytes += size;
        state.handling = Some(size);
        self.load.note(&state);
    }

    /// Queues an event that has arrived. One that comes after the server has disconnected the client is late.
    pub(crate) fn push_event(
        &self,
        mut event: Event,
        info: Option<&'static EventInfo>,
        delay: Option<Box<Delay>>,
    ) {
        let size = size(&event.args);
        let mut state = self.lock();
        if state.stage.gone().is_some() {
            return;
        }
        if state.busy || state.concurrent_running > 0 {
            // It may wait for long, and is not to keep the buffer that it was read into.
            event.detach(SHORT);
        }
        state.waiting_bytes += size;
        let waiting = Waiting { event, size, info, delay };
        state.concurrent_waiting += usize::from(waiting.is_concurrent());
        state.events.push_back(waiting);
        self.load.note(&state);
    }

    /// Returns how many events wait or are being handled at most, and how many bytes they have. `None` where it takes
    /// the lock to know. The client's own task, from which all input comes, finds no fewer than there are.
    pub(crate) fn input_at_most(&self) -> Option<(usize, usize)> {
        let (packets, bytes) =
            (self.load.packets.load(Ordering::Relaxed), self.load.bytes.load(Ordering::Relaxed));
        (bytes < u32::MAX).then_some((packets as usize, bytes as usize))
    }

    /// The events that wait, and those that are being handled.
    pub(crate) fn input(&self) -> Input {
        let state = self.lock();
        let running = state.concurrent_running + usize::from(state.handling.is_some());
        Input {
            waiting: state.events.len() - state.concurrent_waiting,
            concurrent: state.concurrent_waiting + state.concurrent_running,
            queued: Amount { packets: state.events.len(), bytes: state.waiting_bytes },
            running: Amount { packets: running, bytes: state.running_bytes },
        }
    }

    /// The next event of those that are handled one at a time, or the end. The one before has been handled. Concurrent
    /// events that came before it have been taken, or wait for the next turn as well.
    pub(crate) fn next_serial(&self) -> Next {
        if self.load.is_none() && self.is_connected() {
            return Next::Nothing;
        }
        let mut state = self.lock();
        let handled = state.handling.take().unwrap_or(0);
        state.running_bytes -= handled;
        let next = match (state.events.front(), state.stage.reason()) {
            (Some(waiting), _) if waiting.is_concurrent() || !turn::take_event(waiting.size) => Next::Later,
            (Some(_), _) => state.events.pop_front().map_or(Next::Nothing, |waiting| {
                state.handling = Some(waiting.size);
                state.waiting_bytes -= waiting.size;
                state.running_bytes += waiting.size;
                Next::Event(waiting)
            }),
            (None, Some(reason)) => Next::Closed(reason),
            (None, None) => Next::Nothing,
        };
        state.busy = matches!(next, Next::Event(_) | Next::Closed(_));
        self.load.note(&state);
        next
    }

    /// An event whose handler runs beside the others: the first of them, or with `in_order` only one that no
    /// other event precedes. None as well when the turn has no time for it.
    pub(crate) fn next_concurrent(&self, in_order: bool) -> Option<Waiting> {
        let mut state = self.lock();
        if state.concurrent_waiting == 0 {
            return None;
        }
        let at = state.events.iter().position(Waiting::is_concurrent)?;
        if (in_order && at > 0) || !turn::take_event(state.events[at].size) {
            return None;
        }
        let waiting = state.events.remove(at)?;
        state.waiting_bytes -= waiting.size;
        state.running_bytes += waiting.size;
        state.concurrent_waiting -= 1;
        state.concurrent_running += 1;
        self.load.note(&state);
        Some(waiting)
    }

    /// A concurrent handler for an event of this size has ended.
    pub(crate) fn concurrent_ended(&self, size: usize) {
        let mut state = self.lock();
        state.concurrent_running -= 1;
        state.running_bytes -= size;
        self.load.note(&state);
    }

    pub(crate) fn set_busy(&self) {
        let mut state = self.lock();
        state.busy = true;
        self.load.note(&state);
    }

    /// True when no handler runs and no event waits.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        !state.busy && state.events.len() + state.concurrent_running == 0
    }
}

/// How many bytes of the client's are kept with these arguments.
fn size(args: &Args) -> usize {
    args.raw().len() + args.attachments().iter().map(Bytes::len).sum::<usize>()
}
