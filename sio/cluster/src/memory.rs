//! [`MemoryBroker`]: a broker in the memory of a process, with the faults that a real one has. For tests.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::held::Held;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use crate::faults::Faults;

mod held;

/// Frames that wait for one connection. A real broker too ends the connection of a subscriber that reads nothing.
const MAX_WAITING: usize = 65_536;

/// A broker in the memory of a process, for tests.
///
/// # Examples
///
/// ```
/// use sio_cluster::{Cluster, MemoryBroker, Options};
///
/// let broker = MemoryBroker::new();
/// let a = Cluster::new(&Options::new(broker.bus("a")))?;
/// let b = Cluster::new(&Options::new(broker.bus("b")))?;
/// # Ok::<(), sio_cluster::OptionsError>(())
/// ```
#[derive(Clone)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

/// A bus to a [`MemoryBroker`], under the name by which faults are aimed at it.
#[derive(Clone)]
pub struct MemoryBus {
    broker: MemoryBroker,
    name: Arc<str>,
}

/// A connection to a [`MemoryBroker`].
#[derive(Debug)]
pub struct MemoryLink {
    broker: MemoryBroker,
    id: u64,
    node: Arc<str>,
    names: Names,
}

struct Shared {
    state: Mutex<State>,
    /// The broker takes and answers nothing, as if its process was stopped.
    is_paused: watch::Sender<bool>,
}

struct State {
    is_running: bool,
    faults: Faults,
    random: u64,
    last: u64,
    links: HashMap<u64, LinkState>,
    /// Nodes for which frames wait until they read again.
    stalled: HashSet<Arc<str>>,
    stalls: watch::Sender<u64>,
    /// From whom to whom nothing passes.
    parted: HashSet<(Arc<str>, Arc<str>)>,
    held: Held,
}

struct LinkState {
    node: Arc<str>,
    sink: Sink,
    topics: HashMap<String, Topic>,
    way: mpsc::Sender<(Instant, Topic, Bytes)>,
    latest: Instant,
}

impl MemoryBroker {
    /// Makes a broker without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::with_faults(Faults::default())
    }

    /// Makes a broker with faults.
    #[must_use]
    pub fn with_faults(faults: Faults) -> Self {
        let state = State {
            is_running: true,
            faults,
            random: faults.seed,
            last: 0,
            links: HashMap::new(),
            stalled: HashSet::new(),
            stalls: watch::Sender::new(0),
            parted: HashSet::new(),
            held: Held::default(),
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), is_paused: watch::Sender::new(false) }) }
    }

    /// Returns a bus to this broker, by which one node connects.
    #[must_use]
    pub fn bus(&self, name: &str) -> MemoryBus {
        MemoryBus { broker: self.clone(), name: name.into() }
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.faults = faults;
        state.random = faults.seed;
    }

    /// Ends the broker, with all connections and all that is on its way.
    pub fn stop(&self) {
        let mut state = self.state();
        state.is_running = false;
        let links: Vec<u64> = state.links.keys().copied().collect();
        links.into_iter().for_each(|id| state.cut(id, "the broker has ended"));
    }

    /// Starts the broker again.
    pub fn start(&self) {
        self.state().is_running = true;
    }

    /// Lets the broker take and answer nothing, or lets it go on.
    pub fn pause(&self, is_paused: bool) {
        self.shared.is_paused.send_replace(is_paused);
    }

    /// Cuts the connections of a node, with all that is on its way to it.
    pub fn cut(&self, node: &str) {
        let mut state = self.state();
        let links: Vec<u64> =
            state.links.iter().filter(|(_, link)| *link.node == *node).map(|(id, _)| *id).collect();
        links.into_iter().for_each(|id| state.cut(id, "the connection was cut"));
    }

    /// Lets frames for a node wait, or lets them go on.
    pub fn stall(&self, node: &str, is_stalled: bool) {
        let mut state = self.state();
        if is_stalled {
            state.stalled.insert(node.into());
        } else {
            state.stalled.remove(node);
        }
        state.stalls.send_modify(|changes| *changes += 1);
    }

    /// Lets nothing pass between these nodes and those, in both directions.
    pub fn part(&self, these: &[&str], those: &[&str]) {
        let mut state = self.state();
        for one in these {
            for other in those {
                state.parted.insert(((*one).into(), (*other).into()));
                state.parted.insert(((*other).into(), (*one).into()));
            }
        }
    }

    /// Lets everything pass between all nodes again.
    pub fn heal(&self) {
        self.state().parted.clear();
    }

    /// Publishes a frame that no node has sent.
    pub fn inject(&self, prefix: &str, topic: &Topic, payload: impl Into<Bytes>) {
        if let Ok(names) = Names::new(prefix) {
            let frame = Frame { topic: topic.clone(), payload: payload.into() };
            self.state().pass(None, &names, &frame);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the broker is paused.
    async fn awake(&self) {
        // The sender lives in `self`.
        let _ = self.shared.is_paused.subscribe().wait_for(|is_paused| !*is_paused).await;
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBroker").field("links", &self.state().links.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBus").field("name", &self.name).finish_non_exhaustive()
    }
}

