//! The two servers that the official suites of Engine.IO and Socket.IO are run against, on one port.

use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use sio::Value;
use sio::engine::{CloseReason, Config, Engine, Handler, Message, Sender};
use sio::error::BuildError;
use sio::http::EngineService;
use sio::prelude::*;
use tokio::net::TcpListener;

use super::listening;
use crate::app::All;

const MAX_PAYLOAD: usize = 1_000_000;

/// The time that a client has for reading CONNECT before the next packet comes. The suite begins to listen for a message
/// when it has seen the one before: it misses the second of two that arrive together.
const READ: Duration = Duration::from_millis(50);

/// How often clients are asked whether they live, and how long they have for the answer.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    /// From the open packet or a pong to the next ping.
    pub interval: Duration,
    /// From a ping to its pong.
    pub timeout: Duration,
}

impl Heartbeat {
    /// The behaviour that the suites expect.
    pub const OF_THE_SUITES: Self =
        Self { interval: Duration::from_millis(300), timeout: Duration::from_millis(200) };
}

/// Says who came, and gives everything back.
macro_rules! mirror {
    ($($name:ident $namespace:literal),+) => {
        $(
            #[doc = concat!("`", $namespace, "`, where everything comes back.")]
            #[derive(Debug, Default)]
            pub struct $name;

            #[consumer(namespace = $namespace)]
            impl $name {
                async fn connect(&mut self, socket: Socket, auth: Value) {
                    tokio::spawn(async move {
                        tokio::time::sleep(READ).await;
                        // A client that has left misses nothing.
                        let _ = socket.emit("auth", &auth).await;
                    });
                }

                async fn event_message(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
                    Ok(socket.emit("message-back", &arguments).await?)
                }

                #[event("message-with-ack")]
                async fn message_with_ack(&mut self, arguments: All) -> All {
                    arguments
                }
            }
        )+
    };
}

mirror!(Main "/", Custom "/custom");

/// The Socket.IO part.
fn server(heartbeat: Heartbeat) -> Result<Server, BuildError> {
    Server::builder()
        .collect(false)
        .ping_interval(heartbeat.interval)
        .ping_timeout(heartbeat.timeout)
        .max_payload(MAX_PAYLOAD)
        .connect_timeout(Duration::from_secs(1))
        .consumer::<Main>()
        .consumer::<Custom>()
        .build()
}

/// Sends every message of a session back.
#[derive(Debug)]
struct Echo(Sender);

impl Handler for Echo {
    fn on_message(&mut self, message: Message) -> Result<(), CloseReason> {
        self.0.try_send(&message).map_err(|_| CloseReason::SlowClient)
    }
}

/// The Engine.IO part.
fn engine(heartbeat: Heartbeat) -> Engine {
    let mut config = Config::default();
    config.ping_interval = heartbeat.interval;
    config.ping_timeout = heartbeat.timeout;
    config.max_payload = MAX_PAYLOAD;
    Engine::new(config, |sender, _| Box::new(Echo(sender)))
}

/// Serves both parts, told apart by their path, until the process is told to end.
///
/// # Errors
///
/// When the server cannot be built or the listener fails.
pub async fn serve(listener: TcpListener, heartbeat: Heartbeat) -> sio::Result<()> {
    let (server, engine) = (server(heartbeat)?, engine(heartbeat));
    let mut requests = sio::http::Config::default();
    requests.path = "/engine.io".to_owned();
    let service = EngineService::new(engine.clone(), requests);
    let route = |peer| {
        let socket_io = server.service().for_connection(peer, false);
        let engine_io = service.for_connection(peer, false);
        service_fn(move |request: Request<Incoming>| {
            if engine_io.is_ours(request.uri().path()) {
                Service::call(&engine_io, request)
            } else {
                socket_io.call(request)
            }
        })
    };
    listening::serve(listener, route).await?;
    tokio::join!(server.close(), engine.close(Duration::ZERO));
    Ok(())
}
