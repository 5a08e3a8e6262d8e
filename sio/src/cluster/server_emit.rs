//! Events from this node to the others.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_cluster::NodeId;

use super::server_events::{read, write};
use crate::error::{AckError, EmitError};
use crate::hub::{Gathered, Namespace};

/// Events from node to node, with the feature `cluster`.
impl Namespace {
    /// Sends an event to all other nodes of the cluster: to their programs, not to clients. It is heard by what they
    /// have given to [`Builder::on_server_event`](crate::Builder::on_server_event) under this name, whatever the
    /// namespace. Without a cluster nobody hears it.
    ///
    /// A tuple is several arguments. Nodes that cannot be reached now get the event when they can, within the bounds of
    /// [`Adapter::hold`](crate::cluster::Adapter::hold).
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// server.of("/").server_emit("forget", "user:42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the arguments cannot be serialized, have bytes in them, or are too large.
    #[allow(clippy::unused_async, reason = "as the other methods that emit")]
    pub async fn server_emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        let args = write(args)?;
        match &self.hub.common.others {
            Some(others) => others.server_emit(self.path(), event, args),
            None => Ok(()),
        }
    }

    /// As [`Namespace::server_emit`], and waits for what their listeners return, for as long as
    /// [`Adapter::request_timeout`](crate::cluster::Adapter::request_timeout) says, 2 s by default.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// let sizes = server.of("/").server_emit_with_ack::<usize>("cache size", &()).await?;
    /// for (node, size) in &sizes.items {
    ///     println!("{node}: {size:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The answer of a node is an error if it has no such listener ([`AckError::Unhandled`]), its listener failed, or
    /// the answer is no `T`.
    ///
    /// # Errors
    ///
    /// As [`Namespace::server_emit`].
    pub async fn server_emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<Gathered<Vec<(NodeId, Result<T, AckError>)>>, EmitError> {
        self.server_ask(event, args, None).await
    }

    /// As [`Namespace::server_emit_with_ack`], but waits for this long at most.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// let limit = Duration::from_secs(30);
    /// let reports = server.of("/").server_emit_with_ack_within::<String>(limit, "report", &()).await?;
    /// println!("{} have answered, {} have not", reports.items.len(), reports.missing.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Namespace::server_emit`].
    pub async fn server_emit_with_ack_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<Gathered<Vec<(NodeId, Result<T, AckError>)>>, EmitError> {
        self.server_ask(event, args, Some(limit)).await
    }

    async fn server_ask<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
        limit: Option<Duration>,
    ) -> Result<Gathered<Vec<(NodeId, Result<T, AckError>)>>, EmitError> {
        let args = write(args)?;
        let Some(others) = &self.hub.common.others else { return Ok(Gathered::of_this_node(Vec::new())) };
        let answers = others.server_ask(self.path(), event, args, limit).await?;
        let of_node = |(node, answer): (NodeId, Box<serde_json::value::RawValue>)| {
            let answer = read(&answer).ok_or(AckError::Unhandled);
            (node, answer.and_then(|mut args| args.take_answer().map_err(AckError::Payload)))
        };
        Ok(answers.map(|items| items.into_iter().map(of_node).collect()))
    }
}