impl State {
    /// A number from 0 to 1, the next of the seed (splitmix64).
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn cut(&mut self, id: u64, reason: &str) {
        if let Some(link) = self.links.remove(&id) {
            link.sink.closed(BusError::new(reason));
        }
    }

    /// Passes a frame on, and returns to how many.
    fn pass(&mut self, from: Option<&Arc<str>>, names: &Names, frame: &Frame) -> u64 {
        let name = names.of(&frame.topic).into_owned();
        let mut receivers: Vec<u64> = self
            .links
            .iter()
            .filter(|(_, link)| link.topics.contains_key(&name))
            .map(|(id, _)| *id)
            .collect();
        // By the same chance for the same seed.
        receivers.sort_unstable();
        let mut reached = 0;
        for id in receivers {
            let (faults, now) = (self.faults, Instant::now());
            let is_dropped = self.chance() < faults.drop;
            let copies = if self.chance() < faults.repeat { 2 } else { 1 };
            let late = faults.delay.mul_f64(self.chance());
            let Some(link) = self.links.get_mut(&id) else { continue };
            let is_parted =
                from.is_some_and(|from| self.parted.contains(&(Arc::clone(from), Arc::clone(&link.node))));
            reached += 1;
            if is_dropped || is_parted {
                continue;
            }
            link.latest = link.latest.max(now + late);
            let topic = link.topics[&name].clone();
            if let Some(held) = from.and_then(|from| self.held.on_way(from, &link.node)) {
                held.push((id, topic, frame.payload.clone()));
                continue;
            }
            for _ in 0..copies {
                if link.way.try_send((link.latest, topic.clone(), frame.payload.clone())).is_err() {
                    self.cut(id, "it reads nothing");
                    break;
                }
            }
        }
        reached
    }
}

impl Bus for MemoryBus {
    type Link = MemoryLink;

    fn caps(&self) -> Caps {
        Caps { max_frame: 8 << 20 }
    }

    fn name(&self) -> String {
        format!("memory://{}", self.name)
    }

    fn carries(&self, topic: &Topic) -> bool {
        !matches!(topic, Topic::ForeignPattern(_))
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<MemoryLink, BusError> {
        self.broker.awake().await;
        let mut state = self.broker.state();
        if !state.is_running {
            return Err(BusError::new("connection refused"));
        }
        state.last += 1;
        let id = state.last;
        let (way, on_way) = mpsc::channel(MAX_WAITING);
        let node = Arc::clone(&self.name);
        let link = LinkState {
            node: Arc::clone(&node),
            sink: sink.clone(),
            topics: HashMap::new(),
            way,
            latest: Instant::now(),
        };
        state.links.insert(id, link);
        tokio::spawn(carry(self.broker.clone(), id, state.stalls.subscribe(), on_way, sink));
        Ok(MemoryLink { broker: self.broker.clone(), id, node, names })
    }
}

/// Carries frames to one connection, each in its time, until it is cut.
async fn carry(
    broker: MemoryBroker,
    id: u64,
    mut stalls: watch::Receiver<u64>,
    mut on_way: mpsc::Receiver<(Instant, Topic, Bytes)>,
    sink: Sink,
) {
    while let Some((due, topic, payload)) = on_way.recv().await {
        sleep_until(due).await;
        loop {
            stalls.mark_unchanged();
            {
                let state = broker.state();
                let Some(link) = state.links.get(&id) else { return };
                if !state.stalled.contains(&link.node) {
                    break;
                }
            }
            if stalls.changed().await.is_err() {
                return;
            }
        }
        broker.awake().await;
        if !broker.state().links.contains_key(&id) {
            return;
        }
        sink.frame(&topic, payload);
    }
}

impl MemoryLink {
    fn is_open(&self, state: &State) -> Result<(), BusError> {
        state
            .links
            .contains_key(&self.id)
            .then_some(())
            .ok_or_else(|| BusError::new("the connection was cut"))
    }
}

impl Link for MemoryLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.broker.awake().await;
        let mut state = self.broker.state();
        self.is_open(&state)?;
        if let Some(link) = state.links.get_mut(&self.id) {
            let named = topics.iter().map(|topic| (self.names.of(topic).into_owned(), topic.clone()));
            link.topics.extend(named);
        }
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.broker.awake().await;
        let mut state = self.broker.state();
        self.is_open(&state)?;
        if let Some(link) = state.links.get_mut(&self.id) {
            for topic in topics {
                link.topics.remove(&*self.names.of(topic));
            }
        }
        Ok(())
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        self.broker.awake().await;
        let mut state = self.broker.state();
        self.is_open(&state)?;
        let mut receivers = Vec::with_capacity(frames.len());
        for frame in frames {
            if state.chance() < state.faults.cut {
                state.cut(self.id, "the connection was cut");
                return Err(BusError::new("the connection was cut"));
            }
            receivers.push(state.pass(Some(&self.node), &self.names, frame));
        }
        Ok(Receivers::Each(receivers))
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.broker.awake().await;
        self.is_open(&self.broker.state())
    }
}

impl Drop for MemoryLink {
    fn drop(&mut self) {
        self.broker.state().links.remove(&self.id);
    }
}
