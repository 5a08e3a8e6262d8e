//! How a server stops, and how long it waits.

use std::time::Duration;

use super::Builder;
#[cfg(doc)]
use crate::server::Server;
use crate::server::ShutdownOptions;

/// Stopping and waiting.
impl Builder {
    /// Sets how a server that is told to stop takes leave of its clients. Default: without delay, spread over 5 s, and
    /// with 10 s for handlers that run.
    ///
    /// SIGTERM and [`Server::drain`] take all of these steps; SIGINT and [`Server::close`] only the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sio::options::Shutdown;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().shutdown(Shutdown::new().delay(Duration::from_secs(5)));
    /// # let _ = builder;
    /// ```
    pub fn shutdown(mut self, shutdown: ShutdownOptions) -> Self {
        self.options.shutdown = shutdown;
        self
    }

    /// Sets whether [`Server::serve`] and the other `serve` methods handle SIGINT and SIGTERM (Ctrl-C on other
    /// systems) and stop the server when one comes: SIGTERM by [`Server::drain`], Ctrl-C by [`Server::close`]. A second
    /// signal stops it without waiting. They also tell systemd when the server is ready and that it stops, if
    /// `NOTIFY_SOCKET` is set (`Type=notify`). Default true. With false no signal handler is installed, and only
    /// [`Server::drain`] and [`Server::close`] stop the server.
    ///
    /// Once installed, a handler stays for as long as the process lives, even when the server has stopped.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sio::prelude::*;
    ///
    /// # async fn example() -> sio::Result {
    /// let server = Server::builder().handle_signals(false).build()?;
    /// let running = tokio::spawn({
    ///     let server = server.clone();
    ///     async move { server.serve("127.0.0.1:3000").await }
    /// });
    /// tokio::signal::ctrl_c().await?;
    /// server.close().await;
    /// # let _ = running;
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_signals(mut self, handle: bool) -> Self {
        self.options.handle_signals = handle;
        self
    }

    /// Sets how long before the end of its time ([`Socket::expires_at`](crate::Socket::expires_at)) a client is warned, by
    /// the event `auth_expiring` with the number of seconds that are left. Default zero: it is not.
    pub fn auth_warning(mut self, before: Duration) -> Self {
        self.options.auth_warning = before;
        self
    }

    /// Sets how long [`Socket::emit_with_ack`](crate::Socket::emit_with_ack) waits. Must be longer than zero; default
    /// 5 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.options.ack_timeout = timeout;
        self
    }
}
