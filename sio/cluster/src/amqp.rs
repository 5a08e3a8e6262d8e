//! [`AmqpBus`]: RabbitMQ, by AMQP 0-9-1.
//!
//! ```text
//!  publish ──► exchange <prefix> ──┬─ <prefix>.a ───────► queue of node 1 ──► node 1
//!              direct              ├─ <prefix>.a ───────► queue of node 2 ──► node 2
//!                                  └─ <prefix>.x.2 ─────► queue of node 2
//! ```
//!
//! Each connection has a queue of its own, in which everything for its node waits in order, and which ends with it.

use std::{fmt, io};

use futures_util::StreamExt as _;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ErrorKind, Event, ExchangeKind,
};

use self::attempt::Attempt;
use crate::address::host_and_port;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use crate::random;
use crate::task::Task;

mod attempt;
#[cfg(test)]
mod tests;

/// The largest frame: RabbitMQ keeps it in memory, once for all queues.
const MAX_FRAME: usize = 4 << 20;

/// Bytes that may wait for a node that does not read. RabbitMQ keeps what waits in memory, and when that gets short,
/// nobody may publish any more; so the oldest are dropped, and are missing in the numbers.
const MAX_WAITING: i64 = 32 << 20;

/// Seconds after which RabbitMQ takes a silent connection for dead, unless the URL says otherwise. Nodes notice earlier.
const HEARTBEAT: u16 = 10;

/// RabbitMQ.
///
/// RabbitMQ confirms each message. It keeps messages that wait for a node in memory, up to 32 MiB, and until the node's
/// connection ends. Nothing is durable: events that are a second old are of no use.
///
/// # Examples
///
/// ```
/// use sio_cluster::AmqpBus;
/// use sio_cluster::bus::Bus as _;
///
/// let bus = AmqpBus::new("amqp://user:secret@10.0.0.5/shop")?;
/// assert_eq!(bus.name(), "amqp://10.0.0.5:5672/shop");
/// # Ok::<(), sio_cluster::BusError>(())
/// ```
pub struct AmqpBus {
    uri: AMQPUri,
}

/// A connection to RabbitMQ.
pub struct AmqpLink {
    /// Ends when it is dropped, and the channel with it.
    _connection: Connection,
    channel: Channel,
    names: Names,
    sink: Sink,
    exchange: ShortString,
    /// The exchanges of other clusters that are there.
    foreign: Vec<ShortString>,
    /// Its name, once something is subscribed.
    queue: Option<ShortString>,
    /// One that watches the connection, and one that receives.
    tasks: Vec<Task>,
}

/// Exchange and key.
type Place = (ShortString, ShortString);

impl AmqpBus {
    /// Takes `amqp://[user[:password]@]host[:port][/vhost]`, and with the feature `amqp-tls` also `amqps://`. The
    /// virtual host is `/` without one; `?heartbeat=` sets the seconds after which RabbitMQ takes a silent connection
    /// for dead, 10 by default. Does no I/O.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The message does not contain it, since there may be a password in it.
    pub fn new(url: &str) -> Result<Self, BusError> {
        let wrong = |reason: &str| {
            BusError::new(format!("not a URL of RabbitMQ, such as amqp://user:password@10.0.0.5 ({reason})"))
        };
        // The parser's own text may repeat a part of the URL.
        let mut uri: AMQPUri = url.parse().map_err(|_| wrong("it cannot be parsed"))?;
        if uri.scheme == AMQPScheme::AMQPS && !cfg!(feature = "amqp-tls") {
            return Err(BusError::new("for `amqps://` the feature `amqp-tls` must be switched on"));
        }
        // The parser takes an address in brackets for a missing one.
        let host = url.split("://").nth(1).map(|rest| rest.split(['/', '?']).next().unwrap_or(rest));
        let host = host.map(|authority| authority.rsplit('@').next().unwrap_or(authority));
        if let Some((ip, _)) = host.and_then(|host| host.strip_prefix('[')?.split_once(']')) {
            ip.clone_into(&mut uri.authority.host);
        }
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        // It would be panicked about otherwise. If the application has chosen one, its choice holds.
        #[cfg(feature = "amqp-tls")]
        rustls::crypto::ring::default_provider().install_default().ok();
        Ok(Self { uri })
    }
}

impl Bus for AmqpBus {
    type Link = AmqpLink;

    fn caps(&self) -> Caps {
        Caps { max_frame: MAX_FRAME }
    }

