//! [`Forwarding`]: how requests for sessions of other nodes reach them.

use std::net::SocketAddr;

/// Decides how requests for sessions of this node reach it from the other nodes:
/// [`Builder::forwarding`](crate::Builder::forwarding).
///
/// # Examples
///
/// ```
/// use sio::cluster::Forwarding;
///
/// // In a network that only the nodes have, on a port of its own.
/// let forwarding = Forwarding::listen("10.0.0.5:3001".parse()?);
/// # let _ = forwarding;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forwarding(pub(super) Kind);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Ordinary,
    Listen(SocketAddr),
    Off,
}

impl Forwarding {
    /// By the listener that clients use. This is the default.
    #[must_use]
    pub const fn ordinary() -> Self {
        Self(Kind::Ordinary)
    }

    /// By a listener of its own, without TLS, which begins with [`Server::start`](crate::Server::start) and is announced
    /// to the other nodes. The port may be 0. An unspecified IP address is announced as that of this machine's way to
    /// the broker, unless [`Adapter::advertise`](crate::cluster::Adapter::advertise) says otherwise.
    ///
    /// Ids of sessions, cookies and what clients say go over it as they are. In a network that others can listen to, put
    /// a VPN, a service mesh or a TLS tunnel between the nodes, and have `advertise` name the address at which it begins;
    /// listen at the loopback interface or inside of it then.
    #[must_use]
    pub const fn listen(address: SocketAddr) -> Self {
        Self(Kind::Listen(address))
    }

    /// Not at all: a request that comes to the wrong node is answered `Session ID unknown`, as by a server without a
    /// cluster. The load balancer has to see to it that each session stays at its node.
    #[must_use]
    pub const fn off() -> Self {
        Self(Kind::Off)
    }

    pub(crate) fn is_off(self) -> bool {
        self.0 == Kind::Off
    }

    /// The address of the listener of its own, if there is one.
    pub(crate) const fn listener(self) -> Option<SocketAddr> {
        match self.0 {
            Kind::Listen(address) => Some(address),
            Kind::Ordinary | Kind::Off => None,
        }
    }
}
