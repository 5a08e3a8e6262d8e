//! [`Options`] of a node.

use std::sync::Arc;
use std::time::Duration;

use sio_core::cluster::node::Tag;
use sio_core::cluster::room_topic::MAX_TOPICS;

use crate::bus::{AnyBus, Bus, Names, Topic};
use crate::error::OptionsError;
use crate::foreign::Foreign;
#[cfg(feature = "python")]
use crate::foreign::Python;
use crate::signing::Secrets;

/// The longest time for which frames may be held.
const MAX_HOLD: Duration = Duration::from_secs(60);

/// How a node takes part in a cluster.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio_cluster::{MemoryBroker, Options};
///
/// let broker = MemoryBroker::new();
/// let options = Options::new(broker.bus("a")).prefix("shop").name("web-1").hold(Duration::from_secs(3), 4 << 20);
/// assert!(options.check().is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) bus: Arc<dyn AnyBus>,
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) tag: Option<Tag>,
    pub(crate) address: Option<String>,
    pub(crate) forwarding: bool,
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) parser: String,
    pub(crate) recovery: bool,
    pub(crate) namespaces: Vec<String>,
    pub(crate) hold: Duration,
    pub(crate) hold_bytes: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) wait: bool,
    pub(crate) room_topics: u16,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) secrets: Secrets,
}

impl Options {
    /// Makes the default options, over this broker.
    #[must_use]
    pub fn new(bus: impl Bus) -> Self {
        Self {
            bus: Arc::new(bus),
            prefix: "sio".to_owned(),
            name: String::new(),
            tag: None,
            address: None,
            forwarding: true,
            path: "/socket.io/".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parser: "json".to_owned(),
            recovery: false,
            namespaces: Vec::new(),
            hold: Duration::from_secs(5),
            hold_bytes: 16 << 20,
            request_timeout: Duration::from_secs(2),
            wait: false,
            room_topics: 0,
            foreign: Vec::new(),
            secrets: Secrets::default(),
        }
    }

    /// Sets the prefix of the names of all topics. Clusters with different prefixes share a broker and never meet.
    /// Default: `sio`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets a name that stays over restarts: a new run of the node then replaces the old one at once. Default: none.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the tag with which the node's ids begin, so that a balancer can route by it. Default: random.
    #[must_use]
    pub const fn tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Sets the address at which other nodes reach the node's listener (`host:port`). Default: none.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Sets whether other nodes may pass the requests of this one's clients on to it. Default: `true`.
    #[must_use]
    pub const fn forwarding(mut self, forwarding: bool) -> Self {
        self.forwarding = forwarding;
        self
    }

    /// Sets the path of the node's endpoint. Default: `/socket.io/`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the format in which packets are written; must be the same on all nodes. Default: `json`.
    #[must_use]
    pub fn parser(mut self, parser: impl Into<String>) -> Self {
        self.parser = parser.into();
        self
    }

    /// Sets whether clients can come back; must be the same on all nodes. Default: `false`.
    #[must_use]
    pub const fn recovery(mut self, recovery: bool) -> Self {
        self.recovery = recovery;
        self
    }

    /// Sets the namespaces that the program serves, to notice another program on the same prefix. Default: unknown.
    #[must_use]
    pub fn namespaces(mut self, namespaces: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.namespaces = namespaces.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how long, and how many bytes of, unsent frames are held while there is no broker. The bytes are divided by
    /// the number of nodes, since all of them send at the same time when the broker is back; a node holds 256 KiB at
    /// least. Default: 5 s and 16 MiB.
    #[must_use]
    pub const fn hold(mut self, time: Duration, bytes: usize) -> Self {
        self.hold = time;
        self.hold_bytes = bytes;
        self
    }

    /// Sets how long to wait for answers of other nodes. Default: 2 s.
    #[must_use]
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets whether the node starts without a broker, and serves its own clients until there is one. Default: `false`,
    /// starting fails.
    #[must_use]
    pub const fn wait(mut self, wait: bool) -> Self {
        self.wait = wait;
        self
    }

    /// Signs what is sent with this secret, and refuses what is not signed with it: whoever can publish at the broker
    /// but does not know the secret can send nothing to this process's clients. All nodes and emitters of the cluster need
    /// it, and clocks that are less than five minutes apart. It must have 16 bytes at least, which cannot be guessed: 32
    /// random ones. Default: nothing is signed, and everything is taken.
    ///
    /// Messages of servers of other kinds are not signed.
    #[must_use]
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secrets.set_first(secret.as_ref());
        self
    }

