//! [`One`]: a connection to a single Redis.

use bytes::Bytes;
use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, Value};

use super::CLIENT_TIMEOUT;
use super::answer::failed;
use crate::bus::{BusError, Frame, Names, Topic};
use crate::sink::Sink;
use crate::task::Task;

/// Shards that are subscribed at a time.
const SHARDS: usize = 1024;

/// A connection to one server.
pub(super) struct One {
    pub(super) connection: MultiplexedConnection,
    pub(super) names: Names,
    /// Ends the connection when there is another master.
    pub(super) _watch: Option<Task>,
}

/// Connects. All that arrives, and the end, goes to `push`.
pub(super) async fn open(
    client: &Client,
    push: impl AsyncPushSender,
) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CLIENT_TIMEOUT))
        .set_response_timeout(Some(CLIENT_TIMEOUT))
        .set_push_sender(push);
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// Puts all that arrives on a connection, and its end, into the sink.
pub(super) fn into(names: &Names, sink: Sink) -> impl AsyncPushSender + use<> {
    let topics = names.clone();
    move |push: PushInfo| {
        match push.kind {
            PushKind::Message => arrived(&topics, &sink, push.data),
            // The pattern stands first.
            PushKind::PMessage => arrived(&topics, &sink, push.data.into_iter().skip(1)),
            PushKind::SMessage => arrived_at_shard(&sink, push.data),
            PushKind::Disconnection => sink.closed(BusError::new("the connection has ended")),
            _ => {}
        }
        Ok::<(), SendError>(())
    }
}

/// Returns the role of a server, which it tells to everybody who greets it; `ROLE` itself is forbidden to many users.
pub(super) async fn role(connection: &mut MultiplexedConnection) -> Result<Option<String>, RedisError> {
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
pub(super) fn message(data: impl IntoIterator<Item = Value>) -> Option<(String, Bytes)> {
    let mut data = data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(channel), Value::BulkString(payload)) => {
            Some((String::from_utf8(channel).ok()?, Bytes::from(payload)))
        }
        _ => None,
    }
}

impl One {
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

    pub(super) async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let [patterns, shards, names] = self.names_of(topics);
        if !names.is_empty() {
            self.connection.subscribe(&names).await.map_err(|error| failed(&error))?;
        }
        if !patterns.is_empty() {
            self.connection.psubscribe(&patterns).await.map_err(|error| failed(&error))?;
        }
        say_of_shards(&mut self.connection, "SSUBSCRIBE", &shards).await
    }

    pub(super) async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let [patterns, shards, names] = self.names_of(topics);
        if !names.is_empty() {
            self.connection.unsubscribe(&names).await.map_err(|error| failed(&error))?;
        }
        if !patterns.is_empty() {
            self.connection.punsubscribe(&patterns).await.map_err(|error| failed(&error))?;
        }
        say_of_shards(&mut self.connection, "SUNSUBSCRIBE", &shards).await
    }

    pub(super) async fn publish(&mut self, frames: &[Frame]) -> Result<Vec<u64>, BusError> {
        let mut pipe = redis::pipe();
        for frame in frames {
            let command = if is_shard(&frame.topic) { "SPUBLISH" } else { "PUBLISH" };
            pipe.cmd(command).arg(&*self.names.of(&frame.topic)).arg(&frame.payload[..]);
        }
        pipe.query_async(&mut self.connection).await.map_err(|error| failed(&error))
    }

    pub(super) async fn subscribers(&mut self, topic: &Topic) -> Result<u64, BusError> {
        let (_, count): (String, u64) = redis::cmd("PUBSUB")
            .arg(if is_shard(topic) { "SHARDNUMSUB" } else { "NUMSUB" })
            .arg(&*self.names.of(topic))
            .query_async(&mut self.connection)
            .await
            .map_err(|error| failed(&error))?;
        Ok(count)
    }

    pub(super) async fn check(&mut self) -> Result<(), BusError> {
        redis::cmd("PING").query_async(&mut self.connection).await.map_err(|error| failed(&error))
    }
}

/// Says this of each shard. One at a time: a command that names several is answered once for each.
pub(super) async fn say_of_shards(
    connection: &mut MultiplexedConnection,
    command: &str,
    names: &[String],
) -> Result<(), BusError> {
    for names in names.chunks(SHARDS) {
        let mut pipe = redis::pipe();
        names.iter().for_each(|name| {
            pipe.cmd(command).arg(name);
        });
        let said: Result<Vec<Value>, _> = pipe.query_async(connection).await;
        said.map_err(|error| failed(&error))?;
    }
    Ok(())
}

const fn is_shard(topic: &Topic) -> bool {
    matches!(topic, Topic::ForeignShard(_))
}
