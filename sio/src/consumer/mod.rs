//! The trait behind [`#[consumer]`](macro@crate::consumer), for consumers that are written by hand, and the results of
//! handlers.
//!
//! [`Consumer`] is the whole interface between the server and a type of the application: three functions for the life
//! of a socket, two more for special cases, and constants. The attribute implements it; programs need this module where
//! they do so themselves, or where they name what a handler returns:
//!
//! ```
//! use sio::consumer::Consumer;
//! use sio::prelude::*;
//!
//! /// A server with one consumer, whatever others the program has.
//! fn only<C: Consumer>() -> sio::Result<Server> {
//!     Ok(Server::builder().collect(false).consumer::<C>().build()?)
//! }
//! ```
//!
//! | | |
//! |---|---|
//! | [`Consumer`] | the functions and constants that make a consumer |
//! | [`EventInfo`], [`Rate`] | what the server knows of an event: its name, and the limits of its handler |
//! | [`Reply`], [`IntoReply`] | the result of a handler, ready to be sent, and the types that can be one |
//! | [`IntoAccept`], [`IntoConsumer`] | the types that `connect` can return |
//!
//! The arguments of handlers are in [`extract`](crate::extract).

pub(crate) mod accept;
pub(crate) mod ack;
pub(crate) mod description;
pub(crate) mod event;
pub(crate) mod explained;
pub(crate) mod extract;
pub(crate) mod hook;
mod info;
pub(crate) mod names;
pub(crate) mod reply;
pub(crate) mod set;
#[cfg(feature = "contract")]
pub(crate) mod shape;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod valid;

use std::future::Future;

pub use self::accept::{IntoAccept, IntoConsumer};
pub(crate) use self::ack::Ack;
pub(crate) use self::description::{Description, Needs};
pub(crate) use self::event::{Event, encode_reply};
pub(crate) use self::extract::FromEvent;
pub use self::info::{EventInfo, Rate};
pub use self::reply::{IntoReply, Reply};
use crate::error::{ConnectError, Error, Kind};
use crate::log_limiter::{About, hash_of, limited};
use crate::short::short;

/// A type whose values each look after one socket: one client in one namespace.
///
/// [`#[consumer]`](macro@crate::consumer) implements it. Written by hand it is no different:
///
/// ```
/// use sio::Error;
/// use sio::consumer::{Consumer, EventInfo, Reply};
/// use sio::error::ConnectError;
/// use sio::extract::{Event, FromEvent as _};
///
/// struct Counter {
///     total: u64,
/// }
///
/// impl Consumer for Counter {
///     const NAMESPACE: &'static str = "/counter";
///     const EVENTS: &'static [EventInfo] = &[EventInfo::new("add")];
///
///     async fn on_connect(_: &mut Event<'_>) -> Result<Self, ConnectError> {
///         Ok(Self { total: 0 })
///     }
///
///     async fn on_event(&mut self, event: &mut Event<'_>) -> Result<Reply, Error> {
///         match event.name() {
///             "add" => {
///                 self.total += u64::from_event(event)?;
///                 Reply::new(event, &self.total)
///             }
///             _ => Err(event.unhandled()),
///         }
///     }
/// }
/// ```
///
/// The futures must be [`Send`], and dropping them must do no harm: an event that outlives its deadline is dropped.
pub trait Consumer: Sized + Send + 'static {
    /// The namespace, beginning with `/`.
    const NAMESPACE: &'static str;

    /// All namespaces, at least one: a value looks after one socket in one of them. Default:
    /// [`NAMESPACE`](Self::NAMESPACE) alone.
    const NAMESPACES: &'static [&'static str] = &[Self::NAMESPACE];

    /// The events that it handles, each once, and the fallback if there is one.
    const EVENTS: &'static [EventInfo] = &[];

    /// Declares what the handlers need. Called once, before the server starts.
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }

    /// Decides whether a client may enter, and makes the value that will look after it.
    fn on_connect(event: &mut Event<'_>) -> impl Future<Output = Result<Self, ConnectError>> + Send;

    /// Handles an event. The events of one socket come one after the other.
    fn on_event(&mut self, event: &mut Event<'_>) -> impl Future<Output = Result<Reply, Error>> + Send {
        let error = event.unhandled();
        async { Err(error) }
    }

    /// Handles an event that is marked [concurrent](EventInfo::concurrent), while other events are handled.
    fn on_concurrent(event: &mut Event<'_>) -> impl Future<Output = Result<Reply, Error>> + Send {
        let error = event.unhandled();
        async { Err(error) }
    }

    /// Called with an error that the client did not get, because it asked for no acknowledgement. By default, returns
    /// the error, which is then logged.
    fn on_error(
        &mut self,
        event: &mut Event<'_>,
        error: Error,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = event;
        async { Err(error) }
    }

    /// Called once for each socket that was accepted, after its last event.
    fn on_disconnect(&mut self, event: &mut Event<'_>) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = event;
        async { Ok(()) }
    }
}

/// Ends an event's handler: answers the client, or tells the consumer what went wrong.
///
/// Not for handlers that panicked or ran out of time, see [`Event::give_up`].
pub(crate) async fn conclude<C: Consumer>(
    consumer: &mut C,
    event: &mut Event<'_>,
    result: Result<Reply, Error>,
) {
    let Some(error) = event.finish(result) else { return };
    if let Err(error) = consumer.on_error(event, error).await {
        log(event, &error);
    }
}

/// Logs an error that is reported nowhere else.
pub(crate) fn log(event: &Event<'_>, error: &Error) {
    let (socket, name) = (event.socket(), &*short(event.name()));
    let (namespace, id, logs) = (&*short(socket.path()), socket.id(), &socket.namespace().hub.common.logs);
    let about = About::event(namespace, name);
    match error.kind() {
        // Failures with different causes do not count as the same line.
        Kind::Internal => limited!(
            ERROR, logs, About { other: cause(error), ..about }, target: "sio::consumer",
            { socket = %id, namespace, event = name, error = &*error.line(), },
            "a handler failed"
        ),
        Kind::Application | Kind::Refusal | Kind::Payload => limited!(
            WARN, logs, about, target: "sio::consumer", { socket = %id, namespace, event = name, error = &*error.line(), },
            "a handler refused an event"
        ),
        Kind::Limited => limited!(
            DEBUG, logs, about, target: "sio::consumer", { socket = %id, namespace, event = name, error = &*error.line(), },
            "a client sends too much"
        ),
        Kind::Unhandled => limited!(
            DEBUG, logs, About { is_made_up: true, ..about }, target: "sio::consumer",
            { socket = %id, namespace, event = name, },
            "no handler for an event"
        ),
    }
}

/// Tells apart errors of different texts.
fn cause(error: &Error) -> u64 {
    hash_of(format_args!("{error}"))
}
