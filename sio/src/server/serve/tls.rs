//! The listening server with TLS before HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::ToSocketAddrs;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::Security;
use crate::http::Listener;
use crate::{Error, Server};

/// How long a client may take for the TLS handshake, which is two round trips.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The only protocol that is spoken here: browsers open WebSockets by HTTP/1.1.
const HTTP_1: &[u8] = b"http/1.1";

impl Server {
    /// As [`Server::serve`], over TLS. Handshakes happen beside each other and take at most 10 s; one that fails
    /// ends only its own connection. Whatever the configuration says, the protocol is HTTP/1.1.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, and as [`Server::start`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sio::prelude::*;
    /// use sio::http::rustls::ServerConfig;
    /// use sio::http::rustls::pki_types::pem::PemObject;
    /// use sio::http::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    ///
    /// # async fn example() -> sio::Result {
    /// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    /// let key = PrivateKeyDer::from_pem_file("key.pem")?;
    /// let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    ///
    /// let server = Server::builder().build()?;
    /// server.serve_tls("0.0.0.0:443", config).await
    /// # }
    /// ```
    pub async fn serve_tls(
        &self,
        address: impl ToSocketAddrs + fmt::Debug,
        config: impl Into<Arc<ServerConfig>>,
    ) -> Result<(), Error> {
        self.serve_tls_with(super::listen(address).await?, config).await
    }

    /// As [`Server::serve_tls`], on a listener that exists already.
    ///
    /// # Errors
    ///
    /// When the listener's address cannot be told, and as [`Server::start`].
    pub async fn serve_tls_with(
        &self,
        listener: impl Listener,
        config: impl Into<Arc<ServerConfig>>,
    ) -> Result<(), Error> {
        let address = listener.address()?;
        self.start().await?;
        let tls = Security::Tls(Tls::new(config.into()));
        super::run(self, listener, tls, || self.announce(&address)).await;
        Ok(())
    }
}

/// Makes encrypted streams of TCP connections.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// Protocols that the server does not speak must not be agreed on.
    fn new(mut config: Arc<ServerConfig>) -> Self {
        if config.alpn_protocols.iter().any(|protocol| protocol != HTTP_1) {
            Arc::make_mut(&mut config).alpn_protocols = vec![HTTP_1.to_vec()];
        }
        Self(TlsAcceptor::from(config))
    }

    /// Does the handshake; on an error there is nobody to tell it to.
    pub(super) async fn accept<S>(self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tokio::time::timeout(HANDSHAKE_TIMEOUT, self.0.accept(stream)).await?
    }
}
