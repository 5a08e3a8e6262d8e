//! [`Emitter`]: sends to the clients of servers, from a process that is no server.

mod emitting;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use sio_core::args::EncodeError;
use sio_core::cluster::broadcast::Target;
use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
use sio_core::cluster::message::{self, ServerEvent};
use sio_core::cluster::node::NodeId;
use sio_core::name::{NameError, WrongNamespace, check_namespace};
use sio_core::socket::encode;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::emitting::Emitting;
use crate::bus::{BusError, Frame, Names, Topic};
use crate::counters::{Counters, Counts};
use crate::error::{PublishError, StartError};
use crate::options::Options;
use crate::outbox::{self, Outbox, now};
use crate::ports::{Messages, Port};
use crate::random;
use crate::sink::Queue;
use crate::supervisor::{Line, Role, Supervisor};

/// The pause before sending after a reconnect: the nodes connect again at the same time, and an emitter does not know
/// them and cannot wait until they are there.
const SETTLE: Duration = Duration::from_secs(1);

/// How long [`Emitter::close`] waits for the broker to take what is left.
const CLOSE: Duration = Duration::from_secs(2);

/// Sends to the clients of a cluster, from a process that is no server: a worker, a cron job, a command.
///
/// It only publishes, and is no member: no node waits for it. Events that it sends while there is no broker are held
/// for the time of [`Options::hold`].
///
/// # Examples
///
/// ```
/// use sio_cluster::{Emitter, MemoryBroker, Options};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let emitter = Emitter::connect(Options::new(MemoryBroker::new().bus("worker"))).await?;
/// emitter.of("/shop")?.to("customer-7").emit("order", &("paid", 42))?;
/// assert!(emitter.flush(std::time::Duration::from_secs(1)).await);
/// emitter.close().await;
/// # Ok(())
/// # }
/// ```
pub struct Emitter {
    role: Arc<EmitterRole>,
    max_frame: usize,
    is_msgpack: bool,
    recovery: bool,
    /// Speaks with servers of another kind, if it is they who are told.
    port: Option<Arc<dyn Port>>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// Why something could not be emitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event's name is reserved, or a value cannot be written as JSON.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The path is no name of a namespace.
    #[error(transparent)]
    Namespace(#[from] NameError),
    /// It is too large.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The event is declared for other namespaces.
    #[error(transparent)]
    WrongNamespace(#[from] WrongNamespace),
    /// The servers' format of packets is not built in.
    #[error("packets are `{0}`, for which this program was built without the feature")]
    Parser(&'static str),
}

struct EmitterRole {
    me: NodeId,
    line: Arc<Line>,
    /// There was a connection before.
    has_been_up: std::sync::atomic::AtomicBool,
}

impl Emitter {
    /// Connects to the broker. With [`Options::wait`] it returns although there is none.
    ///
    /// Only the options [`Options::prefix`], [`Options::hold`] and [`Options::wait`] count, and [`Options::secret`],
    /// [`Options::parser`] and [`Options::recovery`], which must be the same as on the servers.
    ///
    /// # Errors
    ///
    /// [`StartError::Bus`] if the broker cannot be used, or the prefix is invalid.
    ///
    /// # Panics
    ///
    /// If called outside of a tokio runtime.
    pub async fn connect(options: Options) -> Result<Self, StartError> {
        Self::open(options, None).await
    }

    /// Connects to the broker of servers of python-socketio, as a write-only manager there does: what is emitted reaches
    /// their clients, and those of sio's servers that hear the same channel.
    ///
    /// Only the options [`Options::hold`] and [`Options::wait`] count. Something that their format has no words for is an
    /// error of the call: see [`Inexpressible`](crate::Inexpressible).
    ///
    /// # Errors
    ///
    /// As [`Emitter::connect`].
    ///
    /// # Panics
    ///
    /// As [`Emitter::connect`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_cluster::{Emitter, MemoryBroker, Options, Python};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = Options::new(MemoryBroker::new().bus("worker"));
    /// let emitter = Emitter::python(options, &Python::flask()).await?;
    /// emitter.of("/shop")?.to("customer-7").emit("order", &("paid", 42))?;
    /// let error = emitter.of("/shop")?.except("staff").emit("order", &7).unwrap_err();
    /// assert!(error.to_string().contains("`except` names a room"));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "python")]
    pub async fn python(options: Options, python: &crate::Python) -> Result<Self, StartError> {
        let port = crate::ports::python_of_emitter(python);
        Self::open(options.python(python.clone()), Some(port)).await
    }

    /// Connects to the Redis of Node's servers, as `@socket.io/redis-emitter` does there: what is emitted reaches their
    /// clients, and those of sio's servers that hear the same key. With [`NodeJs::sharded`](crate::NodeJs::sharded) it reaches
    /// servers with the sharded adapter, for which Node has no emitter.
    ///
    /// Only the options [`Options::hold`] and [`Options::wait`] count.
    ///
    /// # Errors
    ///
    /// As [`Emitter::connect`].
    ///
    /// # Panics
    ///
    /// As [`Emitter::connect`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # #[cfg(feature = "redis")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use sio_cluster::{Emitter, NodeJs, Options, RedisBus};
    ///
    /// let emitter = Emitter::node(Options::new(RedisBus::new("redis://10.0.0.5")?), &NodeJs::new()).await?;
    /// emitter.of("/shop")?.to("customer-7").except("staff").emit("order", &("paid", 42))?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "node")]
    pub async fn node(options: Options, node: &crate::NodeJs) -> Result<Self, StartError> {
        let port = crate::ports::node_of_emitter(node);
        Self::open(options.node(node.clone()), Some(port)).await
    }

    async fn open(options: Options, port: Option<Arc<dyn Port>>) -> Result<Self, StartError> {
        let bus = options.bus.name();
        let wrong = |reason: String| StartError::Bus { bus: bus.clone(), reason: BusError::new(reason) };
        options.check().map_err(|error| wrong(error.to_string()))?;
        let names = Names::new(&options.prefix).map_err(|error| wrong(error.to_string()))?;
        let me = NodeId::new(random::number());
        let counters = Arc::new(Counters::default());
        let signing = options.secrets.signing(&names, &counters).map_err(|error| wrong(error.to_string()))?;
        // Nothing is subscribed, so nothing arrives.
        let (queue, _) = Queue::new(me, signing);
        let line = Arc::new(Line {
            bus: Arc::clone(&options.bus),
            names,
            outbox: Arc::new(Outbox::new(options.hold, options.hold_bytes, Arc::clone(&counters), now())),
            queue,
            counters,
            topics: Notify::new(),
            closing: watch::Sender::new(false),
        });
        let max_frame = line.max_frame();
        let role = Arc::new(EmitterRole {
            me,
            line: Arc::clone(&line),
            has_been_up: std::sync::atomic::AtomicBool::new(false),
        });
        let mut supervisor = Supervisor::new(line, Arc::clone(&role));
        let entered = match supervisor.enter().await {
            Ok(entered) => {
                supervisor.open(Duration::ZERO);
                Some(entered)
            }
            Err(reason) if options.wait => {
                tracing::warn!(target: "sio::cluster", bus, %reason, "started without the broker");
                None
            }
            Err(reason) => return Err(StartError::Bus { bus, reason }),
        };
        let supervisor = Mutex::new(Some(tokio::spawn(supervisor.run(entered))));
        let is_msgpack = options.parser == "msgpack";
        Ok(Self { role, max_frame, is_msgpack, recovery: options.recovery, port, supervisor })
    }

    /// Addresses everybody in a namespace.
    ///
    /// # Errors
    ///
    /// [`EmitError::Namespace`] if the path is no name of a namespace.
    pub fn of(&self, path: &str) -> Result<Emitting<'_>, EmitError> {
        check_namespace(path)?;
        Ok(Emitting {
            emitter: self,
            path: path.to_owned(),
            target: Target::everybody(),
            is_volatile: false,
            compress: true,
        })
    }

    /// Sends an event to all nodes, not to their sockets. `args` are its arguments, a JSON array.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it is too large, or the path is no namespace.
    pub fn server_emit(&self, path: &str, event: &str, args: Box<RawValue>) -> Result<(), EmitError> {
        check_namespace(path)?;
        if let Some(port) = &self.port {
            let said = port.server_event(path, event, &args).map_err(PublishError::from)?;
            return self.push_foreign(said, false);
        }
        let event = ServerEvent { id: None, limit: 0, nsp: path.to_owned(), event: event.to_owned(), args };
        self.push_json(Kind::ServerEvent, &event)
    }

    /// Returns whether there is a broker.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.role.line.outbox.is_up()
    }

    /// Returns how often things have happened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.role.line.counters.read()
    }

