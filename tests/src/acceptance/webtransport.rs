//! WebTransport beside TCP, for the profiles that browsers are sent to.

use std::{env, net::UdpSocket};

use sio::prelude::*;
use tokio::net::TcpListener;

use super::Profile;
use crate::certificate::Certificate;

/// Serves on a listener and, if WEBTRANSPORT is set, on the same port of UDP.
pub(super) async fn serve(profile: Profile, server: &Server, listener: TcpListener) -> sio::Result<()> {
    if env::var_os("WEBTRANSPORT").is_none() {
        return server.serve_with(listener).await;
    }
    let certificate = Certificate::new();
    let socket = UdpSocket::bind(listener.local_addr()?)?;
    announce(profile, &certificate);
    tokio::try_join!(
        server.serve_with(listener),
        server.serve_webtransport_with(socket, certificate.config)
    )?;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the suites wait for this line")]
fn announce(profile: Profile, certificate: &Certificate) {
    println!("webtransport {} {}", profile.name(), certificate.hash());
}
