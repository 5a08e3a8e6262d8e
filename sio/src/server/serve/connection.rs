//! One connection of the server's listener, from its first byte to its end.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

#[cfg(feature = "cluster")]
use super::watched::MAX_HEADERS;
use super::watched::Watched;
use super::{Security, proxy_protocol};
use crate::Server;
use crate::log_limiter::{About, LogLimiter, hash_of, limited};
use crate::peer::Peer;
use crate::places::{ConnectionPlace, Seat};
use crate::transport::timed::{Patience, Timed};

/// How long the head of a request may take: a client that is slower than this holds a connection for nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The size of a request's head, in bytes. Node's servers allow 16 KiB.
const MAX_HEAD: usize = 16 * 1024;

/// Headers that another node may add to those of a request.
#[cfg(feature = "cluster")]
const ROOM_FOR_NODES: usize = 4;

/// The answer on a connection that finds no place.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 22\r\n\r\nToo many connections.\n";

/// How long a client that finds no place is given to read that. Closed at once, a connection with a request that
/// nobody has read takes its answer back.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many are given it at a time.
static FAREWELLS: Semaphore = Semaphore::const_new(64);

/// How long the first request of a connection may take to come when the server stops.
const FIRST_REQUEST: Duration = Duration::from_millis(200);

/// How long a connection that is given up has for what is left of its last answer.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// A connection that has been accepted.
pub(super) struct Connection<S> {
    pub(super) server: Server,
    pub(super) stream: S,
    pub(super) peer: Option<SocketAddr>,
    pub(super) security: Security,
    /// Held for as long as the connection lives; true when it has to end.
    pub(super) ending: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    pub(super) async fn serve(self) {
        let Self { server, mut stream, mut peer, security, mut ending } = self;
        let proxies = server.inner.options.serving.proxies.as_ref();
        if proxies.is_some_and(|proxies| proxies.include(peer)) {
            let told = tokio::select! {
                told = timeout(proxy_protocol::TIMEOUT, proxy_protocol::read(&mut stream)) => told,
                _ = ending.changed() => return,
            };
            match told.unwrap_or_else(|late| Err(late.into())) {
                Ok(client) => peer = client.or(peer),
                Err(error) => {
                    tracing::debug!(target: "sio::server", ?peer, %error, "no client was told by a proxy");
                    return;
                }
            }
        }
        let Ok(place) = place(&server, peer) else {
            if matches!(security, Security::None) {
                refuse(&mut stream).await;
            }
            return;
        };
        match security {
            Security::None => {
                serve_http(&server, stream, Peer::of_connection(peer, false), place, ending).await
            }
            #[cfg(feature = "tls")]
            Security::Tls(tls) => {
                let mut ended = ending.clone();
                let seat = place.as_ref().map(ConnectionPlace::seat);
                let accepted = tokio::select! {
                    accepted = tls.accept(stream) => accepted,
                    _ = ended.changed() => return,
                    () = until_given_up(seat.as_deref()) => return,
                };
                match accepted {
                    Ok(stream) => {
                        serve_http(&server, stream, Peer::of_connection(peer, true), place, ending).await;
                    }
                    Err(error) => {
                        tracing::debug!(target: "sio::server", ?peer, %error, "TLS handshake failed");
                    }
                }
            }
        }
    }
}

/// A place for a connection of this peer; none is needed without limits.
pub(super) fn place(server: &Server, peer: Option<SocketAddr>) -> Result<Option<ConnectionPlace>, ()> {
    let Some(connections) = &server.inner.connections else { return Ok(None) };
    connections.take(Peer::of_connection(peer, false).ip()).map(Some).map_err(|option| {
        limited!(
            WARN, LogLimiter::of_process(), About { other: hash_of(option), ..About::default() },
            target: "sio::server", { option, },
            "refused a connection: all that the option allows are open"
        );
    })
}

/// Tells a client that there is no place for it.
async fn refuse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    // As much as fits at once, which is all of it: there is nobody to wait for.
    let told = async { stream.write_all(FULL).await.and(stream.shutdown().await) }.now_or_never();
    if let (Some(Ok(())), Ok(_farewell)) = (told, FAREWELLS.try_acquire()) {
        let mut request = [0; 1024];
        let read = async { while stream.read(&mut request).await.is_ok_and(|count| count > 0) {} };
        let _ = timeout(FAREWELL, read).await;
    }
}

/// Waits until the place is another's.
pub(super) async fn until_given_up(seat: Option<&Seat>) {
    match seat {
        Some(seat) => seat.until_given_up().await,
        None => std::future::pending().await,
    }
}

async fn serve_http<S>(
    server: &Server,
    stream: S,
    peer: Peer,
    place: Option<ConnectionPlace>,
    mut ending: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = &server.inner.options.serving;
    let patience =
        Patience { idle: serving.keep_alive_timeout, head: HEAD_TIMEOUT, answer: serving.response_timeout };
    let seat = place.as_ref().map(ConnectionPlace::seat);
    let stream = Timed::new(stream, patience, place);
    let progress = stream.progress();
    let service = Watched { service: server.service().of_peer(peer), progress: stream.progress() };
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).max_buf_size(MAX_HEAD);
    #[cfg(feature = "cluster")]
    if server.inner.cluster.is_some() {
        // Another node adds some to what a client has sent. It costs an allocation for each request.
        http.max_headers(MAX_HEADERS + ROOM_FOR_NODES);
    }
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let outcome = match until_interrupted(connection.as_mut(), &mut ending, seat.as_deref()).await {
        Ok(outcome) => outcome,
        Err(Interruption::ServerStops) => {
            // Closed at once, it would be reset when its request comes, and nobody could tell whether that was served.
            let first = async {
                if progress.is_fresh() {
                    timeout(FIRST_REQUEST, connection.as_mut()).await.ok()
                } else {
                    None
                }
            };
            match first.await {
                Some(outcome) => outcome,
                None => {
                    // The answer that is being written is still sent; then the connection is closed.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        Err(Interruption::PlaceIsLost) => {
            connection.as_mut().graceful_shutdown();
            match timeout(LAST_ANSWER, connection.as_mut()).await {
                Ok(outcome) => outcome,
                Err(_) if seat.is_some_and(|seat| seat.is_idle()) => return,
                // A request has come at the last moment.
                Err(_) => connection.await,
            }
        }
    };
    if let Err(error) = outcome {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::debug!(target: "sio::server", peer = ?peer.address(), %error, cause, "connection ended");
    }
}

/// Why a connection has to end before its client ends it.
enum Interruption {
    ServerStops,
    PlaceIsLost,
}

/// Drives a connection until it has ended or is interrupted.
async fn until_interrupted<T>(
    mut connection: Pin<&mut impl Future<Output = T>>,
    ending: &mut watch::Receiver<bool>,
    seat: Option<&Seat>,
) -> Result<T, Interruption> {
    let seen = ending.clone();
    let is_interrupted = || seen.has_changed().unwrap_or(true) || seat.is_some_and(Seat::is_given_up);
    let mut interruption = pin!(async {
        tokio::select! {
            _ = ending.changed() => Interruption::ServerStops,
            () = until_given_up(seat) => Interruption::PlaceIsLost,
        }
    });
    let mut is_awaited = false;
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = connection.as_mut().poll(cx) {
            return Poll::Ready(Ok(outcome));
        }
        // Polled once, it wakes this task, whose waker stays what it is: from then on it is enough to look.
        if is_awaited && !is_interrupted() {
            return Poll::Pending;
        }
        is_awaited = true;
        interruption.as_mut().poll(cx).map(Err)
    })
    .await
}
