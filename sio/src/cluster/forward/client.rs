//! Connections to other nodes.
//!
//! Those for polling are kept for the next requests. A request goes out once: only one that was never written, or a GET
//! on a connection that had been idle and that the other node was just closing, is tried on another connection.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sio_cluster::{NodeId, Way};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::guard::drop_hop_by_hop;
use crate::http::Sent;

/// Idle connections that are kept for one node.
const MAX_IDLE: usize = 64;

/// Connections for polling to all nodes.
const MAX_OPEN: usize = 4096;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_millis(500);

/// For how long an idle connection is kept at most.
const IDLE: Duration = Duration::from_secs(30);

/// Keeps connections to other nodes.
#[derive(Debug)]
pub(super) struct Client {
    pool: Mutex<Pool>,
    places: Arc<Semaphore>,
    /// For how long an idle connection is kept: not as long as the other node does.
    idle_for: Duration,
    max_answer: usize,
}

/// The connections that are idle.
#[derive(Debug, Default)]
struct Pool {
    idle: HashMap<NodeId, VecDeque<Idle>>,
    /// A task closes those that stay idle.
    is_watched: bool,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Outgoing>,
    _place: OwnedSemaphorePermit,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Error {
    /// Nobody is there, or who was there has gone.
    Gone,
    /// The node cannot be reached in its network, for this reason.
    NoWay(String),
    /// It has not answered in time.
    Late,
    /// All connections are in use.
    Full,
}

impl Client {
    /// `keep_alive`: how long the other nodes keep idle connections.
    pub(super) fn new(keep_alive: Duration, max_answer: usize) -> Self {
        let idle_for = IDLE.min(keep_alive / 2);
        Self { pool: Mutex::default(), places: Arc::new(Semaphore::new(MAX_OPEN)), idle_for, max_answer }
    }

