//! The listening server for WebTransport: QUIC, HTTP/3, and one session for each connection.

use std::fmt;
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use hyper::http::request::Parts;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Connection, Endpoint, EndpointConfig, IdleTimeout, Incoming, TokioRuntime, TransportConfig, VarInt,
};
use tokio::net::ToSocketAddrs;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::rustls::ServerConfig;

use super::connection::{place, until_given_up};
use super::{LAST_ANSWERS, begin, until_stopped};
use crate::http::EngineService;
use crate::http::webtransport::{MAX_FIRST, request};
use crate::peer::Peer;
use crate::places::ConnectionPlace;
use crate::transport::link::Link;
use crate::transport::websocket::WebSocket;
use crate::transport::webtransport::{Broken, H3_NO_ERROR, Opened, Opening, Stream};
use crate::transport::wire::Wire;
use crate::{Error, Server};

/// The protocol over QUIC.
const HTTP_3: &[u8] = b"h3";

/// How long a client may take from its first packet to its request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections may be on their way to a request. From half of them on an address has to prove itself first.
const MAX_HANDSHAKES: usize = 1024;

/// How long a client is given to read that it is refused.
const FAREWELL: Duration = Duration::from_secs(1);

/// Streams that a client may have open in each direction. It needs two, and three of one direction for HTTP/3.
const STREAMS: u32 = 8;

/// How many bytes may be under way to or from a client and not yet read: on its stream, and in all.
const STREAM_WINDOW: u32 = 512 * 1024;
const WINDOW: u32 = 1024 * 1024;

/// Datagrams that nobody reads. A server has to accept some, or browsers do not take it for one of WebTransport.
const DATAGRAMS: usize = 4 * 1024;

/// The longest time between two packets of QUIC that keep the way to the client open.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// How long QUIC waits for a client after its heartbeat is overdue.
const SPARE: Duration = Duration::from_secs(10);

impl Server {
    /// Accepts WebTransport sessions on an address of UDP, until [`Server::close`] is called or the process is told to
    /// stop, as [`Server::serve`] does. Clients on polling are told that they may move to WebTransport, beside WebSocket.
    ///
    /// It is served beside TCP, not instead of it: run it together with [`Server::serve`] or `Server::serve_tls`. Clients
    /// look for it at the host and port at which they poll. The protocol is TLS 1.3 with `h3`, whatever the configuration
    /// says; browsers accept a certificate that they know, or one of a kind of which the page names the hash.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, the configuration has no cipher suite for QUIC, and as [`Server::start`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sio::prelude::*;
    /// use sio::http::rustls::ServerConfig;
    /// use sio::http::rustls::pki_types::pem::PemObject;
    /// use sio::http::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    ///
    /// # async fn example() -> sio::Result {
    /// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    /// let key = PrivateKeyDer::from_pem_file("key.pem")?;
    /// let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    ///
    /// let server = Server::builder().build()?;
    /// let (tls, webtransport) = tokio::join!(
    ///     server.serve_tls("0.0.0.0:443", config.clone()),
    ///     server.serve_webtransport("0.0.0.0:443", config),
    /// );
    /// tls.and(webtransport)
    /// # }
    /// ```
    pub async fn serve_webtransport(
        &self,
        address: impl ToSocketAddrs + fmt::Debug,
        config: impl Into<Arc<ServerConfig>>,
    ) -> Result<(), Error> {
        let socket = tokio::net::UdpSocket::bind(&address).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {address:?} (UDP): {error}"))
        })?;
        self.serve_webtransport_with(socket.into_std()?, config).await
    }

    /// As [`Server::serve_webtransport`], on a socket that exists already.
    ///
    /// # Errors
    ///
    /// When the socket cannot be used, the configuration has no cipher suite for QUIC, and as [`Server::start`].
    pub async fn serve_webtransport_with(
        &self,
        socket: UdpSocket,
        config: impl Into<Arc<ServerConfig>>,
    ) -> Result<(), Error> {
        let config = self.quic_config(config.into())?;
        let endpoint =
            Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))?;
        let address = endpoint.local_addr()?;
        self.start().await?;
        let offer = self.inner.requests.offer_webtransport();
        // Held by each connection for as long as it lives.
        let (end, ending) = watch::channel(false);
        let mut stop = begin(self, || self.announce(&format!("{address} (UDP)")));
        tokio::select! {
            () = accept_all(self, &endpoint, &ending) => {}
            () = until_stopped(self, &mut stop) => {}
        }
        drop((offer, ending));
        let _ = end.send(true);
        let _ = timeout(LAST_ANSWERS, end.closed()).await;
        endpoint.close(H3_NO_ERROR, b"");
        let _ = timeout(LAST_ANSWERS, endpoint.wait_idle()).await;
        tracing::info!(target: "sio::server", "stopped");
        Ok(())
    }

    fn quic_config(&self, mut tls: Arc<ServerConfig>) -> io::Result<quinn::ServerConfig> {
        let own = Arc::make_mut(&mut tls);
        own.alpn_protocols = vec![HTTP_3.to_vec()];
        // Data from before the end of the handshake could come twice.
        own.max_early_data_size = 0;
        let tls = QuicServerConfig::try_from(tls)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
        let heartbeat = self.inner.engine.config();
        let idle = heartbeat.ping_interval.saturating_add(heartbeat.ping_timeout).saturating_add(SPARE);
        let mut transport = TransportConfig::default();
        transport
            .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS))
            .max_concurrent_uni_streams(VarInt::from_u32(STREAMS))
            .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
            .receive_window(VarInt::from_u32(WINDOW))
            .send_window(WINDOW.into())
            .datagram_receive_buffer_size(Some(DATAGRAMS))
            .datagram_send_buffer_size(DATAGRAMS)
            .keep_alive_interval(Some(heartbeat.ping_interval.min(KEEP_ALIVE)))
            .max_idle_timeout(IdleTimeout::try_from(idle).ok());
        config
            .transport_config(Arc::new(transport))
            .max_incoming(MAX_HANDSHAKES)
            .incoming_buffer_size_total((MAX_HANDSHAKES * 4096) as u64);
        Ok(config)
    }
}