    /// Waits until the broker has taken everything, and returns whether it has within the limit.
    pub async fn flush(&self, limit: Duration) -> bool {
        let outbox = &self.role.line.outbox;
        timeout(limit, outbox.is_sent()).await.is_ok() && outbox.is_up()
    }

    /// Waits until there is room: for those who emit faster than a broker takes.
    pub async fn ready(&self) {
        self.role.line.outbox.has_room().await;
    }

    /// Sends what is left, for two seconds at most, and disconnects.
    pub async fn close(self) {
        self.role.line.closing.send_replace(true);
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = supervisor {
            // A rest ends with the runtime.
            let _ = timeout(CLOSE, supervisor).await;
        }
    }

    fn begin(&self, kind: Kind, flags: Flags, capacity: usize) -> Vec<u8> {
        let flags = flags | Flags::EMITTER;
        Header { kind, flags, source: self.role.me, lane: LANE_ALL, number: 0 }.begin(capacity)
    }

    fn push_json<T: Serialize>(&self, kind: Kind, body: &T) -> Result<(), EmitError> {
        let mut frame = self.begin(kind, Flags::NONE, 256);
        message::write(&mut frame, body);
        self.push(frame, outbox::Kind::Held)
    }

    fn push(&self, frame: Vec<u8>, kind: outbox::Kind) -> Result<(), EmitError> {
        if frame.len() > self.max_frame {
            return Err(PublishError::TooLarge { size: frame.len(), limit: self.max_frame }.into());
        }
        self.role.line.outbox.push(Topic::All, frame, kind);
        Ok(())
    }