    fn name(&self) -> String {
        let AMQPUri { scheme, authority, vhost, .. } = &self.uri;
        let vhost = if vhost == "/" { String::new() } else { format!("/{vhost}") };
        format!("{scheme}://{}{vhost}", host_and_port(&authority.host, authority.port))
    }

    fn host(&self) -> Option<String> {
        let authority = &self.uri.authority;
        Some(host_and_port(&authority.host, authority.port))
    }

    fn carries(&self, topic: &Topic) -> bool {
        matches!(topic, Topic::Foreign(_)) || topic.is_native()
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<AmqpLink, BusError> {
        let attempt = Attempt::default();
        let outcome = self.enter(&attempt, names, sink).await;
        attempt.over();
        outcome
    }
}

impl AmqpBus {
    async fn enter(&self, attempt: &Attempt, names: Names, sink: Sink) -> Result<AmqpLink, BusError> {
        let properties = ConnectionProperties::default().with_connection_name("sio".into());
        let connecting = attempt.connect(self.uri.clone(), properties);
        let connection = connecting.await.map_err(|error| failed(&error))?;
        let tasks = vec![Task::spawn(watch(connection.events_listener(), sink.clone()))];
        let channel = connection.create_channel().await.map_err(|error| failed(&error))?;
        let (exchange, foreign) = (ShortString::from(names.prefix()), Vec::new());
        let link =
            AmqpLink { _connection: connection, channel, names, sink, exchange, foreign, queue: None, tasks };
        link.declare(&link.exchange, ExchangeKind::Direct).await?;
        let confirmed = link.channel.confirm_select(ConfirmSelectOptions::default());
        confirmed.await.map_err(|error| failed(&error))?;
        Ok(link)
    }
}

impl AmqpLink {
    /// Makes an exchange, unless it is there.
    async fn declare(&self, exchange: &ShortString, kind: ExchangeKind) -> Result<(), BusError> {
        let (name, options) = (exchange.clone(), ExchangeDeclareOptions::default());
        let declaring = self.channel.exchange_declare(name, kind.clone(), options, FieldTable::default());
        declaring.await.map_err(|error| {
            let reason = failed(&error);
            match error.kind() {
                ErrorKind::ProtocolError(error) if is_otherwise(error.kind()) => BusError::new(format!(
                    "the exchange `{exchange}` is declared otherwise; needed is: {}, not durable, not auto-deleted \
                     ({reason})",
                    if kind == ExchangeKind::Fanout { "fanout" } else { "direct" }
                )),
                _ => reason,
            }
        })
    }

    /// Returns exchange and key of a topic. That of another cluster is made as its servers make theirs: Kombu and
    /// aio-pika in python-socketio.
    async fn place(&mut self, topic: &Topic) -> Result<Place, BusError> {
        let name = ShortString::try_new(self.names.of(topic))
            .map_err(|_| BusError::new("the names of its exchanges have at most 255 bytes"))?;
        if topic.is_native() {
            return Ok((self.exchange.clone(), name));
        }
        if !self.foreign.contains(&name) {
            self.declare(&name, ExchangeKind::Fanout).await?;
            self.foreign.push(name.clone());
        }
        Ok((name, ShortString::default()))
    }

    /// Makes the connection's queue, and begins to receive from it.
    async fn queue(&mut self, topics: &[Topic]) -> Result<ShortString, lapin::Error> {
        if let Some(queue) = &self.queue {
            return Ok(queue.clone());
        }
        // Unlike any before: the queue of a connection that broke unnoticed lives until RabbitMQ notices.
        let node = topics.iter().find(|topic| matches!(topic, Topic::Node(_))).unwrap_or(&Topic::All);
        let queue = ShortString::from(format!("{}.{:016x}", self.names.of(node), random::number()));
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length-bytes".into(), AMQPValue::LongLongInt(MAX_WAITING));
        self.channel.queue_declare(queue.clone(), options, arguments).await?;
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        let consuming =
            self.channel.basic_consume(queue.clone(), ShortString::default(), options, FieldTable::default());
        let consumer = consuming.await?;
        self.tasks.push(Task::spawn(receive(consumer, self.names.clone(), self.sink.clone())));
        self.queue = Some(queue.clone());
        Ok(queue)
    }

