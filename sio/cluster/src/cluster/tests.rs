//! Nodes whose wall clocks are wrong.

use std::time::Duration;

use bytes::Bytes;
use sio_core::cluster::members::Why;
use sio_core::cluster::message::Query;
use sio_core::engine::frame::write_binary_frame;
use tokio::time::{sleep, timeout};

use super::*;
use crate::counters::Counts;
use crate::event::ClusterEvent;
use crate::local::BoxFuture;
use crate::memory::MemoryBroker;

const HOUR: i64 = 60 * 60 * 1000;

/// All that a node has been told.
#[derive(Default)]
struct Ears {
    packets: Mutex<Vec<Bytes>>,
    events: Mutex<Vec<ClusterEvent>>,
}

impl Local for Ears {
    fn broadcast(&self, _: &Address<'_>, packet: Packet) {
        self.packets.lock().expect("no test panics with it").push(packet.run);
    }

    fn change(&self, _: &Address<'_>, _: &Deed) -> usize {
        0
    }

    fn query(&self, _: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn server_event(
        &self,
        _: NodeId,
        _: &str,
        _: &str,
        _: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        Box::pin(std::future::ready(None))
    }

    fn event(&self, event: ClusterEvent) {
        self.events.lock().expect("no test panics with it").push(event);
    }
}

struct Skewed {
    cluster: Arc<Cluster>,
    ears: Arc<Ears>,
}

impl Skewed {
    /// Starts a node whose wall clock is so many milliseconds fast.
    async fn start(broker: &MemoryBroker, run: &str, name: &str, fast: i64) -> Self {
        let cluster = Cluster::new(&Options::new(broker.bus(run)).name(name)).expect("the options can be");
        {
            let mut state = cluster.node.state();
            let started = &mut state.members.hello_mut().started;
            *started = started.saturating_add_signed(fast);
        }
        let ears = Arc::<Ears>::default();
        cluster.start(Arc::clone(&ears) as Arc<dyn Local>).await.expect("the broker is there");
        Self { cluster, ears }
    }

    fn send(&self, text: &str) {
        let to = Address { path: "/", target: Target::everybody() };
        let mut run = Vec::new();
        write_binary_frame(&mut run, text.as_bytes());
        self.cluster.publish(&to, &Packet::new(Bytes::from(run))).expect("it is small");
    }

    fn heard(&self) -> Vec<String> {
        let packets = self.ears.packets.lock().expect("no test panics with it");
        // Behind the head of the frame.
        packets.iter().map(|packet| String::from_utf8_lossy(&packet[2..]).into_owned()).collect()
    }

    fn events(&self) -> Vec<ClusterEvent> {
        self.ears.events.lock().expect("no test panics with it").clone()
    }
}

async fn eventually(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), wait).await.expect("it is so in time");
}

/// The wall clocks differ by two hours, and stand still while the monotonic ones run on for another.
#[tokio::test(start_paused = true)]
async fn fault_17_wall_clocks_that_are_wrong_change_nothing() {
    let broker = MemoryBroker::new();
    let mut nodes = Vec::new();
    for (name, fast) in [("a", 0), ("b", -HOUR), ("c", HOUR)] {
        nodes.push(Skewed::start(&broker, name, name, fast).await);
    }
    eventually(|| nodes.iter().all(|node| node.cluster.nodes().len() == 2)).await;
    for number in 0..100 {
        for (node, name) in nodes.iter().zip(["a", "b", "c"]) {
            node.send(&format!("{name}{number:02}"));
        }
        sleep(Duration::from_secs(36)).await;
    }
    for (node, own) in nodes.iter().zip(["a", "b", "c"]) {
        for name in ["a", "b", "c"].into_iter().filter(|name| *name != own) {
            let heard: Vec<_> = node.heard().into_iter().filter(|text| text.starts_with(name)).collect();
            let sent: Vec<_> = (0..100).map(|number| format!("{name}{number:02}")).collect();
            assert_eq!(heard, sent, "{own} heard of {name}");
        }
        let others =
            |event: &ClusterEvent| matches!(event, ClusterEvent::NodeUp { .. } | ClusterEvent::BusUp { .. });
        assert!(node.events().iter().all(others), "{own}: {:?}", node.events());
        let Counts { repeats, lost, late, cuts, .. } = node.cluster.status().counts;
        assert_eq!((repeats, lost, late, cuts), (0, 0, 0, 0));
    }
}

/// A clock that has been set back makes the later run of a name look like the earlier one.
#[tokio::test(start_paused = true)]
async fn fault_17_a_node_is_started_again_when_its_clock_has_been_set_back_or_forth() {
    for fast in [-HOUR, HOUR] {
        let broker = MemoryBroker::new();
        let a = Skewed::start(&broker, "a", "a", 0).await;
        let before = Skewed::start(&broker, "before", "b", 0).await;
        eventually(|| a.cluster.nodes().len() == 1).await;
        // As after SIGKILL: nothing more is heard of it.
        broker.part(&["before"], &["a", "after"]);
        let after = Skewed::start(&broker, "after", "b", fast).await;
        eventually(|| a.cluster.nodes().contains(&after.cluster.me())).await;
        a.send("to the later run");
        after.send("of the later run");
        eventually(|| !after.heard().is_empty() && !a.heard().is_empty()).await;
        eventually(|| a.cluster.nodes() == [after.cluster.me()]).await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(
            (a.heard(), after.heard()),
            (vec!["of the later run".into()], vec!["to the later run".into()])
        );
        assert_eq!(a.cluster.nodes(), [after.cluster.me()]);
        let why = if fast > 0 { Why::Replaced } else { Why::Silent };
        let down = ClusterEvent::NodeDown { node: before.cluster.me(), why };
        let downs = |events: Vec<ClusterEvent>| {
            let is_down = |event: &ClusterEvent| {
                matches!(event, ClusterEvent::NodeDown { .. } | ClusterEvent::Lost { .. })
            };
            events.into_iter().filter(is_down).collect::<Vec<_>>()
        };
        assert_eq!((downs(a.events()), downs(after.events())), (vec![down], vec![]));
    }
}
