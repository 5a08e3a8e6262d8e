//! Options for several servers that act as one.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_cluster::NodeId;

use super::Builder;
use crate::cluster::forward::Forward;
use crate::cluster::{Adapter, Cluster, ClusterEvent, Forwarding};
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

    /// Calls `listener` for an event that another node has sent by
    /// [`server_emit`](crate::Namespace::server_emit), with the node and what was sent: a tuple takes all arguments, `()`
    /// none, everything else the first. The value that it returns is the answer, if one is awaited. There is one listener for each
    /// name; listeners run beside each other, also for two events of one name.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sio::cluster::NodeId;
    /// use sio::prelude::*;
    ///
    /// struct Cache;
    ///
    /// impl Cache {
    ///     fn forget(&self, key: &str) -> bool {
    ///         !key.is_empty()
    ///     }
    /// }
    ///
    /// let cache = Arc::new(Cache);
    /// let builder = Server::builder().on_server_event("forget", move |_from: NodeId, key: String| {
    ///     let cache = Arc::clone(&cache);
    ///     async move { cache.forget(&key) }
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_server_event<T, R, F, L>(mut self, event: impl Into<String>, listener: L) -> Self
    where
        T: DeserializeOwned,
        R: Serialize,
        F: Future<Output = R> + Send + 'static,
        L: Fn(NodeId, T) -> F + Send + Sync + 'static,
    {
        self.server_events.add(event.into(), listener);
        self
    }

    /// Sets how requests for sessions of this node reach it from the other nodes, so that a load balancer need not send
    /// all requests of a session to the same node. Must be the same on all nodes. Default: by the listener for clients.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::Server;
    /// use sio::cluster::Forwarding;
    ///
    /// let builder = Server::builder().forwarding(Forwarding::off());
    /// # drop(builder);
    /// ```
    pub fn forwarding(mut self, forwarding: Forwarding) -> Self {
        self.forwarding = forwarding;
        self
    }

    /// Makes the server's node, which does not take part yet.
    pub(super) fn cluster(
        &mut self,
        served: &[Registration],
        problems: &mut Vec<Problem>,
    ) -> Option<Cluster> {
        let forwarding = self.forwarding;
        if self.engine.ids.may_repeat() && self.adapter.is_some() && !forwarding.is_off() {
            let reason = "ids have to name their node, so that other nodes can pass requests on to it: leave \
                `id_generator` out, or set `forwarding(Forwarding::off())`";
            problems.push(Problem::Option { name: "id_generator", reason: reason.to_owned() });
        }
        let options = self.adapter.take()?.options().map(|options| {
            options
                .forwarding(!forwarding.is_off())
                .path(&*self.http.path)
                .parser(self.options.parser.name())
                .recovery(self.options.recovery.is_some())
                .namespaces(served.iter().map(|registration| registration.namespace))
        });
        let listeners = std::mem::take(&mut self.cluster_listeners);
        let server_events = std::mem::take(&mut self.server_events);
        let node = options
            .and_then(|options| sio_cluster::Cluster::new(&options).map_err(|error| error.to_string()));
        match node {
            Ok(node) => {
                let forward = (!forwarding.is_off()).then(|| self.forward(&node));
                Some(Cluster::new(node, listeners, server_events, forward))
            }
            Err(reason) => {
                problems.push(Problem::Option { name: "adapter", reason });
                None
            }
        }
    }

    fn forward(&self, node: &Arc<sio_cluster::Cluster>) -> Arc<Forward> {
        let engine = &self.engine;
        // All that may wait for a client can come in one answer, some of it as base64.
        let most = engine.max_payload.max(engine.outgoing_queue_bytes.saturating_mul(8)).saturating_mul(2);
        let keep_alive = self.options.serving.keep_alive_timeout;
        let patience = engine.ping_interval.saturating_add(engine.ping_timeout);
        Arc::new(Forward::new(Arc::clone(node), self.forwarding, keep_alive, patience, most))
    }
}

#[cfg(test)]
mod tests {
    use sio_cluster::MemoryBroker;

    use super::*;
    use crate::Server;
    use crate::engine::SessionId;

    #[test]
    fn ids_of_the_application_and_forwarding_exclude_each_other() {
        let builder = || {
            let adapter = Adapter::custom(MemoryBroker::new().bus("a"));
            let builder = Server::builder().collect(false).adapter(adapter);
            builder.id_generator(|| SessionId::from_random([7; 15]))
        };
        let error = builder().build().expect_err("requests could not find their node").to_string();
        assert!(error.starts_with("`id_generator`: ") && error.contains("Forwarding::off()"), "{error}");
        assert!(builder().forwarding(Forwarding::off()).build().is_ok());
        let alone = Server::builder().collect(false).id_generator(|| SessionId::from_random([7; 15]));
        assert!(alone.build().is_ok());
    }
}
