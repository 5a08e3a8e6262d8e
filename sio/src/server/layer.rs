//! A server in front of a tower service.

use super::Server;
use crate::http::Layer;

impl Server {
    /// Returns a tower layer that puts Socket.IO in front of a service: this server answers requests for its path and
    /// for static files, the inner service all others.
    ///
    /// The server that owns the connections has to be stopped separately; [`Server::close`] closes what is
    /// Socket.IO's.
    ///
    /// # Examples
    ///
    /// With axum, where the layer goes around the whole router. Handlers see the clients' addresses with the
    /// feature `axum` of this crate and axum's `into_make_service_with_connect_info`.
    ///
    /// ```no_run
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use axum::routing::get;
    /// use sio::Server;
    ///
    /// # async fn example(listener: tokio::net::TcpListener) -> sio::Result {
    /// let server = Server::builder().build()?;
    /// let app = Router::new().route("/", get(async || "a page")).layer(server.layer());
    /// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer::new(self.service())
    }
}
