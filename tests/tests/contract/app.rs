//! Consumers with everything that a contract can say of one, and names that are in each other's way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::error::{ErrorCodes, IntoEventError};
use sio::extract::{EventName, Extension, Invalid, Path, Validate};
use sio::prelude::*;

/// The proof of who a client is.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Auth {
    #[expect(dead_code, reason = "only described")]
    token: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Message {
    text: String,
    #[serde(default)]
    mentions: Vec<String>,
    picture: Option<Binary>,
}

/// A name that TypeScript has taken.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Promise {
    until: String,
}

/// A name that a namespace of the module has taken.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Client {
    name: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Delivered {
    id: u32,
}

#[derive(Deserialize)]
pub(crate) struct Opaque;

pub(crate) enum ChatError {
    Muted,
}

impl ErrorCodes for ChatError {
    const CODES: &'static [&'static str] = &["muted", "too_long"];
}

impl IntoEventError for ChatError {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("muted", "You are muted")
    }
}

impl Validate for Message {
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct Chat;

/// Where people talk.
#[consumer(namespace = "/chat")]
impl Chat {
    async fn connect(&mut self, _socket: &Socket, auth: Auth) -> bool {
        let _ = auth;
        true
    }

    /// Says something.
    ///
    /// To everybody.
    #[event("chat message", rate = "5/s", max_size = "16 KiB")]
    async fn say(
        &mut self,
        _socket: &Socket,
        Valid(message): Valid<Message>,
    ) -> Result<Delivered, ChatError> {
        if message.text.is_empty() { Err(ChatError::Muted) } else { Ok(Delivered { id: 1 }) }
    }

    async fn event_nothing() {}

    async fn event_several(&self) -> (Delivered, bool, Option<String>) {
        (Delivered { id: 1 }, true, None)
    }

    async fn event_by_ack(name: String, ack: Ack<(u8, u8)>) -> sio::Result<()> {
        let _ = name;
        Ok(ack.send((1, 2))?)
    }

    async fn event_maybe_ack(ack: Option<Ack<Delivered>>) {
        drop(ack);
    }

    async fn event_optional(first: u8, _second: Option<Message>, third: Option<u8>) -> u8 {
        first + third.unwrap_or(0)
    }

    async fn event_rest(room: String, rest: Args) -> usize {
        drop(rest);
        room.len()
    }

    async fn event_opaque(_thing: Opaque, maybe: Option<Opaque>) -> u8 {
        u8::from(maybe.is_some())
    }

    async fn event_bytes(bytes: Binary) -> Binary {
        bytes
    }

    async fn event_value(value: sio::Value) -> sio::Value {
        value
    }

    async fn event_id(&self, socket: &Socket) -> sio::Sid {
        socket.id()
    }

    async fn event_provided(_user: Option<Extension<Opaque>>, _server: Server) -> sio::Result<Promise> {
        Ok(Promise { until: String::new() })
    }

    async fn event_client(
        client: Client,
        new: u64,
    ) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let _ = new;
        Ok(client)
    }

    #[event(fallback)]
    async fn other(_name: EventName) {}
}

/// Handlers of rooms and of `/`.
#[derive(Default)]
pub(crate) struct Presence;

/// This text is in no contract: a namespace has that of its consumer.
#[handlers]
impl Presence {
    /// Says how the client is.
    #[event("status", "last status", max_size = "1 KiB")]
    async fn status(&mut self, status: Status, note: Option<String>) -> Result<Delivered, ChatError> {
        let _ = (status, note);
        Err(ChatError::Muted)
    }

    #[event(concurrent)]
    async fn event_who(ack: Ack<Vec<Client>>) {
        ack.forget();
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Here,
    Away,
}

#[derive(Default)]
pub(crate) struct Room {
    presence: Presence,
}

#[consumer(namespace = "/rooms/{id}", handlers = presence)]
impl Room {
    async fn connect(&mut self, _auth: Option<Auth>, _id: Path<u32>) {}

    #[event(concurrent, timeout = "5s")]
    async fn event_where(id: Path<u32>) -> u32 {
        id.into_inner()
    }
}

#[derive(Default)]
pub(crate) struct Plain(Presence);

#[consumer(handlers = 0)]
impl Plain {
    async fn event_echo(first: String, second: f64) -> (String, f64) {
        (first, second)
    }
}

/// The events of the server.
#[emits(namespace = "/chat")]
pub(crate) trait ChatEvents {
    /// Somebody has written something.
    async fn emit_written(from: &str, message: &Message, times: u8);

    #[event("picture added")]
    async fn emit_picture(name: String, picture: &Binary);

    /// Is the client there?
    async fn emit_are_you_there(seconds: u32) -> Answer;

    async fn emit_pair(pair: (u8, bool), maybe: Option<&str>) -> (u8, String);

    async fn emit_nothing();
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Answer {
    #[expect(dead_code, reason = "only described")]
    #[serde(default)]
    yes: bool,
}
