//! [`Bus`]: a broker, and all that differs between one and another.
//!
//! A bus connects, subscribes, publishes and says when its connection has ended. Everything else is done above it, once
//! for all of them: connecting again, holding what cannot be sent, sending again, finding repeats and losses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

pub use crate::error::BusError;
pub use crate::names::{Names, Topic};
pub use crate::sink::Sink;

/// A broker.
///
/// # Examples
///
/// A bus that reaches nobody:
///
/// ```
/// use sio_cluster::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
///
/// #[derive(Debug)]
/// struct Nowhere;
///
/// impl Bus for Nowhere {
///     type Link = Self;
///
///     fn caps(&self) -> Caps {
///         Caps { max_frame: 1 << 20 }
///     }
///
///     fn name(&self) -> String {
///         "nowhere".to_owned()
///     }
///
///     async fn connect(&self, _: Names, _: Sink) -> Result<Self, BusError> {
///         Ok(Self)
///     }
/// }
///
/// impl Link for Nowhere {
///     async fn subscribe(&mut self, _: &[Topic]) -> Result<(), BusError> {
///         Ok(())
///     }
///
///     async fn unsubscribe(&mut self, _: &[Topic]) -> Result<(), BusError> {
///         Ok(())
///     }
///
///     async fn publish(&mut self, _: &[Frame]) -> Result<Receivers, BusError> {
///         Ok(Receivers::Unknown)
///     }
///
///     async fn check(&mut self) -> Result<(), BusError> {
///         Ok(())
///     }
/// }
/// ```
pub trait Bus: Send + Sync + fmt::Debug + 'static {
    /// Its connections.
    type Link: Link;

    /// Returns the capabilities of the broker.
    fn caps(&self) -> Caps;

    /// Returns the name that errors give the broker: its URL without the password.
    fn name(&self) -> String;

    /// Returns where the broker is (`host:port`), if it has such an address: a node finds out by it which of its own
    /// addresses lead there.
    fn host(&self) -> Option<String> {
        None
    }

    /// Returns whether it can carry what goes there. Default: only what this cluster's nodes say to each other.
    ///
    /// A bus that returns true for [`Topic::Foreign`] meets servers of other kinds: its connections subscribe and publish
    /// under that very name, in the way in which those servers do.
    fn carries(&self, topic: &Topic) -> bool {
        topic.is_native()
    }

    /// Connects. Frames that arrive on the connection, and its end, go to the `sink`.
    ///
    /// The caller limits the time, by dropping the future.
    fn connect(&self, names: Names, sink: Sink) -> impl Future<Output = Result<Self::Link, BusError>> + Send;
}

/// One connection to a broker, used by one task. Dropping it closes it.
///
/// All methods may be ended by dropping their futures; the connection is dropped as well then.
pub trait Link: Send + 'static {
    /// Subscribes topics. Returns when the broker has confirmed it.
    fn subscribe(&mut self, topics: &[Topic]) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Ends the subscription of topics.
    fn unsubscribe(&mut self, topics: &[Topic]) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Publishes frames in this order. Returns when the broker has taken them all.
    fn publish(&mut self, frames: &[Frame]) -> impl Future<Output = Result<Receivers, BusError>> + Send;

    /// Returns how many connections have subscribed to a topic by its very name, those by patterns not counted; `None` if
    /// the broker does not say. Default: it does not.
    fn subscribers(&mut self, topic: &Topic) -> impl Future<Output = Result<Option<u64>, BusError>> + Send {
        let _ = topic;
        std::future::ready(Ok(None))
    }

    /// Waits until the broker has answered. If the broker delivers in order, all frames that it had for this
    /// connection before have arrived by then.
    fn check(&mut self) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// The capabilities of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// The largest frame that it takes, in bytes.
    pub max_frame: usize,
}

/// How many subscribers have got frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receivers {
    /// The broker does not say.
    Unknown,
    /// This many for each frame.
    Each(Vec<u64>),
}

/// A frame on its way out.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Where it goes.
    pub topic: Topic,
    /// Its bytes.
    pub payload: Bytes,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BusError>> + Send + 'a>>;

/// [`Bus`] as an object, so that nothing above has a type parameter.
pub(crate) trait AnyBus: Send + Sync + fmt::Debug {
    fn caps(&self) -> Caps;
    fn name(&self) -> String;
    fn host(&self) -> Option<String>;
    fn carries(&self, topic: &Topic) -> bool;
    fn connect(&self, names: Names, sink: Sink) -> Answer<'_, Box<dyn AnyLink>>;
}

/// [`Link`] as an object.
pub(crate) trait AnyLink: Send {
    fn subscribe<'a>(&'a mut self, topics: &'a [Topic]) -> Answer<'a, ()>;
    fn unsubscribe<'a>(&'a mut self, topics: &'a [Topic]) -> Answer<'a, ()>;
    fn publish<'a>(&'a mut self, frames: &'a [Frame]) -> Answer<'a, Receivers>;
    fn subscribers<'a>(&'a mut self, topic: &'a Topic) -> Answer<'a, Option<u64>>;
    fn check(&mut self) -> Answer<'_, ()>;
}

impl<B: Bus> AnyBus for B {
    fn caps(&self) -> Caps {
        Bus::caps(self)
    }

    fn name(&self) -> String {
        Bus::name(self)
    }

    fn host(&self) -> Option<String> {
        Bus::host(self)
    }

    fn carries(&self, topic: &Topic) -> bool {
        Bus::carries(self, topic)
    }

    fn connect(&self, names: Names, sink: Sink) -> Answer<'_, Box<dyn AnyLink>> {
        Box::pin(async move {
            let link: Box<dyn AnyLink> = Box::new(Bus::connect(self, names, sink).await?);
            Ok(link)
        })
    }
}

impl<L: Link> AnyLink for L {
    fn subscribe<'a>(&'a mut self, topics: &'a [Topic]) -> Answer<'a, ()> {
        Box::pin(Link::subscribe(self, topics))
    }

    fn unsubscribe<'a>(&'a mut self, topics: &'a [Topic]) -> Answer<'a, ()> {
        Box::pin(Link::unsubscribe(self, topics))
    }

    fn subscribers<'a>(&'a mut self, topic: &'a Topic) -> Answer<'a, Option<u64>> {
        Box::pin(Link::subscribers(self, topic))
    }

    fn publish<'a>(&'a mut self, frames: &'a [Frame]) -> Answer<'a, Receivers> {
        Box::pin(Link::publish(self, frames))
    }

    fn check(&mut self) -> Answer<'_, ()> {
        Box::pin(Link::check(self))
    }
}
