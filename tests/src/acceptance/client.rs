//! The server that the official JavaScript client's own suite expects.
//!
//! That suite knows servers that acknowledge only where the application says so. Here every question is answered unless
//! a handler holds the answer back, which those of the unacknowledged events do. One case wants connection state
//! recovery, which the server does not have.

use std::time::Duration;

use hyper::{
    Request,
    body::Incoming,
    service::{Service, service_fn},
};
use serde::{Deserialize, Serialize};
use sio::Value;
use sio::error::BuildError;
use sio::options::Recovery;
use sio::prelude::*;
use tokio::net::TcpListener;

use super::{
    listening,
    main::{Introduction, introduction},
};
use crate::app::All;

/// How long a request that opens a session waits, so that the client's own time-out can be the shorter one.
const OPENING_DELAY: Duration = Duration::from_millis(10);

/// Any date will do.
const DATE: &str = "2026-08-01T12:00:00.000Z";

const BYTES: &[u8] = b"asdfasdf";

/// Leaves a question without an answer for good.
fn hold_back(ack: Option<Ack<()>>) {
    if let Some(ack) = ack {
        ack.forget();
    }
}

/// `/`, with nearly everything.
#[derive(Debug)]
pub struct Root {
    auth: Value,
    /// The events that have to come in an order, as far as they have.
    came: Vec<String>,
}

#[consumer]
impl Root {
    async fn connect(auth: Option<Value>) -> Self {
        Self { auth: auth.unwrap_or(Value::Null), came: Vec::new() }
    }

    async fn event_echo(&mut self, value: Value) -> Value {
        value
    }

    #[event("getId")]
    async fn id(&mut self, socket: &Socket) -> String {
        socket.id().to_string()
    }

    #[event("getHandshake")]
    async fn handshake(&mut self, socket: &Socket) -> Introduction {
        introduction(socket, &self.auth)
    }

    #[event("getAckDate")]
    async fn date(&mut self) -> &'static str {
        DATE
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

    /// Answers by an event, or not at all.
    #[event(fallback)]
    async fn unacknowledged(
        &mut self,
        socket: &Socket,
        name: EventName,
        arguments: All,
        ack: Option<Ack<()>>,
    ) -> sio::Result<()> {
        hold_back(ack);
        match (&*name, &arguments.0[..]) {
            ("hi", _) => socket.emit("hi", &()).await?,
            ("false", _) => socket.emit("false", &false).await?,
            ("getDate", _) => socket.emit("takeDate", DATE).await?,
            ("getDateObj", _) => socket.emit("takeDateObj", &Dated { date: DATE }).await?,
            ("getUtf8", _) => {
                for text in ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]
                {
                    socket.emit("takeUtf8", text).await?;
                }
            }
            ("doge", _) => socket.emit("doge", &Binary::from(BYTES)).await?,
            ("getbin", _) => socket.emit("takebin", &Binary::from(BYTES)).await?,
            ("buffa", [Value::Binary(_)]) => socket.emit("buffack", &()).await?,
            ("blob", [Value::Binary(_)]) => socket.emit("back", &()).await?,
            ("jsonbuff", [mixed]) if is_mixed(mixed) => socket.emit("jsonbuff-ack", &()).await?,
            ("jsonblob", [mixed]) if is_mixed(mixed) => socket.emit("jsonblob-ack", &()).await?,
            ("abuff1" | "blob1", [Value::Binary(_)]) => self.came = vec![name.to_string()],
            ("blob2", [Value::String(text)]) if text == "second" => self.came.push(name.to_string()),
            ("abuff2", _) if self.came == ["abuff1"] => socket.emit("abuff2-ack", &()).await?,
            ("blob3", [Value::Binary(_)]) if self.came == ["blob1", "blob2"] => {
                socket.emit("blob3-ack", &()).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
struct Test {
    test: bool,
}

#[derive(Debug, Serialize)]
struct Dated {
    date: &'static str,
}

/// `{hello: "lol", message: bytes, goodbye: "gotcha"}`.
fn is_mixed(value: &Value) -> bool {
    let text = |key| value.get(key).and_then(Value::as_str);
    text("hello") == Some("lol")
        && matches!(value.get("message"), Some(Value::Binary(_)))
        && text("goodbye") == Some("gotcha")
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
        let auth = auth.unwrap_or(Value::Null);
        Ok(socket.emit("handshake", &introduction(socket, &auth)).await?)
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
            #[doc = concat!("`", $namespace, "`, where nothing happens.")]
            #[derive(Debug, Default)]
            pub struct $name;

            #[consumer(namespace = $namespace)]
            impl $name {}
        )+
    };
}

silent!(TimeoutSocket "/timeout_socket", Valid "/valid", Asd "/asd");

fn server(origins: &[String]) -> Result<Server, BuildError> {
    Server::builder()
        .collect(false)
        .ping_interval(Duration::from_secs(2))
        .allowed_origins(origins.to_vec())
        .connection_state_recovery(Recovery::default())
        .consumer::<Root>()
        .consumer::<Foo>()
        .consumer::<Abc>()
        .consumer::<No>()
        .consumer::<TimeoutSocket>()
        .consumer::<Valid>()
        .consumer::<Asd>()
        .build()
}

/// Serves the suite until the process is told to end.
///
/// # Errors
///
/// When the server cannot be built or the listener fails.
pub async fn serve(listener: TcpListener, origins: &[String]) -> sio::Result<()> {
    let server = server(origins)?;
    let delayed = |peer| {
        let service = server.service().for_connection(peer, false);
        service_fn(move |request: Request<Incoming>| {
            let service = service.clone();
            async move {
                let opens = !request.uri().query().is_some_and(|query| query.contains("sid="));
                if opens {
                    tokio::time::sleep(OPENING_DELAY).await;
                }
                service.call(request).await
            }
        })
    };
    listening::serve(listener, delayed).await?;
    server.close().await;
    Ok(())
}
