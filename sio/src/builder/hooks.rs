//! Options that take closures of the application.

use std::future::Future;

use super::Builder;
use crate::consumer::Reply;
use crate::error::{ConnectError, Error, Problem};
use crate::middleware::{Call, Connecting, Next};

/// Middleware.
impl Builder {
    /// Calls a hook for every client that wants to enter a namespace, before its consumer's `connect`.
    ///
    /// The namespace is a path as the consumer has it (a pattern for a dynamic one), or `*` for all of them; a
    /// namespace without a consumer keeps the server from starting. Several run one after the other, in the order in
    /// which they were added, those for `*` among them. An error refuses the client, and later hooks and `connect` do
    /// not run. A panic does the same, with the message `Internal server error`.
    ///
    /// Store what the hook finds out about the client with [`Connecting::insert`]; handlers take it as
    /// [`Extension<T>`](crate::extract::Extension).
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::Deserialize;
    /// use sio::prelude::*;
    /// use sio::middleware::Connecting;
    ///
    /// #[derive(Deserialize)]
    /// struct Login {
    ///     token: String,
    /// }
    ///
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// async fn authenticate(client: Connecting) -> Result<(), ConnectError> {
    ///     let login: Login = client.auth()?;
    ///     let name = login.token.strip_prefix("token-of-").ok_or_else(|| {
    ///         ConnectError::new("Unknown token").with_data("log in again")
    ///     })?;
    ///     client.insert(User { name: name.to_owned() });
    ///     Ok(())
    /// }
    ///
    /// let builder = Server::builder().on_connecting("/", authenticate).on_connecting("*", |client| async move {
    ///     match client.handshake().header("user-agent") {
    ///         Some(_) => Ok(()),
    ///         None => Err(ConnectError::new("Who are you?")),
    ///     }
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_connecting<F, R>(mut self, namespace: impl Into<String>, hook: F) -> Self
    where
        F: Fn(Connecting) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), ConnectError>> + Send + 'static,
    {
        self.hooks.add_connecting(namespace.into(), hook);
        self
    }

    /// Wraps every event of a namespace: the middleware sees the event before its handler, which runs when
    /// [`Next::run`] is called, and the handler's result afterwards.
    ///
    /// The namespace is chosen as in [`Builder::on_connecting`]. The first that is added is the outermost: it sees an
    /// event first and its outcome last. An error that is returned is the client's answer, as if it were the
    /// handler's. Hooks (`connect`, `disconnect`, `error`) are not events.
    ///
    /// The `timeout` of an event is that of its handler; middleware that waits for something else sets a limit of its
    /// own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use sio::prelude::*;
    /// use sio::consumer::Reply;
    /// use sio::middleware::{Call, Next};
    ///
    /// struct Muted;
    ///
    /// async fn not_if_muted(call: Call, next: Next) -> sio::Result<Reply> {
    ///     if call.name() == "say" && call.socket().data().contains::<Muted>() {
    ///         return Err(sio::Error::new("muted", "You are muted"));
    ///     }
    ///     next.run(call).await
    /// }
    ///
    /// let builder = Server::builder()
    ///     .middleware("*", |call: Call, next: Next| async move {
    ///         let (name, start) = (call.name().to_owned(), Instant::now());
    ///         let outcome = next.run(call).await;
    ///         println!("{name} took {:?}, ok: {}", start.elapsed(), outcome.is_ok());
    ///         outcome
    ///     })
    ///     .middleware("/", not_if_muted);
    /// # drop(builder);
    /// ```
    pub fn middleware<F, R>(mut self, namespace: impl Into<String>, hook: F) -> Self
    where
        F: Fn(Call, Next) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.hooks.add_around(namespace.into(), hook);
        self
    }

    /// Middleware for namespaces that nobody serves.
    pub(super) fn idle_hooks(&self, is_served: impl Fn(&str) -> bool) -> Vec<Problem> {
        let idle = self.hooks.namespaces().into_iter().filter(|namespace| !is_served(namespace));
        idle.map(|namespace| Problem::MissingNamespace { namespace: namespace.to_owned() }).collect()
    }
}
