//! The server with everything that helps to run it.

use std::convert::Infallible;
use std::time::Duration;

use sio::Server;
use sio::options::{Admin, AdminMode};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::model::OpsEvents as _;
use crate::numbers::Numbers;
use crate::passes::Passes;
use crate::traces::{self, Traces};

/// How often the dashboards get new numbers.
const EACH: Duration = Duration::from_secs(1);

/// From how many bytes on a message is compressed.
const COMPRESS_FROM: usize = 1024;

/// The name and the password of the Admin UI: `ops` and, as everywhere here, `sesame`. In production they come from where
/// secrets are kept.
const ADMIN: (&str, &str) =
    ("ops", "$2a$10$XAHITfiTNpDOdfqyI1XFUeu/lMwgNiH7U7BgdXD5RUkB2aK0zPHwq");

// ANCHOR: app
/// Adds what a server needs when it runs for others.
pub(crate) fn new(builder: sio::Builder, passes: Passes) -> sio::Result<Server> {
    let server = builder
        .health("/healthz", "/readyz")
        .metrics_path("/metrics")
        .admin(Admin::basic(ADMIN.0, ADMIN.1).mode(AdminMode::Development))
        .spans(traces::spans())
        .auth_warning(passes.warning())
        .websocket_compression(COMPRESS_FROM)
        .state(passes)
        .build()?;
    Ok(server)
}
// ANCHOR_END: app

// ANCHOR: publish
/// Sends the server's numbers to all dashboards each second, while it stops too.
pub(crate) async fn publish(server: &Server, traces: &Traces) -> Infallible {
    let started = Instant::now();
    let mut seconds = interval(EACH);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let dashboards = server.of("/ops");
        if !dashboards.sockets().is_empty() {
            let numbers = Numbers::of(server, started.elapsed(), traces.recent());
            // A dashboard that does not keep up gets the next ones.
            dashboards.volatile().emit_numbers(&numbers).await.ok();
        }
    }
}
// ANCHOR_END: publish