    /// Sends a polling request, and returns the whole answer.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        way: &Way,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Bytes>, Error> {
        // On a connection with a body that does not come no other request can follow.
        let is_last = matches!(request.body(), Outgoing::Announced(_));
        while let Some(mut connection) = self.take_idle(way.node).filter(|_| !is_last) {
            if connection.sender.ready().await.is_err() {
                continue;
            }
            let again = (request.method() == Method::GET).then(|| request.clone());
            match connection.sender.try_send_request(request).await {
                Ok(answer) => match (self.finish(way.node, connection, answer).await, again) {
                    (Err(Error::Gone), Some(again)) => {
                        request = again;
                        break;
                    }
                    (answer, _) => return answer,
                },
                // The other node may or may not have seen it.
                Err(mut error) => match (error.take_message(), again) {
                    (Some(unsent), _) => request = unsent,
                    (None, Some(again)) => {
                        request = again;
                        break;
                    }
                    (None, None) => return Err(Error::Gone),
                },
            }
        }
        let place = self.place()?;
        let stream = connect(way).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Error::Gone)?;
        tokio::spawn(connection);
        let mut connection = Connection { sender, _place: place };
        let answer = connection.sender.send_request(request).await.map_err(|_| Error::Gone)?;
        if is_last { self.whole(answer).await } else { self.finish(way.node, connection, answer).await }
    }

    /// Sends the opening handshake of a WebSocket. With an answer that agrees to it comes the connection.
    pub(super) async fn upgrade(
        &self,
        way: &Way,
        request: Request<Outgoing>,
    ) -> Result<(Response<Bytes>, Option<OnUpgrade>), Error> {
        let stream = connect(way).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| Error::Gone)?;
        tokio::spawn(connection.with_upgrades());
        let mut answer = sender.send_request(request).await.map_err(|_| Error::Gone)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok((self.whole(answer).await?, None));
        }
        let upgrade = hyper::upgrade::on(&mut answer);
        let (mut head, _) = answer.into_parts();
        head.headers.remove(header::DATE);
        Ok((Response::from_parts(head, Bytes::new()), Some(upgrade)))
    }

    /// Reads the body of an answer; its connection is kept then.
    async fn finish(
        self: &Arc<Self>,
        node: NodeId,
        connection: Connection,
        answer: Response<Incoming>,
    ) -> Result<Response<Bytes>, Error> {
        let answer = self.whole(answer).await?;
        self.keep(node, connection);
        Ok(answer)
    }

    async fn whole(&self, answer: Response<Incoming>) -> Result<Response<Bytes>, Error> {
        let (mut head, body) = answer.into_parts();
        let body = Limited::new(body, self.max_answer).collect().await.map_err(|_| Error::Gone)?;
        drop_hop_by_hop(&mut head.headers);
        // The clock of the node that the client has asked counts.
        head.headers.remove(header::DATE);
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// A connection that is idle and, as far as is known, open.
    fn take_idle(&self, node: NodeId) -> Option<Connection> {
        let mut pool = self.lock();
        let idle = pool.idle.get_mut(&node)?;
        // The one that was used last is the least likely to be closed.
        while let Some(Idle { connection, since }) = idle.pop_back() {
            if since.elapsed() < self.idle_for && !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        pool.idle.remove(&node);
        None
    }

    fn keep(self: &Arc<Self>, node: NodeId, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut pool = self.lock();
        let idle = pool.idle.entry(node).or_default();
        if idle.len() >= MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(Idle { connection, since: Instant::now() });
        if !std::mem::replace(&mut pool.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(self), self.idle_for));
        }
    }

    /// Closes what has been idle for too long. Returns whether anything is left.
    fn prune(&self) -> bool {
        let mut pool = self.lock();
        pool.idle.retain(|_, idle| {
            idle.retain(|idle| idle.since.elapsed() < self.idle_for && !idle.connection.sender.is_closed());
            !idle.is_empty()
        });
        pool.is_watched = !pool.idle.is_empty();
        pool.is_watched
    }

    /// A place for one more connection; an idle one makes room for it.
    fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let take = || Arc::clone(&self.places).try_acquire_owned();
        take().or_else(|_| {
            let idle = self.lock().idle.values_mut().find_map(VecDeque::pop_front);
            drop(idle);
            take().map_err(|_| Error::Full)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after idle connections while there are any: after a rush nobody else would, and the other node may keep them
/// as long as this one does.
async fn watch(client: Weak<Client>, idle_for: Duration) {
    loop {
        sleep(idle_for).await;
        if !client.upgrade().is_some_and(|client| client.prune()) {
            return;
        }
    }
}

async fn connect(way: &Way) -> Result<TcpStream, Error> {
    let Some(address) = &way.address else {
        return Err(Error::NoWay("it has not announced an address".to_owned()));
    };
    let stream = match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if is_gone(&error) => return Err(Error::Gone),
        Ok(Err(error)) => return Err(Error::NoWay(error.to_string())),
        Err(_) => return Err(Error::NoWay(format!("no connection within {} ms", CONNECT.as_millis()))),
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "sio::cluster", address, %error, "cannot set TCP_NODELAY");
    }
    Ok(stream)
}

/// Returns whether the machine is there, and the process is not.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The body of a request to another node.
#[derive(Debug, Clone)]
pub(super) enum Outgoing {
    Whole(Full<Bytes>),
    /// So many bytes are announced, none is sent.
    Announced(u64),
}

impl Outgoing {
    pub(super) fn new(sent: Sent) -> Self {
        match sent {
            Sent::Whole(bytes) => Self::Whole(Full::new(bytes)),
            Sent::TooLarge { announced } => Self::Announced(announced),
        }
    }

    pub(super) fn nothing() -> Self {
        Self::Whole(Full::default())
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Announced(_) => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Announced(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Announced(count) => SizeHint::with_exact(*count),
        }
    }
}

#[cfg(test)]
mod tests {
    use sio_cluster::protocol::token::ForwardToken;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn connections_that_stay_idle_are_closed_though_nobody_asks_any_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let serving = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.expect("it comes");
            let mut request = [0; 1024];
            assert!(client.read(&mut request).await.expect("it comes") > 0);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            client.write_all(answer).await.expect("it is open");
            // As long as the asker likes.
            client.read(&mut request).await.expect("it ends in order")
        });
        let client = Arc::new(Client::new(Duration::from_millis(200), 1024));
        let token = ForwardToken::from_random([1; 16]);
        let way = Way { node: NodeId::new(1), address: Some(address), token };
        let answer = client.exchange(&way, Request::new(Outgoing::nothing())).await.expect("an answer");
        assert_eq!(answer.body(), "ok");
        let ended = timeout(Duration::from_secs(20), serving).await.expect("the connection ends");
        assert_eq!(ended.expect("it does not panic"), 0);
        assert!(client.lock().idle.is_empty());
    }
}