/// Serves every connection that comes in, and never ends before its endpoint.
async fn accept_all(server: &Server, endpoint: &Endpoint, ending: &watch::Receiver<bool>) {
    let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    while let Some(incoming) = endpoint.accept().await {
        let is_crowded = handshakes.available_permits() < MAX_HANDSHAKES / 2;
        if is_crowded && incoming.may_retry() {
            drop(incoming.retry());
            continue;
        }
        let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
            incoming.refuse();
            continue;
        };
        let arrival = Arrival { server: server.clone(), incoming, permit };
        let mut ending = ending.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = Box::pin(arrival.serve()) => {}
                _ = ending.changed() => {}
            }
        });
    }
}

/// A connection that comes in.
struct Arrival {
    server: Server,
    incoming: Incoming,
    permit: OwnedSemaphorePermit,
}

impl Arrival {
    async fn serve(self) {
        let Self { server, incoming, permit } = self;
        let peer = incoming.remote_address();
        let Ok(place) = place(&server, Some(peer)) else { return incoming.refuse() };
        let seat = place.as_ref().map(ConnectionPlace::seat);
        let served = async {
            let (connection, opening, request) =
                timeout(HANDSHAKE_TIMEOUT, handshake(&server.inner.requests, incoming)).await??;
            drop(permit);
            let served = session(&server, &connection, opening, &request, place.as_ref()).await;
            connection.close(H3_NO_ERROR, b"");
            served
        };
        let outcome = tokio::select! {
            outcome = served => outcome,
            () = until_given_up(seat.as_deref()) => return,
        };
        if let Err(error) = outcome {
            tracing::debug!(target: "sio::server", ?peer, %error, "a WebTransport session ended");
        }
    }
}

/// From the first packet of QUIC to the request for a session.
async fn handshake(
    service: &EngineService,
    incoming: Incoming,
) -> Result<(Connection, Opening, (EngineService, Parts)), Broken> {
    let connection = incoming.accept()?.await?;
    let service = service.of_peer(Peer::new(connection.remote_address(), true));
    let (opening, wanted) = Opening::begin(connection.clone()).await?;
    let headers = wanted.headers().as_ref().iter();
    let request = request(wanted.authority(), wanted.path(), headers)?;
    Ok((connection, opening, (service, request)))
}

/// From the request for a session to the session's end.
async fn session(
    server: &Server,
    connection: &Connection,
    opening: Opening,
    (service, request): &(EngineService, Parts),
    place: Option<&ConnectionPlace>,
) -> Result<(), Broken> {
    let mut request = request.clone();
    if let Err(status) = service.judge_webtransport(&mut request) {
        return timeout(FAREWELL, opening.refuse(status.as_u16())).await?;
    }
    let first = async {
        let (end, mut opened) = opening.accept().await?;
        let packet = opened.first(MAX_FIRST).await?;
        Ok::<_, Broken>((end, opened, packet))
    };
    let (mut end, opened, packet) = timeout(server.inner.engine.config().upgrade_timeout, first).await??;
    if let Some(place) = place {
        place.seat().set_idle(false);
    }
    let stream = |opened: Opened| {
        let link = Link::WebTransport(Box::new(Stream::new(connection.clone(), opened)));
        WebSocket::new(link, Wire::V4)
    };
    if let Err(reason) = service.begin_webtransport(&request, &packet, || stream(opened)).await {
        return Err(Broken::Lost(reason.to_string()));
    }
    // A session ends with the stream of its request, whatever else is said there.
    let mut said = [0; 64];
    while end.read(&mut said).await.is_ok_and(|read| read.is_some()) {}
    Ok(())
}
