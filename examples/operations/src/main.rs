//! A server that is looked after: health, metrics, traces, passes that run out, an orderly end, a page that shows all of it
//! live, and the Admin UI of Socket.IO.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. `TOKEN_SECONDS` says how long a pass is
//! valid (300), `DELAY_SECONDS` and `SPREAD_SECONDS` how the server stops on SIGTERM (5 and 10). With `TRACES=stdout` each
//! span is written to the standard output too. With `CERTIFICATE` and `KEY`, two files in PEM, all of it is served by TLS,
//! and by WebTransport too.

mod app;
mod dashboard;
mod model;
mod numbers;
mod passes;
mod secure;
#[cfg(test)]
mod tests;
mod traces;
mod work;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use std::{env, io};

use sio::Server;
use sio::options::Shutdown;
use tokio::net::TcpListener;
use tracing_subscriber::prelude::*;

use passes::Passes;

#[tokio::main]
async fn main() -> sio::Result<()> {
    let (traces, layer) =
        traces::collect(env::var("TRACES").is_ok_and(|to| to == "stdout"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_filter(traces::lines());
    tracing_subscriber::registry().with(layer).with(lines).init();

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = setting("PORT", 3000)?;
    let seconds = |name, default| setting(name, default).map(Duration::from_secs);
    let passes = Passes::new(seconds("TOKEN_SECONDS", 300)?);
    let shutdown = Shutdown::new()
        .delay(seconds("DELAY_SECONDS", 5)?)
        .spread(seconds("SPREAD_SECONDS", 10)?);

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .shutdown(shutdown)
        .static_files("/", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .static_files("/ui", here.join("../node_modules/@socket.io/admin-ui/ui/dist"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    let server = app::new(builder, passes)?;

    let listener = TcpListener::bind((host, port)).await?;
    tokio::select! {
        served = secure::serve(&server, listener) => served?,
        never = app::publish(&server, &traces) => match never {},
    }
    traces.flush();
    Ok(())
}

/// Reads a number from the environment.
fn setting<T>(name: &str, default: T) -> sio::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    match env::var(name) {
        Ok(value) => Ok(value.parse()?),
        Err(_) => Ok(default),
    }
}
