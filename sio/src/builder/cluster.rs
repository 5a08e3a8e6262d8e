//! Options for several servers that act as one.

use super::Builder;
use crate::cluster::{Adapter, Cluster, ClusterEvent};
use crate::error::Problem;
use crate::namespaces::registration::Registration;

/// Several nodes, with the feature `cluster`.
impl Builder {
    /// Makes the server a node of a cluster: what it sends reaches the clients of all nodes. Default none, which costs
    /// nothing.
    ///
    /// No connection is made before [`Server::start`](crate::Server::start), which the `serve` methods call.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use sio::Server;
    /// use sio::cluster::Adapter;
    ///
    /// let builder = Server::builder().adapter(Adapter::redis("redis://10.0.0.5"));
    /// # drop(builder);
    /// # }
    /// ```
    pub fn adapter(mut self, adapter: Adapter) -> Self {
        self.adapter = Some(adapter);
        self
    }

    /// Calls `listener` for what happens to the cluster: the broker goes or comes back, nodes come and go, something was
    /// lost. Listeners run on the task that receives from other nodes, so they must not block; several are called
    /// in the order in which they were added. Everything is logged besides.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::cluster::ClusterEvent;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_cluster(|event| {
    ///     if let ClusterEvent::Lost { from, frames, .. } = event {
    ///         println!("{frames} events of {from} did not arrive here");
    ///     }
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_cluster(mut self, listener: impl Fn(&ClusterEvent) + Send + Sync + 'static) -> Self {
        self.cluster_listeners.add(listener);
        self
    }

    /// Makes the server's node, which does not take part yet.
    pub(super) fn cluster(
        &mut self,
        served: &[Registration],
        problems: &mut Vec<Problem>,
    ) -> Option<Cluster> {
        let options = self.adapter.take()?.options().map(|options| {
            options
                .path(&*self.http.path)
                .parser(self.options.parser.name())
                .recovery(self.options.recovery.is_some())
                .namespaces(served.iter().map(|registration| registration.namespace))
        });
        let listeners = std::mem::take(&mut self.cluster_listeners);
        let node = options
            .and_then(|options| sio_cluster::Cluster::new(&options).map_err(|error| error.to_string()));
        match node {
            Ok(node) => Some(Cluster::new(node, listeners)),
            Err(reason) => {
                problems.push(Problem::Option { name: "adapter", reason });
                None
            }
        }
    }
}
