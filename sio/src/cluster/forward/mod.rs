//! Requests for sessions of other nodes: which node has the session, and the way there.
//!
//! ```text
//! client ── poll ──► B ── id names A, proof is right ──► A: has the session
//!                    │    sio-forward: token of A        │
//!        ◄── answer ─┘◄──────────────────────────────────┘
//! ```
//!
//! An id that proves nothing is answered here and costs no request. Polls and POSTs go over connections that are kept
//! for the next ones ([`client`]); a WebSocket has one of its own, on which bytes are passed in both directions
//! ([`tunnel`]). The other node knows such a request by a token ([`guard`]).

mod answer;
mod client;
mod guard;
mod options;
mod tunnel;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderMap;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Uri};
use sio_cluster::Cluster;
use sio_core::id::SessionId;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

pub use self::options::Forwarding;

use self::client::Client;
use self::guard::Guard;
use crate::http::{Asked, Elsewhere, Failed, Passing, Sender, Sent, Way};
use crate::log_limiter::{About, LogLimiter, hash_of, limited};
use crate::peer::Peer;

/// How long clients may take to go when this node stops. They are cut off then.
const CLOSE: Duration = Duration::from_secs(4);

/// How long a node may take to let a client go, until it is told once more: what it is told may overtake the request.
const TOLD: Duration = Duration::from_millis(100);

/// Passes requests on to the nodes that have their sessions, and knows those that come from other nodes.
pub(crate) struct Forward {
    cluster: Arc<Cluster>,
    guard: Guard,
    client: Arc<Client>,
    options: Forwarding,
    /// How long a client may be silent until its session ends.
    patience: Duration,
    /// True when all tunnels have to end.
    closing: watch::Sender<bool>,
}

/// Tells the node of a session that this one cannot be the way to it any more.
struct Release {
    uri: Uri,
    peer: Peer,
    way: sio_cluster::Way,
    client: Arc<Client>,
    closing: watch::Receiver<bool>,
}

impl Release {
    /// Lets something go on, and has its end brought about when this node stops. `None` if the other node has not ended
    /// it in time: it is cut off then.
    async fn beside<T>(self, passing: impl Future<Output = T>) -> Option<T> {
        let Self { uri, peer, way, client, mut closing } = self;
        let told = async {
            let request = guard::release(&uri, peer, &way.token);
            loop {
                // A node that cannot be told has gone, or will notice that the connection ends.
                let _ = client.exchange(&way, &request).await;
                sleep(TOLD).await;
            }
        };
        let released = async {
            // An error: the server has gone, with all that it passes on.
            let _ = closing.wait_for(|is_closing| *is_closing).await;
            // In a box: what waits for nothing but its end is not to have room for this.
            let _: Result<(), _> = Box::pin(timeout(CLOSE, told)).await;
        };
        tokio::select! {
            outcome = passing => Some(outcome),
            () = released => None,
        }
    }
}

/// The way to one node.
struct Route {
    way: sio_cluster::Way,
    cluster: Arc<Cluster>,
    client: Arc<Client>,
    patience: Duration,
    closing: watch::Receiver<bool>,
}

impl Forward {
    /// `keep_alive`: how long nodes keep an idle connection. `patience`: how long a client may be silent until its
    /// session ends. `max_answer`: the largest body of an answer.
    pub(crate) fn new(
        cluster: Arc<Cluster>,
        options: Forwarding,
        keep_alive: Duration,
        patience: Duration,
        max_answer: usize,
    ) -> Self {
        let guard = Guard::new(cluster.token());
        let client = Arc::new(Client::new(keep_alive, max_answer));
        Self { cluster, guard, client, options, patience, closing: watch::Sender::new(false) }
    }

    /// Returns where a listener of its own is to be begun for other nodes.
    pub(crate) const fn listener(&self) -> Option<SocketAddr> {
        self.options.listener()
    }

    /// Tells the other nodes where a listener is, unless the application has advertised another address, or this
    /// is none by which they could reach it.
    pub(crate) async fn announce(&self, listener: &str) {
        let Ok(listener) = listener.parse::<SocketAddr>() else { return };
        if self.cluster.has_address() {
            return;
        }
        let ip = match listener.ip() {
            // A broker without an address is on this machine.
            ip if ip.is_unspecified() => {
                self.cluster.own_ip().await.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            ip => ip,
        };
        self.cluster.set_address(SocketAddr::new(ip, listener.port()).to_string());
    }

    /// Ends what is being passed on, since this node stops: the nodes that have the sessions are told, and let the
    /// clients take another way. Returns when nothing is left, after a few seconds at most.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        // Each request that is being passed on, and each tunnel, holds a receiver.
        let _ = timeout(CLOSE, self.closing.closed()).await;
    }
}

