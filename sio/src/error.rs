//! The errors of `sio`: [`Error`] for everything that goes wrong in handlers, hooks and `main`, and one type for each
//! place where an application can react differently.
//!
//! The application always chooses what a client sees: the text of an error that came through `?` stays on the server.
//!
//! ```
//! use sio::error::{AckError, IntoEventError};
//! use sio::prelude::*;
//!
//! /// An error of the application, and what a client sees of it.
//! enum ShopError {
//!     SoldOut { article: String },
//! }
//!
//! impl IntoEventError for ShopError {
//!     fn into_event_error(self) -> sio::Error {
//!         match self {
//!             Self::SoldOut { article } => sio::Error::new("sold_out", "Sold out").with_field("article", article),
//!         }
//!     }
//! }
//!
//! async fn confirm(socket: &Socket) -> sio::Result<bool> {
//!     match socket.emit_with_ack("confirm", "Really?").await {
//!         // Where a program can do better than to fail.
//!         Err(AckError::Timeout) => Ok(false),
//!         // `?` and `.into()` take every error.
//!         answer => Ok(answer?),
//!     }
//! }
//! ```
//!
//! | | fails |
//! |---|---|
//! | [`Error`], [`Result`], [`IntoEventError`] | a handler, a hook, `main` |
//! | [`ConnectError`], [`IntoConnectError`] | `connect`, and the hooks before it: the client is refused |
//! | [`EmitError`], [`EncodeError`], [`WrongNamespace`] | an emit |
//! | [`AckError`] | an emit with acknowledgement |
//! | [`ErrorCodes`] | says which codes an error type has, for the contract with clients |
//! | [`ArgError`], [`NotJson`] | reading a payload by hand |
//! | [`BuildError`], [`Problem`] | a server whose parts do not fit together |
//! | [`UnknownReason`] | reading a [`DisconnectReason`](crate::DisconnectReason) from a string |
//!
//! The errors of [`engine`](crate::engine) and `testing` are in those modules.

mod boxed;
mod build;
mod codes;
pub(crate) mod connect;
mod emit;
pub(crate) mod event;
mod source;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::log_limiter::{About, LogLimiter, hash_of, limited};
use crate::short::short;

pub use sio_core::args::{ArgError, EncodeError};
pub use sio_core::name::WrongNamespace;
pub use sio_core::socket::UnknownReason;
pub use sio_core::value::NotJson;
#[doc = include_str!("error/event_error.md")]
pub use sio_macros::event_error;

pub use self::build::{BuildError, Problem};
pub use self::codes::ErrorCodes;
pub(crate) use self::connect::ConnectFailure;
pub use self::connect::{ConnectError, IntoConnectError};
pub use self::emit::{AckError, EmitError, IdentifyError};
pub(crate) use self::event::HandlerError;
pub use self::event::IntoEventError;
pub(crate) use self::source::Source;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The keys of the object which say that it is an error, and which. No field takes their place.
const RESERVED: [&str; 3] = ["status", "code", "message"];

/// The text that the client gets for an error whose details stay on the server.
const INTERNAL: &str = "Internal server error";

/// `Result` as handlers, hooks and `main` return it: `sio::Result` is `Result<(), sio::Error>`.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Another name of [`Error`], for the failures of event handlers.
pub type EventError = Error;

/// The failure of a handler or hook: a code and a message for the client, a cause for the log.
///
/// `?` turns any [`std::error::Error`] into one with the code `internal`. Its text stays on the server and goes to
/// the log; the client only learns that something went wrong. To tell the client more, make the error with
/// [`new`](Self::new), or with [`IntoEventError`] for an error type of the application.
///
/// A client that asked for an acknowledgement gets the error as an object:
/// `{"status":"error","code":…,"message":…}` and the fields added by [`with_field`](Self::with_field).
///
/// Like `anyhow::Error` it does not itself implement [`std::error::Error`]: that is what makes `?` work for all
/// others. `Debug` prints the cause in words, so that `main` can return it; `?` also turns it into a
/// `Box<dyn Error>`, for a `main` that returns that.
///
/// # Examples
///
/// ```
/// fn parse(text: &str) -> sio::Result<u32> {
///     if text.is_empty() {
///         return Err(sio::Error::new("empty", "say something").with_field("limit", 10));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(parse("").unwrap_err().code(), "empty");
/// let error = parse("x").unwrap_err();
/// assert_eq!(error.code(), "internal");
/// assert_eq!(error.message(), "Internal server error");
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    fields: Vec<(Cow<'static, str>, serde_json::Value)>,
    /// Takes the place of the whole object.
    body: Option<serde_json::Value>,
    /// The data of a refusal, as the client is to get them.
    refusal: Option<String>,
    source: Option<Source>,
}

/// The origin of an error, which decides who has to look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The application made it for the client.
    Application,
    /// The application refuses a client: it is made of a [`ConnectError`].
    Refusal,
    /// The client sent something that the handler does not take.
    Payload,
    /// The client sent an event without a handler.
    Unhandled,
    /// The client sent more than it may. Nothing to be loud about: it may do so a thousand times a second.
    Limited,
    /// Something failed here.
    Internal,
}

impl Kind {
    /// A refusal to which something is added is an error like others: nothing that was added gets lost.
    fn changed(self) -> Self {
        if self == Self::Refusal { Self::Application } else { self }
    }
}

