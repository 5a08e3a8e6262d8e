//! Lanes under frames that are dropped, repeated and delayed.

use std::collections::HashSet;
use std::time::Instant;

use proptest::prelude::*;
use sio_core::cluster::lane::{Arrival, Incoming, Lane, Outgoing};
use sio_core::cluster::node::NodeId;

const SENDER: NodeId = NodeId::new(7);
const RECEIVER: NodeId = NodeId::new(8);

/// The fate of a frame on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    IsDropped,
    ComesTwice,
    /// Overtaken by this many others.
    IsLate(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Arrives),
        1 => Just(Fate::IsDropped),
        1 => Just(Fate::ComesTwice),
        1 => (1..8_usize).prop_map(Fate::IsLate),
    ]
}

/// The frames of both lanes in the order in which they arrive.
fn travel(fates: &[(bool, Fate)]) -> (Vec<(u32, u64)>, Outgoing) {
    let now = Instant::now();
    let mut outgoing = Outgoing::default();
    let mut arrivals: Vec<(usize, (u32, u64))> = Vec::new();
    for (place, (is_direct, fate)) in fates.iter().enumerate() {
        let lane = if *is_direct { Lane::Node(RECEIVER) } else { Lane::All };
        let frame = outgoing.take(lane, now);
        match fate {
            Fate::Arrives => arrivals.push((place, frame)),
            Fate::IsDropped => {}
            Fate::ComesTwice => arrivals.extend([(place, frame), (place + 2, frame)]),
            Fate::IsLate(by) => arrivals.push((place + by, frame)),
        }
    }
    arrivals.sort_by_key(|(place, _)| *place);
    (arrivals.into_iter().map(|(_, frame)| frame).collect(), outgoing)
}

proptest! {
    #[test]
    fn nothing_is_taken_twice_order_is_kept_and_every_loss_is_counted(
        fates in prop::collection::vec((any::<bool>(), fate()), 0..200),
    ) {
        let now = Instant::now();
        let (arrivals, outgoing) = travel(&fates);
        let mut incoming = Incoming::default();
        // The receiver knows the sender from its HELLO, before anything was sent.
        incoming.reach(SENDER, 0, 0, now);
        let (mut taken, mut lost) = (Vec::new(), 0);
        for (lane, number) in arrivals {
            if let Arrival::New { lost: more } = incoming.take(SENDER, lane, number, now) {
                taken.push((lane, number));
                lost += more;
            }
        }
        // A heartbeat says how far both lanes are.
        lost += incoming.reach(SENDER, 0, outgoing.next(), now);
        for (lane, next) in outgoing.nodes().into_values() {
            lost += incoming.reach(SENDER, lane, next, now);
        }
        let distinct: HashSet<_> = taken.iter().collect();
        prop_assert_eq!(distinct.len(), taken.len());
        for lane in [0, 1] {
            let numbers: Vec<_> = taken.iter().filter(|(of, _)| *of == lane).map(|(_, number)| number).collect();
            prop_assert!(numbers.is_sorted());
        }
        prop_assert_eq!(taken.len() as u64 + lost, fates.len() as u64);
    }

    #[test]
    fn without_faults_everything_arrives_and_nothing_is_lost(
        lanes in prop::collection::vec(any::<bool>(), 0..200),
        resend_from in any::<prop::sample::Index>(),
    ) {
        let now = Instant::now();
        let fates: Vec<_> = lanes.iter().map(|is_direct| (*is_direct, Fate::Arrives)).collect();
        let (arrivals, _) = travel(&fates);
        let mut incoming = Incoming::default();
        incoming.reach(SENDER, 0, 0, now);
        for (lane, number) in &arrivals {
            prop_assert_eq!(incoming.take(SENDER, *lane, *number, now), Arrival::New { lost: 0 });
        }
        // After a reconnect the end is sent again, from anywhere.
        if !arrivals.is_empty() {
            for (lane, number) in &arrivals[resend_from.index(arrivals.len())..] {
                prop_assert_eq!(incoming.take(SENDER, *lane, *number, now), Arrival::Repeat);
            }
        }
    }

    #[test]
    fn an_emitters_events_are_taken_once(fates in prop::collection::vec(fate(), 0..100)) {
        let fates: Vec<_> = fates.into_iter().map(|fate| (false, fate)).collect();
        let (arrivals, _) = travel(&fates);
        let mut incoming = Incoming::default();
        let taken: Vec<_> =
            arrivals.iter().filter(|(_, number)| !incoming.is_repeat_of_emitter(SENDER, *number)).collect();
        let distinct: HashSet<_> = taken.iter().collect();
        prop_assert_eq!(distinct.len(), taken.len());
    }
}
