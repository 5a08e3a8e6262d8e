//! [`Ring`]: the events and changes of rooms of the last two seconds, own ones and those of other nodes.
//!
//! A client that moves here brings along what its node knew when it left. Events and changes that this node had received
//! before, and that one had not, are in here: none is lost on the way. See [`handover`](crate::handover).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sio_core::cluster::message::Deed;
use sio_core::cluster::node::NodeId;
use sio_core::target::Target;

/// How long an event is kept.
const AGE: Duration = Duration::from_secs(2);

/// Bytes of them.
const MAX_BYTES: usize = 4 << 20;

/// Lanes of which is known what is kept no more.
const MAX_LANES: usize = 16_384;

/// The place of a frame: its sender, the lane, the number in it.
pub(crate) type Place = (NodeId, u32, u64);

/// The knowledge of a node: of each lane, the number that it expects next.
pub(crate) type Vector = HashMap<(NodeId, u32), u64>;

/// Something that a client may have missed on its way to another node.
#[derive(Debug, Clone)]
pub enum Missed {
    /// An event.
    Event {
        /// Its number among all events.
        offset: u64,
        /// The packet as a run of WebSocket frames.
        run: Bytes,
    },
    /// Rooms are joined or left.
    Change(Deed),
}

/// An event or a change that is kept for clients that move, before anybody gets it. Its number is added when it is sent.
#[derive(Debug)]
#[must_use = "without a number it is taken for one that nobody else has"]
pub struct Noted(pub(crate) u64);

#[derive(Debug, Default)]
pub(crate) struct Ring(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<Kept>,
    /// The index of the first that is left.
    first: u64,
    bytes: usize,
    /// Of each lane the number behind the last that is not here any more, or was lost.
    missing: HashMap<(NodeId, u32), u64>,
}

/// Something that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    path: Box<str>,
    pub(crate) target: Target<'static>,
    pub(crate) what: Missed,
    /// None of an own one that has no number yet.
    place: Option<Place>,
    at: Instant,
}

impl Ring {
    /// Keeps an event or a change, and returns its index.
    pub(crate) fn push(
        &self,
        path: &str,
        target: &Target<'_>,
        what: Missed,
        place: Option<Place>,
        now: Instant,
    ) -> u64 {
        let target = target.reborrow().into_owned();
        let kept = Kept { path: path.into(), target, what, place, at: now };
        let mut inner = self.lock();
        inner.bytes += kept.size();
        inner.kept.push_back(kept);
        inner.prune(now);
        inner.first + inner.kept.len() as u64 - 1
    }

    /// An own one has got its number.
    pub(crate) fn number(&self, index: u64, place: Place) {
        let mut inner = self.lock();
        let at = index.checked_sub(inner.first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| inner.kept.get_mut(at)) {
            Some(kept) => kept.place = Some(place),
            None => inner.miss(place),
        }
    }

    /// Frames in front of this number were lost.
    pub(crate) fn lose(&self, source: NodeId, lane: u32, next: u64) {
        if let Some(last) = next.checked_sub(1) {
            self.lock().miss((source, lane, last));
        }
    }