impl Elsewhere for Forward {
    fn way_to(&self, session: &SessionId) -> Option<Box<dyn Way>> {
        let way = self.cluster.way_to(session)?;
        let (cluster, client) = (Arc::clone(&self.cluster), Arc::clone(&self.client));
        let (patience, closing) = (self.patience, self.closing.subscribe());
        Some(Box::new(Route { way, cluster, client, patience, closing }))
    }

    fn is_from_server(&self, headers: &HeaderMap) -> bool {
        self.guard.is_passed_on(headers)
    }

    fn sender_of(&self, headers: &HeaderMap) -> Sender {
        let sender = self.guard.sender_of(headers, |token| self.cluster.is_token_of_other(token));
        if sender == Sender::Stray {
            limited!(
                WARN, LogLimiter::of_process(), About::default(), target: "sio::cluster", {},
                "a request that was passed on to another node came here: does `Adapter::advertise` of that node name \
                 the address of a load balancer?"
            );
        }
        sender
    }
}

impl Way for Route {
    fn exchange<'a>(&'a self, asked: Asked<'a>, body: Sent, limit: Duration) -> Passing<'a> {
        Box::pin(async move {
            // The answer to anything else comes soon.
            let release = (asked.method == Method::GET).then(|| self.release(&asked));
            let request = guard::request(&asked, body, &self.way.token);
            let answer = timeout(limit, self.client.exchange(&self.way, &request));
            let answer = match release {
                Some(release) => release.beside(answer).await,
                None => Some(answer.await),
            };
            self.judged(answer.and_then(Result::ok).unwrap_or(Err(client::Error::Late)))
        })
    }

    fn upgrade<'a>(&'a self, asked: Asked<'a>, connection: OnUpgrade, limit: Duration) -> Passing<'a> {
        Box::pin(async move {
            if *self.closing.borrow() {
                return Err(Failed::Unreachable);
            }
            let release = self.release(&asked);
            let request = guard::upgrade(&asked, &self.way.token);
            let answer = timeout(limit, self.client.upgrade(&self.way, &request)).await;
            let (answer, other) = self.judged(answer.unwrap_or(Err(client::Error::Late)))?;
            if let Some((other, early)) = other {
                tokio::spawn(release.beside(tunnel::run(connection, other, early, self.patience)));
            }
            Ok(answer)
        })
    }
}

impl Route {
    /// The means to end what is asked for.
    fn release(&self, asked: &Asked<'_>) -> Release {
        let (uri, peer) = (asked.uri.clone(), asked.client);
        let (way, client, closing) = (self.way.clone(), Arc::clone(&self.client), self.closing.clone());
        Release { uri, peer, way, client, closing }
    }

    /// Draws the consequences of a failure.
    fn judged<T>(&self, answer: Result<T, client::Error>) -> Result<T, Failed> {
        answer.map_err(|error| {
            let node = self.way.node;
            match error {
                client::Error::Gone => {
                    self.cluster.distrust(node);
                    Failed::Gone
                }
                client::Error::Full => Failed::Full,
                client::Error::Late => Failed::Unreachable,
                client::Error::NoWay(reason) => {
                    let address = self.way.address.as_deref().unwrap_or("no address");
                    limited!(
                        WARN, LogLimiter::of_process(), About { other: hash_of(node), ..About::default() },
                        target: "sio::cluster", { %node, address, reason, },
                        "cannot pass requests on to a node; `Adapter::advertise` there names an address at which other \
                         nodes reach it"
                    );
                    Failed::Unreachable
                }
            }
        })
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").field("me", &self.cluster.me()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sio_cluster::protocol::token::ForwardToken;
    use sio_core::id::NodeId;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_the_other_node_does_not_end_is_cut_off() {
        let (closing, is_closing) = watch::channel(false);
        let release = || Release {
            uri: "http://chat.example/socket.io/".parse().expect("a URI"),
            peer: Peer::default(),
            // It cannot even be told.
            way: sio_cluster::Way {
                node: NodeId::new(1),
                address: None,
                token: ForwardToken::from_random([1; 16]),
            },
            client: Arc::new(Client::new(Duration::from_secs(60), 1024)),
            closing: is_closing.clone(),
        };
        assert_eq!(release().beside(std::future::ready("done")).await, Some("done"));
        closing.send_replace(true);
        let began = Instant::now();
        assert_eq!(release().beside(std::future::pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs(), CLOSE.as_secs());
    }
}
