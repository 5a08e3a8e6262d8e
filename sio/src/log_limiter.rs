//! Lines of the log that a client can cause again and again: the first is written, those like it are counted.
//!
//! [`limited!`](crate::log_limiter::limited) writes a line by a [`LogLimiter`]. Lines are alike if they have the same
//! message and are [about](About) the same.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::short::short;

/// How long lines like one that was written are counted. Then their number is written, if there were any.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// How many lines of one message that are not alike are told apart at a time. From here on, they count as alike. Each
/// message has its own: one of which clients can make many different lines takes nothing from another.
const MAX_TOLD_APART: usize = 64;

/// The same limit for messages with texts that a client has made up.
const MAX_MADE_UP: usize = 8;

/// The subject of a line, besides its message. Two lines with equal subjects count as the same.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) event: Option<&'a str>,
    /// Tells apart lines that agree in the rest: a socket, a cause.
    pub(crate) other: u64,
    /// A client may have made it up.
    pub(crate) is_made_up: bool,
}

impl<'a> About<'a> {
    pub(crate) const fn namespace(namespace: &'a str) -> Self {
        Self { namespace: Some(namespace), event: None, other: 0, is_made_up: false }
    }

    pub(crate) const fn event(namespace: &'a str, event: &'a str) -> Self {
        Self { namespace: Some(namespace), event: Some(event), other: 0, is_made_up: false }
    }
}

/// Writes how many lines like one were left out.
type Summary = fn(&Counted);

/// Lines that were left out.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) event: Option<Box<str>>,
    pub(crate) count: u64,
}

/// Which lines were written lately. Cheap to clone; all clones are one.
#[derive(Debug, Default, Clone)]
pub(crate) struct LogLimiter(Arc<Mutex<Lines>>);

/// By message.
type Lines = HashMap<&'static str, Alike>;

/// By a hash of what the line is about; none for all that are not told apart.
type Alike = HashMap<Option<u64>, Window>;

#[derive(Debug)]
struct Window {
    until: Instant,
    summary: Summary,
    left_out: Counted,
}

impl LogLimiter {
    /// For lines of code that knows no server.
    pub(crate) fn of_process() -> &'static Self {
        static PROCESS: LazyLock<LogLimiter> = LazyLock::new(LogLimiter::default);
        &PROCESS
    }

    /// Returns whether a line is to be written; otherwise it is counted, and `summary` called with the number once
    /// the window is over.
    pub(crate) fn admits(&self, message: &'static str, about: &About<'_>, summary: Summary) -> bool {
        let now = Instant::now();
        // Those that nobody was there to summarise in time.
        let mut over = Vec::new();
        let mut lines = self.lock();
        let alike = lines.entry(message).or_default();
        let mut key = Some(hash(about));
        let max = if about.is_made_up { MAX_MADE_UP } else { MAX_TOLD_APART };
        if alike.len() >= max && !alike.contains_key(&key) {
            over.extend(alike.extract_if(|_, window| window.until <= now).map(|(_, window)| window));
            if alike.len() >= max {
                key = None;
            }
        }
        if let Some(window) = alike.get_mut(&key).filter(|window| window.until > now) {
            window.left_out.count += 1;
            let (is_first, until) = (window.left_out.count == 1, window.until);
            drop(lines);
            if is_first {
                self.summarise_later(message, key, until);
            }
            over.iter().for_each(Window::summarise);
            return false;
        }
        let (namespace, event) = match key {
            Some(_) => (about.namespace, about.event),
            None => (None, None),
        };
        let boxed = |text: &str| Box::from(&*short(text));
        let left_out = Counted { namespace: namespace.map(boxed), event: event.map(boxed), count: 0 };
        over.extend(alike.insert(key, Window { until: now + WINDOW, summary, left_out }));
        drop(lines);
        over.iter().for_each(Window::summarise);
        true
    }

    fn summarise_later(&self, message: &'static str, key: Option<u64>, until: Instant) {
        // Without a runtime the next line does it.
        let Ok(runtime) = Handle::try_current() else { return };
        let lines = Arc::downgrade(&self.0);
        runtime.spawn(async move {
            tokio::time::sleep_until(until).await;
            let Some(limiter) = lines.upgrade().map(Self) else { return };
            let over = {
                let mut lines = limiter.lock();
                let alike = lines.get_mut(message);
                alike.and_then(|alike| {
                    alike.extract_if(|it, window| *it == key && window.until <= until).next()
                })
            };
            over.iter().for_each(|(_, window)| window.summarise());
        });
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Nothing is logged, and no user code runs, under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn summarise(&self) {
        if self.left_out.count > 0 {
            (self.summary)(&self.left_out);
        }
    }
}

/// A hash of what is displayed, for [`About::other`].
pub(crate) fn hash_of(displayed: impl fmt::Display) -> u64 {
    struct Hashing(DefaultHasher);

    impl fmt::Write for Hashing {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }

    let mut hashing = Hashing(DefaultHasher::new());
    // Values whose `Display` fails count as the same if they agree up to the failure.
    let _ = write!(hashing, "{displayed}");
    hashing.0.finish()
}

fn hash(about: &About<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (about.namespace, about.event, about.other).hash(&mut hasher);
    hasher.finish()
}

