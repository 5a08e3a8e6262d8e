//! Guide: WebTransport.

use sio::http::rustls::ServerConfig;
use sio::http::rustls::pki_types::pem::PemObject;
use sio::http::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sio::prelude::*;

// ANCHOR: serve
async fn serve(server: Server) -> sio::Result<()> {
    let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file("key.pem")?;
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    tokio::try_join!(
        // Pages, polling and WebSocket.
        server.serve_tls("0.0.0.0:443", config.clone()),
        // WebTransport, at the same port of UDP.
        server.serve_webtransport("0.0.0.0:443", config),
    )?;
    Ok(())
}
// ANCHOR_END: serve
