//! What the official JavaScript client's own suite expects of its server.
//!
//! That suite knows servers that answer an ack only when the application says so. Here every question is answered
//! unless a handler holds the answer back, so the handlers of events that the suite leaves unanswered do that.
//!
//! No profile yet: the suite wants connection state recovery.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::{BuildError, prelude::*};

use crate::app::All;

/// Any date will do.
const DATE: &str = "2026-08-01T12:00:00.000Z";

/// Leaves a question without an answer for good.
fn hold_back(ack: Option<Ack<()>>) {
    if let Some(ack) = ack {
        ack.forget();
    }
}

/// What a client said when it came.
#[derive(Debug, Serialize)]
struct Introduction {
    query: Vec<(String, String)>,
    auth: Value,
}

/// `{hello: "lol", message: bytes, goodbye: "gotcha"}`.
#[derive(Debug, Deserialize)]
struct Mixed {
    hello: String,
    message: Binary,
    goodbye: String,
}

impl Mixed {
    fn is_right(&self) -> bool {
        self.hello == "lol" && !self.message.is_empty() && self.goodbye == "gotcha"
    }
}

/// `/`, with nearly everything.
#[derive(Debug, Default)]
pub struct Root {
    /// How many of `abuff1`, `abuff2` came, in this order.
    buffers: u8,
    /// How many of `blob1`, `blob2`, `blob3` came, in this order.
    blobs: u8,
}

#[consumer]
impl Root {
    async fn event_hi(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("hi", &()).await?)
    }

    async fn event_echo(&mut self, arguments: All) -> All {
        arguments
    }

    #[event("false")]
    async fn emits_false(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("false", &false).await?)
    }

    #[event("getId")]
    async fn id(&mut self, socket: &Socket) -> String {
        socket.id().to_string()
    }

    #[event("getHandshake")]
    async fn handshake(&mut self, socket: &Socket) -> Introduction {
        introduction(socket)
    }

    #[event("getDate")]
    async fn date(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("takeDate", DATE).await?)
    }

    #[event("getDateObj")]
    async fn date_in_an_object(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("takeDateObj", &serde_json::json!({"date": DATE})).await?)
    }

    #[event("getAckDate")]
    async fn date_as_answer(&mut self) -> &'static str {
        DATE
    }

    #[event("getUtf8")]
    async fn utf8(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        for text in ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]
        {
            socket.emit("takeUtf8", text).await?;
        }
        Ok(())
    }

    async fn event_doge(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("doge", &Binary::from(&b"asdfasdf"[..])).await?)
    }

    async fn event_getbin(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("takebin", &Binary::from(&b"asdfasdf"[..])).await?)
    }

    async fn event_buffa(
        &mut self,
        socket: &Socket,
        _bytes: Binary,
        ack: Option<Ack<()>>,
    ) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("buffack", &()).await?)
    }

    async fn event_jsonbuff(
        &mut self,
        socket: &Socket,
        mixed: Mixed,
        ack: Option<Ack<()>>,
    ) -> sio::Result<()> {
        hold_back(ack);
        if mixed.is_right() {
            socket.emit("jsonbuff-ack", &()).await?;
        }
        Ok(())
    }

    async fn event_abuff1(&mut self, _bytes: Binary, ack: Option<Ack<()>>) {
        hold_back(ack);
        self.buffers = 1;
    }

    async fn event_abuff2(&mut self, socket: &Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        if std::mem::take(&mut self.buffers) == 1 {
            socket.emit("abuff2-ack", &()).await?;
        }
        Ok(())
    }

    async fn event_blob(&mut self, socket: &Socket, _bytes: Binary, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        Ok(socket.emit("back", &()).await?)
    }

    async fn event_jsonblob(
        &mut self,
        socket: &Socket,
        mixed: Mixed,
        ack: Option<Ack<()>>,
    ) -> sio::Result<()> {
        hold_back(ack);
        if mixed.is_right() {
            socket.emit("jsonblob-ack", &()).await?;
        }
        Ok(())
    }

    async fn event_blob1(&mut self, _bytes: Binary, ack: Option<Ack<()>>) {
        hold_back(ack);
        self.blobs = 1;
    }

    async fn event_blob2(&mut self, second: String, ack: Option<Ack<()>>) {
        hold_back(ack);
        self.blobs = if self.blobs == 1 && second == "second" { 2 } else { 0 };
    }

    async fn event_blob3(
        &mut self,
        socket: &Socket,
        _bytes: Binary,
        ack: Option<Ack<()>>,
    ) -> sio::Result<()> {
        hold_back(ack);
        if std::mem::take(&mut self.blobs) == 2 {
            socket.emit("blob3-ack", &()).await?;
        }
        Ok(())
    }

    /// Asks back instead of answering.
    #[event("ack", concurrent)]
    async fn asks_back(socket: Socket, ack: Option<Ack<()>>) -> sio::Result<()> {
        hold_back(ack);
        let (number, object) = socket.emit_with_ack::<(u32, Test)>("ack", &()).await?;
        if number == 5 && object.test {
            socket.emit("got it", &()).await?;
        }
        Ok(())
    }

    #[event(fallback)]
    async fn unknown(&mut self, ack: Option<Ack<()>>) {
        hold_back(ack);
    }
}

#[derive(Debug, Deserialize)]
struct Test {
    test: bool,
}

fn introduction(socket: &Socket) -> Introduction {
    let handshake = socket.handshake();
    let query = handshake.query_params().collect();
    Introduction { query, auth: Value::Null }
}

/// `/foo`, which tells ids.
#[derive(Debug, Default)]
pub struct Foo;

#[consumer(namespace = "/foo")]
impl Foo {
    #[event("getId")]
    async fn id(&mut self, socket: &Socket) -> String {
        socket.id().to_string()
    }
}

/// `/abc`, which tells the client what it said.
#[derive(Debug, Default)]
pub struct Abc;

#[consumer(namespace = "/abc")]
impl Abc {
    async fn connect(&mut self, socket: &Socket, auth: Option<Value>) -> sio::Result<()> {
        let introduction = Introduction { auth: auth.unwrap_or(Value::Null), ..introduction(socket) };
        Ok(socket.emit("handshake", &introduction).await?)
    }
}

/// `/no`, where nobody gets in.
#[derive(Debug, Default)]
pub struct No;

#[consumer(namespace = "/no")]
impl No {
    async fn connect(&mut self) -> Result<(), ConnectError> {
        Err(ConnectError::new("Auth failed (custom namespace)"))
    }
}

/// Namespaces that accept and do nothing else.
macro_rules! silent {
    ($($name:ident $namespace:literal),+) => {
        $(
            #[doc = concat!("`", $namespace, "`, where nothing is answered.")]
            #[derive(Debug, Default)]
            pub struct $name;

            #[consumer(namespace = $namespace)]
            impl $name {
                #[event(fallback)]
                async fn unknown(&mut self, ack: Option<Ack<()>>) {
                    hold_back(ack);
                }
            }
        )+
    };
}

silent!(TimeoutSocket "/timeout_socket", Valid "/valid", Asd "/asd");

/// The server of the suite.
///
/// # Errors
///
/// When a consumer needs what is not there.
pub fn server(origins: &[String]) -> Result<Server, BuildError> {
    Server::builder()
        .collected(false)
        .ping_interval(Duration::from_secs(2))
        .allowed_origins(origins.to_vec())
        .consumer::<Root>()
        .consumer::<Foo>()
        .consumer::<Abc>()
        .consumer::<No>()
        .consumer::<TimeoutSocket>()
        .consumer::<Valid>()
        .consumer::<Asd>()
        .build()
}