/// Writes a line, unless one like it has been written lately.
///
/// The level comes first, then the limiter, what the line is about, the target, the fields as `tracing` takes them, and
/// the message. Nothing is done for a line that nobody wants.
macro_rules! limited {
    ($level:ident, $limiter:expr, $about:expr, target: $target:literal, { $($fields:tt)* }, $message:literal) => {
        if tracing::enabled!(target: $target, tracing::Level::$level)
            && $limiter.admits($message, &$about, |left_out| {
                tracing::event!(
                    target: $target,
                    tracing::Level::$level,
                    namespace = left_out.namespace.as_deref(),
                    event = left_out.event.as_deref(),
                    count = left_out.count,
                    "{} ({} more in {} s)",
                    $message,
                    left_out.count,
                    $crate::log_limiter::WINDOW.as_secs(),
                );
            })
        {
            tracing::event!(target: $target, tracing::Level::$level, $($fields)* $message);
        }
    };
}
pub(crate) use limited;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// The summaries of one test.
    macro_rules! summaries {
        () => {{
            static WRITTEN: Mutex<Vec<(Option<String>, u64)>> = Mutex::new(Vec::new());
            let summary: Summary = |counted| {
                let event = counted.event.as_deref().map(str::to_owned);
                WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).push((event, counted.count));
            };
            (summary, || std::mem::take(&mut *WRITTEN.lock().unwrap_or_else(PoisonError::into_inner)))
        }};
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_line_is_written_and_the_others_are_counted() {
        let (summary, written) = summaries!();
        let limiter = LogLimiter::default();
        let about = About::event("/chat", "say");
        let admitted = (0..1000).filter(|_| limiter.admits("failed", &about, summary)).count();
        assert_eq!((admitted, written()), (1, vec![]));
        tokio::time::sleep(WINDOW + Duration::from_millis(1)).await;
        assert_eq!(written(), [(Some("say".to_owned()), 999)]);
        assert!(limiter.admits("failed", &about, summary));
        tokio::time::sleep(2 * WINDOW).await;
        assert_eq!(written(), [], "a line that stayed the only one has no count");
        assert!(limiter.admits("failed", &about, summary));
    }

    #[tokio::test(start_paused = true)]
    async fn lines_about_something_else_are_written() {
        let (summary, _) = summaries!();
        let limiter = LogLimiter::default();
        let admits = |message, about| limiter.admits(message, &about, summary);
        assert!(admits("failed", About::event("/chat", "say")));
        assert!(admits("failed", About::event("/chat", "shout")));
        assert!(admits("failed", About::event("/news", "say")));
        assert!(admits("panicked", About::event("/chat", "say")));
        assert!(admits("failed", About { other: 1, ..About::event("/chat", "say") }));
        assert!(!admits("failed", About::event("/chat", "say")));
        assert!(LogLimiter::default().admits("failed", &About::event("/chat", "say"), summary));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_always_says_something_else_fills_no_log() {
        let (summary, written) = summaries!();
        let limiter = LogLimiter::default();
        let write = |is_made_up| {
            (0..100_000)
                .filter(|number: &u32| {
                    let event = number.to_string();
                    let about = About { is_made_up, ..About::event("/", &event) };
                    limiter.admits("no handler", &about, summary)
                })
                .count()
        };
        for (is_made_up, max) in [(true, MAX_MADE_UP), (false, MAX_TOLD_APART)] {
            // One more for all those that are not told apart.
            assert_eq!(write(is_made_up), max + 1);
            assert!(limiter.lock()["no handler"].len() <= max + 1);
            tokio::time::sleep(2 * WINDOW).await;
            assert_eq!(written(), [(None, 100_000 - (max as u64 + 1))]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_a_client_makes_up_hide_no_other_message() {
        let (summary, _) = summaries!();
        let limiter = LogLimiter::default();
        for number in 0..1000 {
            let namespace = format!("/{number}");
            let about = About { is_made_up: true, ..About::namespace(&namespace) };
            limiter.admits("nobody serves it", &about, summary);
        }
        for number in 0..MAX_TOLD_APART {
            let event = number.to_string();
            assert!(limiter.admits("panicked", &About::event("/chat", &event), summary), "{event}");
        }
    }

    #[test]
    fn without_a_runtime_the_next_line_brings_the_count() {
        let (summary, written) = summaries!();
        let limiter = LogLimiter::default();
        let about = About::namespace("/chat");
        assert!(limiter.admits("failed", &about, summary) && !limiter.admits("failed", &about, summary));
        let end_all = || {
            let mut lines = limiter.lock();
            lines.values_mut().flat_map(HashMap::values_mut).for_each(|window| window.until = Instant::now());
        };
        end_all();
        assert!(limiter.admits("failed", &about, summary));
        assert_eq!(written(), [(None, 1)]);
        // As well when it is about something else, and there is no room for more.
        for number in 0..MAX_TOLD_APART {
            let event = number.to_string();
            let about = About::event("/chat", &event);
            assert!(
                limiter.admits("refused", &about, summary) && !limiter.admits("refused", &about, summary)
            );
        }
        end_all();
        assert!(limiter.admits("refused", &About::namespace("/news"), summary));
        assert_eq!(written().len(), MAX_TOLD_APART);
        assert_eq!(limiter.lock()["refused"].len(), 1);
    }

    #[test]
    fn what_a_client_says_is_kept_short() {
        let (summary, _) = summaries!();
        let limiter = LogLimiter::default();
        let long = "x".repeat(100_000);
        assert!(limiter.admits("no handler", &About::event("/", &long), summary));
        let lines = limiter.lock();
        let kept = lines
            .values()
            .flat_map(HashMap::values)
            .map(|window| window.left_out.event.as_deref().map_or(0, str::len));
        assert_eq!(kept.sum::<usize>(), crate::short::MAX_CHARS + '…'.len_utf8());
    }
}
