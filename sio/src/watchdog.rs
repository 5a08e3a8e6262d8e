//! The watchdog: notices handlers that block their thread, and with it all clients that the thread serves.
//!
//! Each thread writes into a [`Slot`] of its own which handler it polls. A thread of the server looks at the slots every
//! now and then: one that shows the same poll twice belongs to a handler that has not returned in between. So an event
//! costs a few plain writes to memory, and neither a look at the clock nor a lock. It has to be a thread: a task could be
//! one of those that wait for the blocked thread.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::consumer::EventInfo;
use crate::log_limiter::{About, LogLimiter, limited};

/// The slots of all threads that have ever polled a handler and still run.
static SLOTS: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

/// The first number that no namespace has. 0 is that of none.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// A look that comes later than this was kept from coming: the machine was asleep, the process was stopped, or the
/// processors were so busy that no handler could have gone on. Then nothing is concluded from it.
const LATE: Duration = Duration::from_millis(250);

thread_local! {
    static SLOT: Arc<Slot> = Slot::begin();
}

/// What a thread does. Only the thread itself writes to it, so that nothing has to be exchanged.
#[derive(Debug, Default)]
struct Slot {
    /// The number of the namespace whose handler is polled; 0 if none is.
    namespace: AtomicUsize,
    /// A [`Doing`].
    doing: AtomicUsize,
    /// Another one for each poll.
    poll: AtomicUsize,
    /// Somebody else does the other work of the thread.
    is_free: AtomicBool,
}

/// The part of a consumer that is polled: a hook, an event by its place in
/// [`Consumer::EVENTS`](crate::consumer::Consumer::EVENTS), or one whose place is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doing(usize);

impl Doing {
    pub(crate) const EVENT: Self = Self(0);
    pub(crate) const CONNECT: Self = Self(1);
    pub(crate) const DISCONNECT: Self = Self(2);
    pub(crate) const ERROR: Self = Self(3);

    /// The first place of an event.
    const PLACES: usize = 4;

    /// Returns the name of a hook.
    pub(crate) const fn hook(self) -> &'static str {
        match self {
            Self::CONNECT => "connect",
            Self::DISCONNECT => "disconnect",
            _ => "error",
        }
    }

    /// Returns the name of the event or hook.
    fn name(self, events: &[EventInfo]) -> Option<&'static str> {
        match self {
            Self::EVENT => None,
            Self::CONNECT | Self::DISCONNECT | Self::ERROR => Some(self.hook()),
            Self(place) => {
                let event = events.get(place - Self::PLACES)?;
                Some(if event.fallback { "(fallback)" } else { event.name })
            }
        }
    }
}

impl Slot {
    fn begin() -> Arc<Self> {
        let slot = Arc::new(Self::default());
        let mut slots = lock(&SLOTS);
        slots.retain(|slot| slot.strong_count() > 0);
        slots.push(Arc::downgrade(&slot));
        slot
    }

    fn sight(&self) -> Sight {
        Sight {
            poll: self.poll.load(Ordering::Relaxed),
            namespace: self.namespace.load(Ordering::Relaxed),
            doing: Doing(self.doing.load(Ordering::Relaxed)),
        }
    }
}

