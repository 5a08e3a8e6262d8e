//! The listening server: accepts connections, gives each to hyper, and stops when told to.

#[cfg(feature = "cluster")]
mod beside;
mod connection;
mod proxy_protocol;
#[cfg(feature = "tls")]
mod tls;
mod watched;
#[cfg(feature = "webtransport")]
mod webtransport;

use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::Server;
use crate::http::{Listener, StopSignals, TERMINATE};
use crate::log_limiter::{About, LogLimiter, hash_of, limited};
#[cfg(unix)]
use crate::server::supervisor::Supervisor;
use crate::shutdown::Phase;

#[cfg(feature = "cluster")]
pub(super) use self::beside::Beside;
use self::connection::Connection;
pub(crate) use self::proxy_protocol::Proxies;
#[cfg(feature = "tls")]
use self::tls::Tls;

/// How long to wait before accepting again when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long after another a connection may be accepted that is there when the server stops.
const LAST_CONNECTION: Duration = Duration::from_millis(10);

/// How long connections are given to write their last answers when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The layer between TCP and HTTP.
#[derive(Clone)]
pub(crate) enum Security {
    None,
    #[cfg(feature = "tls")]
    Tls(Tls),
}

/// Options for connections of the server's own listener.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) response_timeout: Duration,
    /// Those that speak the PROXY protocol.
    pub(crate) proxies: Option<Arc<Proxies>>,
}

impl Default for Serving {
    fn default() -> Self {
        let (keep_alive_timeout, response_timeout) = (Duration::from_secs(75), Duration::from_secs(30));
        Self { keep_alive_timeout, response_timeout, proxies: None }
    }
}

/// Serves until the server is closed or, unless [`Builder::handle_signals`](crate::Builder::handle_signals) says
/// otherwise, until SIGINT or SIGTERM.
///
/// `announced` is called when a signal would be noticed and connections are accepted.
pub(crate) async fn run(
    server: &Server,
    listener: impl Listener,
    security: Security,
    announced: impl FnOnce(),
) {
    let stop = begin(server, announced);
    // In a task of its own: what a worker thread accepts it begins to serve by itself. The caller may be on a thread that is
    // none, as that of `main` is, and would have to wake one for each connection.
    let mut accepting = Accepting(tokio::spawn(Box::pin(accept(server.clone(), listener, security, stop))));
    if let Err(error) = (&mut accepting.0).await
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

/// The task that accepts connections. It ends when this is dropped.
struct Accepting(JoinHandle<()>);

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Accepts connections until the server is stopped, and then ends them.
async fn accept(server: Server, mut listener: impl Listener, security: Security, mut stop: StopSignals) {
    // Told to end; and each connection holds a receiver for as long as it lives.
    let (end, ending) = watch::channel(false);
    // Connections are accepted until the last session has gone: a client that polls may open one for each of its
    // requests, and learns of the end by the next of them. New sessions are refused.
    tokio::select! {
        () = accept_all(&server, &mut listener, &security, &ending) => {}
        () = until_stopped(&server, &mut stop) => {}
    }
    // Connections that are there and have not been accepted would be reset, with their requests.
    let rest = async {
        let mut accept = async || accept_one(&server, &mut listener, &security, &ending).await;
        while timeout(LAST_CONNECTION, accept()).await.is_ok() {}
    };
    let _ = timeout(LAST_ANSWERS, rest).await;
    drop((listener, ending));
    let _ = end.send(true);
    let _ = timeout(LAST_ANSWERS, end.closed()).await;
    tracing::info!(target: "sio::server", "stopped");
}

/// Tells that connections are accepted from now on. Signals to stop are not lost from then on.
fn begin(server: &Server, announced: impl FnOnce()) -> StopSignals {
    let stop = if server.inner.options.handle_signals { StopSignals::catch() } else { StopSignals::none() };
    announced();
    #[cfg(unix)]
    if server.inner.options.handle_signals
        && let Some(supervisor) = Supervisor::from_env()
    {
        server.inner.supervisor.get_or_init(|| supervisor).ready();
    }
    stop
}

/// Waits until the server is stopped, by the program or by a signal. A second signal does not wait for that.
async fn until_stopped(server: &Server, stop: &mut StopSignals) {
    let signal = tokio::select! {
        () = server.inner.shutdown.reached(Phase::Closing) => None,
        signal = stop.next() => Some(signal),
    };
    if let Some(signal) = signal {
        tracing::info!(target: "sio::server", signal, "stopping");
    }
    let stopped = async {
        // After Ctrl-C there is usually no other server to which clients could be led.
        if signal == Some(TERMINATE) { server.drain().await } else { server.close().await }
    };
    tokio::select! {
        () = stopped => {}
        signal = stop.next() => tracing::warn!(target: "sio::server", signal, "stopping without waiting"),
    }
}

/// Serves every connection that comes in, and never ends by itself.
async fn accept_all(
    server: &Server,
    listener: &mut impl Listener,
    security: &Security,
    ending: &watch::Receiver<bool>,
) {
    loop {
        accept_one(server, listener, security, ending).await;
    }
}

/// Waits for a connection, and serves it in a task of its own.
async fn accept_one(
    server: &Server,
    listener: &mut impl Listener,
    security: &Security,
    ending: &watch::Receiver<bool>,
) {
    match listener.accept().await {
        Ok((stream, peer)) => {
            let (server, security, ending) = (server.clone(), security.clone(), ending.clone());
            // In a box: what is spawned is moved several times, also when it has ended.
            tokio::spawn(Box::pin(Connection { server, stream, peer, security, ending }.serve()));
        }
        Err(error) if is_of_the_connection(&error) => {}
        Err(error) => {
            limited!(
                ERROR, LogLimiter::of_process(), About { other: hash_of(&error), ..About::default() },
                target: "sio::server", { %error, },
                "cannot accept a connection"
            );
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// Listens on an address. Errors name it.
pub(crate) async fn listen(address: impl ToSocketAddrs + fmt::Debug) -> io::Result<TcpListener> {
    TcpListener::bind(&address).await.map_err(|error| {
        let text = format!("cannot listen on {address:?}: {error}");
        io::Error::new(error.kind(), text)
    })
}

/// Errors that concern only the connection which was about to be accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
