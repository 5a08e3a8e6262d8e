//! [`Shards`]: the connections to a Redis Cluster, one for each slot that channels are in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, PushKind};
use tokio::time::Instant;

use super::answer::failed;
use super::link::{message, say_of_shards};
use super::master::{CONNECT, Master};
use super::sharded::Sharded;
use super::slots::{slot, tags};
use crate::bus::{BusError, Frame, Names, Topic};
use crate::sink::Sink;
use crate::task::Task;

/// Connections that live and end together: a frame that comes by one of them may be about one that came by another.
pub(super) struct Shards {
    shards: Vec<Shard>,
    /// The one by which this process sends.
    own: usize,
    /// Ends them when a slot has moved.
    _watch: Task,
}

/// A connection to the master of a slot.
struct Shard {
    connection: MultiplexedConnection,
    names: Names,
    /// Subscriptions that end because this process wants it.
    leaving: Arc<AtomicUsize>,
}

impl Shards {
    pub(super) async fn open(sharded: &Sharded, names: &Names, sink: Sink) -> Result<Self, BusError> {
        let tags = tags(names.prefix(), sharded.shards());
        let slots: Vec<u16> = tags.iter().map(|tag| slot(tag)).collect();
        let found = sharded.masters(&slots).await?;
        let until = Instant::now() + CONNECT;
        let mut shards = Vec::with_capacity(tags.len());
        for (tag, master) in tags.iter().zip(&found.what) {
            shards.push(Shard::open(sharded, master, names.of_slot(tag), until, sink.clone()).await?);
        }
        shards[0].agree(names.prefix(), sharded.shards()).await?;
        Ok(Self { shards, own: sharded.own(), _watch: sharded.watch(slots, found, sink) })
    }

    pub(super) async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        for shard in &mut self.shards {
            shard.say("SSUBSCRIBE", topics).await?;
        }
        Ok(())
    }

    pub(super) async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        for shard in &mut self.shards {
            shard.leaving.fetch_add(topics.len(), Relaxed);
            shard.say("SUNSUBSCRIBE", topics).await?;
        }
        Ok(())
    }

    pub(super) async fn publish(&mut self, frames: &[Frame]) -> Result<(), BusError> {
        let shard = &mut self.shards[self.own];
        let mut pipe = redis::pipe();
        for frame in frames {
            pipe.cmd("SPUBLISH").arg(&*shard.names.of(&frame.topic)).arg(&frame.payload[..]);
        }
        pipe.exec_async(&mut shard.connection).await.map_err(|error| failed(&error))
    }

    pub(super) async fn check(&mut self) -> Result<(), BusError> {
        for shard in &mut self.shards {
            let ping = redis::cmd("PING");
            ping.exec_async(&mut shard.connection).await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

impl Shard {
    async fn open(
        sharded: &Sharded,
        master: &Master,
        names: Names,
        until: Instant,
        sink: Sink,
    ) -> Result<Self, BusError> {
        let leaving: Arc<AtomicUsize> = Arc::default();
        let push = {
            let (names, leaving) = (names.clone(), Arc::clone(&leaving));
            move |push: PushInfo| {
                match push.kind {
                    PushKind::SMessage => arrived(&names, &sink, push),
                    PushKind::SUnsubscribe if !is_wanted(&leaving) => {
                        sink.closed(BusError::new("the slot of its channels has moved to another server"));
                    }
                    PushKind::Disconnection => sink.closed(BusError::new("the connection has ended")),
                    _ => {}
                }
                Ok::<(), SendError>(())
            }
        };
        let connection = master.connect(sharded.login(master), until, push).await?;
        Ok(Self { connection, names, leaving })
    }

    /// Fails if other processes spread the channels over another number of shards: they would not hear each other.
    async fn agree(&mut self, prefix: &str, shards: u16) -> Result<(), BusError> {
        let mark = |shards: &str| format!("{{{prefix}}}.shards.{shards}");
        let own = mark(&shards.to_string());
        // Each of two that come at the same time sees the other.
        say_of_shards(&mut self.connection, "SSUBSCRIBE", std::slice::from_ref(&own)).await?;
        let mut command = redis::cmd("PUBSUB");
        command.arg("SHARDCHANNELS").arg(mark("*"));
        // A user may be forbidden to ask.
        let marks: Vec<String> = command.query_async(&mut self.connection).await.unwrap_or_default();
        let Some(other) = marks.iter().find(|mark| **mark != own) else { return Ok(()) };
        let other = other.rsplit('.').next().unwrap_or_default();
        Err(BusError::new(format!(
            "others with this prefix have shards={other} in the URL, and this process {shards}: all need the same"
        )))
    }

    /// Says this of each topic.
    async fn say(&mut self, command: &str, topics: &[Topic]) -> Result<(), BusError> {
        let names: Vec<_> = topics.iter().map(|topic| self.names.of(topic).into_owned()).collect();
        say_of_shards(&mut self.connection, command, &names).await
    }
}

/// Takes a message.
fn arrived(names: &Names, sink: &Sink, push: PushInfo) {
    if let Some((channel, payload)) = message(push.data)
        && let Some(topic) = names.topic(&channel)
    {
        sink.frame(&topic, payload);
    }
}

/// Returns whether the end of a subscription is one that this process has asked for.
fn is_wanted(leaving: &AtomicUsize) -> bool {
    leaving.fetch_update(Relaxed, Relaxed, |count| count.checked_sub(1)).is_ok()
}
