//! [`Attempt`]: connecting by the client for RabbitMQ, which can be given up.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, mem};

use lapin::tcp::{AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error};
use tokio::time::timeout;

/// How long the connection itself may take. Nobody waits for it longer.
const DIAL: Duration = Duration::from_secs(2);

/// An attempt to connect.
///
/// The client has a thread for each connection. It goes on when the future that waits for it is dropped: for as long as
/// a broker that accepts and says nothing keeps the connection, and each attempt would add one. An attempt that is
/// dropped before it is [over](Self::over) ends the socket, and so the thread.
#[derive(Debug, Default)]
pub(super) struct Attempt(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Dialling,
    /// The socket, a second time.
    Dialled(TcpStream),
    Over,
}

impl Attempt {
    pub(super) async fn connect(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> Result<Connection, Error> {
        let (stage, runtime) = (Arc::clone(&self.0), lapin::runtime::default_runtime()?);
        let connecting = Connection::connector(
            uri,
            runtime,
            async move |uri, runtime| {
                let (host, port) = (uri.authority.host, uri.authority.port);
                let addresses = runtime.to_socket_addrs((host.clone(), port));
                let dialling = timeout(DIAL, AsyncTcpStream::connect(&runtime, addresses));
                let stream = dialling.await.map_err(io::Error::from)??;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    note(&stage, plain.get_ref())?;
                }
                Ok(match uri.scheme {
                    AMQPScheme::AMQP => stream,
                    AMQPScheme::AMQPS => stream.into_tls(&host, TLSConfig::default()).await?,
                })
            },
            properties,
        );
        connecting.await
    }

    /// Leaves the connection, if there is one, to its new owner.
    pub(super) fn over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Over;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Dialled(socket) = mem::replace(&mut *stage, Stage::Over) {
            // An error means that the connection has ended by itself.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Keeps the socket, unless the attempt has been given up meanwhile.
fn note(stage: &Mutex<Stage>, socket: &tokio::net::TcpStream) -> io::Result<()> {
    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*stage, Stage::Over) {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    #[cfg(unix)]
    let socket = std::os::fd::AsFd::as_fd(socket).try_clone_to_owned()?;
    #[cfg(windows)]
    let socket = std::os::windows::io::AsSocket::as_socket(socket).try_clone_to_owned()?;
    *stage = Stage::Dialled(socket.into());
    Ok(())
}