/// Notes that the thread begins to poll a handler of the namespace with this number.
#[inline]
pub(crate) fn begin(namespace: usize, doing: Doing) {
    // A thread that ends has no slot any more.
    let _ = SLOT.try_with(|slot| {
        slot.doing.store(doing.0, Ordering::Relaxed);
        // No addition in which others could take part: they only read.
        slot.poll.store(slot.poll.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        slot.namespace.store(namespace, Ordering::Relaxed);
    });
}

/// Notes the place of the event whose handler is polled.
#[inline]
pub(crate) fn at(place: u16) {
    let _ = SLOT.try_with(|slot| slot.doing.store(Doing::PLACES + usize::from(place), Ordering::Relaxed));
}

/// Notes that the handler has returned or waits. `doing` is set to what is known of it by now.
#[inline]
pub(crate) fn end(doing: &mut Doing) {
    let _ = SLOT.try_with(|slot| {
        slot.namespace.store(0, Ordering::Relaxed);
        doing.0 = slot.doing.load(Ordering::Relaxed);
    });
}

/// Notes whether somebody else does the other work of this thread, so that nobody waits for it.
pub(crate) fn set_free(is_free: bool) {
    let _ = SLOT.try_with(|slot| slot.is_free.store(is_free, Ordering::Relaxed));
}

/// The watchdog of a server.
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// How long a handler may take from one `await` to the next.
    after: Duration,
    /// The number of the first of the namespaces.
    first: usize,
    /// The namespaces as their consumers write them, each with its events.
    namespaces: Vec<(&'static str, &'static [EventInfo])>,
    logs: LogLimiter,
    /// Set when the first client comes.
    end: OnceLock<Arc<End>>,
}

/// A poll, as the watchdog sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    namespace: usize,
    doing: Doing,
    poll: usize,
}

/// A thread that was seen polling a handler.
struct Seen {
    slot: Arc<Slot>,
    sight: Sight,
    is_told: bool,
}

impl Watchdog {
    pub(crate) fn new(
        after: Duration,
        namespaces: Vec<(&'static str, &'static [EventInfo])>,
        logs: LogLimiter,
    ) -> Arc<Self> {
        let first = NEXT.fetch_add(namespaces.len(), Ordering::Relaxed);
        Arc::new(Self { after, first, namespaces, logs, end: OnceLock::new() })
    }

    /// Returns the number of a namespace, 0 if there is no such.
    pub(crate) fn number(&self, pattern: &str) -> usize {
        let index = self.namespaces.iter().position(|(namespace, _)| *namespace == pattern);
        index.map_or(0, |index| self.first + index)
    }

    /// Begins to watch, if it has not begun.
    pub(crate) fn begin(self: &Arc<Self>) {
        self.end.get_or_init(|| {
            let end = Arc::new(End::default());
            let (watchdog, waiting, after) = (Arc::downgrade(self), Arc::clone(&end), self.after);
            let thread = thread::Builder::new().name("sio-watchdog".to_owned());
            if let Err(error) = thread.spawn(move || watch(&watchdog, &waiting, after)) {
                tracing::warn!(
                    target: "sio::server", %error,
                    "no thread could be started to watch over handlers: those that block their thread are not logged"
                );
            }
            end
        });
    }

    /// Looks at all threads, and returns what it has seen for the next look. `before` is empty where nothing can be
    /// concluded from the last one.
    fn look(&self, before: &[Seen]) -> Vec<Seen> {
        let slots: Vec<_> = lock(&SLOTS).iter().filter_map(Weak::upgrade).collect();
        let busy = slots.into_iter().filter_map(|slot| {
            let sight = slot.sight();
            let (namespace, events) = self.namespaces.get(sight.namespace.checked_sub(self.first)?)?;
            let is_same = |seen: &&Seen| Arc::ptr_eq(&seen.slot, &slot) && seen.sight == sight;
            let seen = before.iter().find(is_same);
            let mut is_told = seen.is_some_and(|seen| seen.is_told);
            if seen.is_some() && !is_told && !slot.is_free.load(Ordering::Relaxed) {
                self.tell(namespace, sight.doing.name(events));
                is_told = true;
            }
            Some(Seen { slot, sight, is_told })
        });
        busy.collect()
    }

    fn tell(&self, namespace: &'static str, event: Option<&'static str>) {
        let about = About { event, ..About::namespace(namespace) };
        limited!(
            WARN, self.logs, about, target: "sio::consumer", { namespace, event, after = ?self.after, },
            "a handler blocks its thread, and all clients of the thread wait: leave such work to `tokio::task::spawn_blocking`"
        );
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(end) = self.end.get() {
            end.set();
        }
    }
}

