//! [`Adapter`]: how a server takes part in a cluster.

use std::time::Duration;

use sio_cluster::bus::Bus;
use sio_cluster::{Options, Tag};

/// How a server takes part in a cluster: by which broker, and on which terms.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "redis")] {
/// use sio::Server;
/// use sio::cluster::Adapter;
///
/// let adapter = Adapter::redis("redis://:secret@10.0.0.5").prefix("shop").name("web-1");
/// let builder = Server::builder().adapter(adapter);
/// # drop(builder);
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an adapter does nothing until a server is built with it"]
pub struct Adapter {
    /// Or the reason why there can be none.
    options: Result<Options, String>,
}

impl Adapter {
    /// Meets the other nodes at a Redis, or Valkey: `redis://[user][:password@]host[:port]` or `unix:///path`, with the
    /// feature `redis-tls` also `rediss://`. Redis 6 or later is needed. A URL that is none keeps the
    /// server from being built.
    ///
    /// `redis+sentinel://[user][:password@]host[:port][,host[:port]…]/master`, or `rediss+sentinel://`, finds the master
    /// by its sentinels and follows when they replace it: see [`RedisBus::new`](sio_cluster::RedisBus::new). What is
    /// sent during a failover is [held](Self::hold), so it should take less than that time.
    ///
    /// `redis+cluster://[user][:password@]host[:port][,host[:port]…][?shards=N]`, or `rediss+cluster://`, names servers of a
    /// Redis Cluster, of Redis 7 or later, whose sharded pub/sub it uses. With `shards` its nodes send by so many masters.
    ///
    /// Databases make no difference to what is published: clusters on one Redis are told apart by their
    /// [`prefix`](Self::prefix).
    #[cfg(feature = "redis")]
    pub fn redis(url: &str) -> Self {
        let bus = sio_cluster::RedisBus::new(url);
        Self { options: bus.map(Options::new).map_err(|error| error.to_string()) }
    }

    /// Meets the other nodes at a RabbitMQ: `amqp://[user[:password]@]host[:port][/vhost]`, with the feature `amqp-tls`
    /// also `amqps://`. A URL that is none keeps the server from being built.
    ///
    /// The [`prefix`](Self::prefix) is the name of the exchange. Each connection has a queue of its own, in memory and
    /// of at most 32 MiB, which ends with it.
    #[cfg(feature = "amqp")]
    pub fn amqp(url: &str) -> Self {
        let bus = sio_cluster::AmqpBus::new(url);
        Self { options: bus.map(Options::new).map_err(|error| error.to_string()) }
    }

    /// Meets the other nodes at a NATS, without JetStream: `nats://[user:password@|token@]host[:port]`, further servers
    /// of its cluster after commas, with the feature `nats-tls` also `tls://`. A URL that is none keeps the server from
    /// being built.
    #[cfg(feature = "nats")]
    pub fn nats(url: &str) -> Self {
        let bus = sio_cluster::NatsBus::new(url);
        Self { options: bus.map(Options::new).map_err(|error| error.to_string()) }
    }

    /// Meets the other nodes at a PostgreSQL, by LISTEN and NOTIFY: `postgres://[user[:password]@]host[:port][/database]`,
    /// with `?sslmode=require` and the feature `postgres-tls` by TLS. A URL that is none keeps the server from being built.
    ///
    /// For those who have nothing else: it takes some 5,000 notifications a second from all nodes together. The
    /// connection must be to the primary, and not by a pooler that gives each transaction another one. The
    /// [`prefix`](Self::prefix) may have 44 characters.
    #[cfg(feature = "postgres")]
    pub fn postgres(url: &str) -> Self {
        let bus = sio_cluster::PostgresBus::new(url);
        Self { options: bus.map(Options::new).map_err(|error| error.to_string()) }
    }

    /// Meets the other nodes at the broker of a URL, whose scheme tells which it is: for programs whose configuration
    /// decides. A URL that is none, or of a broker whose feature is switched off, keeps the server from being built.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::cluster::Adapter;
    ///
    /// let url = std::env::var("BROKER").unwrap_or_else(|_| "redis://10.0.0.5".to_owned());
    /// let adapter = Adapter::url(&url);
    /// # drop(adapter);
    /// ```
    pub fn url(url: &str) -> Self {
        Self { options: Options::url(url).map_err(|error| error.to_string()) }
    }

    /// Meets the other nodes at a broker of another kind.
    pub fn custom(bus: impl Bus) -> Self {
        Self { options: Ok(Options::new(bus)) }
    }

