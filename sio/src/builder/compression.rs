//! Options for compression.

use super::Builder;

/// Compression, with the feature `compression`.
impl Builder {
    /// Sets the size in bytes from which polling responses are compressed, for clients that accept gzip or deflate,
    /// as all browsers do; `None` compresses nothing. Default 1,024.
    ///
    /// An answer that holds a secret next to what an attacker can choose tells the secret by its length
    /// (BREACH). Emit such secrets with [`compress(false)`](crate::emit::EmitOptions::compress); acknowledgements cannot be
    /// marked so.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().http_compression(16 * 1024);
    /// let without = Server::builder().http_compression(None);
    /// # let _ = (builder, without);
    /// ```
    pub fn http_compression(mut self, threshold: impl Into<Option<usize>>) -> Self {
        self.http.http_compression = threshold.into();
        self
    }

    /// Lets messages be compressed on a WebSocket, for clients that offer permessage-deflate, as all browsers do. Those
    /// from the server are from this size on, in bytes; `None` agrees with no client. Default `None`.
    ///
    /// It saves traffic and costs time: a message is compressed when it is emitted, a broadcast once for all who get it.
    /// Each message is compressed for itself (`server_no_context_takeover; client_no_context_takeover`), so that no
    /// connection needs memory for it. Below a kilobyte little is saved: 1,024 is a good threshold. What a client
    /// sends compressed has to keep to [`max_payload`](Self::max_payload) when it is inflated.
    ///
    /// A message that holds a secret next to what an attacker can choose tells the secret by its length (CRIME). Emit such
    /// secrets with [`compress(false)`](crate::emit::EmitOptions::compress); acknowledgements cannot be marked so.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().websocket_compression(1024);
    /// # let _ = builder;
    /// ```
    pub fn websocket_compression(mut self, threshold: impl Into<Option<usize>>) -> Self {
        self.engine.websocket_compression = threshold.into();
        self
    }
}
