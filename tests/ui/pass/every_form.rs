//! Every form that a hook or handler may have.

#![deny(warnings)]

use std::collections::HashMap;
use std::num::ParseIntError;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sio::error::{IntoConnectError, IntoEventError};
use sio::extract::{Event, FromEvent};
use sio::prelude::*;
use sio::{Error, Value};

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    text: String,
    data: Option<Binary>,
}

/// Serializes, is an error of the standard library *and* has a code of its own.
#[derive(Debug, Serialize)]
struct Muted;

impl std::fmt::Display for Muted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("muted")
    }
}

impl std::error::Error for Muted {}

#[sio::error::event_error]
impl IntoEventError for Muted {
    fn into_event_error(self) -> Error {
        Error::new("muted", "You are muted")
    }
}

type ChatResult<T> = Result<T, Muted>;
type Outcome = Result<Message, Muted>;

/// Not a `Result`, whatever it is called.
#[derive(Serialize)]
struct SearchResult {
    hits: u32,
}

struct Caller<'a>(&'a Socket);

impl<'a> FromEvent<'a> for Caller<'a> {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        Ok(Self(event.socket()))
    }
}

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/chat")]
impl Chat {
    async fn connect(&self, socket: &Socket, handshake: &Handshake, auth: Option<Message>) -> sio::Result<()> {
        let _ = (socket, handshake, auth);
        Ok(())
    }

    async fn event_nothing(&mut self) {}

    async fn event_pattern(&mut self, Message { text, .. }: Message, (x, y): (f64, f64), mut list: Vec<u8>) -> String {
        list.clear();
        format!("{text} {x} {y} {list:?}")
    }

    async fn event_any(&self, value: Value, map: HashMap<String, Value>, rest: Option<Value>) -> (Value, usize) {
        (value, map.len() + usize::from(rest.is_some()))
    }

    async fn event_provided(socket: Socket, handshake: Arc<Handshake>, name: EventName, caller: Caller<'_>) -> bool {
        let _ = (socket, handshake, caller.0);
        name == "provided"
    }

    async fn event_alias() -> ChatResult<u32> {
        Err(Muted)
    }

    async fn event_plain_alias() -> Outcome {
        Err(Muted)
    }

    async fn event_search() -> SearchResult {
        SearchResult { hits: 1 }
    }

    async fn event_question_mark(number: String) -> sio::Result<u32> {
        fn parse(number: &str) -> Result<u32, ParseIntError> {
            number.parse()
        }
        Ok(parse(&number)?)
    }

    async fn event_own_by_question_mark(&self, socket: &Socket) -> sio::Result<u32> {
        socket.join("room").await?;
        Err(Muted)?
    }

    async fn event_standard() -> Result<u32, ParseIntError> {
        "5".parse()
    }

    async fn event_boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("boxed".into())
    }

    async fn event_acked(ack: Ack<Message>) -> Result<(), Muted> {
        drop(ack);
        Err(Muted)
    }

    pub async fn r#event_raw(&mut self) {}

    #[event]
    async fn named_as_the_method() {}

    #[event("r#type")]
    #[allow(clippy::unused_self)]
    /// Documented.
    async fn documented(&self) {}

    #[sio::event("a", timeout = "500ms")]
    #[cfg(any())]
    async fn never_compiled(&mut self, nonsense: DoesNotExist) {}

    #[deprecated]
    async fn event_old(&mut self) {}

    fn helper(&self) -> u32 {
        Self::LIMIT
    }

    const LIMIT: u32 = 5;

    async fn disconnect(&self, reason: DisconnectReason, socket: &Socket) -> sio::Result {
        let _ = (reason, socket, self.helper());
        Ok(())
    }

    async fn error(&self, name: EventName, error: Error) {
        let _ = (name, error);
    }
}

mod sets {
    use super::*;

    /// Takes and returns all that a handler can.
    #[derive(Default)]
    pub(super) struct Set {
        handled: u32,
    }

    #[handlers]
    impl Set {
        async fn event_set(&mut self, socket: &Socket, message: Message, ack: Option<Ack<u32>>) -> Result<(), Muted> {
            let _ = (socket, message);
            self.handled += 1;
            ack.map(|ack| ack.send(self.handled));
            Ok(())
        }

        #[event("set b", "set c", timeout = "500ms", rate = "5/s", max_size = "1 KiB")]
        async fn several(&self, name: EventName) -> (String, u32) {
            (name.to_string(), self.helper())
        }

        #[sio::event("set d", concurrent)]
        async fn beside(caller: Caller<'_>) -> Result<u32, ParseIntError> {
            let _ = caller.0;
            "5".parse()
        }

        #[cfg(any())]
        async fn event_never_compiled(&mut self, nonsense: DoesNotExist) {}

        fn helper(&self) -> u32 {
            self.handled
        }
    }

    #[derive(Default)]
    pub(super) struct Empty;

    #[handlers]
    impl Empty {}

    #[derive(Default)]
    pub(super) struct Single;

    #[handlers]
    impl Single {
        async fn event_single() {}
    }

    #[derive(Default)]
    struct Named {
        set: Set,
        r#type: Single,
        empty: Empty,
    }

    #[consumer(namespace = "/sets/named", handlers = [set, r#type, empty])]
    impl Named {
        async fn event_own(&mut self) {}

        #[event(fallback)]
        async fn other() {}
    }

    /// A set is a field, and may be a consumer as well.
    #[derive(Default)]
    struct Numbered(Single, Set);

    #[consumer(namespace = "/sets/numbered", handlers = [0, 1])]
    impl Numbered {}

    #[consumer(namespace = "/sets/itself")]
    impl Set {
        #[event("own")]
        async fn own(&mut self) {}
    }
}

mod connect {
    use super::*;

    macro_rules! accepting {
        ($($name:ident: ($($this:tt)*) -> $output:ty = $value:expr;)*) => {$(
            #[derive(Default)]
            struct $name;

            #[consumer(namespace = "/connect")]
            impl $name {
                async fn connect($($this)*) -> $output {
                    $value
                }
            }
        )*};
    }

    struct Refusal;

    impl IntoConnectError for Refusal {
        fn into_connect_error(self) -> ConnectError {
            ConnectError::new("no")
        }
    }

    accepting! {
        Unit: (&mut self) -> () = ();
        Bool: (&mut self) -> bool = true;
        ResultUnit: (&self) -> sio::Result = Ok(());
        ResultBool: (&self) -> Result<bool, ConnectError> = Ok(true);
        Own: (&self) -> Result<bool, Refusal> = Err(Refusal);
        Event: (&self) -> Result<bool, Muted> = Err(Muted);
        Built: () -> Self = Self;
        BuiltByName: () -> BuiltByName = BuiltByName;
        BuiltResult: () -> Result<Self, Refusal> = Ok(Self);
        BuiltSio: () -> sio::Result<Self> = Ok(Self);
        AcceptedUnit: () -> () = ();
        AcceptedBool: () -> bool = true;
        AcceptedResult: () -> Result<bool, Refusal> = Ok(true);
    }
}

#[derive(Default)]
struct Nothing;

#[consumer]
impl Nothing {}

fn main() {}
