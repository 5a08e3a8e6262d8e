//! The programs that suites and real clients are run against, written as a user would write them.
//!
//! Each [`Profile`] is a server of its own, with its own options and its own consumers; the binary `acceptance` runs
//! several of them in one process. What a server cannot do yet is not in its list of capabilities, and a profile that
//! needs it is not in the list of profiles.

mod admin;
pub mod chat;
pub mod client;
pub mod cluster;
pub mod conformance;
mod events;
mod hooks;
mod joined;
mod journal;
mod listening;
pub mod main;
mod profiles;
mod value;
mod webtransport;

use sio::prelude::*;
use tokio::net::TcpListener;

use self::conformance::Heartbeat;

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The server for the official suites of both protocols.
    Conformance,
    /// The application that clients of many languages are run against.
    Main,
    /// The same, whose clients come back as those that they were.
    Recovery,
    /// The same, in MessagePack.
    Msgpack,
    /// The same for clients of Engine.IO 3 as well.
    Eio3,
    /// The tutorial's chat.
    Chat,
    /// The server for the official JavaScript client's own suite.
    Client,
    /// The application as one node of a cluster.
    Cluster,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 8] = [
        Self::Conformance,
        Self::Main,
        Self::Recovery,
        Self::Msgpack,
        Self::Eio3,
        Self::Chat,
        Self::Client,
        Self::Cluster,
    ];

    /// The name by which it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conformance => "conformance",
            Self::Main => "main",
            Self::Recovery => "recovery",
            Self::Msgpack => "msgpack",
            Self::Eio3 => "eio3",
            Self::Chat => "chat",
            Self::Client => "client",
            Self::Cluster => "cluster",
        }
    }

    /// Its distance from the base port.
    pub const fn port(self) -> u16 {
        match self {
            Self::Conformance => 0,
            Self::Main => 1,
            Self::Recovery => 2,
            Self::Msgpack => 3,
            Self::Eio3 => 4,
            Self::Chat => 5,
            Self::Client => 6,
            Self::Cluster => 7,
        }
    }

    /// Returns whether it can be run: a node needs the URL of a broker in the environment.
    #[must_use]
    pub fn is_possible(self) -> bool {
        self != Self::Cluster || cluster::is_configured()
    }

    /// Does what must be done before clients are told of it: a node enters its cluster. Returns the server then.
    ///
    /// # Errors
    ///
    /// When the server cannot be built, or the broker cannot be used.
    pub async fn enter(self, origins: &[String]) -> sio::Result<Option<Server>> {
        match self {
            Self::Cluster => cluster::start(origins).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Runs it until the server is told to end. `beside`: all profiles that listen, which the profile `main` tells of. `entered`: what
    /// [`enter`](Self::enter) has returned.
    ///
    /// # Errors
    ///
    /// When the server cannot be built or the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        origins: &[String],
        beside: &[Self],
        entered: Option<Server>,
    ) -> sio::Result<()> {
        match self {
            Self::Conformance => conformance::serve(listener, Heartbeat::OF_THE_SUITES).await,
            Self::Main => webtransport::serve(self, &profiles::main(origins, beside)?, listener).await,
            Self::Recovery => webtransport::serve(self, &profiles::recovery(origins)?, listener).await,
            Self::Msgpack => profiles::msgpack(origins)?.serve_with(listener).await,
            Self::Eio3 => profiles::eio3(origins)?.serve_with(listener).await,
            Self::Chat => chat::server(origins)?.serve_with(listener).await,
            Self::Client => client::serve(listener, origins).await,
            Self::Cluster => {
                let server = match entered {
                    Some(server) => server,
                    None => cluster::start(origins).await?,
                };
                server.serve_with(listener).await
            }
        }
    }
}
