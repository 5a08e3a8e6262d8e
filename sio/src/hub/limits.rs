//! The counts of how often one client sends events.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::consumer::{EventInfo, Rate};

/// When the events of one client came in one namespace, as far as anything is limited.
#[derive(Default)]
pub(crate) struct Limits(Mutex<Buckets>);

#[derive(Default)]
struct Buckets {
    /// Of all events together.
    all: Option<Bucket>,
    /// One for each entry of the consumer's table that has a rate: at most as many as the table has.
    events: Vec<(&'static str, Bucket)>,
}

/// The theoretical arrival time (GCRA): in terms of a bucket of tokens, how empty it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket(Instant);

impl Bucket {
    /// Nothing has come yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self(now)
    }

    /// Takes a token; the error is how long it takes until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let each = rate.per / rate.count;
        let due = self.0.max(now);
        let ahead = due - now;
        match ahead.checked_sub(rate.per - each) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.0 = due + each;
                Ok(())
            }
        }
    }
}

impl Limits {
    /// Counts an event, of all and of its kind; the error is how long it takes until there may be another.
    pub(crate) fn count(
        &self,
        general: Option<Rate>,
        special: Option<(&'static EventInfo, Rate)>,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut buckets = self.lock();
        let general = general.map(|rate| buckets.all.get_or_insert_with(|| Bucket::new(now)).take(rate, now));
        let special = special.map(|(info, rate)| buckets.of(info, now).take(rate, now));
        drop(buckets);
        let wait = [general, special].into_iter().flatten().filter_map(Result::err).max();
        wait.map_or(Ok(()), Err)
    }

    /// Returns whether no event counts any more, as if none had come.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.lock().is_full(now)
    }

    /// Goes on with what `other` has counted as well, which begins anew.
    pub(crate) fn absorb(&self, other: &Arc<Self>) {
        let other = mem::take(&mut *other.lock());
        self.lock().merge(other);
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        // No user code runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buckets {
    fn is_full(&self, now: Instant) -> bool {
        self.all.iter().chain(self.events.iter().map(|(_, bucket)| bucket)).all(|bucket| bucket.0 <= now)
    }

    /// Keeps of each bucket the emptier one.
    fn merge(&mut self, other: Self) {
        self.all = self.all.into_iter().chain(other.all).max();
        for (name, bucket) in other.events {
            match self.events.iter_mut().find(|(known, _)| *known == name) {
                Some((_, own)) => *own = bucket.max(*own),
                None => self.events.push((name, bucket)),
            }
        }
    }

    fn of(&mut self, info: &'static EventInfo, now: Instant) -> &mut Bucket {
        // The fallback, under its empty name, is one entry for all events that it gets.
        let index = self.events.iter().position(|(name, _)| *name == info.name).unwrap_or_else(|| {
            self.events.push((info.name, Bucket(now)));
            self.events.len() - 1
        });
        &mut self.events[index].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_the_rate() {
        let rate = Rate { count: 4, per: Duration::from_secs(2) };
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut bucket = Bucket(start);
        for _ in 0..4 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(rate, at(400)), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(rate, at(500)), Ok(()));
        assert_eq!(bucket.take(rate, at(500)), Err(Duration::from_millis(500)));
        for _ in 0..4 {
            assert_eq!(bucket.take(rate, at(60_000)), Ok(()));
        }
        assert!(bucket.take(rate, at(60_000)).is_err());
    }

    #[test]
    fn of_two_counts_the_stricter_stays() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let bucket = |seconds: u32| Bucket(now + seconds * second);
        let mut one = Buckets { all: Some(bucket(1)), events: vec![("a", bucket(5)), ("b", bucket(1))] };
        one.merge(Buckets { all: Some(bucket(2)), events: vec![("a", bucket(3)), ("c", bucket(4))] });
        assert_eq!(one.all, Some(bucket(2)));
        assert_eq!(one.events, [("a", bucket(5)), ("b", bucket(1)), ("c", bucket(4))]);
    }
}