/// The end of a watchdog, for which its thread waits.
#[derive(Debug, Default)]
struct End {
    has_come: Mutex<bool>,
    set: Condvar,
}

impl End {
    fn set(&self) {
        *lock(&self.has_come) = true;
        self.set.notify_one();
    }

    /// Waits for as long, or until the end, and returns whether it has come.
    fn wait(&self, time: Duration) -> bool {
        let waited = self.set.wait_timeout_while(lock(&self.has_come), time, |has_come| !*has_come);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The thread of a watchdog.
fn watch(watchdog: &Weak<Watchdog>, end: &End, after: Duration) {
    let mut seen = Vec::new();
    loop {
        let since = Instant::now();
        if end.wait(after) {
            return;
        }
        if since.elapsed() > after.saturating_add(LATE) {
            seen.clear();
        }
        let Some(watchdog) = watchdog.upgrade() else { return };
        seen = watchdog.look(&seen);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic is done under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &[EventInfo] = &[EventInfo::new("say"), EventInfo::fallback()];
    const HOUR: Duration = Duration::from_secs(3600);

    fn watchdog() -> Arc<Watchdog> {
        Watchdog::new(HOUR, vec![("/", &[]), ("/chat", EVENTS)], LogLimiter::default())
    }

    /// What is told of this thread.
    fn told(seen: &[Seen]) -> Vec<(Sight, bool)> {
        let own = SLOT.with(Arc::clone);
        seen.iter()
            .filter(|seen| Arc::ptr_eq(&seen.slot, &own))
            .map(|seen| (seen.sight, seen.is_told))
            .collect()
    }

    #[test]
    fn a_poll_that_is_seen_twice_is_told_once() {
        let (watchdog, stranger) = (watchdog(), watchdog());
        let mut doing = Doing::EVENT;
        begin(watchdog.number("/chat"), doing);
        at(0);
        let first = watchdog.look(&[]);
        assert!(!told(&first)[0].1);
        let second = watchdog.look(&first);
        assert!(told(&second)[0].1 && told(&watchdog.look(&second))[0].1);
        assert!(told(&stranger.look(&stranger.look(&[]))).is_empty());
        end(&mut doing);
        assert!(told(&watchdog.look(&second)).is_empty());
        // The place that was found is kept for the next poll.
        assert_eq!(doing.name(EVENTS), Some("say"));
    }

    #[test]
    fn two_polls_of_one_handler_are_two() {
        let watchdog = watchdog();
        let (number, mut doing) = (watchdog.number("/chat"), Doing::EVENT);
        begin(number, doing);
        let first = watchdog.look(&[]);
        end(&mut doing);
        begin(number, doing);
        assert!(!told(&watchdog.look(&first))[0].1);
        end(&mut doing);
    }

    #[test]
    fn a_thread_that_nobody_waits_for_may_be_blocked() {
        let watchdog = watchdog();
        begin(watchdog.number("/chat"), Doing::EVENT);
        set_free(true);
        let second = watchdog.look(&watchdog.look(&[]));
        assert!(!told(&second)[0].1);
        set_free(false);
        assert!(told(&watchdog.look(&second))[0].1);
        end(&mut Doing::EVENT.clone());
    }

    #[test]
    fn hooks_and_events_have_names() {
        let named = |doing: Doing| doing.name(EVENTS);
        assert_eq!([named(Doing::CONNECT), named(Doing::DISCONNECT)], [Some("connect"), Some("disconnect")]);
        assert_eq!([named(Doing::ERROR), named(Doing::EVENT)], [Some("error"), None]);
        assert_eq!([named(Doing(5)), named(Doing(6))], [Some("(fallback)"), None]);
    }

    #[test]
    fn its_thread_ends_with_it() {
        let watchdog = watchdog();
        watchdog.begin();
        let end = Arc::downgrade(watchdog.end.get().expect("it has begun"));
        drop(watchdog);
        // The thread holds it to its last moment, and would wait for an hour otherwise.
        while end.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
