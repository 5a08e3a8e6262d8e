//! Options for how long handlers may run.

use std::time::Duration;

use super::Builder;

/// How long handlers run.
impl Builder {
    /// Sets how long a handler may take; must be longer than zero. After that it is dropped, and its client, if it
    /// waits for an answer, gets the code `timeout`. Default none. An event can set another time:
    /// `#[event(timeout = "5s")]`. Hooks (`connect`, `disconnect`) have no deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().handler_timeout(Duration::from_secs(30));
    /// # drop(builder);
    /// ```
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.options.handler_times.timeout = Some(timeout);
        self
    }

    /// Sets how long a handler or hook runs before a WARN line names it: longer than zero, or `None` for no such
    /// line. The handler goes on. Later events of its socket wait meanwhile, unless it is concurrent. Default 10 s.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().slow_handler_warning(Duration::from_secs(2));
    /// let silent = Server::builder().slow_handler_warning(None);
    /// # drop((builder, silent));
    /// ```
    pub fn slow_handler_warning(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.options.handler_times.slow = after.into();
        self
    }

    /// Sets how long a handler or hook may block its thread before a WARN line names it: longer than zero, or `None`
    /// for no such line. Default 1 s; the line comes after one to two times that.
    ///
    /// A handler that waits for something with `.await` blocks nothing. One that computes, reads a file or calls
    /// [`std::thread::sleep`] does until its next `.await`: all clients of its thread wait meanwhile, whatever they
    /// want. [`tokio::task::spawn_blocking`] is for such work. [`tokio::task::block_in_place`], which hands the other
    /// work of the thread over, cannot be told apart, and so is named too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().blocking_handler_warning(Duration::from_millis(200));
    /// let silent = Server::builder().blocking_handler_warning(None);
    /// # drop((builder, silent));
    /// ```
    pub fn blocking_handler_warning(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.options.handler_times.blocking = after.into();
        self
    }
}
