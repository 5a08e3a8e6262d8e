//! A server's way into its cluster, and out of it.

#[cfg(feature = "cluster")]
use std::sync::{Arc, Weak, atomic::Ordering};

use super::Server;
#[cfg(feature = "cluster")]
use super::{ServerInner, local::Here};
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::error::Error;

impl Server {
    /// Enters the cluster, if the server was built with an adapter, and returns when the other nodes know of this one.
    /// The `serve` methods call it. A program that mounts the server elsewhere calls it before it accepts connections; if
    /// it does not, the first client does, and a warning is logged.
    ///
    /// It does nothing if it was done before.
    ///
    /// # Errors
    ///
    /// When the broker cannot be used, after two seconds at most. The message names the broker, without its password;
    /// the server can be started again. With `Adapter::wait` it is no error.
    ///
    /// # Panics
    ///
    /// When it is called outside of a Tokio runtime, with an adapter.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(clippy::unused_async, reason = "it waits with the feature `cluster`")
    )]
    pub async fn start(&self) -> Result<(), Error> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.inner.cluster {
            let here = || -> Arc<dyn sio_cluster::Local> { Arc::new(Here::new(&self.inner, cluster)) };
            cluster.enter(here).await.map_err(|error| {
                Error::internal(format!(
                    "{error}; is the broker running there? With `Adapter::wait` the server starts without it"
                ))
            })?;
        }
        Ok(())
    }

    /// Leaves the cluster, if there is one: the others do not wait for this node any more.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(clippy::unused_async, reason = "it waits with the feature `cluster`")
    )]
    pub(super) async fn leave_cluster(&self) {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.inner.cluster {
            cluster.node.close(None).await;
        }
    }
}

#[cfg(feature = "cluster")]
impl Server {
    /// Returns the cluster that the server is a node of; `None` without an adapter.
    #[must_use]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.inner.cluster.as_ref()
    }
}

/// A client is there: if nobody has started the server, this does it in the background.
#[cfg(feature = "cluster")]
pub(crate) fn enter_late(server: &Weak<ServerInner>) {
    let Some(inner) = server.upgrade() else { return };
    let Some(cluster) = &inner.cluster else { return };
    if cluster.is_entered() || cluster.is_late.swap(true, Ordering::Relaxed) {
        return;
    }
    tracing::warn!(
        target: "sio::cluster",
        "a client has come before `Server::start` was called: starting now, until then other nodes are not reached"
    );
    let server = Server { inner: Arc::clone(&inner) };
    tokio::spawn(async move {
        if let Err(error) = server.start().await {
            tracing::error!(target: "sio::cluster", %error, "could not start: trying again with the next client");
            if let Some(cluster) = server.cluster() {
                cluster.is_late.store(false, Ordering::Relaxed);
            }
        }
    });
}
