//! Middleware that runs before a consumer: hooks that see every client that wants to enter, and hooks around every
//! event.
//!
//! They are closures of the application, chosen by namespace when the server is built:
//! [`Builder::on_connecting`](crate::Builder::on_connecting) and [`Builder::middleware`](crate::Builder::middleware).
//!
//! ```
//! use sio::error::ConnectError;
//! use sio::middleware::{Call, Connecting, Next, Reply};
//! use sio::prelude::*;
//!
//! struct Admin;
//!
//! /// For every client that wants to enter, before `connect`.
//! async fn is_admin(client: Connecting) -> Result<(), ConnectError> {
//!     if client.handshake().header("x-admin") == Some("yes") {
//!         client.insert(Admin);
//!     }
//!     Ok(())
//! }
//!
//! /// Around every event: before its handler, and after it.
//! async fn admins_only(call: Call, next: Next) -> sio::Result<Reply> {
//!     if call.name().starts_with("admin_") && !call.socket().data().contains::<Admin>() {
//!         return Err(sio::Error::new("forbidden", "Not for you"));
//!     }
//!     next.run(call).await
//! }
//!
//! let builder = Server::builder().on_connecting("/", is_admin).middleware("/", admins_only);
//! # drop(builder);
//! ```
//!
//! A namespace without any pays for it with one look at an empty list.

mod call;
mod connecting;
mod meeting;
mod passage;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sio_core::args::Args;

pub use self::call::Call;
pub use self::connecting::Connecting;
pub use self::passage::Next;
pub(crate) use self::passage::{Step, enter};
#[doc(no_inline)]
pub use crate::consumer::Reply;
use crate::error::{ConnectError, Error};
use crate::guarded::Guarded;
use crate::handle::socket::Socket;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type OnConnecting = Arc<dyn Fn(Connecting) -> BoxFuture<Result<(), ConnectError>> + Send + Sync>;
pub(crate) type Around = Arc<dyn Fn(Call, Next) -> BoxFuture<Result<Reply, Error>> + Send + Sync>;

/// The name under which hooks for all namespaces are added.
const EVERY: &str = "*";

/// The hooks of a namespace, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) connecting: Arc<[OnConnecting]>,
    pub(crate) around: Arc<[Around]>,
}

impl Hooks {
    /// Runs the hooks for a client that wants to enter, if there are any.
    pub(crate) fn connecting(
        &self,
        socket: &Socket,
        auth: Option<&Args>,
    ) -> Option<BoxFuture<Result<(), ConnectError>>> {
        if self.connecting.is_empty() {
            return None;
        }
        let connecting = Connecting::new(socket.clone(), auth.cloned());
        let hooks = Arc::clone(&self.connecting);
        Some(Box::pin(async move {
            for hook in hooks.iter() {
                hook(connecting.clone()).await?;
            }
            Ok(())
        }))
    }
}

/// All that was added to a builder, with the namespace that each is for.
#[derive(Clone, Default)]
pub(crate) struct Scoped {
    connecting: Vec<(String, OnConnecting)>,
    around: Vec<(String, Around)>,
}

impl Scoped {
    pub(crate) fn add_connecting<F, R>(&mut self, namespace: String, hook: F)
    where
        F: Fn(Connecting) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), ConnectError>> + Send + 'static,
    {
        let hook = Guarded::new(hook);
        self.connecting.push((namespace, Arc::new(move |connecting| Box::pin(hook(connecting)))));
    }

    pub(crate) fn add_around<F, R>(&mut self, namespace: String, hook: F)
    where
        F: Fn(Call, Next) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let hook = Guarded::new(hook);
        self.around.push((namespace, Arc::new(move |call, next| Box::pin(hook(call, next)))));
    }

    /// Returns the hooks for a namespace, given by its path or pattern.
    pub(crate) fn of(&self, namespace: &str) -> Hooks {
        Hooks { connecting: select(&self.connecting, namespace), around: select(&self.around, namespace) }
    }

    /// The namespaces that something is for, each once.
    pub(crate) fn namespaces(&self) -> Vec<&str> {
        let connecting = self.connecting.iter().map(|(namespace, _)| namespace.as_str());
        let around = self.around.iter().map(|(namespace, _)| namespace.as_str());
        let mut all: Vec<_> = connecting.chain(around).filter(|namespace| *namespace != EVERY).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn select<T: Clone>(all: &[(String, T)], namespace: &str) -> Arc<[T]> {
    let chosen = all.iter().filter(|(scope, _)| scope == EVERY || scope == namespace);
    chosen.map(|(_, hook)| hook.clone()).collect()
}

impl fmt::Debug for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped")
            .field("connecting", &self.connecting.len())
            .field("around", &self.around.len())
            .finish()
    }
}