    /// Sets the prefix of all names at the broker: 1 to 64 letters, digits and `-_.:/`. Nodes of different prefixes
    /// never meet. Default `sio`.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|options| options.prefix(prefix))
    }

    /// Sets a name for this node that stays over restarts, such as the host's. A new run of the node then replaces the
    /// old one at once, and events and status show the name. Default none.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|options| options.name(name))
    }

    /// Sets the five characters with which ids of this node begin, so that a load balancer can route by them. Default
    /// random.
    pub fn tag(self, tag: Tag) -> Self {
        self.with(|options| options.tag(tag))
    }

    /// Sets where other nodes reach this one over HTTP (`host:port`), to [pass on](super::Forwarding) requests that have
    /// come to the wrong node. They connect to it directly and without TLS: it must not be the address of a load balancer.
    ///
    /// Default: the port of [`Server::serve`](crate::Server::serve), with its IP address or, where it listens at all of
    /// them, that of this machine's way to the broker. There is no default where the program brings its own HTTP
    /// server, for a Unix socket and for TLS; [`Forwarding::listen`](super::Forwarding::listen) serves for those.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use sio::cluster::Adapter;
    ///
    /// // In Kubernetes, with the pod's address from `status.podIP`.
    /// let ip = std::env::var("POD_IP").unwrap_or_else(|_| "127.0.0.1".to_owned());
    /// let adapter = Adapter::redis("redis://redis").advertise(format!("{ip}:3000"));
    /// # drop(adapter);
    /// # }
    /// ```
    pub fn advertise(self, address: impl Into<String>) -> Self {
        self.with(|options| options.address(address))
    }

    /// Sets whether the server starts although the broker cannot be reached, and serves its own clients until it can.
    /// Default false: [`Server::start`](crate::Server::start) fails.
    pub fn wait(self, wait: bool) -> Self {
        self.with(|options| options.wait(wait))
    }

    /// Sets how long, and how many bytes of, what is for other nodes is held while the broker is gone; the oldest is
    /// dropped first. The bytes are divided by the number of nodes, since all of them send what they hold at the same
    /// time; a node holds at least 256 KiB. Default 5 s and 16 MiB; at most a minute.
    pub fn hold(self, time: Duration, bytes: usize) -> Self {
        self.with(|options| options.hold(time, bytes))
    }

    /// Sets how long other nodes may take for an answer. Must be longer than zero; default 2 s.
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.request_timeout(timeout))
    }

    /// Signs what is sent to other nodes with this secret, and refuses what is not signed with it: whoever can publish at
    /// the broker but does not know the secret reaches no client. All nodes and emitters need it, and clocks that are
    /// less than five minutes apart. It must have 16 bytes at least, which cannot be guessed: 32 random ones. Default
    /// none: nothing is signed, and everything is taken.
    ///
    /// Messages are not encrypted. Those of servers of [Python](super::Python) and [Node](super::NodeJs) are not signed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::cluster::Adapter;
    ///
    /// let secret = std::env::var("CLUSTER_SECRET").unwrap_or_else(|_| "32 random bytes, for example".to_owned());
    /// let adapter = Adapter::url("redis://10.0.0.5").secret(secret);
    /// # drop(adapter);
    /// ```
    pub fn secret(self, secret: impl AsRef<[u8]>) -> Self {
        self.with(|options| options.secret(secret))
    }

    /// Accepts what is signed with another secret as well, so that the [secret](Self::secret) of a running cluster can be
    /// replaced. First all nodes and emitters accept the new one, then all sign with it and accept the old one, then the
    /// old one goes. Default none.
    pub fn second_secret(self, secret: impl AsRef<[u8]>) -> Self {
        self.with(|options| options.second_secret(secret))
    }

    /// Sets whether what is not signed is accepted too, while a running cluster gets its [secret](Self::secret) node by
    /// node. Default false.
    pub fn accept_unsigned(self, accept: bool) -> Self {
        self.with(|options| options.accept_unsigned(accept))
    }

    /// Divides all rooms among so many topics at the broker, 4,096 at most. A node subscribes the topics of the rooms that
    /// its sockets are in, and an event for one room goes to the nodes that have subscribed the room's topic: with many
    /// nodes and rooms that are each on a few of them, a node then hears of its own rooms, and of those that share their
    /// topics, instead of all. Events for several rooms, for users and for everybody go to all nodes as before. Default 0:
    /// there are none, and everything goes to all.
    ///
    /// [`Socket::join`](crate::Socket::join) waits for the broker where a room is the first of its topic on the node.
    /// The number must be the same on all nodes; while one that is alive has another one, or none, everything goes to
    /// all. A server with [recovery](crate::Builder::connection_state_recovery) cannot be built with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::cluster::Adapter;
    /// use sio::testing::MemoryBroker;
    ///
    /// let adapter = Adapter::custom(MemoryBroker::new().bus("a")).room_topics(1024);
    /// # drop(adapter);
    /// ```
    pub fn room_topics(self, count: u16) -> Self {
        self.with(|options| options.room_topics(count))
    }

    /// Meets the servers of python-socketio, or of Flask-SocketIO, at the same broker: as a rule while an application moves
    /// from one to the other, or to hear workers in Python. By default they are only heard: see
    /// [`Python`](super::Python).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use sio::cluster::{Adapter, Python};
    ///
    /// // Workers and servers in Python reach the sockets here, and the servers there get what is emitted here.
    /// let adapter = Adapter::redis("redis://10.0.0.5").python(Python::new().member());
    /// # drop(adapter);
    /// # }
    /// ```
    #[cfg(feature = "python")]
    pub fn python(self, python: super::Python) -> Self {
        self.with(|options| options.python(python))
    }

    /// Meets Node's servers with a Redis adapter of Socket.IO, the classic or the sharded one, at the same Redis: as a
    /// rule while an application moves from one to the other, or to hear services with its Redis emitter. By default
    /// they are only heard: see [`NodeJs`](super::NodeJs).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use sio::cluster::{Adapter, NodeJs};
    ///
    /// let adapter = Adapter::redis("redis://10.0.0.5").node(NodeJs::new().member());
    /// # drop(adapter);
    /// # }
    /// ```
    #[cfg(feature = "node")]
    pub fn node(self, node: super::NodeJs) -> Self {
        self.with(|options| options.node(node))
    }

    /// Returns the options of a node, or the reason why there can be none.
    pub(crate) fn options(self) -> Result<Options, String> {
        let options = self.options?;
        options.check().map_err(|error| error.to_string())?;
        Ok(options)
    }

    fn with(self, change: impl FnOnce(Options) -> Options) -> Self {
        Self { options: self.options.map(change) }
    }
}
