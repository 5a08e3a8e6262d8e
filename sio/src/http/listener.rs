//! The source of the server's connections.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// Accepts the connections that a server [serves](crate::Server::serve_with): of TCP, of a Unix socket, or of any
/// other kind of byte stream.
///
/// # Examples
///
/// Behind a proxy on the same machine, on a Unix socket:
///
/// ```no_run
/// # #[cfg(unix)]
/// # async fn example() -> sio::Result {
/// use sio::options::Forwarded;
/// use sio::prelude::*;
///
/// let server = Server::builder().forwarded(Forwarded::x_forwarded_for()).build()?;
/// server.serve_with(tokio::net::UnixListener::bind("/run/chat/chat.sock")?).await
/// # }
/// ```
///
/// A listener that says how many connections it has accepted:
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
///
/// use sio::http::Listener;
/// use tokio::net::{TcpListener, TcpStream};
///
/// struct Counting(TcpListener, usize);
///
/// impl Listener for Counting {
///     type Stream = TcpStream;
///
///     async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
///         let accepted = Listener::accept(&mut self.0).await?;
///         self.1 += 1;
///         println!("connection {}", self.1);
///         Ok(accepted)
///     }
///
///     fn address(&self) -> io::Result<String> {
///         self.0.address()
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection. The address is that of its peer, `None` where there are no such addresses.
    ///
    /// An error does not end the server: it is logged, and after a short pause this is called again. The future may be
    /// dropped before it is ready, which must lose no connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Option<SocketAddr>)>> + Send;

    /// Returns the address at which it listens, for the log.
    ///
    /// # Errors
    ///
    /// If the address is not known. The server does not start then.
    fn address(&self) -> io::Result<String>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = Self::accept(self).await?;
        // Small packets go out when they are written: with Nagle's algorithm an event would wait for the
        // acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(target: "sio::server", %peer, %error, "cannot set TCP_NODELAY");
        }
        Ok((stream, Some(peer)))
    }

    fn address(&self) -> io::Result<String> {
        Ok(self.local_addr()?.to_string())
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn accept(&mut self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((stream, None))
    }

    fn address(&self) -> io::Result<String> {
        let address = self.local_addr()?;
        Ok(address
            .as_pathname()
            .map_or_else(|| "a Unix socket".to_owned(), |path| path.display().to_string()))
    }
}
