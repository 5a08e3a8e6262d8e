//! A listener for the other nodes of a cluster, beside those for clients.

use std::sync::{Arc, Weak};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::{ACCEPT_PAUSE, Security};
use crate::Server;
use crate::http::Listener;
use crate::server::ServerInner;

/// Accepts connections until it is dropped. It does not keep the server alive.
pub(in crate::server) struct Beside {
    accepting: JoinHandle<()>,
    /// When it is dropped, connections end behind the answers that are under way.
    _end: watch::Sender<bool>,
}

impl Beside {
    pub(in crate::server) fn begin(server: &Arc<ServerInner>, listener: TcpListener) -> Self {
        let (end, ending) = watch::channel(false);
        let accepting = tokio::spawn(accept(Arc::downgrade(server), listener, ending));
        Self { accepting, _end: end }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(server: Weak<ServerInner>, mut listener: TcpListener, ending: watch::Receiver<bool>) {
    loop {
        let accepted = Listener::accept(&mut listener).await;
        let Some(inner) = server.upgrade() else { return };
        match accepted {
            Ok((stream, peer)) => {
                let (server, security, ending) = (Server { inner }, Security::None, ending.clone());
                tokio::spawn(Connection { server, stream, peer, security, ending }.serve());
            }
            Err(error) => {
                tracing::debug!(target: "sio::server", %error, "cannot accept a connection of another node");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
