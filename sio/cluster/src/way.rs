//! [`Way`]: how other nodes are reached without the broker.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use sio_core::cluster::key::Owned;
use sio_core::cluster::node::NodeId;
use sio_core::cluster::token::ForwardToken;
use sio_core::id::Sid;

use crate::cluster::Cluster;

/// The way of a request to another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The node.
    pub node: NodeId,
    /// Where its listener is (`host:port`); none if it has not announced it.
    pub address: Option<String>,
    /// Shows that the request comes from a node.
    pub token: ForwardToken,
}

impl Cluster {
    /// Returns the node that made an id, if it is another one that is alive, and the id proves it.
    #[must_use]
    pub fn owner_of<I: Owned>(&self, id: &I) -> Option<NodeId> {
        self.node.state().members.owner_of(id)
    }

    /// Returns the node that alone can have the socket of this id. Where clients come back to any node there is none: a
    /// question is one for all nodes.
    #[must_use]
    pub fn sole_owner_of(&self, sid: &Sid) -> Option<NodeId> {
        if self.node.ring.is_some() { None } else { self.owner_of(sid) }
    }

    /// Returns the way to the node that made an id, if it is another one that is alive and takes requests, and the id
    /// proves it.
    #[must_use]
    pub fn way_to<I: Owned>(&self, id: &I) -> Option<Way> {
        let state = self.node.state();
        let node = state.members.owner_of(id)?;
        let hello = &state.members.get(node)?.hello;
        Some(Way { node, address: hello.address.clone(), token: hello.token? })
    }

    /// Returns the token of the requests that other nodes pass on to this one; none if it takes none.
    #[must_use]
    pub fn token(&self) -> Option<ForwardToken> {
        self.node.state().members.hello().token
    }

    /// Returns whether this is the token of a request that is for another node.
    #[must_use]
    pub fn is_token_of_other(&self, text: &[u8]) -> bool {
        let state = self.node.state();
        let mut tokens = state.members.iter().filter_map(|(_, member)| member.hello.token);
        tokens.any(|token| token.is(text))
    }

    /// Returns this machine's address on the way to the broker: in the network in which other nodes most probably are.
    ///
    /// Sends nothing. None if the broker has no address, or there is no way to it.
    pub async fn own_ip(&self) -> Option<IpAddr> {
        let host = self.node.line.bus.host()?;
        for broker in tokio::net::lookup_host(host).await.ok()? {
            let unspecified: IpAddr =
                if broker.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            // Connecting a socket of UDP only chooses a route.
            let Ok(socket) = UdpSocket::bind((unspecified, 0)) else { continue };
            if let (Ok(()), Ok(own)) = (socket.connect(broker), socket.local_addr()) {
                return Some(own.ip());
            }
        }
        None
    }

    /// Returns the address of another node's listener, if that node has announced one.
    #[must_use]
    pub fn address_of(&self, node: NodeId) -> Option<String> {
        self.node.state().members.get(node)?.hello.address.clone()
    }

    /// Notes that a node was unreachable in another way than by the broker: requests skip it until it is heard.
    pub fn distrust(&self, node: NodeId) {
        self.node.state().members.distrust(node);
    }

    /// Returns whether the others are told where this node's listener is.
    #[must_use]
    pub fn has_address(&self) -> bool {
        self.node.state().members.hello().address.is_some()
    }

    /// Tells the others where this node's listener is.
    pub fn set_address(&self, address: impl Into<String>) {
        self.node.state().members.hello_mut().address = Some(address.into());
        self.node.push_alive();
    }
}
