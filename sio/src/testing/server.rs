//! A server under test.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::client::TestClient;
use super::connect::ClientBuilder;
use super::outcome::Refused;
use crate::Server;
use crate::consumer::Consumer;

/// The port that the first client seems to come from: the first of those that systems give to clients.
const FIRST_PORT: u16 = 49152;

/// A [`Server`] whose clients are in the same process: nothing listens, no port is taken.
///
/// It is the server, too: `server.of("/chat").to("lobby").sockets()` and everything else of [`Server`] works on
/// it. Cheap to clone; all clones are the same server.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::prelude::*;
/// use sio::testing::TestServer;
///
/// #[derive(Default)]
/// struct Echo;
///
/// #[consumer]
/// impl Echo {
///     async fn event_echo(text: String) -> String {
///         text
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::with_consumer::<Echo>();
/// let client = server.connect("/").await?;
/// assert_eq!(client.emit_with_ack::<String>("echo", "hi").await?, "hi");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestServer {
    server: Server,
    clients: Arc<AtomicU16>,
}

impl TestServer {
    /// Takes a server as the application builds it.
    ///
    /// In a test program all its consumers are collected, those of other tests included. Build with
    /// [`collect(false)`](crate::Builder::collect) and name the [`consumer`](crate::Builder::consumer)s
    /// where that is not wanted.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self { server, clients: Arc::default() }
    }

    /// Makes a server with one consumer and default options.
    ///
    /// # Panics
    ///
    /// When such a server cannot be built, because the consumer needs a state for example.
    #[must_use]
    #[track_caller]
    pub fn with_consumer<C: Consumer>() -> Self {
        match Server::builder().collect(false).consumer::<C>().build() {
            Ok(server) => Self::new(server),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the server itself, as the application has it. A `TestServer` can be used as one too.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Begins a client.
    pub fn client(&self) -> ClientBuilder {
        let nth = self.clients.fetch_add(1, Ordering::Relaxed);
        // After as many as there are the ports come again, as they do on a real machine.
        let port = FIRST_PORT + nth % (u16::MAX - FIRST_PORT);
        ClientBuilder::new(self.server.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Connects a client to a namespace, without an auth payload and by WebSocket.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`].
    ///
    /// # Panics
    ///
    /// As [`ClientBuilder::connect`].
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> impl Future<Output = Result<TestClient, Refused>> + Send {
        self.client().namespace(namespace).connect()
    }
}

impl Deref for TestServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl From<Server> for TestServer {
    fn from(server: Server) -> Self {
        Self::new(server)
    }
}
