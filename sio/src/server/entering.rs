//! A server's way into its cluster, and out of it.

#[cfg(feature = "cluster")]
use std::sync::{Arc, Weak, atomic::Ordering};

use super::Server;
#[cfg(feature = "cluster")]
use super::{ServerInner, local::Here, serve};
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
        #[cfg(feature = "admin")]
        if let Some(panel) = &self.inner.admin {
            panel.begin(&std::sync::Arc::downgrade(&self.inner));
        }
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.inner.cluster {
            self.listen_for_others(cluster).await?;
            let here = || -> Arc<dyn sio_cluster::Local> { Arc::new(Here::new(&self.inner, cluster)) };
            cluster.enter(here).await.map_err(|error| {
                Error::internal(format!(
                    "{error}; is the broker running there? With `Adapter::wait` the server starts without it"
                ))
            })?;
            self.inner.ids.set_owner(cluster.node.owner());
        }
        Ok(())
    }

    /// As [`Server::start`], for a server whose clients come to this address.
    #[cfg_attr(not(feature = "cluster"), expect(unused_variables, reason = "nobody else is told"))]
    pub(super) async fn start_at(&self, address: &str) -> Result<(), Error> {
        #[cfg(feature = "cluster")]
        if let Some(forward) = self.inner.cluster.as_ref().and_then(|cluster| cluster.forward.as_ref())
            && forward.listener().is_none()
        {
            forward.announce(address).await;
        }
        self.start().await
    }

    /// Tells the other nodes, if there are any, that this one is about to stop.
    pub(super) fn announce_leaving(&self) {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.inner.cluster {
            cluster.node.set_draining(true);
        }
    }

    /// Leaves the cluster, if there is one: the others do not wait for this node any more.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(clippy::unused_async, reason = "it waits with the feature `cluster`")
    )]
    pub(super) async fn leave_cluster(&self) {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.inner.cluster {
            if let Some(forward) = &cluster.forward {
                forward.close().await;
            }
            cluster.node.close(None).await;
            drop(cluster.beside.lock().await.take());
        }
    }
}

#[cfg(feature = "cluster")]
impl Server {
    /// Begins the listener that is only for other nodes, if there is to be one.
    async fn listen_for_others(&self, cluster: &Cluster) -> Result<(), Error> {
        let Some(forward) = &cluster.forward else { return Ok(()) };
        let Some(address) = forward.listener() else { return Ok(()) };
        let mut beside = cluster.beside.lock().await;
        if beside.is_none() {
            let listener = serve::listen(address).await?;
            forward.announce(&listener.local_addr()?.to_string()).await;
            *beside = Some(Box::new(serve::Beside::begin(&self.inner, listener)));
        }
        Ok(())
    }

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