    fn push_foreign(&self, said: Messages, is_volatile: bool) -> Result<(), EmitError> {
        if let Some(frame) = said.frames.iter().find(|frame| frame.payload.len() > self.max_frame) {
            return Err(PublishError::TooLarge { size: frame.payload.len(), limit: self.max_frame }.into());
        }
        said.frames.into_iter().for_each(|frame| self.role.line.outbox.push_foreign(frame, is_volatile));
        Ok(())
    }

    fn encode<A: Serialize + ?Sized>(&self, path: &str, event: &str, args: &A) -> Result<Bytes, EmitError> {
        let run = if self.recovery {
            encode::recoverable_event(path, event, args, None)?
        } else {
            encode::event(path, None, event, args)?
        };
        if !self.is_msgpack {
            return Ok(run);
        }
        #[cfg(feature = "msgpack")]
        return Ok(sio_core::msgpack::encode(&run).map_err(EncodeError::from)?);
        #[cfg(not(feature = "msgpack"))]
        Err(EmitError::Parser("msgpack"))
    }
}

impl Role for EmitterRole {
    fn topics(&self) -> Vec<Topic> {
        Vec::new()
    }

    fn hello(&self) -> Option<Frame> {
        None
    }

    async fn settle(&self, _: Option<u64>) {
        if self.has_been_up.load(std::sync::atomic::Ordering::Relaxed) {
            tokio::time::sleep(SETTLE).await;
        }
    }

    fn up(&self, away: Duration, resent: u64, dropped: u64) {
        let is_back = self.has_been_up.swap(true, std::sync::atomic::Ordering::Relaxed);
        let bus = self.line.bus.name();
        if is_back {
            tracing::info!(target: "sio::cluster", bus, ?away, resent, dropped, "the broker is there");
        }
    }

    fn down(&self, reason: &BusError) {
        let bus = self.line.bus.name();
        tracing::warn!(target: "sio::cluster", bus, %reason, "lost the broker: what is emitted is held");
    }

    fn tick(&self, _: bool) -> Result<(), BusError> {
        Ok(())
    }

    fn checked(&self) {}

    fn unreached(&self, _: NodeId) {}

    fn bye(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Drop for Emitter {
    fn drop(&mut self) {
        self.role.line.closing.send_replace(true);
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").field("bus", &self.role.line.bus.name()).finish_non_exhaustive()
    }
}
