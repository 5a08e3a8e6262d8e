//! TLS by rustls with ring and the certificates of the system, for clients that bring none of their own.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::BusError;

/// Connects to a server whose certificate must be for this host.
pub(crate) async fn connect<S>(host: &str, stream: S) -> Result<TlsStream<S>, BusError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |reason: String| BusError::new(format!("no connection by TLS ({reason})"));
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connector = connector().map_err(failed)?;
    connector.connect(name, stream).await.map_err(|error| failed(error.to_string()))
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    // Some of a system's certificates may be unreadable; the server's is then found wanting, and so named.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(feature = "postgres-tls")]
mod postgres {
    use std::future::Future;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;
    use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};

    use super::{AsyncRead, AsyncWrite};

    /// TLS for connections to PostgreSQL, where the client asks for it.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct MakePostgres;

    /// For one host.
    pub(crate) struct ConnectPostgres(String);

    /// [`super::TlsStream`], which the client's trait cannot be implemented for.
    pub(crate) struct Stream<S>(super::TlsStream<S>);

    impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for MakePostgres {
        type Stream = Stream<S>;
        type TlsConnect = ConnectPostgres;
        type Error = io::Error;

        fn make_tls_connect(&mut self, host: &str) -> io::Result<ConnectPostgres> {
            Ok(ConnectPostgres(host.to_owned()))
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for ConnectPostgres {
        type Stream = Stream<S>;
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

        fn connect(self, stream: S) -> Self::Future {
            Box::pin(
                async move { super::connect(&self.0, stream).await.map(Stream).map_err(io::Error::other) },
            )
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Stream<S> {
        fn channel_binding(&self) -> ChannelBinding {
            ChannelBinding::none()
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }
}

#[cfg(feature = "postgres-tls")]
pub(crate) use self::postgres::MakePostgres;
