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
use sio_cluster::Cluster;
use sio_core::id::SessionId;
use tokio::sync::watch;
use tokio::time::timeout;

pub use self::options::Forwarding;

use self::client::Client;
use self::guard::Guard;
use crate::http::{Asked, Elsewhere, Failed, Passing, Sender, Sent, Way};
use crate::log_limiter::{About, LogLimiter, hash_of, limited};

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

    /// Ends the tunnels: the clients behind them have to come to another node.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}

impl Elsewhere for Forward {
    fn way_to(&self, session: &SessionId) -> Option<Box<dyn Way>> {
        let way = self.cluster.way_to(session)?;
        let (cluster, client) = (Arc::clone(&self.cluster), Arc::clone(&self.client));
        let (patience, closing) = (self.patience, self.closing.subscribe());
        Some(Box::new(Route { way, cluster, client, patience, closing }))
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
    fn exchange(&self, asked: Asked, body: Sent, limit: Duration) -> Passing<'_> {
        Box::pin(async move {
            let request = guard::request(asked, body, &self.way.token);
            let answer = timeout(limit, self.client.exchange(&self.way, request)).await;
            self.judged(answer.unwrap_or(Err(client::Error::Late)))
        })
    }

    fn upgrade(&self, asked: Asked, connection: OnUpgrade, limit: Duration) -> Passing<'_> {
        Box::pin(async move {
            let request = guard::upgrade(asked, &self.way.token);
            let answer = timeout(limit, self.client.upgrade(&self.way, request)).await;
            let (answer, other) = self.judged(answer.unwrap_or(Err(client::Error::Late)))?;
            if let Some(other) = other {
                tunnel::spawn(connection, other, self.patience, self.closing.clone());
            }
            Ok(answer)
        })
    }
}

impl Route {
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