impl Error {
    /// Makes an error for the client: a short code for its program, a message for people.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::Application, code.into(), message.into())
    }

    /// Makes an error whose details the client does not see, with its cause for the log. `?` does the same; this
    /// method also takes a string, a boxed error, and the error types of crates that hide behind `Into<Box<dyn
    /// Error>>`.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of(Kind::Internal, "internal".into(), INTERNAL.into()).with_source(source)
    }

    /// Adds a field to the object that the client gets.
    ///
    /// `status`, `code` and `message` belong to the framework: clients tell an error from an answer by them. A field of
    /// such a name is left out, and so is a value that serde cannot turn into JSON; a warning in the log names it. An
    /// object of a shape of its own is made with [`with_body`](Self::with_body).
    ///
    /// ```
    /// let error = sio::Error::new("not_found", "No such room").with_field("http_status", 404);
    /// assert_eq!(error.code(), "not_found");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_field(mut self, name: impl Into<Cow<'static, str>>, value: impl Serialize) -> Self {
        let name = name.into();
        if RESERVED.contains(&&*name) {
            warn_of_reserved(&name, Location::caller());
            return self;
        }
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.fields.retain(|(taken, _)| *taken != name);
                self.0.fields.push((name, value));
                self.0.kind = self.0.kind.changed();
            }
            Err(error) => {
                let about = About { other: hash_of(&name), ..About::default() };
                limited!(
                    WARN, LogLimiter::of_process(), about, target: "sio::consumer", { field = &*name, %error, },
                    "left out of an error"
                );
            }
        }
        self
    }

    /// Sends `body` in place of the usual object, for clients that expect another shape. A value that serde cannot
    /// turn into JSON changes nothing.
    #[must_use]
    pub fn with_body(mut self, body: impl Serialize) -> Self {
        match serde_json::to_value(body) {
            Ok(body) => {
                self.0.body = Some(body);
                self.0.kind = self.0.kind.changed();
            }
            Err(error) => {
                limited!(
                    WARN, LogLimiter::of_process(), About::default(), target: "sio::consumer", { %error, },
                    "not usable as the body of an error"
                );
            }
        }
        self
    }

    /// Adds the cause, which goes to the log and never to the client.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Source::from(source.into()));
        self
    }

    /// Returns the code for the client's program.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Returns the message for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the cause, which the client never sees.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_ref().map(Source::get)
    }

    fn of(kind: Kind, code: Cow<'static, str>, message: Cow<'static, str>) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message,
            fields: Vec::new(),
            body: None,
            refusal: None,
            source: None,
        }))
    }

    /// The client sent something that the handler does not take.
    pub(crate) fn payload(code: &'static str, message: &'static str) -> Self {
        Self::of(Kind::Payload, code.into(), message.into())
    }

    /// An argument is missing or is not what the handler takes.
    pub(crate) fn invalid_payload(error: &ArgError) -> Self {
        Self::payload("invalid_payload", "Invalid payload")
            .with_field("index", error.index)
            .with_field("detail", &error.detail)
    }

    /// The auth payload is not what `connect` takes.
    pub(crate) fn invalid_auth(error: &ArgError) -> Self {
        Self::payload("invalid_auth", "Invalid auth payload").with_field("detail", &error.detail)
    }

    pub(crate) fn unhandled(event: &str) -> Self {
        Self::of(
            Kind::Unhandled,
            "unknown_event".into(),
            format!("No handler for the event {:?}", short(event)).into(),
        )
    }

    /// A handler panicked. Nothing of the panic's text may reach the client; it is the caller's to log.
    pub(crate) fn panicked() -> Self {
        Self::of(Kind::Application, "internal".into(), INTERNAL.into())
    }

    /// A handler took longer than it may; the caller logs it.
    pub(crate) fn timed_out() -> Self {
        Self::of(Kind::Application, "timeout".into(), "The server took too long".into())
    }

    /// The event is larger than its handler takes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let text = "The event is too large";
        Self::of(Kind::Limited, "payload_too_large".into(), text.into()).with_field("limit", limit)
    }

    /// The event comes too soon after others.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self::of(Kind::Limited, "rate_limited".into(), "Too many events".into())
            .with_field("retry_after_ms", millis)
    }

    /// The server is going away and starts no handler any more.
    pub(crate) fn shutting_down() -> Self {
        Self::of(Kind::Application, "shutting_down".into(), "The server is shutting down".into())
    }

    /// All that `Debug` prints, in one line.
    pub(crate) fn line(&self) -> String {
        format!("{self:?}").replace("\n  ", "; ")
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the payload of an acknowledgement.
    pub(crate) fn answer(&self) -> impl Serialize + '_ {
        Answer(&self.0)
    }
}

#[cold]
fn warn_of_reserved(field: &str, location: &Location<'_>) {
    let about = About { other: hash_of(location), ..About::default() };
    limited!(
        WARN, LogLimiter::of_process(), about, target: "sio::consumer", { field, %location, },
        "left out of an error: the names `status`, `code` and `message` are reserved"
    );
}

struct Answer<'a>(&'a Inner);

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if let Some(body) = &self.0.body {
            return body.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in RESERVED.iter().zip(["error", &*self.0.code, &*self.0.message]) {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in &self.0.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Some(source) if self.0.kind == Kind::Internal => source.fmt(f),
            _ => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.kind != Kind::Internal {
            write!(f, "{}: ", self.0.code)?;
        }
        write!(f, "{self}")?;
        for (name, value) in &self.0.fields {
            write!(f, "\n  {name}: {value}")?;
        }
        const CAUSE: &str = "\n  caused by: ";
        let Some(source) = &self.0.source else { return Ok(()) };
        if self.0.kind != Kind::Internal {
            write!(f, "{CAUSE}{source}")?;
        }
        source.write_causes(f, CAUSE)
    }
}

#[cfg(test)]
mod tests;
