//! The application: its routes, Socket.IO in front of them, and a task that reports.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use sio::Server;
use tokio::time::interval;

use crate::consumers::{authenticate, managers_cancel, staff_only};
use crate::routes::{App, router};
use crate::store::Store;
use crate::tokens::Tokens;

// ANCHOR: app
/// The router with Socket.IO in front of it, and the server to stop it by.
pub(crate) fn new(
    builder: sio::Builder,
    store: Store,
    tokens: Tokens,
) -> sio::Result<(Router, Server)> {
    let checking = tokens.clone();
    let server = builder
        .state(store.clone())
        .on_connecting("*", move |client| authenticate(checking.clone(), client))
        .on_connecting("/admin", staff_only)
        .middleware("/admin", managers_cancel)
        .build()?;
    let app = App { store, tokens, server: server.clone() };
    Ok((router().with_state(app).layer(server.layer()), server))
}
// ANCHOR_END: app

// ANCHOR: report
/// Tells all dashboards the totals, each time that they have changed.
pub(crate) async fn report(server: Server, store: Store, every: Duration) -> Infallible {
    let mut ticks = interval(every);
    let mut told = None;
    loop {
        ticks.tick().await;
        match store.totals().await {
            Ok(totals) if told != Some(totals) => {
                // Nobody is left to tell when this fails: the server is going down.
                server.of("/admin").emit("totals", &totals).await.ok();
                told = Some(totals);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(?error, "the totals are not known"),
        }
    }
}
// ANCHOR_END: report
