//! The peer at the other end of a request's connection.

use std::net::{IpAddr, SocketAddr};

use hyper::http::Extensions;

/// The client of a request: its address, and whether its connection is encrypted.
///
/// A server that owns the connections and gives requests to `sio` can put one into the extensions of each request; it
/// goes before what [`Service::for_connection`](crate::http::Service::for_connection) was told. With the feature
/// `axum` the `ConnectInfo` of axum is understood as well. In the functions of
/// [`allow_request`](crate::Builder::allow_request) and [`on_refused`](crate::Builder::on_refused) it is always
/// there, with what [trusted proxies](crate::Builder::forwarded) say.
///
/// # Examples
///
/// ```
/// use sio::http::Peer;
///
/// let mut request = hyper::Request::new(());
/// request.extensions_mut().insert(Peer::new("192.0.2.1:5000".parse()?, true));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peer {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) is_secure: bool,
}

impl Peer {
    /// Makes a peer with this address. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`), as sockets that
    /// listen for both report it, is converted to IPv4.
    #[must_use]
    pub fn new(address: SocketAddr, is_secure: bool) -> Self {
        Self { address: Some(address), is_secure }
    }

    /// The peer of a connection; one of a Unix socket has no address.
    pub(crate) fn of_connection(address: Option<SocketAddr>, is_secure: bool) -> Self {
        Self { address, is_secure }
    }

    /// Its address, if it is known. The port is 0 where only the IP address is.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let address = self.address?;
        Some(match address.ip().to_canonical() {
            ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
            IpAddr::V6(_) => address,
        })
    }

    /// Its IP address, if it is known.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.map(|address| address.ip().to_canonical())
    }

    /// Returns whether its connection is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The peer of a request, on a connection of which this is known.
    pub(crate) fn of_request(self, extensions: &Extensions) -> Self {
        if let Some(peer) = extensions.get::<Self>() {
            return *peer;
        }
        #[cfg(feature = "axum")]
        if let Some(info) = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>() {
            return Self { address: Some(info.0), ..self };
        }
        self
    }
}