    /// Calls `take` for all that is kept of a namespace and that a node does not know which knows this, in order. False, and
    /// nothing is called, if some of them are not here any more.
    pub(crate) fn replay(&self, path: &str, known: &Vector, take: &mut dyn FnMut(&Kept)) -> bool {
        let inner = self.lock();
        let is_gap = |(lane, next): (&(NodeId, u32), &u64)| known.get(lane).is_some_and(|known| known < next);
        if inner.missing.iter().any(is_gap) {
            return false;
        }
        let is_known =
            |(source, lane, number): Place| known.get(&(source, lane)).is_some_and(|next| number < *next);
        let unknown =
            inner.kept.iter().filter(|kept| *kept.path == *path && !kept.place.is_some_and(is_known));
        unknown.for_each(take);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn prune(&mut self, now: Instant) {
        while let Some(first) = self.kept.front() {
            let is_old = now.saturating_duration_since(first.at) > AGE;
            if !is_old && self.bytes <= MAX_BYTES {
                return;
            }
            self.bytes -= first.size();
            self.first += 1;
            if let Some(place) = self.kept.pop_front().and_then(|first| first.place) {
                self.miss(place);
            }
        }
    }

    fn miss(&mut self, (source, lane, number): Place) {
        // Many nodes have come and gone: what is known of them is of no use.
        if self.missing.len() >= MAX_LANES && !self.missing.contains_key(&(source, lane)) {
            self.missing.clear();
        }
        let next = self.missing.entry((source, lane)).or_default();
        *next = (*next).max(number + 1);
    }
}

impl Kept {
    /// About how much memory it takes: many small ones take more for what is around their bytes than for those.
    fn size(&self) -> usize {
        let Target { rooms, except, .. } = &self.target;
        let addressed: usize = rooms.iter().chain(except).map(|room| size_of_val(room) + room.len()).sum();
        let what = match &self.what {
            Missed::Event { run, .. } => run.len(),
            Missed::Change(Deed::Join(rooms) | Deed::Leave(rooms)) => {
                rooms.iter().map(|room| size_of_val(room) + room.len()).sum()
            }
            Missed::Change(Deed::Disconnect(_)) => 0,
        };
        size_of::<Self>() + self.path.len() + addressed + what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId::new(1);
    const B: NodeId = NodeId::new(2);

    fn event(offset: u64, run: Bytes) -> Missed {
        Missed::Event { offset, run }
    }

    fn offset_of(kept: &Kept) -> Option<u64> {
        match kept.what {
            Missed::Event { offset, .. } => Some(offset),
            Missed::Change(_) => None,
        }
    }

    struct Filled {
        ring: Ring,
        now: Instant,
    }

    impl Filled {
        fn new() -> Self {
            Self { ring: Ring::default(), now: Instant::now() }
        }

        fn push(&self, offset: u64, place: Option<Place>, after: u64) -> u64 {
            let (target, now) = (Target::everybody(), self.now + Duration::from_millis(after));
            self.ring.push("/", &target, event(offset, Bytes::from_static(b"event")), place, now)
        }

        fn unknown(&self, known: &[(NodeId, u64)]) -> Option<Vec<u64>> {
            let known = known.iter().map(|(node, next)| ((*node, 0), *next)).collect();
            let mut offsets = Vec::new();
            let is_whole = self.ring.replay("/", &known, &mut |kept| offsets.extend(offset_of(kept)));
            is_whole.then_some(offsets)
        }
    }

    #[test]
    fn what_another_node_does_not_know_is_found_in_order() {
        let filled = Filled::new();
        filled.push(10, Some((A, 0, 0)), 0);
        let own = filled.push(20, None, 1);
        filled.push(11, Some((A, 0, 1)), 2);
        assert_eq!(filled.unknown(&[(A, 1), (B, 5)]), Some(vec![20, 11]));
        filled.ring.number(own, (B, 0, 4));
        assert_eq!(filled.unknown(&[(A, 1), (B, 5)]), Some(vec![11]));
        assert_eq!(filled.unknown(&[(B, 4)]), Some(vec![10, 20, 11]), "it has never heard of the first node");
        let mut others = 0;
        assert!(filled.ring.replay("/other", &Vector::new(), &mut |_| others += 1));
        assert_eq!(others, 0);
    }

    #[test]
    fn a_gap_is_noticed() {
        let filled = Filled::new();
        filled.push(10, Some((A, 0, 0)), 0);
        filled.push(11, Some((A, 0, 1)), 2500);
        assert_eq!(filled.unknown(&[(A, 0)]), None, "the first is too old");
        assert_eq!(filled.unknown(&[(A, 1)]), Some(vec![11]));
        filled.ring.lose(A, 0, 4);
        assert_eq!(filled.unknown(&[(A, 1)]), None);
        assert_eq!(filled.unknown(&[(A, 4)]), Some(vec![]));
    }

    #[test]
    fn an_event_without_a_number_that_is_gone_counts_when_it_has_one() {
        let filled = Filled::new();
        let own = filled.push(20, None, 0);
        filled.push(21, None, 2500);
        assert_eq!(filled.unknown(&[(B, 4)]), Some(vec![21]));
        filled.ring.number(own, (B, 0, 4));
        assert_eq!(filled.unknown(&[(B, 4)]), None);
    }

    #[test]
    fn bytes_are_bounded() {
        let filled = Filled::new();
        for number in 0..100 {
            let run = Bytes::from(vec![0; 1 << 20]);
            filled.ring.push("/", &Target::everybody(), event(number, run), Some((A, 0, number)), filled.now);
        }
        assert_eq!(filled.unknown(&[(A, 96)]), None);
        assert_eq!(filled.unknown(&[(A, 97)]), Some(vec![97, 98, 99]));
    }

    #[test]
    fn what_is_around_the_bytes_counts_too() {
        let rooms = |count: usize| Deed::Join(vec![String::new(); count]);
        let addressed = |count: usize| Target {
            rooms: (0..count).map(|_| "".into()).collect(),
            is_limited: true,
            ..Target::everybody()
        };
        for (target, deed) in [
            (Target::everybody(), rooms(1)),
            (Target::everybody(), rooms(1000)),
            (addressed(1000), rooms(0)),
            (Target { except: addressed(1000).rooms, ..Target::everybody() }, rooms(0)),
        ] {
            let names = target.rooms.len()
                + target.except.len()
                + match &deed {
                    Deed::Join(rooms) => rooms.len(),
                    _ => 0,
                };
            let least = size_of::<Kept>() + names * size_of::<String>();
            let filled = Filled::new();
            for number in 0..2 * (MAX_BYTES / least) as u64 {
                let change = Missed::Change(deed.clone());
                filled.ring.push("/", &target, change, Some((A, 0, number)), filled.now);
            }
            let kept = filled.ring.lock().kept.len();
            assert!(kept > 0 && kept * least <= MAX_BYTES, "{kept} of {names} names");
        }
    }
}