    async fn published(&self, frames: &[Frame], places: &[Place]) -> Result<Receivers, lapin::Error> {
        let mut confirms = Vec::with_capacity(frames.len());
        for (frame, (exchange, key)) in frames.iter().zip(places.iter().cloned()) {
            // Only of these it matters that nobody has got them.
            let mandatory = matches!(frame.topic, Topic::Node(_));
            let options = BasicPublishOptions { mandatory, immediate: false };
            let properties = match frame.topic {
                Topic::All | Topic::Node(_) => BasicProperties::default(),
                // As Kombu has them, but that nothing is to be kept on a disk.
                _ => BasicProperties::default()
                    .with_content_type("text/plain".into())
                    .with_content_encoding("utf-8".into()),
            };
            let publishing = self.channel.basic_publish(exchange, key, options, &frame.payload, properties);
            confirms.push(publishing.await?);
        }
        let mut receivers = Vec::with_capacity(frames.len());
        for confirm in confirms {
            let confirmation = confirm.await?;
            if confirmation.is_nack() {
                return Err(io::Error::other("it refuses a message").into());
            }
            receivers.push(u64::from(confirmation.take_message().is_none()));
        }
        // How many there are is not known, but if there are none.
        Ok(if receivers.contains(&0) { Receivers::Each(receivers) } else { Receivers::Unknown })
    }
}

impl Link for AmqpLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let queue = self.queue(topics).await.map_err(|error| failed(&error))?;
        for topic in topics {
            let (exchange, key) = self.place(topic).await?;
            let options = QueueBindOptions::default();
            let binding =
                self.channel.queue_bind(queue.clone(), exchange, key, options, FieldTable::default());
            binding.await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let Some(queue) = self.queue.clone() else { return Ok(()) };
        for topic in topics {
            let (exchange, key) = self.place(topic).await?;
            let unbinding = self.channel.queue_unbind(queue.clone(), exchange, key, FieldTable::default());
            unbinding.await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        let mut places = Vec::with_capacity(frames.len());
        for frame in frames {
            places.push(self.place(&frame.topic).await?);
        }
        self.published(frames, &places).await.map_err(|error| failed(&error))
    }

    async fn check(&mut self) -> Result<(), BusError> {
        let options = ExchangeDeclareOptions { passive: true, ..Default::default() };
        let exchange = self.exchange.clone();
        let asking =
            self.channel.exchange_declare(exchange, ExchangeKind::Direct, options, FieldTable::default());
        asking.await.map_err(|error| failed(&error))
    }
}

/// Tells the sink when the connection has ended, or takes nothing.
async fn watch(events: impl futures_util::Stream<Item = Event> + Send, sink: Sink) {
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Event::Error(error) => return sink.closed(failed(&error)),
            Event::ConnectionBlocked(reason) => {
                return sink.closed(BusError::new(format!("it takes nothing from publishers ({reason})")));
            }
            _ => {}
        }
    }
    sink.closed(BusError::new("the connection has ended"));
}

/// Takes what arrives. The sink never waits, so nothing gathers in front of it.
async fn receive(mut consumer: Consumer, names: Names, sink: Sink) {
    while let Some(delivery) = consumer.next().await {
        match delivery {
            Ok(delivery) => {
                let exchange = delivery.exchange.as_str();
                let topic = if exchange == names.prefix() {
                    names.topic(delivery.routing_key.as_str())
                } else {
                    // The content type does not matter: each of their clients gives another one.
                    Some(Topic::Foreign(exchange.into()))
                };
                if let Some(topic) = topic {
                    sink.frame(&topic, delivery.data.into());
                }
            }
            Err(error) => return sink.closed(failed(&error)),
        }
    }
    sink.closed(BusError::new("its queue has been deleted"));
}

/// Returns the error that an operator reads. The client's errors do not contain passwords.
fn failed(error: &lapin::Error) -> BusError {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return BusError::new(match error.kind() {
            ErrorKind::IOError(error) => error.to_string(),
            ErrorKind::MissingHeartbeatError => "it has fallen silent".to_owned(),
            ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
                "the connection has ended".to_owned()
            }
            _ => error.to_string(),
        });
    };
    let reason = error.get_message().as_str();
    BusError::new(match error.kind() {
        AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED) => {
            format!("an operator, or its own end, has closed the connection ({reason})")
        }
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
            format!("there is no such virtual host, or the user may not use it ({reason})")
        }
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if reason.contains("ogin was refused") => {
            format!("it refuses the user or the password of the URL ({reason})")
        }
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => format!("its user may not do that ({reason})"),
        _ => reason.to_owned(),
    })
}

/// Returns whether an exchange exists that is not as it is to be.
fn is_otherwise(kind: &AMQPErrorKind) -> bool {
    matches!(kind, AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

impl fmt::Debug for AmqpBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AmqpBus").field(&self.name()).finish()
    }
}

impl fmt::Debug for AmqpLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpLink").finish_non_exhaustive()
    }
}