    /// Accepts what is signed with another secret as well: see [`Options::secret`]. To replace a secret, all processes
    /// first accept the new one, then all sign with it and accept the old one, then the old one goes. Default: none.
    #[must_use]
    pub fn second_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secrets.set_second(secret.as_ref());
        self
    }

    /// Sets whether what is not signed is accepted too, while a running cluster gets its [secret](Options::secret) node
    /// by node. Default: `false`.
    #[must_use]
    pub const fn accept_unsigned(mut self, accept: bool) -> Self {
        self.secrets.set_accepts_unsigned(accept);
        self
    }

    /// Divides all rooms among so many topics, 4,096 at most, of which a node subscribes those of its own rooms: an event for
    /// one room then goes to the nodes that have members of that topic's rooms. Default: 0, it goes to all.
    ///
    /// It must be the same on all nodes; while one that is alive differs, everything goes to all. Not together with
    /// [`recovery`](Self::recovery).
    #[must_use]
    pub const fn room_topics(mut self, count: u16) -> Self {
        self.room_topics = count;
        self
    }

    /// Meets servers of python-socketio at the same broker, too. Default: none.
    #[cfg(feature = "python")]
    #[must_use]
    pub fn python(mut self, python: Python) -> Self {
        self.foreign.push(Foreign::Python(python));
        self
    }

    /// Meets Node's servers with the Redis adapter of Socket.IO at the same Redis, too. Default: none.
    #[cfg(feature = "node")]
    #[must_use]
    pub fn node(mut self, node: crate::foreign::NodeJs) -> Self {
        self.foreign.push(Foreign::NodeJs(node));
        self
    }

    /// Returns the name that errors give the broker: its URL without the password.
    #[must_use]
    pub fn bus_name(&self) -> String {
        self.bus.name()
    }

    /// Checks the options.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] if one is invalid.
    pub fn check(&self) -> Result<(), OptionsError> {
        let names = Names::new(&self.prefix)?;
        self.secrets.signing(&names, &Arc::default())?;
        if self.hold > MAX_HOLD {
            return Err(OptionsError::Hold);
        }
        if self.request_timeout.is_zero() {
            return Err(OptionsError::RequestTimeout);
        }
        if usize::from(self.room_topics) > MAX_TOPICS {
            return Err(OptionsError::RoomTopics);
        }
        if self.room_topics > 0 && self.recovery {
            return Err(OptionsError::RoomTopicsWithRecovery);
        }
        for foreign in &self.foreign {
            let wrong =
                |reason| OptionsError::Foreign { servers: foreign.servers(), bus: self.bus.name(), reason };
            let topics = foreign.topics();
            if !topics.iter().all(|topic| self.bus.carries(topic)) {
                return Err(wrong("their messages do not come over this kind of broker"));
            }
            let is_pattern =
                |topic: &Topic| names.of(topic).trim_end_matches("#*").contains(['*', '?', '[', ']', '\\']);
            if topics.iter().any(is_pattern) {
                return Err(wrong("their names would be taken for patterns"));
            }
            if topics.iter().any(|topic| names.topic(&names.of(topic)).is_some()) {
                return Err(wrong("they use a name of this cluster: choose another prefix"));
            }
        }
        Ok(())
    }
}
