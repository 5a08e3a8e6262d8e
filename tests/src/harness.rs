//! A server for each test, in the test's own process.

use std::{net::SocketAddr, ops::Deref};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sio::{
    Builder, Namespace, Server, Socket,
    engine::Engine,
    http::{Config, EngineService},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    endpoint::Endpoint,
    http::small_socket,
    journal::{Gate, Journal},
};

/// A server on a port of its own, gone when the test ends.
///
/// Nothing is collected: a test names the consumers that it is about.
#[derive(Debug)]
pub struct TestServer {
    /// The notes of the application.
    pub journal: Journal,
    /// Where the application waits.
    pub gate: Gate,
    endpoint: Endpoint,
    server: Option<Server>,
    task: JoinHandle<sio::Result<()>>,
}

impl TestServer {
    /// Builds and starts a server, whose consumers can have a [`Journal`] and a [`Gate`] as their state.
    ///
    /// # Panics
    ///
    /// When the server cannot be built as configured.
    pub async fn start(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let (journal, gate) = (Journal::default(), Gate::default());
        let builder = Server::builder().collect(false).state(journal.clone()).state(gate.clone());
        let server = configure(builder).build().expect("the server can be built");
        let serving = server.clone();
        let serve = |listener| async move { serving.serve_with(listener).await };
        let mut this = Self::serve_with(serve).await;
        (this.journal, this.gate, this.server) = (journal, gate, Some(server));
        this
    }

    /// Starts a server that listens by means of its own.
    pub async fn serve_with<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = sio::Result<()>> + Send + 'static,
    {
        let socket = small_socket().expect("the system has a socket left");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        let listener = socket.listen(1024).expect("a bound socket can listen");
        let address = listener.local_addr().expect("a bound listener has an address");
        Self {
            journal: Journal::default(),
            gate: Gate::default(),
            endpoint: Endpoint::new(address),
            server: None,
            task: tokio::spawn(serve(listener)),
        }
    }

    /// Starts an engine without Socket.IO on top.
    pub async fn engine(engine: Engine) -> Self {
        Self::engine_service(EngineService::new(engine, Config::default())).await
    }

    /// As [`engine`](Self::engine), with settings for its requests.
    pub async fn engine_service(service: EngineService) -> Self {
        let serve = |listener: TcpListener| async move {
            loop {
                let (stream, peer) = listener.accept().await?;
                let service = service.for_connection(peer, false);
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection.with_upgrades());
            }
        };
        Self::serve_with(serve).await
    }

    /// The server's handle.
    ///
    /// # Panics
    ///
    /// When it was started by [`serve_with`](Self::serve_with), which knows none.
    pub fn handle(&self) -> &Server {
        self.server.as_ref().expect("only a server that was built here has a handle")
    }

    /// The server's own handle of a client's socket.
    ///
    /// # Panics
    ///
    /// When the namespace has no such socket.
    pub fn socket_of(&self, namespace: &str, sid: &str) -> Socket {
        let mut sockets = self.of(namespace).sockets().into_iter();
        sockets.find(|socket| socket.id().as_str() == sid).expect("the client has joined and not left")
    }

    /// A namespace of the server.
    pub fn of(&self, namespace: &str) -> Namespace {
        self.handle().of(namespace)
    }
}

impl Deref for TestServer {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
