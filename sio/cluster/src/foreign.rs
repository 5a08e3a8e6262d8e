//! Clusters of other kinds that a node takes part in: the options of each.

#[cfg(any(feature = "python", feature = "node"))]
use std::sync::Arc;

#[cfg(feature = "node")]
use sio_core::cluster::node_js::KEY;
#[cfg(feature = "python")]
use sio_core::cluster::python::{CHANNEL, FLASK_CHANNEL};

use crate::names::Topic;

/// A cluster of another kind.
#[derive(Debug, Clone)]
pub(crate) enum Foreign {
    #[cfg(feature = "python")]
    Python(Python),
    #[cfg(feature = "node")]
    NodeJs(NodeJs),
}

impl Foreign {
    /// How its servers are named in errors.
    pub(crate) const fn servers(&self) -> &'static str {
        match *self {
            #[cfg(feature = "python")]
            Self::Python(_) => "python-socketio",
            #[cfg(feature = "node")]
            Self::NodeJs(_) => "Node",
        }
    }

    /// The topics under which its servers are heard.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        match *self {
            #[cfg(feature = "python")]
            Self::Python(ref python) => vec![python.topic()],
            #[cfg(feature = "node")]
            Self::NodeJs(ref node) if node.shards.is_some() => {
                vec![Topic::ForeignShard(format!("{}#/#", node.key).into())]
            }
            #[cfg(feature = "node")]
            Self::NodeJs(ref node) => {
                vec![
                    Topic::ForeignPattern(format!("{}#*", node.key).into()),
                    Topic::Foreign(format!("{}-request#/#", node.key).into()),
                ]
            }
        }
    }
}

/// The servers of python-socketio, or of Flask-SocketIO, that use the same broker: as a rule of an application that
/// moves from one to the other, or workers with a write-only manager.
///
/// By default they are only heard: what their servers and their write-only managers emit reaches the sockets of this
/// cluster, as do their changes of rooms and their disconnects. With [`Python::member`] they are told, too.
///
/// # Examples
///
/// ```
/// use sio_cluster::{MemoryBroker, Options, Python};
///
/// let options = Options::new(MemoryBroker::new().bus("a")).python(Python::flask().member());
/// assert!(options.check().is_ok());
/// ```
#[cfg(feature = "python")]
#[derive(Debug, Clone)]
#[must_use = "it is given to the options of a node"]
pub struct Python {
    channel: Arc<str>,
    is_member: bool,
}

#[cfg(feature = "python")]
impl Python {
    /// Hears the servers of python-socketio, on the channel `socketio`.
    pub fn new() -> Self {
        Self { channel: CHANNEL.into(), is_member: false }
    }

    /// Hears the servers of Flask-SocketIO, on the channel `flask-socketio`.
    pub fn flask() -> Self {
        Self::new().channel(FLASK_CHANNEL)
    }

    /// Sets the name of their channel: the `channel` of their managers. Default `socketio`.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = channel.into().into();
        self
    }

    /// Tells them what this cluster emits and changes, and answers what they ask. By default they are only heard.
    ///
    /// Something that their format has no words for is then an error of the call: see
    /// [`Inexpressible`](crate::Inexpressible).
    pub const fn member(mut self) -> Self {
        self.is_member = true;
        self
    }

    pub(crate) fn topic(&self) -> Topic {
        Topic::Foreign(Arc::clone(&self.channel))
    }

    pub(crate) const fn is_member(&self) -> bool {
        self.is_member
    }
}

#[cfg(feature = "python")]
impl Default for Python {
    fn default() -> Self {
        Self::new()
    }
}

/// Node's servers with `@socket.io/redis-adapter` that use the same Redis, and processes with `@socket.io/redis-emitter`.
///
/// [`NodeJs::new`] meets those of its `createAdapter`, [`NodeJs::sharded`] those of its `createShardedAdapter`. The two do
/// not hear each other, but a node may meet both.
///
/// By default they are only heard: what their servers and emitters emit reaches the sockets of this cluster, as do their
/// changes of rooms and their disconnects. With [`NodeJs::member`] they are told, too, and their questions are
/// answered.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "redis")] {
/// use sio_cluster::{NodeJs, Options, RedisBus};
///
/// let options = Options::new(RedisBus::new("redis://10.0.0.5")?).node(NodeJs::new().member());
/// assert!(options.check().is_ok());
/// # }
/// # Ok::<(), sio_cluster::BusError>(())
/// ```
#[cfg(feature = "node")]
#[derive(Debug, Clone)]
#[must_use = "it is given to the options of a node"]
pub struct NodeJs {
    key: Arc<str>,
    is_member: bool,
    shards: Option<SubscriptionMode>,
}

/// How servers of Node with the sharded Redis adapter subscribe: the `subscriptionMode` of their adapters.
#[cfg(feature = "node")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubscriptionMode {
    /// Two shards for each namespace.
    Static,
    /// One more for each room, as by default: events for exactly one room come there.
    #[default]
    Dynamic,
    /// And one for each socket.
    DynamicPrivate,
}

#[cfg(feature = "node")]
impl NodeJs {
    /// Hears the servers whose key is `socket.io`.
    pub fn new() -> Self {
        Self { key: KEY.into(), is_member: false, shards: None }
    }

    /// Meets the servers with the sharded adapter whose `channelPrefix` is `socket.io`, at Redis 7 or later.
    ///
    /// They count everybody who hears them, and wait for answers of all: so this node is a [member](Self::member) from the
    /// beginning. They have no list of all rooms, and no emitters; [`Emitter`](crate::Emitter) of sio reaches them.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use sio_cluster::{NodeJs, Options, RedisBus, SubscriptionMode};
    ///
    /// let theirs = NodeJs::sharded().subscription_mode(SubscriptionMode::DynamicPrivate);
    /// let options = Options::new(RedisBus::new("redis://10.0.0.5")?).node(theirs);
    /// assert!(options.check().is_ok());
    /// # }
    /// # Ok::<(), sio_cluster::BusError>(())
    /// ```
    pub fn sharded() -> Self {
        Self { key: KEY.into(), is_member: true, shards: Some(SubscriptionMode::Dynamic) }
    }

    /// Sets the `subscriptionMode` of servers with the sharded adapter, the same for all of them. Default
    /// [`SubscriptionMode::Dynamic`]. Without effect for [`NodeJs::new`].
    ///
    /// This node hears their events for one room, or for one socket, only under the shards that the mode names. With
    /// [`SubscriptionMode::DynamicPrivate`] it hears servers of every mode, at the price of a subscription for each socket.
    pub fn subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.shards = self.shards.map(|_| mode);
        self
    }

    /// Sets the `key` of their adapters and emitters, or the `channelPrefix` of sharded ones. Default `socket.io`.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into().into();
        self
    }

    /// Tells them what this cluster emits and changes, and answers what they ask. By default they are only heard.
    ///
    /// Their servers then count this node as one of them: their requests wait for its answers, which it gives for each
    /// of its namespaces.
    pub const fn member(mut self) -> Self {
        self.is_member = true;
        self
    }

    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.key)
    }

    pub(crate) const fn shards(&self) -> Option<SubscriptionMode> {
        self.shards
    }

    pub(crate) const fn is_member(&self) -> bool {
        self.is_member
    }
}

#[cfg(feature = "node")]
impl Default for NodeJs {
    fn default() -> Self {
        Self::new()
    }
}
