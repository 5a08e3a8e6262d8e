//! The programs that suites and real clients are run against, written as a user would write them.
//!
//! Each [`Profile`] is a server of its own, with its own options and its own consumers; the binary `acceptance` runs
//! several of them in one process. What a server cannot do yet is not in its list of capabilities, and a profile that
//! needs it is not in the list of profiles.

pub mod chat;
pub mod client;
pub mod conformance;
mod events;
mod journal;
mod listening;
pub mod main;
mod value;

use tokio::net::TcpListener;

use self::conformance::Heartbeat;

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// What the official suites of both protocols are run against.
    Conformance,
    /// The application that clients of many languages are run against.
    Main,
    /// The tutorial's chat.
    Chat,
    /// What the official JavaScript client's own suite is run against.
    Client,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 4] = [Self::Conformance, Self::Main, Self::Chat, Self::Client];

    /// The name by which it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conformance => "conformance",
            Self::Main => "main",
            Self::Chat => "chat",
            Self::Client => "client",
        }
    }

    /// Its distance from the base port.
    pub const fn port(self) -> u16 {
        match self {
            Self::Conformance => 0,
            Self::Main => 1,
            Self::Chat => 5,
            Self::Client => 6,
        }
    }

    /// Runs it until the server is told to end.
    ///
    /// # Errors
    ///
    /// When the server cannot be built or the listener fails.
    pub async fn serve(self, listener: TcpListener, origins: &[String]) -> sio::Result<()> {
        match self {
            Self::Conformance => conformance::serve(listener, Heartbeat::OF_THE_SUITES).await,
            Self::Main => main::server(origins)?.serve_with(listener).await,
            Self::Chat => chat::server(origins)?.serve_with(listener).await,
            Self::Client => client::serve(listener, origins).await,
        }
    }
}
