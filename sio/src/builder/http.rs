//! Options of what happens before a session is open.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderMap;
use hyper::http::request::Parts;

use super::Builder;
use crate::engine::{Message, SessionId};
use crate::http::{Forwarded, Health, Refused};
use crate::observe::OnRefused;
use crate::server::serve::Proxies;

/// Requests: who they are from, who may connect, and what is sent at once.
impl Builder {
    /// Sets how many clients of one address may be connected; further ones get status 403. IPv6 addresses are counted
    /// by their /64 network, the smallest network that a single customer gets. Default unlimited.
    ///
    /// Behind a proxy all clients have the proxy's address unless [`Builder::forwarded`] is set. Clients whose
    /// address is not known are counted together, as if they had one address: where another server owns the
    /// connections, it has to give each request a [`Peer`](crate::http::Peer).
    ///
    /// Connections are limited as well: an address may have three for each client, and four more. Further ones are
    /// closed with status 503. Connections of a proxy are not counted by address, and another server that owns the
    /// connections has to limit them itself.
    pub fn max_connections_per_address(mut self, connections: usize) -> Self {
        self.engine.max_connections_per_address = connections;
        self
    }

    /// Sets how long a connection without a request is kept open for the next one. Must be longer than zero; default
    /// 75 s.
    ///
    /// It has to be longer than that of a load balancer in front of this server (60 s, usually): otherwise the
    /// balancer now and then sends a request on a connection that this server is closing, and answers its client 502.
    /// The head of a request that has begun has 30 s.
    ///
    /// This is for connections that the server [accepts itself](crate::Server::serve); another server that owns the
    /// connections has its own options.
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.options.serving.keep_alive_timeout = timeout;
        self
    }

    /// Sets how long a client may read nothing of a response, or less than 256 bytes a second of one, before its
    /// connection is closed. Must be longer than zero; default 30 s. Does not apply to WebSockets, for which the limits of the outgoing queue apply.
    ///
    /// This is for connections that the server [accepts itself](crate::Server::serve).
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.options.serving.response_timeout = timeout;
        self
    }

    /// Sets which headers of the proxies in front of this server are trusted, and how many proxies there are. They
    /// determine [`Handshake::peer`](crate::Handshake::peer), [`Handshake::ip`](crate::Handshake::ip) and
    /// [`Handshake::is_secure`](crate::Handshake::is_secure), and the addresses that limits per address count.
    /// Default none: any client can send such headers.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::options::Forwarded;
    /// use sio::prelude::*;
    ///
    /// // nginx with `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`
    /// // and `proxy_set_header X-Forwarded-Proto $scheme;`
    /// let builder = Server::builder().forwarded(Forwarded::x_forwarded_for()).max_connections_per_address(50);
    /// # let _ = builder;
    /// ```
    pub fn forwarded(mut self, forwarded: Forwarded) -> Self {
        self.http.forwarded = Some(forwarded);
        self
    }

    /// Sets the proxies, by address or network, whose connections begin with the address of a client: the PROXY
    /// protocol of HAProxy, versions 1 and 2, which load balancers that pass TCP on can send. Default none.
    ///
    /// A connection from one of them that does not begin so is closed; from other peers the header is not accepted.
    /// Every peer on a Unix socket is trusted. The address becomes that of the connection:
    /// [`Builder::max_connections_per_address`] counts by it, and [`Builder::forwarded`] takes precedence over it. An
    /// entry that is neither an address nor a network is an error of [`Builder::build`].
    ///
    /// This is for connections that the server [accepts itself](crate::Server::serve).
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// // HAProxy in `mode tcp` with `send-proxy-v2`.
    /// let builder = Server::builder().proxy_protocol(["10.0.0.0/8", "127.0.0.1"]);
    /// # let _ = builder;
    /// ```
    pub fn proxy_protocol<S: Into<String>>(mut self, proxies: impl IntoIterator<Item = S>) -> Self {
        self.options.serving.proxies = Some(Arc::new(Proxies::new(proxies.into_iter().map(Into::into))));
        self
    }

    /// Sets the hosts for which the server answers, each with or without a port; requests for others get status 403.
    /// Default: every host.
    ///
    /// The names under which browsers know the server have to be listed, and `localhost` where that is one. It holds
    /// back pages that let their own name point to this server ([DNS rebinding](crate::options::AllowedHosts)): set it
    /// for servers that listen on a developer's machine or in a private network. An invalid host is an error of
    /// [`Builder::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().allowed_hosts(["localhost:3000", "127.0.0.1:3000"]);
    /// # let _ = builder;
    /// ```
    pub fn allowed_hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.http.allowed_hosts = hosts.into_iter().collect();
        self
    }

    /// Answers supervisors and load balancers: at `live` with status 200 while the program runs, at `ready` with 200
    /// while the server is there to stay, and with 503 once it [begins to stop](crate::Server::drain); both without
    /// asking anything else, so give liveness probes the first. Default: at no path.
    ///
    /// These paths are answered for every host, whatever [`allowed_hosts`](Builder::allowed_hosts) is, and take
    /// precedence over static files.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().health("/healthz", "/readyz");
    /// # let _ = builder;
    /// ```
    pub fn health(mut self, live: impl Into<String>, ready: impl Into<String>) -> Self {
        self.health = Some(Health { live: live.into(), ready: ready.into() });
        self
    }

    /// Sets whether the server counts what happens in it, for [`Server::metrics`](crate::Server::metrics). Default false.
    ///
    /// Counting takes a few instructions for an event, and no memory for a connection. How many numbers there are is up
    /// to the program's text: its consumers, and the events that they name.
    pub fn metrics(mut self, metrics: bool) -> Self {
        self.metrics = metrics;
        self
    }

    /// Sets whether the [metrics](Builder::metrics), which this switches on, time the handlers that are ready at once too.
    /// Default false: they are counted in the lowest class, with a duration of zero, since reading the clock may cost more
    /// than such a handler. With this, each event takes two readings of the clock and an allocation more.
    pub fn precise_metrics(mut self, precise: bool) -> Self {
        self.precise_metrics = precise;
        self.metrics |= precise;
        self
    }

    /// Answers requests for a path with the [metrics](Builder::metrics), which this switches on, in the text format of
    /// OpenMetrics: what Prometheus and others scrape. Default: at no path.
    ///
    /// Everybody who can reach the server can read them, whatever [`allowed_hosts`](Builder::allowed_hosts) is: keep the path
    /// from the public at the proxy, or serve [`Snapshot::openmetrics`](crate::observe::Snapshot::openmetrics) elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().metrics_path("/metrics");
    /// # let _ = builder;
    /// ```
    pub fn metrics_path(mut self, path: impl Into<String>) -> Self {
        self.metrics_path = Some(path.into());
        self.metrics(true)
    }

    /// Adds headers of the application to the answer that opens a session, on polling and on WebSocket. Default none.
    /// Headers that the protocol needs are not replaced. It must not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use hyper::header::HeaderValue;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_headers(|_request, headers| {
    ///     headers.insert("x-node", HeaderValue::from_static("7"));
    /// });
    /// # let _ = builder;
    /// ```
    pub fn on_headers(mut self, on_headers: impl Fn(&Parts, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.http.hooks.on_headers(on_headers);
        self
    }

    /// Makes the ids of Engine.IO sessions, which are not those of sockets. Default: 120 random bits of the
    /// operating system.
    ///
    /// An id always has 20 characters of the URL-safe base64 alphabet, so that it fits into a query and a cookie:
    /// make it of 15 bytes, or parse such a string. It is a secret, since anyone who knows it can read and write the
    /// session: leave at least 96 bits to chance. An id that is in use is not taken again; the session gets a random
    /// one then.
    ///
    /// Not for nodes of a cluster, whose ids name their node, unless requests are not passed on between them; there
    /// `Adapter::tag` sets the first characters.
    ///
    /// # Examples
    ///
    /// Ids that begin with the number of the node, by which a load balancer can route:
    ///
    /// ```
    /// use sio::engine::SessionId;
    /// use sio::prelude::*;
    ///
    /// # fn fill_randomly(_: &mut [u8]) {}
    /// const NODE: [u8; 3] = [0, 0, 7];
    ///
    /// let builder = Server::builder().id_generator(|| {
    ///     let mut bytes = [0; 15];
    ///     bytes[..3].copy_from_slice(&NODE);
    ///     fill_randomly(&mut bytes[3..]); // getrandom::fill, for one
    ///     SessionId::from_random(bytes)
    /// });
    /// # let _ = builder;
    /// ```
    pub fn id_generator(mut self, new_id: impl Fn() -> SessionId + Send + Sync + 'static) -> Self {
        self.engine.id_generator(new_id);
        self
    }

    /// Sets an Engine.IO message that every client gets right after the open packet, in the same polling response or
    /// as the second frame. Default none.
    ///
    /// It is below Socket.IO, whose clients take it for a packet: text is one in their encoding, like
    /// `2["hello"]`, and comes before they have joined any namespace. It is sent as it is, whatever the
    /// [`parser`](Builder::parser).
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::engine::Message;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().initial_packet(Message::Text("hello".into()));
    /// # let _ = builder;
    /// ```
    pub fn initial_packet(mut self, message: Message) -> Self {
        self.engine.initial_packet = Some(message);
        self
    }

    /// Sets a function that decides by the first request of a session whether the client may connect. Default: every
    /// client may.
    ///
    /// Called after all other checks; it must not block. A refusal is answered with status 403, code 4 and the text,
    /// which the client sees. The client's address is in the request's extensions, as [`Peer`](crate::http::Peer). A
    /// panic refuses the client. Decisions that need to wait for something belong in
    /// [`allow_request_async`](Self::allow_request_async) or `connect`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().allow_request(|request| {
    ///     if request.headers.contains_key("x-api-key") {
    ///         return Ok(());
    ///     }
    ///     Err("an API key is needed".to_owned())
    /// });
    /// # let _ = builder;
    /// ```
    pub fn allow_request(
        mut self,
        allow: impl Fn(&Parts) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.http.hooks.allow_request(allow);
        self
    }

    /// As [`Builder::allow_request`], for decisions that have to wait for something: a database, another service. It
    /// gets the request as its own, with the client's [`Peer`](crate::http::Peer) among the extensions.
    ///
    /// It is asked after `allow_request`, once for each session, and has 30 s; a function that takes longer, or panics,
    /// refuses. No session is open meanwhile, and no heartbeat runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::http::Peer;
    /// use sio::prelude::*;
    ///
    /// # async fn is_banned(_: Option<std::net::IpAddr>) -> bool { false }
    /// let builder = Server::builder().allow_request_async(|request| async move {
    ///     let ip = request.extensions.get::<Peer>().and_then(Peer::ip);
    ///     if is_banned(ip).await { Err("banned".to_owned()) } else { Ok(()) }
    /// });
    /// # let _ = builder;
    /// ```
    pub fn allow_request_async<F, R>(mut self, allow: F) -> Self
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.http.hooks.allow_request_async(allow);
        self
    }

    /// Calls `on_refused` for every request to Socket.IO's path that is refused with one of the protocol's codes,
    /// like the event `connection_error` of the JavaScript server. Several callbacks are called in the order in which
    /// they were added; they must not block. Default none.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::http::Peer;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_refused(|refused| {
    ///     let peer = refused.request().extensions.get::<Peer>();
    ///     eprintln!("refused {peer:?}: {}, {}", refused.code(), refused.reason());
    /// });
    /// # let _ = builder;
    /// ```
    pub fn on_refused(mut self, on_refused: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        self.observers.add(OnRefused::new(on_refused));
        self
    }

    /// Chooses a WebSocket subprotocol from those that a client asks for in `Sec-WebSocket-Protocol`, in its order.
    /// Default: the first of them.
    ///
    /// Socket.IO gives subprotocols no meaning; clients and proxies may. The choice has to be one that was asked for;
    /// with `None` the response names none, and browsers close the WebSocket. Handlers get the choice from
    /// [`Handshake::subprotocol`](crate::Handshake::subprotocol). The function must not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().subprotocols(|asked| {
    ///     ["chat.v2", "chat.v1"].iter().find_map(|known| asked.iter().copied().find(|name| name == known))
    /// });
    /// # let _ = builder;
    /// ```
    pub fn subprotocols(
        mut self,
        choose: impl for<'a> Fn(&[&'a str]) -> Option<&'a str> + Send + Sync + 'static,
    ) -> Self {
        self.http.hooks.subprotocols(choose);
        self
    }
}
