//! [`RedisBus`]: Redis and Valkey, by one RESP3 connection.

mod answer;
mod link;
mod master;
mod sentinel;
mod sharded;
mod shards;
mod slots;

use std::fmt;
use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError};
use tokio::time::Instant;

use self::answer::{failed, text};
use self::link::{One, into, open};
use self::master::CONNECT;
use self::sentinel::Sentinels;
use self::sharded::Sharded;
use self::shards::Shards;
use crate::address::host_and_port;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};

/// The largest frame. Redis would take 512 MB, and end the connection of every subscriber for whom 32 MB wait.
const MAX_FRAME: usize = 8 << 20;

/// The client's own limits are never reached: the supervisor's are shorter.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Redis or Valkey.
///
/// One connection publishes and receives, in RESP3, so that it cannot happen that one direction lives and the other
/// does not. Redis 6 or later is needed.
///
/// # Examples
///
/// ```
/// use sio_cluster::RedisBus;
/// use sio_cluster::bus::Bus as _;
///
/// let bus = RedisBus::new("redis://user:secret@10.0.0.5:6380")?;
/// assert_eq!(bus.name(), "redis://10.0.0.5:6380");
/// # Ok::<(), sio_cluster::BusError>(())
/// ```
pub struct RedisBus {
    server: Server,
    name: String,
    host: Option<String>,
}

/// Where it is.
enum Server {
    Known(Client),
    Asked(Sentinels),
    Sharded(Sharded),
}

/// A connection to Redis.
pub struct RedisLink(Way);

/// The server or the servers that it leads to.
enum Way {
    One(One),
    /// Some of a Redis Cluster.
    Shards(Shards),
}

impl RedisBus {
    /// Takes `redis://[user][:password@]host[:port][/database]`, `unix:///path`, and with the feature `redis-tls` also
    /// `rediss://`. Does no I/O.
    ///
    /// `redis+sentinel://[user][:password@]host[:port][,host[:port]…]/master[/database]`, or `rediss+sentinel://`, names
    /// sentinels, port 26379 if none is given, and the name under which they know the master. They are asked at each
    /// connect, and while there is a connection every 5 s, so that a failover is followed. User and password are those
    /// of the servers. Sentinels get them too if they want a password, unless the URL ends with
    /// `?sentinel_user=…&sentinel_password=…`, or one of these. With TLS, the certificates must be for the addresses that
    /// the sentinels give.
    ///
    /// `redis+cluster://[user][:password@]host[:port][,host[:port]…][?shards=N]`, or `rediss+cluster://`, names some servers
    /// of a Redis Cluster, of Redis 7 or later, and uses its sharded pub/sub: only those who have subscribed get anything.
    /// All channels of a prefix are in one slot, and so at one master; with `shards`, which all nodes and emitters need
    /// alike, in up to 16 slots at different masters, by one of which each process sends, so that what it sends stays in
    /// order. Its failovers, and slots that move, are followed as a restart of a single Redis is. Servers are reached at
    /// the addresses that they announce. Servers of other kinds are not met there.
    ///
    /// Pub/sub knows no databases: two clusters on one Redis are told apart by their prefix, not by the database.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The message does not contain it, since there may be a password in it.
    pub fn new(url: &str) -> Result<Self, BusError> {
        let wrong = |error: &RedisError| {
            let reason = text(error);
            BusError::new(format!("not a URL of Redis, such as redis://:password@10.0.0.5:6379 ({reason})"))
        };
        if let Some(sentinels) = Sentinels::parse(url) {
            let sentinels = sentinels?;
            if sentinels.uses_tls() {
                use_a_provider();
            }
            let (name, host) = (sentinels.name(), sentinels.host());
            return Ok(Self { server: Server::Asked(sentinels), name, host });
        }
        if let Some(sharded) = Sharded::parse(url) {
            let sharded = sharded?;
            if sharded.uses_tls() {
                use_a_provider();
            }
            let (name, host) = (sharded.name(), sharded.host());
            return Ok(Self { server: Server::Sharded(sharded), name, host });
        }
        let info: ConnectionInfo = url.into_connection_info().map_err(|error| wrong(&error))?;
        let name = match info.addr() {
            ConnectionAddr::Tcp(host, port) => format!("redis://{}", host_and_port(host, *port)),
            ConnectionAddr::TcpTls { host, port, .. } => format!("rediss://{}", host_and_port(host, *port)),
            ConnectionAddr::Unix(path) => format!("unix://{}", path.display()),
            // A way of a later version.
            _ => "redis".to_owned(),
        };
        let host = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some(host_and_port(host, *port))
            }
            _ => None,
        };
        if let ConnectionAddr::TcpTls { .. } = info.addr() {
            use_a_provider();
        }
        let client = Client::open(resp3(info)).map_err(|error| wrong(&error))?;
        Ok(Self { server: Server::Known(client), name, host })
    }
}

