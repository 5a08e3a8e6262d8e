//! Where a server listens and how to begin a conversation with it.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::{
    http::{Http, Request, Response},
    polling::Polling,
    ws::Ws,
};

/// The address and path of a server.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    /// The path of its requests, with the slash at its end.
    pub path: String,
}

/// The content of the open packet (Engine.IO v4, “Handshake”).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Open {
    /// The session's secret id.
    pub sid: String,
    /// The transports that the session may change to.
    pub upgrades: Vec<String>,
    /// Milliseconds from a pong to the next ping.
    pub ping_interval: u64,
    /// Milliseconds that the client has for its pong.
    pub ping_timeout: u64,
    /// Bytes that one payload may have.
    pub max_payload: usize,
}

impl Open {
    /// Reads an open packet.
    ///
    /// # Panics
    ///
    /// When the text is none, misses a key or has one too many.
    pub fn parse(packet: &str) -> Self {
        let json = packet.strip_prefix('0').unwrap_or_else(|| panic!("`{packet}` is no open packet"));
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in the open packet `{packet}`"))
    }
}

impl Endpoint {
    /// A server with the usual path.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, path: "/socket.io/".into() }
    }

    /// The same server at another path.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self { address: self.address, path: path.into() }
    }

    /// The target of a request with this query.
    pub fn target(&self, query: &str) -> String {
        format!("{}?{query}", self.path)
    }

    /// The target of polling requests of a session.
    pub fn polling_target(&self, sid: &str) -> String {
        self.target(&format!("EIO=4&transport=polling&sid={sid}"))
    }

    /// A TCP connection for HTTP requests.
    pub async fn http(&self) -> Http {
        Http::open(self.address).await
    }

    /// The answer to one request on a connection of its own.
    pub async fn request(&self, request: &Request) -> Response {
        self.http().await.exchange(request).await
    }

    /// The answer to a GET with this query, on a connection of its own.
    pub async fn get(&self, query: &str) -> Response {
        self.request(&Request::get(self.target(query))).await
    }

    /// A polling session, its open packet read.
    pub async fn polling(&self) -> Polling {
        Polling::open(self).await
    }

    /// A WebSocket session, its open packet read.
    pub async fn ws(&self) -> Ws {
        Ws::open(self).await
    }

    /// A WebSocket session that has joined a namespace.
    pub async fn socket(&self, namespace: &str) -> Ws {
        let mut ws = self.ws().await;
        ws.join(namespace).await;
        ws
    }

    /// A WebSocket that belongs to an existing session: the first step of an upgrade.
    pub async fn second_ws(&self, sid: &str) -> Result<Ws, Response> {
        Ws::upgrade(self, &self.target(&format!("EIO=4&transport=websocket&sid={sid}")), &[]).await
    }

    /// Returns the answer to a WebSocket handshake with this query and these additional headers.
    pub async fn try_ws(&self, query: &str, headers: &[(&str, &str)]) -> Result<Ws, Response> {
        Ws::upgrade(self, &self.target(query), headers).await
    }
}
