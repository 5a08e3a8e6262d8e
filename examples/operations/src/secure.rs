//! Serving: with a certificate, TLS on TCP and WebTransport on the same port of UDP.

use std::{env, io};

use sio::Server;
use sio::http::rustls::ServerConfig;
use sio::http::rustls::pki_types::pem::PemObject;
use sio::http::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;

/// Serves until the server stops.
pub(crate) async fn serve(server: &Server, listener: TcpListener) -> sio::Result<()> {
    let address = listener.local_addr()?;
    let Some(config) = certificate()? else {
        println!("listening on http://{address}");
        return server.serve_with(listener).await;
    };
    println!("listening on https://{address}");
    // ANCHOR: serve
    tokio::try_join!(
        server.serve_tls_with(listener, config.clone()),
        server.serve_webtransport(address, config),
    )?;
    // ANCHOR_END: serve
    Ok(())
}

/// Reads the files in PEM that `CERTIFICATE` and `KEY` name; `None` if neither is set.
fn certificate() -> sio::Result<Option<ServerConfig>> {
    let (certificate, key) = match (env::var("CERTIFICATE"), env::var("KEY")) {
        (Ok(certificate), Ok(key)) => (certificate, key),
        (Err(_), Err(_)) => return Ok(None),
        _ => return Err(io::Error::other("`CERTIFICATE` and `KEY` go together").into()),
    };
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    Ok(Some(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?))
}
