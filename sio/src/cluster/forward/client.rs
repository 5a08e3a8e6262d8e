//! Connections to other nodes.
//!
//! Those for polling are kept for the next requests. A request goes out once: only one that was never written, or a GET
//! on a connection that had been idle and that the other node was just closing, is tried on another connection.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::{Response, StatusCode};
use sio_cluster::{NodeId, Way};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::answer::{Answer, Reader};

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
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

/// A request as it is written.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) head: Bytes,
    pub(super) body: Bytes,
    pub(super) is_get: bool,
    /// A body is announced, and does not come.
    pub(super) has_no_body: bool,
}

/// Why a connection has brought no answer.
#[derive(Debug)]
enum Broken {
    /// Nothing of the request was written.
    Unsent,
    /// The other node may or may not have seen it.
    Sent,
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
        request: &Outgoing,
    ) -> Result<Response<Bytes>, Error> {
        // On a connection with a body that does not come no other request can follow.
        while !request.has_no_body
            && let Some(connection) = self.take_idle(way.node)
        {
            match self.exchange_on(connection, way, request).await {
                Ok(answer) => return Ok(answer),
                Err(Broken::Unsent) => {}
                Err(Broken::Sent) if request.is_get => break,
                Err(Broken::Sent) => return Err(Error::Gone),
            }
        }
        let place = self.place()?;
        let connection = Connection { stream: connect(way).await?, _place: place };
        self.exchange_on(connection, way, request).await.map_err(|_| Error::Gone)
    }

    /// The connection is kept if it is good for another request.
    async fn exchange_on(
        self: &Arc<Self>,
        mut connection: Connection,
        way: &Way,
        request: &Outgoing,
    ) -> Result<Response<Bytes>, Broken> {
        write(&mut connection.stream, request).await?;
        let answer = Reader::new(&mut connection.stream, self.max_answer).answer().await;
        let Answer { response, keeps } = answer.map_err(|error| {
            tracing::debug!(target: "sio::cluster", node = %way.node, %error, "no answer");
            Broken::Sent
        })?;
        if keeps && !request.has_no_body {
            self.keep(way.node, connection);
        }
        Ok(response)
    }

    /// Sends the opening handshake of a WebSocket. With an answer that agrees to it comes the connection, and what the
    /// other node has sent on it already.
    pub(super) async fn upgrade(
        &self,
        way: &Way,
        request: &Outgoing,
    ) -> Result<(Response<Bytes>, Option<(TcpStream, Bytes)>), Error> {
        let mut stream = connect(way).await?;
        write(&mut stream, request).await.map_err(|_| Error::Gone)?;
        let mut reader = Reader::new(&mut stream, self.max_answer);
        let head = reader.head().await.map_err(|_| Error::Gone)?;
        if head.response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = reader.whole(head).await.map_err(|_| Error::Gone)?;
            return Ok((answer.response, None));
        }
        let early = reader.into_rest();
        Ok((head.response.map(|()| Bytes::new()), Some((stream, early))))
    }

    /// A connection that is idle and, as far as is known, open.
    fn take_idle(&self, node: NodeId) -> Option<Connection> {
        let mut pool = self.lock();
        let idle = pool.idle.get_mut(&node)?;
        // The one that was used last is the least likely to be closed.
        while let Some(Idle { connection, since }) = idle.pop_back() {
            if since.elapsed() < self.idle_for && !connection.is_closed() {
                return Some(connection);
            }
        }
        pool.idle.remove(&node);
        None
    }

    fn keep(self: &Arc<Self>, node: NodeId, connection: Connection) {
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
            idle.retain(|idle| idle.since.elapsed() < self.idle_for && !idle.connection.is_closed());
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

impl Connection {
    /// Returns whether an idle connection has ended, as far as is known: nothing is to be read from one that is open.
    fn is_closed(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        !read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

async fn write(stream: &mut TcpStream, request: &Outgoing) -> Result<(), Broken> {
    let mut bytes = request.head.clone().chain(request.body.clone());
    let length = bytes.remaining();
    match stream.write_all_buf(&mut bytes).await {
        Err(_) if bytes.remaining() == length => Err(Broken::Unsent),
        // A node that refuses a body may answer and close before it has read all of it.
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use sio_cluster::protocol::token::ForwardToken;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    fn request(is_get: bool) -> Outgoing {
        Outgoing { head: "GET / HTTP/1.1\r\n\r\n".into(), body: Bytes::new(), is_get, has_no_body: false }
    }

    async fn listener() -> (TcpListener, Way) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let token = ForwardToken::from_random([1; 16]);
        (listener, Way { node: NodeId::new(1), address: Some(address), token })
    }

    #[tokio::test]
    async fn connections_that_stay_idle_are_closed_though_nobody_asks_any_more() {
        let (listener, way) = listener().await;
        let serving = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.expect("it comes");
            let mut request = [0; 1024];
            assert!(client.read(&mut request).await.expect("it comes") > 0);
            client.write_all(ANSWER).await.expect("it is open");
            // As long as the asker likes.
            client.read(&mut request).await.expect("it ends in order")
        });
        let client = Arc::new(Client::new(Duration::from_millis(200), 1024));
        let answer = client.exchange(&way, &request(true)).await.expect("an answer");
        assert_eq!(answer.body(), "ok");
        let ended = timeout(Duration::from_secs(20), serving).await.expect("the connection ends");
        assert_eq!(ended.expect("it does not panic"), 0);
        assert!(client.lock().idle.is_empty());
    }

    /// The node answers the first request of each connection, and ends it at the second.
    #[tokio::test]
    async fn only_a_get_is_asked_again_when_a_kept_connection_ends_under_it() {
        let (listener, way) = listener().await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                for _ in 0..2 {
                    if client.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0)
                        && counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2)
                    {
                        client.write_all(ANSWER).await.expect("it is open");
                    }
                }
            }
        });
        let client = Arc::new(Client::new(Duration::from_secs(60), 1024));
        assert!(client.exchange(&way, &request(true)).await.is_ok());
        assert!(matches!(client.exchange(&way, &request(false)).await, Err(Error::Gone)));
        assert_eq!(asked.load(Ordering::SeqCst), 2, "it may have been handled");
        assert!(client.exchange(&way, &request(true)).await.is_ok());
        assert!(client.exchange(&way, &request(true)).await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), 5);
    }

    #[tokio::test]
    async fn a_connection_that_has_ended_or_says_something_unasked_is_not_used_again() {
        for unasked in [&b""[..], ANSWER] {
            let (listener, way) = listener().await;
            let serving = tokio::spawn(async move {
                let mut held = None;
                for _ in 0..2 {
                    let (mut client, _) = listener.accept().await.expect("it comes");
                    assert!(client.read(&mut [0; 1024]).await.expect("it comes") > 0);
                    client.write_all(ANSWER).await.expect("it is open");
                    client.write_all(unasked).await.expect("it is open");
                    held = (!unasked.is_empty()).then_some(client);
                }
                held
            });
            let client = Arc::new(Client::new(Duration::from_secs(60), 1024));
            assert!(client.exchange(&way, &request(false)).await.is_ok());
            while client.prune() {
                tokio::task::yield_now().await;
            }
            assert!(client.exchange(&way, &request(false)).await.is_ok());
            serving.await.expect("it does not panic");
        }
    }
}
