//! The answers that a client gets: that it may not come in, that its event failed, or an event.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sio_core::args::Args;
use sio_core::socket::encode;
use sio_core::socket::packet::Event;

use super::client::TestClient;
use super::transcript;
use crate::Value;

/// Why a client was not let into a namespace: its `connect_error`.
///
/// # Examples
///
/// ```standalone_crate
/// use serde_json::json;
/// use sio::prelude::*;
/// use sio::testing::TestServer;
///
/// #[derive(Default)]
/// struct Club;
///
/// #[consumer(namespace = "/club")]
/// impl Club {
///     async fn connect(&mut self) -> Result<(), ConnectError> {
///         Err(ConnectError::new("Members only").with_data(json!({ "code": "no_member" })))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let server = TestServer::with_consumer::<Club>();
/// let refused = server.connect("/club").await.unwrap_err();
/// assert_eq!(refused.message, "Members only");
/// assert_eq!(refused.data["code"].as_str(), Some("no_member"));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// The message for the client.
    pub message: String,
    /// The data for its program, `null` when there is none.
    #[serde(default)]
    pub data: Value,
    /// The status of the HTTP answer, when the client was refused before it could ask for a namespace: its
    /// origin is foreign, its transport not allowed, the server full or closed.
    #[serde(skip)]
    pub status: Option<u16>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the server refused the client: {} (HTTP {status})", self.message),
            None => write!(f, "the server refused the client: {}", self.message),
        }
    }
}

impl std::error::Error for Refused {}

/// A handler's failure, as the client learns it in the acknowledgement:
/// `{"status":"error","code":…,"message":…}` and the fields that the error adds.
///
/// An application that answers errors in a shape of its own gets them as ordinary answers instead.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorAck {
    body: Value,
}

impl ErrorAck {
    /// The error in an answer, if it is one.
    pub(super) fn of(answer: &Args) -> Option<Self> {
        let body = answer.clone().take::<Value>().ok()?;
        let is_text = |name: &str| body.get(name).and_then(Value::as_str).is_some();
        let is_error = body["status"].as_str() == Some("error") && is_text("code") && is_text("message");
        is_error.then_some(Self { body })
    }

    /// Returns the error's code, for programs: `invalid_payload`, `unknown_event`, or one that the application chose.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Returns the error's message, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// Returns another field of the error, `null` if there is none of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

impl fmt::Display for ErrorAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler failed: {} ({})", self.message(), self.code())
    }
}

impl std::error::Error for ErrorAck {}

/// An event that a client has received, with all that belongs to it: from [`TestClient::next_event`].
pub struct Received {
    client: TestClient,
    event: Event,
}

impl Received {
    pub(super) fn new(client: &TestClient, event: Event) -> Self {
        Self { client: client.clone(), event }
    }

    /// Returns the event's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.event.name
    }

    /// Returns the event's arguments: a tuple takes all of them, everything else the first.
    ///
    /// # Panics
    ///
    /// When they are not a `T`.
    #[must_use]
    #[track_caller]
    pub fn payload<T: DeserializeOwned>(&self) -> T {
        match self.event.args.clone().take_answer() {
            Ok(payload) => payload,
            Err(error) => panic!("{self} is no {}: {error}", std::any::type_name::<T>()),
        }
    }

    /// Returns whether the server waits for an answer.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        self.event.id.is_some()
    }

    /// Answers the server. A tuple is several arguments, everything else is one. See also
    /// [`TestClient::answer`], which answers all events of a name.
    ///
    /// # Panics
    ///
    /// When the server has not asked for an answer, or the answer cannot be serialized or sent.
    #[track_caller]
    pub fn answer(&self, answer: &(impl serde::Serialize + ?Sized)) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        let Some(id) = self.event.id else { panic!("the server wants no answer to {self}") };
        let frames = match encode::ack(self.client.namespace(), id, answer) {
            Ok(frames) => frames,
            Err(error) => panic!("the answer to {self} cannot be sent: {error}"),
        };
        async move { self.client.send(frames, at).await }
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.event)
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("event", &self.event).finish_non_exhaustive()
    }
}

/// An event as it stands in the message of a failure.
pub(super) fn show(f: &mut impl fmt::Write, event: &Event) -> fmt::Result {
    f.write_str(event.args.raw())?;
    transcript::attachments(f, event.args.attachments().iter().map(|attachment| attachment.len()))
}
