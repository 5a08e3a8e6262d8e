//! [`RedisBus`]: Redis and Valkey, by one RESP3 connection.

mod answer;
mod sentinel;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{MultiplexedConnection, SendError};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    PushInfo, PushKind, RedisError, Value,
};
use tokio::time::timeout;

use self::answer::{failed, text};
use self::sentinel::Sentinels;
use crate::address::host_and_port;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use crate::task::Task;

/// The largest frame. Redis would take 512 MB, and end the connection of every subscriber for whom 32 MB wait.
const MAX_FRAME: usize = 8 << 20;

/// The client's own limits are never reached: the supervisor's are shorter.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Shards that are subscribed at a time.
const SHARDS: usize = 1024;

/// How long a master that sentinels have named may take: less than the supervisor gives, so that the error names it.
const MASTER: Duration = Duration::from_millis(800);

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
}

/// A connection to Redis.
pub struct RedisLink {
    connection: MultiplexedConnection,
    names: Names,
    /// Ends the connection when there is another master.
    _watch: Option<Task>,
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

    fn carries(&self, _: &Topic) -> bool {
        true
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<RedisLink, BusError> {
        match &self.server {
            Server::Known(client) => {
                let connection = open(client, &names, sink).await.map_err(|error| failed(&error))?;
                Ok(RedisLink { connection, names, _watch: None })
            }
            Server::Asked(sentinels) => {
                let master = sentinels.master().await?;
                // An error of one of several servers is of no use without its address.
                let of_it = |reason: &dyn fmt::Display| {
                    BusError::new(format!("the master {}: {reason}", master.address()))
                };
                let client =
                    Client::open(resp3(sentinels.login(&master))).map_err(|error| of_it(&failed(&error)))?;
                let connecting = timeout(MASTER, open(&client, &names, sink.clone())).await;
                let connecting = connecting.map_err(|_| of_it(&"it does not answer"))?;
                let mut connection = connecting.map_err(|error| of_it(&failed(&error)))?;
                let role = role(&mut connection).await.map_err(|error| of_it(&failed(&error)))?;
                if role.as_deref().is_some_and(|role| role != "master") {
                    // A replica passes nothing on to those who are at the master.
                    return Err(of_it(&"it is a replica; the sentinels have not noticed yet"));
                }
                let watch = sentinels.watch(master, sink);
                Ok(RedisLink { connection, names, _watch: Some(watch) })
            }
        }
    }
}

/// Connects. All that arrives, and the end, goes to the sink.
async fn open(client: &Client, names: &Names, sink: Sink) -> Result<MultiplexedConnection, RedisError> {
    let topics = names.clone();
    let push = move |push: PushInfo| {
        match push.kind {
            PushKind::Message => arrived(&topics, &sink, push.data),
            // The pattern stands first.
            PushKind::PMessage => arrived(&topics, &sink, push.data.into_iter().skip(1)),
            PushKind::SMessage => arrived_at_shard(&sink, push.data),
            PushKind::Disconnection => sink.closed(BusError::new("the connection has ended")),
            _ => {}
        }
        Ok::<(), SendError>(())
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CLIENT_TIMEOUT))
        .set_response_timeout(Some(CLIENT_TIMEOUT))
        .set_push_sender(push);
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// Returns the role of a server, which it tells to everybody who greets it; `ROLE` itself is forbidden to many users.
async fn role(connection: &mut MultiplexedConnection) -> Result<Option<String>, RedisError> {
    let Value::Map(told) = redis::cmd("HELLO").query_async(connection).await? else { return Ok(None) };
    let role = told.into_iter().find(|(name, _)| matches!(name, Value::BulkString(name) if name == b"role"));
    role.map(|(_, role)| redis::from_redis_value(role)).transpose().map_err(Into::into)
}

/// Takes a message.
fn arrived(topics: &Names, sink: &Sink, data: impl IntoIterator<Item = Value>) {
    if let Some((channel, payload)) = message(data) {
        let topic = topics.topic(&channel).unwrap_or_else(|| Topic::Foreign(channel.into()));
        sink.frame(&topic, payload);
    }
}

/// Takes a message of a shard, which no node of this cluster sends.
fn arrived_at_shard(sink: &Sink, data: impl IntoIterator<Item = Value>) {
    if let Some((channel, payload)) = message(data) {
        sink.frame(&Topic::ForeignShard(channel.into()), payload);
    }
}

/// The channel of a message, then its payload. Names that are not UTF-8 are no names of Socket.IO.
fn message(data: impl IntoIterator<Item = Value>) -> Option<(String, Bytes)> {
    let mut data = data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(channel), Value::BulkString(payload)) => {
            Some((String::from_utf8(channel).ok()?, Bytes::from(payload)))
        }
        _ => None,
    }
}

impl RedisLink {
    /// The names of topics: those that are patterns, those of shards, and the others.
    fn names_of(&self, topics: &[Topic]) -> [Vec<String>; 3] {
        let mut all = [const { Vec::new() }; 3];
        for topic in topics {
            let [patterns, shards, others] = &mut all;
            let kind = match topic {
                Topic::ForeignPattern(_) => patterns,
                Topic::ForeignShard(_) => shards,
                _ => others,
            };
            kind.push(self.names.of(topic).into_owned());
        }
        all
    }

    /// Says this of each shard. One at a time: a command that names several is answered once for each.
    async fn say_of_shards(&mut self, command: &str, names: &[String]) -> Result<(), BusError> {
        for names in names.chunks(SHARDS) {
            let mut pipe = redis::pipe();
            names.iter().for_each(|name| {
                pipe.cmd(command).arg(name);
            });
            let said: Result<Vec<Value>, _> = pipe.query_async(&mut self.connection).await;
            said.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

impl Link for RedisLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let [patterns, shards, names] = self.names_of(topics);
        if !names.is_empty() {
            self.connection.subscribe(&names).await.map_err(|error| failed(&error))?;
        }
        if !patterns.is_empty() {
            self.connection.psubscribe(&patterns).await.map_err(|error| failed(&error))?;
        }
        self.say_of_shards("SSUBSCRIBE", &shards).await
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let [patterns, shards, names] = self.names_of(topics);
        if !names.is_empty() {
            self.connection.unsubscribe(&names).await.map_err(|error| failed(&error))?;
        }
        if !patterns.is_empty() {
            self.connection.punsubscribe(&patterns).await.map_err(|error| failed(&error))?;
        }
        self.say_of_shards("SUNSUBSCRIBE", &shards).await
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        let mut pipe = redis::pipe();
        for frame in frames {
            let command = if is_shard(&frame.topic) { "SPUBLISH" } else { "PUBLISH" };
            pipe.cmd(command).arg(&*self.names.of(&frame.topic)).arg(&frame.payload[..]);
        }
        let receivers = pipe.query_async(&mut self.connection).await.map_err(|error| failed(&error))?;
        Ok(Receivers::Each(receivers))
    }

    async fn subscribers(&mut self, topic: &Topic) -> Result<Option<u64>, BusError> {
        let (_, count): (String, u64) = redis::cmd("PUBSUB")
            .arg(if is_shard(topic) { "SHARDNUMSUB" } else { "NUMSUB" })
            .arg(&*self.names.of(topic))
            .query_async(&mut self.connection)
            .await
            .map_err(|error| failed(&error))?;
        Ok(Some(count))
    }

    async fn check(&mut self) -> Result<(), BusError> {
        redis::cmd("PING").query_async(&mut self.connection).await.map_err(|error| failed(&error))
    }
}

const fn is_shard(topic: &Topic) -> bool {
    matches!(topic, Topic::ForeignShard(_))
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