fn resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

/// Sees to it that there is cryptography for TLS. The client takes the provider of the process, and panics if there is
/// none. If the application has chosen one, its choice holds.
fn use_a_provider() {
    #[cfg(feature = "redis-tls")]
    rustls::crypto::ring::default_provider().install_default().ok();
}

impl Bus for RedisBus {
    type Link = RedisLink;

    fn caps(&self) -> Caps {
        Caps { max_frame: MAX_FRAME }
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn host(&self) -> Option<String> {
        self.host.clone()
    }

    fn carries(&self, topic: &Topic) -> bool {
        // Those of other kinds have channels in all slots.
        topic.is_native() || !matches!(self.server, Server::Sharded(_))
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<RedisLink, BusError> {
        let way = match &self.server {
            Server::Known(client) => {
                let connection = open(client, into(&names, sink)).await.map_err(|error| failed(&error))?;
                Way::One(One { connection, names, _watch: None })
            }
            Server::Asked(sentinels) => {
                let found = sentinels.master().await?;
                let (login, until) = (sentinels.login(&found.what), Instant::now() + CONNECT);
                let connection = found.what.connect(login, until, into(&names, sink.clone())).await?;
                Way::One(One { connection, names, _watch: Some(sentinels.watch(found, sink)) })
            }
            Server::Sharded(sharded) => Way::Shards(Shards::open(sharded, &names, sink).await?),
        };
        Ok(RedisLink(way))
    }
}

impl Link for RedisLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        match &mut self.0 {
            Way::One(one) => one.subscribe(topics).await,
            Way::Shards(shards) => shards.subscribe(topics).await,
        }
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        match &mut self.0 {
            Way::One(one) => one.unsubscribe(topics).await,
            Way::Shards(shards) => shards.unsubscribe(topics).await,
        }
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        match &mut self.0 {
            Way::One(one) => one.publish(frames).await.map(Receivers::Each),
            // For some time after a failover, others may be at the master before.
            Way::Shards(shards) => shards.publish(frames).await.map(|()| Receivers::Unknown),
        }
    }

    async fn subscribers(&mut self, topic: &Topic) -> Result<Option<u64>, BusError> {
        match &mut self.0 {
            Way::One(one) => one.subscribers(topic).await.map(Some),
            Way::Shards(_) => Ok(None),
        }
    }

    async fn check(&mut self) -> Result<(), BusError> {
        match &mut self.0 {
            Way::One(one) => one.check().await,
            Way::Shards(shards) => shards.check().await,
        }
    }
}

impl fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisBus").field(&self.name).finish()
    }
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_has_no_password_in_it() {
        for (url, name) in [
            ("redis://localhost", "redis://localhost:6379"),
            ("redis://:secret@10.0.0.5:6380/3", "redis://10.0.0.5:6380"),
            ("redis://user:secret@[::1]:6380", "redis://[::1]:6380"),
        ] {
            let bus = RedisBus::new(url).unwrap();
            assert_eq!(bus.name(), name);
            assert!(!format!("{bus:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_no_url_of_redis_is_refused_without_being_repeated() {
        for url in ["", "localhost", "http://secret@localhost", "redis://user:secret@:99999"] {
            let error = RedisBus::new(url).unwrap_err().to_string();
            assert!(error.starts_with("not a URL of Redis") && !error.contains("secret"), "{error}");
        }
    }
}
