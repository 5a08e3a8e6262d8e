//! Members under made-up time: nodes speak and fall silent, the broker goes, the process stands still.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sio_core::cluster::key::ProofKey;
use sio_core::cluster::members::{Change, DEAD, HEARTBEAT, Members, Why};
use sio_core::cluster::node::{Hello, NodeId, Tag};

const ME: NodeId = NodeId::new(0xffff << 48);

#[derive(Debug, Clone)]
enum Step {
    /// A node says that it is alive.
    Alive(u64),
    Bye(u64),
    /// This many milliseconds go by, with a tick every second.
    Time(u64),
    /// The broker is away for so long.
    Deaf(u64),
    /// The process stands still for so long.
    Pause(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..5_u64).prop_map(Step::Alive),
        1 => (1..5_u64).prop_map(Step::Bye),
        6 => (1..4000_u64).prop_map(Step::Time),
        1 => (1..60_000_u64).prop_map(Step::Deaf),
        1 => (7_000..60_000_u64).prop_map(Step::Pause),
    ]
}

fn hello(node: NodeId) -> Hello {
    Hello::new(Tag::of(node), ProofKey::from_random([0; 16]))
}

proptest! {
    #[test]
    fn a_node_goes_up_and_down_in_turn_and_is_never_judged_for_what_was_not_its_silence(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut now = Instant::now();
        let mut members = Members::new(ME, hello(ME), now);
        members.hears(now);
        let mut up: HashMap<NodeId, Instant> = HashMap::new();
        // How long each was silent while it could be heard.
        let mut silent: HashMap<NodeId, Duration> = HashMap::new();
        for step in steps {
            let mut changes = Vec::new();
            match step {
                Step::Alive(number) => {
                    let node = NodeId::new(number << 50);
                    changes = members.introduced(node, hello(node), 0, now);
                    silent.insert(node, Duration::ZERO);
                }
                Step::Bye(number) => changes.extend(members.left(NodeId::new(number << 50), now)),
                Step::Time(millis) => {
                    let mut left = Duration::from_millis(millis);
                    while !left.is_zero() {
                        let part = left.min(Duration::from_secs(1));
                        left -= part;
                        now += part;
                        silent.values_mut().for_each(|time| *time += part);
                        changes.extend(members.tick(now));
                    }
                }
                Step::Deaf(millis) => {
                    members.deaf(now);
                    now += Duration::from_millis(millis);
                    prop_assert_eq!(members.tick(now), []);
                    members.hears(now);
                }
                Step::Pause(millis) => {
                    now += Duration::from_millis(millis);
                    prop_assert_eq!(members.tick(now), []);
                }
            }
            for change in changes {
                match change {
                    Change::Up(node) => prop_assert!(up.insert(node, now).is_none()),
                    Change::Down { node, why } => {
                        prop_assert!(up.remove(&node).is_some());
                        if why == Why::Silent {
                            prop_assert!(silent[&node] >= DEAD, "{:?}", silent[&node]);
                        }
                    }
                    Change::TakeTag(_) | Change::Differs { .. } => {}
                }
            }
        }
        let listed: Vec<NodeId> = members.iter().map(|(node, _)| node).collect();
        prop_assert!(listed.len() == up.len() && listed.iter().all(|node| up.contains_key(node)));
        // In the end everybody is silent, and everybody goes.
        for _ in 0..(DEAD + HEARTBEAT).as_secs() + 1 {
            now += Duration::from_secs(1);
            members.tick(now);
        }
        prop_assert!(members.is_empty());
    }
}
