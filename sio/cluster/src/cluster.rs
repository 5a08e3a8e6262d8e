//! [`Cluster`]: this process as one of several that act as one server.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use sio_core::cluster::broadcast::{Broadcast, Target};
use sio_core::cluster::frame::{BEFORE_LEN, Flags, Kind, LANE_ALL};
use sio_core::cluster::key::Owner;
use sio_core::cluster::message::{self, Deed, ServerEvent};
use sio_core::cluster::node::NodeId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::answering::Answering;
use crate::bus::{Names, Topic};
use crate::counters::Counters;
use crate::error::{OptionsError, PublishError, StartError};
use crate::event::{NodeStatus, Status};
use crate::local::{Address, Local, Packet};
use crate::node::Node;
use crate::options::Options;
use crate::outbox::{self, Outbox, now};
use crate::random;
use crate::receiver::Receiver;
use crate::ring::Noted;
use crate::room_topics::RoomTopics;
use crate::sink::{Arrived, Queue};
use crate::supervisor::{Line, Supervisor};

/// How long [`Cluster::close`] waits for the broker to take what is left.
const CLOSE: Duration = Duration::from_secs(2);

/// How long the others may take to note that this node leaves.
const FAREWELL: Duration = Duration::from_millis(500);

/// This process as one of several that act as one server.
///
/// It takes no part before it is [started](Cluster::start). Dropping it leaves the cluster, as [`Cluster::close`]
/// does.
///
/// # Examples
///
/// ```
/// use sio_cluster::{Cluster, MemoryBroker, Options};
///
/// let cluster = Cluster::new(&Options::new(MemoryBroker::new().bus("a")).prefix("shop"))?;
/// assert!(!cluster.is_up());
/// assert!(cluster.status().nodes.is_empty());
/// # Ok::<(), sio_cluster::OptionsError>(())
/// ```
pub struct Cluster {
    pub(crate) node: Arc<Node>,
    pub(crate) max_frame: usize,
    waits: bool,
    /// The arrived frames, until somebody receives them.
    arrived: Mutex<Option<mpsc::Receiver<Arrived>>>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Cluster {
    /// Makes a node that does not take part yet. Does no I/O.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] if an option is invalid.
    ///
    /// # Panics
    ///
    /// If the operating system has no random bytes.
    pub fn new(options: &Options) -> Result<Arc<Self>, OptionsError> {
        options.check()?;
        let me = NodeId::new(random::number());
        let counters = Arc::new(Counters::default());
        let names = Names::new(&options.prefix)?;
        let (queue, arrived) = Queue::new(me, options.secrets.signing(&names, &counters)?);
        let line = Line {
            bus: Arc::clone(&options.bus),
            names,
            outbox: Arc::new(Outbox::new(options.hold, options.hold_bytes, Arc::clone(&counters), now())),
            queue,
            counters,
            topics: Notify::new(),
            closing: watch::Sender::new(false),
        };
        let max_frame = line.max_frame();
        Ok(Arc::new(Self {
            node: Arc::new(Node::new(options, me, Arc::new(line))),
            max_frame,
            waits: options.wait,
            arrived: Mutex::new(Some(arrived)),
            supervisor: Mutex::default(),
        }))
    }

    /// Enters the cluster, and receives for this server from now on. Returns when other nodes know of this one.
    ///
    /// With [`Options::wait`] it returns although there is no broker, and connects when there is one.
    ///
    /// # Errors
    ///
    /// [`StartError::Bus`] if the broker cannot be used, after two seconds at most; the node can be started again then.
    /// [`StartError::Started`] if it was started before.
    ///
    /// # Panics
    ///
    /// If called outside of a tokio runtime.
    pub async fn start(&self, local: Arc<dyn Local>) -> Result<(), StartError> {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner).take();
        let arrived = arrived.ok_or(StartError::Started)?;
        let line = Arc::clone(&self.node.line);
        let local = Arc::clone(self.node.local.get_or_init(|| local));
        let receiver = Receiver {
            node: Arc::clone(&self.node),
            local,
            answering: Arc::new(Answering::new()),
            warned: None,
        };
        // Before the first connection: the answers of the others are awaited there.
        let mut supervisor = Supervisor::new(line, Arc::clone(&self.node));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Arc::clone(&self.node).reply(stopped.clone()));
        let receiving = tokio::spawn(receiver.run(arrived, stopped));
        let entered = match supervisor.enter().await {
            Ok(entered) => {
                supervisor.open(Duration::ZERO);
                Some(entered)
            }
            Err(reason) if self.waits => {
                let bus = self.node.line.bus.name();
                tracing::warn!(target: "sio::cluster", me = %self.node.me, bus, %reason, "started without the broker");
                None
            }
            Err(reason) => {
                stop.send_replace(true);
                if let Ok(arrived) = receiving.await {
                    *self.arrived.lock().unwrap_or_else(PoisonError::into_inner) = Some(arrived);
                }
                return Err(StartError::Bus { bus: self.node.line.bus.name(), reason });
            }
        };
        let running = tokio::spawn(async move {
            supervisor.run(entered).await;
            stop.send_replace(true);
        });
        *self.supervisor.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(())
    }

    /// Leaves the cluster: sends what waits, for two seconds at most, and tells the others that it leaves.
    ///
    /// `successor`: the node that has the states of this one's clients.
    pub async fn close(&self, successor: Option<NodeId>) {
        if let Some(successor) = successor {
            self.node.state().moved.successor.get_or_insert(successor);
        }
        self.take_leave().await;
        self.begin_close();
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = supervisor {
            // A rest ends with the runtime.
            let _ = timeout(CLOSE, supervisor).await;
        }
    }

    /// Returns the id of this node.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.node.me
    }

    /// Returns the tag and the key by which this node's ids are made.
    ///
    /// The tag changes until [`Cluster::start`] has returned, if another node has the same one.
    #[must_use]
    pub fn owner(&self) -> Owner {
        let state = self.node.state();
        let hello = state.members.hello();
        Owner { tag: hello.tag, key: hello.key }
    }

    /// Tells the others whether this node is about to stop.
    pub fn set_draining(&self, is_draining: bool) {
        self.node.state().members.hello_mut().draining = is_draining;
        self.node.push_alive();
    }

    /// Returns whether there is a broker.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.node.line.outbox.is_up()
    }

    /// Returns whether there is a broker, and all known nodes are heard: an event that is sent now most probably
    /// arrives everywhere.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_up() && self.node.state().members.iter().all(|(_, member)| !member.is_suspect)
    }

    /// Returns whether any other node is alive, or servers of another kind are told what this one emits.
    #[must_use]
    pub fn has_peers(&self) -> bool {
        self.node.has_peers() || self.node.ports.has_members()
    }

    /// Returns the other nodes that are alive.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        self.node.state().members.iter().map(|(node, _)| node).collect()
    }

    /// Returns the state of the cluster, as this node sees it.
    #[must_use]
    pub fn status(&self) -> Status {
        let line = &self.node.line;
        let mut counts = line.counters.read();
        counts.sink_dropped = line.queue.dropped();
        let (state, now) = (self.node.state(), now());
        let nodes = state.members.iter().map(|(id, member)| NodeStatus {
            id,
            name: member.hello.name.clone(),
            silent: now.saturating_duration_since(member.heard),
            is_suspect: member.is_suspect,
            is_draining: member.hello.draining,
            sockets: member.sockets,
        });
        Status {
            me: self.node.me,
            tag: state.members.tag(),
            is_up: line.outbox.is_up(),
            nodes: nodes.collect(),
            waiting: line.outbox.len(),
            room_topics: self.node.rooms.as_ref().map_or(0, RoomTopics::len),
            counts,
        }
    }

    /// Checks that an event of so many bytes can be sent to other nodes, before it is delivered to anybody.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if it is too large.
    pub fn check(&self, path: &str, target: &Target<'_>, run: usize) -> Result<(), PublishError> {
        if !target.fits() {
            return Err(PublishError::TooManyRooms);
        }
        let rooms = target.rooms.iter().chain(&target.except).map(|room| room.len() + 4).sum::<usize>();
        let size = run + path.len() + rooms + 128;
        if size > self.max_frame {
            return Err(PublishError::TooLarge { size, limit: self.max_frame });
        }
        Ok(())
    }

    /// Sends an event to the sockets of other nodes. Never waits: a frame that the broker cannot take now is held
    /// or dropped, and counted.
    ///
    /// # Errors
    ///
    /// As [`Cluster::check`].
    pub fn publish(&self, to: &Address<'_>, packet: &Packet) -> Result<(), PublishError> {
        self.publish_noted(to, packet, None)
    }

    /// As [`Cluster::publish`], for an event that was [noted](Cluster::note) before sockets of this node got it.
    ///
    /// # Errors
    ///
    /// As [`Cluster::check`].
    pub fn publish_noted(
        &self,
        to: &Address<'_>,
        packet: &Packet,
        noted: Option<Noted>,
    ) -> Result<(), PublishError> {
        self.check(to.path, &to.target, packet.run.len())?;
        self.number(noted, self.send(to, packet));
        Ok(())
    }

    fn send(&self, to: &Address<'_>, packet: &Packet) -> Option<(u32, u64)> {
        if !self.node.has_peers() {
            return Some((LANE_ALL, self.node.line.outbox.skip()));
        }
        let topic = self.node.topic_of_event(to);
        let event = Broadcast {
            path: to.path,
            target: to.target.reborrow(),
            offset: packet.offset,
            run: packet.run.clone(),
        };
        // Exactly as much: spare memory would be copied away.
        let before = if matches!(topic, Topic::Rooms(_)) { BEFORE_LEN } else { 0 };
        let mut frame = self.node.begin(Kind::Broadcast, packet.flags(), before + event.size());
        frame.resize(frame.len() + before, 0);
        event.write(&mut frame);
        let kind = if packet.is_volatile { outbox::Kind::Volatile } else { outbox::Kind::Held };
        self.node.line.outbox.push(topic, frame, kind)
    }

    /// Applies a change to the sockets of other nodes. Events that are sent after it find it done.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if it is too large.
    pub fn change(&self, to: &Address<'_>, deed: Deed) -> Result<(), PublishError> {
        self.change_noted(to, deed, None)
    }

    /// Sends an event to all other nodes, not to their sockets.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if it is too large.
    pub fn server_emit(&self, path: &str, event: &str, args: Box<RawValue>) -> Result<(), PublishError> {
        if !self.node.has_peers() {
            self.node.line.outbox.skip();
            return Ok(());
        }
        let event = ServerEvent { id: None, limit: 0, nsp: path.to_owned(), event: event.to_owned(), args };
        self.push(Topic::All, Kind::ServerEvent, &event)
    }

    /// Waits until there is room for events: for those who produce faster than a broker takes.
    pub async fn ready(&self) {
        self.node.line.outbox.has_room().await;
    }

    pub(crate) fn push<T: serde::Serialize>(
        &self,
        topic: Topic,
        kind: Kind,
        body: &T,
    ) -> Result<(), PublishError> {
        self.push_numbered(topic, kind, body).map(drop)
    }

    /// As [`Cluster::push`]; returns lane and number, unless it is dropped.
    pub(crate) fn push_numbered<T: serde::Serialize>(
        &self,
        topic: Topic,
        kind: Kind,
        body: &T,
    ) -> Result<Option<(u32, u64)>, PublishError> {
        let mut frame = self.node.begin(kind, Flags::NONE, 256);
        message::write(&mut frame, body);
        if frame.len() > self.max_frame {
            return Err(PublishError::TooLarge { size: frame.len(), limit: self.max_frame });
        }
        Ok(self.node.line.outbox.push(topic, frame, outbox::Kind::Held))
    }

    /// Tells the others that this node leaves, and waits until all have taken note. Until then they may send it what is
    /// for sockets that it had, which it passes on.
    async fn take_leave(&self) {
        let node = &self.node;
        if !self.is_up() || !self.has_peers() || node.has_left.swap(true, Relaxed) {
            return;
        }
        let others: Vec<NodeId> = node.state().members.trusted().collect();
        let noted = node.requests.begin(others);
        node.line.outbox.push(Topic::All, node.farewell(Some(noted.id)), outbox::Kind::Control);
        noted.finish(FAREWELL, |_| false).await;
    }

    fn begin_close(&self) {
        self.node.line.closing.send_replace(true);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.begin_close();
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("me", &self.node.me)
            .field("bus", &self.node.line.bus.name())
            .field("told_dropped", &self.node.told_dropped.load(Relaxed))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
