//! [`ConnectError`]: why a client may not enter a namespace.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;

use crate::log_limiter::{About, LogLimiter, limited};
use crate::via;

use super::{BoxError, Error, INTERNAL, IntoEventError, Kind, Source};

/// Why `connect` refuses a client: the message of its `connect_error` event, and data for its program.
///
/// Like [`Error`] it is made by `?` from any [`std::error::Error`], and then tells the client nothing but
/// `Internal server error`.
///
/// # Examples
///
/// ```
/// use sio::error::ConnectError;
///
/// let error = ConnectError::new("Banned").with_data(["spam", "abuse"]);
/// assert_eq!(error.message(), "Banned");
/// assert_eq!(error.data(), Some(r#"["spam","abuse"]"#));
/// ```
pub struct ConnectError {
    message: Cow<'static, str>,
    data: Option<String>,
    source: Option<Source>,
    /// Something failed; nobody chose to refuse the client.
    is_failure: bool,
}

impl ConnectError {
    /// Makes a refusal with a message for the client, without data.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), data: None, source: None, is_failure: false }
    }

    /// Adds data for the client's program. A value that serde cannot turn into JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        match serde_json::to_string(&data) {
            Ok(data) => {
                self.data = Some(data);
                self.is_failure = false;
            }
            Err(error) => limited!(
                WARN, LogLimiter::of_process(), About::default(), target: "sio::consumer", { %error, },
                "left out of a connect error"
            ),
        }
        self
    }

    /// Returns the message for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the data for the client, as JSON text.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// Returns the cause, which is logged but not sent to the client.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_ref().map(Source::get)
    }

    /// The same, for the log.
    pub(crate) fn cause(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Returns whether it tells the client only that something failed.
    pub(crate) fn is_failure(&self) -> bool {
        self.is_failure
    }

    /// The answer to a client whose `connect` returned `false`.
    pub(crate) fn not_authorized() -> Self {
        Self::new("Not authorized")
    }

    /// The answer to a client whose `connect` panicked. The panic is the caller's to log.
    pub(crate) fn panicked() -> Self {
        Self::new(INTERNAL)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => source.fmt(f),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectError")
            .field("message", &self.message)
            .field("data", &self.data)
            .field("source", &self.source)
            .finish()
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        let inner = *error.0;
        let (message, source) = (inner.message, inner.source);
        if inner.kind == Kind::Internal {
            return Self { message, data: None, source, is_failure: true };
        }
        if inner.kind == Kind::Refusal {
            return Self { message, data: inner.refusal, source, is_failure: false };
        }
        let data = inner.body.unwrap_or_else(|| {
            let code = serde_json::Value::String(inner.code.into_owned());
            let fields = inner.fields.into_iter().map(|(name, value)| (name.into_owned(), value));
            std::iter::once(("code".to_owned(), code)).chain(fields).collect::<serde_json::Map<_, _>>().into()
        });
        Self { message, data: Some(data.to_string()), source, is_failure: false }
    }
}

/// So that `?` on a refusal works in whatever returns [`Error`].
///
/// Out of `connect` the client gets the refusal as it was. As an acknowledgement it is an error with the code
/// `refused`, the message, and the data as the field `data`. A refusal that was made by `?` is `internal` here too.
///
/// ```
/// use sio::error::ConnectError;
/// use sio::prelude::*;
///
/// fn may_enter(name: &str) -> Result<(), ConnectError> {
///     if name == "mallory" { Err(ConnectError::new("Banned")) } else { Ok(()) }
/// }
///
/// fn greet(name: &str) -> sio::Result<String> {
///     may_enter(name)?;
///     Ok(format!("Hello {name}"))
/// }
///
/// assert_eq!(greet("mallory").unwrap_err().message(), "Banned");
/// ```
impl From<ConnectError> for Error {
    fn from(refusal: ConnectError) -> Self {
        let (message, data, source) = match refusal {
            // It came through `?`.
            ConnectError { is_failure: true, data: None, source: Some(source), .. } => {
                let mut error = Self::panicked();
                (error.0.kind, error.0.source) = (Kind::Internal, Some(source));
                return error;
            }
            ConnectError { message, data, source, .. } => (message, data, source),
        };
        let mut error = Self::of(Kind::Refusal, "refused".into(), message);
        error.0.source = source;
        if let Some(json) = data.as_deref().and_then(|data| serde_json::from_str(data).ok()) {
            error.0.fields.push(("data".into(), json));
        }
        error.0.refusal = data;
        error
    }
}

#[diagnostic::do_not_recommend]
impl<E: IntoEventError> From<E> for ConnectError {
    fn from(error: E) -> Self {
        Error::from(error).into()
    }
}

/// An error type with which `connect` can refuse a client. Whatever is [`IntoEventError`] is this too: the message is
/// the error's, the data its code and fields.
#[diagnostic::on_unimplemented(
    message = "`connect` cannot fail with `{Self}`",
    label = "the client cannot be told about this error",
    note = "refuse with `sio::error::ConnectError::new(\"message\")`, which the client may read",
    note = "or return `Result<_, sio::Error>`: `?` takes every `std::error::Error`, and `.map_err(sio::Error::internal)?` also \
            a text; the client learns that something went wrong, the log what",
    note = "or implement `sio::error::IntoEventError` (or `sio::error::IntoConnectError`) for `{Self}` to choose what the client sees"
)]
pub trait IntoConnectError {
    /// Returns the error that the client gets.
    fn into_connect_error(self) -> ConnectError;
}

impl IntoConnectError for Error {
    fn into_connect_error(self) -> ConnectError {
        self.into()
    }
}

impl IntoConnectError for ConnectError {
    fn into_connect_error(self) -> ConnectError {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E: IntoEventError> IntoConnectError for E {
    fn into_connect_error(self) -> ConnectError {
        self.into_event_error().into()
    }
}

/// All that `connect` can fail with: [`IntoConnectError`], or a boxed error.
#[diagnostic::on_unimplemented(
    message = "`connect` cannot fail with `{Self}`",
    label = "the client cannot be told about this error"
)]
pub trait ConnectFailure<Via> {
    /// The refusal.
    fn into_refusal(self) -> ConnectError;
}

impl<E: IntoConnectError> ConnectFailure<via::Value> for E {
    fn into_refusal(self) -> ConnectError {
        self.into_connect_error()
    }
}

#[diagnostic::do_not_recommend]
impl ConnectFailure<via::Payload> for BoxError {
    fn into_refusal(self) -> ConnectError {
        Error::internal(self).into()
    }
}
